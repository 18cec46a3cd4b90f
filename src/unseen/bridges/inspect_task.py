"""Splits as Inspect tasks, scored by our checkers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import Score, Target, accuracy, mean, scorer, stderr
from inspect_ai.solver import TaskState, generate

from unseen.bridges.check import score_replies
from unseen.bridges.folder import read_index, read_split


@scorer(metrics=[accuracy(), mean(), stderr()])  # type: ignore[untyped-decorator]
def exact() -> Any:
    """Score a reply by the problem's own checker; what the score stands on travels in the sample's metadata."""

    async def score(state: TaskState, target: Target) -> Score:
        reply = state.output.completion
        value = float(score_replies([state.metadata["check"]], [reply])[0])
        return Score(value=value, answer=reply, explanation=f"right: {target.text}")

    return score


def folder_task(folder: Path, split: str) -> Task:
    """A split of an export to ``inspect`` as a task that asks each question once.

    Raises
    ------
    UsageError
        If there is no such split.
    """
    index = read_index(folder)
    samples = [Sample(**row) for row in read_split(folder, split)]
    data = MemoryDataset(samples, name=f"{index['problem']}:{split}")
    return Task(dataset=data, solver=generate(), scorer=exact(), metadata={"split": split})
