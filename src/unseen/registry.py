"""Everything that has a name: problems, solvers, measures and studies, imported only when asked for.

Built-in items are listed in tables (`unseen.problems.PROBLEMS` and its like); a study is found by its file name,
``studies/<area>/p080_corrupted_labels.py``. Other packages join through the entry-point groups ``unseen.problems``,
``unseen.solvers``, ``unseen.measures`` and ``unseen.studies``.
"""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from unseen.errors import UsageError
from unseen.measures import MEASURES
from unseen.problems import PROBLEMS
from unseen.solvers import SOLVERS

if TYPE_CHECKING:
    from unseen.contracts.measure import Measure
    from unseen.contracts.problem import Problem

Kind = Literal["problems", "solvers", "measures", "studies"]

MOST_LISTED = 12
"""Names that an error message lists at most."""

STUDY_FILE = re.compile(r"p(?P<id>\d{3})_(?P<key>[a-z0-9_]+)\.py")


@dataclass(frozen=True)
class StudyName:
    """A study's two names and where it lives."""

    id: str
    """Catalogue id (``"080"``) or, for a study of another package, its entry-point name."""
    key: str
    area: str
    target: str
    """``module:attribute``"""


def suggest(name: str, known: Iterable[str]) -> str:
    """Build the end of an error message: the nearest known names, or how to list them all.

    Examples
    --------
    >>> suggest("modular-adition", ["modular-addition", "binary-permutation"])
    'did you mean modular-addition?'
    """
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(near)}?"
    listed = sorted(known)
    more = f" and {len(listed) - MOST_LISTED} more" if len(listed) > MOST_LISTED else ""
    return f"known: {', '.join(listed[:MOST_LISTED])}{more}"


@cache
def names(kind: Kind) -> Mapping[str, str]:
    """All registered names of a kind with where each lives; built-in ones win over entry points."""
    built_in: Mapping[str, str]
    if kind == "studies":
        built_in = {study.id: study.target for study in _built_in_studies()}
    else:
        built_in = {"problems": PROBLEMS, "solvers": SOLVERS, "measures": MEASURES}[kind]
    joined = {point.name: point.value for point in entry_points(group=f"unseen.{kind}")}
    return {**joined, **built_in}


def locate(kind: Kind, name: str) -> Any:
    """Import the registered object of that name.

    Raises
    ------
    UsageError
        If the name is unknown (the nearest are suggested) or what it points to cannot be imported.
    """
    known = names(kind)
    if name not in known:
        raise UsageError(f"no {kind[:-1] if kind != 'studies' else 'study'} named {name!r}; {suggest(name, known)}")
    return load(known[name])


def load(target: str) -> Any:
    """Import ``module:attribute``.

    Raises
    ------
    UsageError
        If the module or attribute is missing; a missing third-party package is named.
    """
    module, _, attribute = target.partition(":")
    try:
        found: Any = import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except ImportError as error:
        raise UsageError(f"{target} cannot be imported: {error}") from error
    except AttributeError as error:
        raise UsageError(f"{target} does not exist: {error}") from error
    return found


def problem(name: str, **parameters: Any) -> Problem:
    """The problem of that name, with parameters of its own.

    Examples
    --------
    >>> problem("modular-addition", modulus=7).sample("train", 2, seed=3).inputs["left"].shape
    (2,)
    """
    return cast("Problem", _build(locate("problems", name), name, parameters))


def solver(name: str, **parameters: Any) -> Any:
    """The solver of that name, with parameters of its own."""
    return _build(locate("solvers", name), name, parameters)


def measure(name: str) -> Measure[Any, Any]:
    """The measure of that name."""
    return cast("Measure[Any, Any]", locate("measures", name))


def study_name(name: str) -> StudyName:
    """Look a study up by id, key or entry-point name.

    Raises
    ------
    UsageError
        If there is none; says so plainly when the paper is known but has no study yet.
    """
    wanted = name.strip().lower()
    by_name = {name.lower(): found for found in study_names() for name in (found.id, found.key)}
    if wanted in by_name:
        return by_name[wanted]
    if wanted.isdigit() and wanted.zfill(3) in by_name:
        return by_name[wanted.zfill(3)]
    from unseen.catalogue import load as papers

    for paper in papers():
        if wanted.zfill(3) == paper.id or wanted == paper.key:
            studied = ", ".join(found.id for found in study_names())
            raise UsageError(f"paper {paper.id} ({paper.key}) has no study yet; studied: {studied}")
    raise UsageError(f"no study named {name!r}; {suggest(wanted, by_name)}")


@cache
def study_names() -> tuple[StudyName, ...]:
    """All studies, built-in ones in order of id, then those of other packages, which cannot take their names."""
    taken = {name for found in _built_in_studies() for name in (found.id, found.key)}
    joined = tuple(
        StudyName(point.name, point.name, "other", point.value)
        for point in entry_points(group="unseen.studies")
        if point.name not in taken
    )
    return (*_built_in_studies(), *joined)


def study_page(name: StudyName) -> str:
    """The docstring of a study's module: claim, what was run, ours beside theirs, what differs, what was found."""
    return inspect.getdoc(import_module(name.target.partition(":")[0])) or ""


def select_studies(requested: Iterable[str]) -> tuple[StudyName, ...]:
    """Resolve ids, keys and areas to studies, each once, in the order requested.

    Raises
    ------
    UsageError
        If a name is neither a study nor an area that has one.
    """
    chosen: dict[str, StudyName] = {}
    areas = {found.area for found in study_names()}
    for name in requested:
        matches = [s for s in study_names() if s.area == name] if name in areas else [_not_an_area(name, areas)]
        chosen.update({match.id: match for match in matches})
    return tuple(chosen.values())


def _not_an_area(name: str, areas: Iterable[str]) -> StudyName:
    """The study of that name; who misspelt an area is told so."""
    try:
        return study_name(name)
    except UsageError as error:
        if near := difflib.get_close_matches(name.lower(), list(areas), n=1, cutoff=0.75):
            raise UsageError(f"no study or area named {name!r}; did you mean {near[0]}?") from error
        raise


@cache
def _built_in_studies() -> tuple[StudyName, ...]:
    folder = Path(__file__).parent / "studies"
    found = []
    for file in folder.glob("*/p*.py"):
        if match := STUDY_FILE.fullmatch(file.name):
            area = file.parent.name
            target = f"unseen.studies.{area}.{file.stem}:study"
            found.append(StudyName(match["id"], match["key"].replace("_", "-"), area, target))
    return tuple(sorted(found, key=lambda study: study.id))


def _build(factory: Callable[..., Any], name: str, parameters: Mapping[str, Any]) -> Any:
    try:
        return factory(**parameters)
    except TypeError as error:
        raise UsageError(f"{name}: {error}") from error
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from error
