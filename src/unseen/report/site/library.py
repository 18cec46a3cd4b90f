"""What the pages of problems, solvers and measures show."""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unseen.contracts.measure import Measure
from unseen.contracts.problem import AXES, Problem
from unseen.errors import UsageError
from unseen.evaluation.checker_rates import measure_checker
from unseen.registry import Kind, locate, names
from unseen.report.site.docstring import Block, parse, plain
from unseen.report.site.evaluations import EvaluationTable
from unseen.report.site.sources import source_file

SAMPLES, SEED = 3, 0
"""Questions shown of each split, and the seed they are drawn with."""

CHECKED = 5
"""Questions per split on which the checker is measured."""

LONGEST = 300
"""Characters of a question or an answer that are shown."""


@dataclass(frozen=True)
class Question:
    """A question with its right answer."""

    text: str
    answer: str


@dataclass(frozen=True)
class SplitView:
    """A split with questions drawn from it."""

    name: str
    about: str
    size: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class AxisView:
    """The splits that are unseen in one way."""

    name: str
    meaning: str
    splits: tuple[SplitView, ...]


@dataclass(frozen=True)
class ItemPage:
    """The page of a problem, a solver or a measure."""

    kind: Kind
    name: str
    file: str
    about: str
    """Its first paragraph, without markup."""
    blocks: tuple[Block, ...]
    source: str
    facts: tuple[tuple[str, str], ...] = ()
    paper: str = ""
    """Id of the paper that it comes from."""
    axes: tuple[AxisView, ...] = ()
    problem: str = ""
    """Why it cannot be shown in full; empty if it can."""
    seed: int = SEED
    """What the questions were drawn with."""
    unseen_by: tuple[str, ...] = ()
    """The axes of a problem."""
    evaluations: EvaluationTable | None = None
    """What was evaluated on a problem."""


def item_file(kind: Kind, name: str) -> str:
    """Where an item's page lies, from the site's root; names of other packages become safe file names."""
    return f"{kind}/{slug(name)}.html"


def slug(name: str) -> str:
    """A name in lower-case letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "unnamed"


def item_page(kind: Kind, name: str, seed: int = SEED) -> ItemPage:
    """Gather what the page of a registered problem, solver or measure shows; a problem's questions by `seed`."""
    page, described = _described(kind, name)
    if isinstance(described, Problem):
        return _with_problem(page, described, seed)
    if isinstance(described, Measure):
        return dataclasses.replace(page, paper=described.paper, facts=(("range", _range(described)),))
    return page


def item_summary(kind: Kind, name: str) -> ItemPage:
    """The same without questions and measurements, in a fraction of the time."""
    return _described(kind, name)[0]


def _described(kind: Kind, name: str) -> tuple[ItemPage, Any]:
    page = ItemPage(kind, name, item_file(kind, name), "", (), "")
    try:
        item = locate(kind, name)
        described = item() if kind == "problems" else item
        blocks = _blocks(item, described)
        source = source_file(names(kind)[name]).address
    except (UsageError, ImportError, ValueError) as error:  # an item may need a package that is not installed
        return dataclasses.replace(page, problem=str(error)), None
    axes = {split.axis for split in described.splits.values()} if isinstance(described, Problem) else set()
    page = dataclasses.replace(page, blocks=blocks[1:], source=source, about=_first_paragraph(item))
    return dataclasses.replace(page, unseen_by=tuple(axis for axis in AXES if axis in axes)), described


def _first_paragraph(item: Any) -> str:
    return plain((inspect.getdoc(item) or "").partition("\n\n")[0].replace("\n", " "))


def _blocks(item: Any, described: Any) -> tuple[Block, ...]:
    """The item's docstring; where it is a factory's, that of what the factory makes follows."""
    blocks = parse(inspect.getdoc(item) or "")
    if isinstance(described, Problem) and not isinstance(item, type):
        blocks += parse(inspect.getdoc(type(described)) or "")
    return blocks


def _range(measure: Measure[Any, Any]) -> str:
    if math.isinf(measure.low) and math.isinf(measure.high):
        return "unbounded"
    if math.isinf(measure.high):
        return f"from {measure.low:g} up"
    if math.isinf(measure.low):
        return f"up to {measure.high:g}"
    return f"from {measure.low:g} to {measure.high:g}"


def _with_problem(page: ItemPage, problem: Problem, seed: int) -> ItemPage:
    parameters = [
        f"{declared.name} = {getattr(problem, declared.name)!r}"
        for declared in dataclasses.fields(problem)  # type: ignore[arg-type]
    ]
    classical = type(problem.classical())
    rates = measure_checker(problem, n=CHECKED).rates
    facts = (
        ("scored by", "accuracy, 1 is best" if problem.scored_by == "accuracy" else "error, 0 is best"),
        ("classical solver", f"{classical.__name__}: {_first_paragraph(classical)}"),
        *((f"checker, {rate.kind}", str(rate)) for rate in rates),
        ("parameters shown", _shortened("; ".join(parameters) or "none")),
    )
    axes = []
    for axis, meaning in ((None, "what a solver learns from"), *AXES.items()):
        chosen = [split for split, about in problem.splits.items() if about.axis == axis]
        if chosen:
            axes.append(AxisView(axis or "train", meaning, tuple(_split(problem, split, seed) for split in chosen)))
    return dataclasses.replace(page, facts=facts, axes=tuple(axes), seed=seed)


def _split(problem: Problem, name: str, seed: int) -> SplitView:
    split = problem.splits[name]
    count = SAMPLES if split.size is None else min(SAMPLES, split.size)
    examples = problem.sample(name, count, seed)
    answers: Sequence[Any] = list(problem.truth(examples))
    questions = tuple(
        Question(_shortened(text), _shortened(_written(answer)))
        for text, answer in zip(problem.text(examples), answers, strict=True)
    )
    size = "endless" if split.size is None else f"{split.size:,} instances"
    return SplitView(name, split.description, size, questions)


def _written(answer: Any) -> str:
    if isinstance(answer, np.ndarray):
        return np.array2string(answer, precision=4, threshold=32, separator=", ")
    if isinstance(answer, (float, np.floating)):
        return f"{answer:.4g}"
    return str(answer)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
