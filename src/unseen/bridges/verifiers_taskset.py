"""Splits as a verifiers taskset, rewarded by our checkers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import verifiers.v1 as vf

from unseen.bridges.check import score_replies
from unseen.bridges.folder import asked, read_index, read_split


class UnseenData(vf.TaskData):  # type: ignore[misc]
    """A question: what the reward stands on travels with it."""

    split: str
    axis: str
    answer: str
    check: str


class UnseenTask(vf.Task[UnseenData]):  # type: ignore[misc]
    """A question whose reply is rewarded by the problem's own checker."""

    @vf.reward  # type: ignore[untyped-decorator]
    async def correct(self, task: UnseenData, trace: vf.Trace) -> float:
        """1 if the final answer of the last reply is right."""
        return float(score_replies([task.check], [trace.last_reply])[0])


class UnseenConfig(vf.TasksetConfig):  # type: ignore[misc]
    """Which split; the first one by default."""

    split: str | None = None


def folder_taskset(folder: Path) -> type[Any]:
    """The class of a taskset over an export to ``verifiers``."""

    class UnseenTaskset(vf.Taskset[UnseenTask, UnseenConfig]):  # type: ignore[misc]
        def load(self) -> Iterator[UnseenTask]:
            split = self.config.split or next(iter(read_index(folder)["splits"]))
            for row in read_split(folder, split):
                kept = {name: row[name] for name in ("id", "split", "axis", "answer", "check")}
                yield UnseenTask(UnseenData(prompt=asked(row["question"]), **kept), self.config.task)

    return UnseenTaskset
