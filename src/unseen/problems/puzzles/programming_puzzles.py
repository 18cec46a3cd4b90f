"""Find an answer that makes a Python predicate true."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

# Importing the modules fills the table of families.
from unseen.contracts.problem import Examples, Problem, Split, draw_in_blocks, random_stream
from unseen.contracts.solver import Unsolved
from unseen.problems.partition import hashed_text_share
from unseen.problems.puzzles import lists, texts, whole_numbers  # noqa: F401
from unseen.problems.puzzles.puzzle import FAMILIES, Puzzle, is_typed

LONGEST = 400
"""Characters of the parameters, and of an answer, as text."""
BLOCK = 128
LARGER = 3
"""Size of parameters in ``longer:parameters``."""


@dataclass(frozen=True)
class ProgrammingPuzzles(Problem):
    """Find an answer of the right type for which a predicate, given as Python, returns True.

    Every predicate is a family whose parameters are drawn anew for each instance. Which half of the families is for
    training depends on the seed. Inputs are ``puzzle`` (the family's name) and ``parameters`` (a tuple, as Python
    writes it); targets are answers, as Python writes them. An answer may be a value or the text of one; whole numbers,
    texts and lists of whole numbers are told apart exactly. There is no one right answer: any that satisfies counts.

    Parameters
    ----------
    families : int
        How many families take part, drawn from the seed; 0 for all.

    Examples
    --------
    >>> problem = ProgrammingPuzzles()
    >>> examples = problem.sample("transformed:families", 50)
    >>> bool(problem.score(examples, problem.classical().solve(examples)).all())
    True
    """

    families: int = 0

    shares: ClassVar[Mapping[str, tuple[float, float]]] = {
        "train": (0.0, 0.6),
        "iid": (0.6, 0.8),
        "longer:parameters": (0.8, 1.0),
        "transformed:families": (0.0, 1.0),
    }

    def __post_init__(self) -> None:
        if isinstance(self.families, bool) or not isinstance(self.families, int) or self.families < 0:
            raise ValueError(f"families must be a whole number from 0 up, not {self.families!r}")
        if self.families == 1 or self.families > len(FAMILIES):
            raise ValueError(f"families must be 0 or 2 to {len(FAMILIES)}, not {self.families}")

    @property
    def name(self) -> str:
        """``programming-puzzles``."""
        return "programming-puzzles"

    @property
    def splits(self) -> Mapping[str, Split]:
        """``train``, ``iid``, ``longer:parameters`` and ``transformed:families``."""
        return {
            "train": Split(None, "half of the families"),
            "iid": Split("iid", "the same families with other parameters"),
            "longer:parameters": Split("longer", "the same families with larger numbers, longer texts and lists"),
            "transformed:families": Split("transformed", "the other families, whose predicates were never seen"),
        }

    def halves(self, seed: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the families for training and of those held out."""
        order = random_stream(self.name, self.families, seed, "halves").permutation(len(FAMILIES))
        names = [list(FAMILIES)[i] for i in order[: self.families or None]]
        return tuple(names[::2]), tuple(names[1::2])

    def instances(self, name: str, split: str, n: int, seed: int) -> list[tuple[Any, ...]]:
        """Parameters of `n` instances of one family, as they may come in a split; repeats are possible.

        Raises
        ------
        KeyError
            If there is no such family or split.
        """
        family, (low, high) = FAMILIES[name], self.shares[split]
        generator = random_stream(self.name, "instances", name, split, seed)
        found: list[tuple[Any, ...]] = []
        while len(found) < n:
            drawn = [family.draw(generator, LARGER if split.startswith("longer") else 1) for _ in range(4 * n)]
            shares = self._shares([f"{name}{parameters!r}" for parameters in drawn], seed)
            found += [p for p, share in zip(drawn, shares.tolist(), strict=True) if low <= share < high]
        return found[:n]

    def sample(self, split: str, n: int | None = None, seed: int = 0) -> Examples:
        """Draw the first `n` instances of a split, a family at random for each.

        Raises
        ------
        ValueError
            If the split or the seed is none, or `n` is no number of instances.
        """
        n, seed = self.checked_size(split, n, seed), int(seed)
        training, held_out = self.halves(seed)
        names = held_out if split == "transformed:families" else training

        def draw(generator: np.random.Generator, count: int) -> dict[str, NDArray[Any]]:
            return self._drawn(generator, count, split, names, seed)

        columns = draw_in_blocks(n, draw, self.name, self.families, split, seed, block_size=BLOCK)
        targets = columns.pop("targets")
        return Examples(inputs=columns, targets=targets, problem=self.name, split=split, seed=seed)

    def _drawn(
        self, generator: np.random.Generator, count: int, split: str, names: Sequence[str], seed: int
    ) -> dict[str, NDArray[Any]]:
        (low, high), size = self.shares[split], LARGER if split.startswith("longer") else 1
        kept: list[tuple[str, tuple[Any, ...]]] = []
        while len(kept) < count:
            chosen = [names[i] for i in generator.integers(len(names), size=count)]
            drawn = [(name, FAMILIES[name].draw(generator, size)) for name in chosen]
            shares = self._shares([f"{name}{parameters!r}" for name, parameters in drawn], seed)
            kept += [each for each, share in zip(drawn, shares.tolist(), strict=True) if low <= share < high]
        kept = kept[:count]
        return {
            "puzzle": np.array([name for name, _ in kept], dtype="<U32"),
            "parameters": np.array([repr(parameters) for _, parameters in kept], dtype=f"<U{LONGEST}"),
            "targets": np.array(
                [repr(FAMILIES[name].solution(*parameters)) for name, parameters in kept], dtype=f"<U{LONGEST}"
            ),
        }

    def _shares(self, written: Sequence[str], seed: int) -> NDArray[np.float64]:
        return hashed_text_share(written, self.name, seed)

    def truth(self, examples: Examples) -> NDArray[Any]:
        """One right answer each, as Python writes it."""
        found = [repr(family.solution(*parameters)) for family, parameters in self.asked(examples)]
        return np.array(found, dtype=f"<U{LONGEST}")

    def asked(self, examples: Examples) -> list[tuple[Puzzle, tuple[Any, ...]]]:
        """Family and parameters of each instance."""
        columns = (examples.inputs[name].tolist() for name in ("puzzle", "parameters"))
        return [(FAMILIES[name], _literal(text)) for name, text in zip(*columns, strict=True)]

    def read(self, answer: str) -> int | str | list[int] | None:
        """The value that a text states in Python's writing; None if it states none of the three types.

        Replies of language models are searched for what this understands.
        """
        stated = _stated(answer)
        return stated if any(is_typed(stated, kind) for kind in ("int", "str", "list")) else None

    def score(self, examples: Examples, answers: Any) -> NDArray[np.float64]:
        """1 where the predicate returns True for the answer, or for the value that it states as text, else 0.

        Raises
        ------
        ValueError
            If there are more or fewer answers than questions.
        """
        if len(answers) != len(examples):
            raise ValueError(f"{len(answers)} answers for {len(examples)} questions")
        return np.array(
            [
                any(family.holds(value, parameters) for value in _values(answer, family.types[0]))
                for (family, parameters), answer in zip(self.asked(examples), answers, strict=True)
            ],
            dtype=np.float64,
        ).reshape(len(examples))

    def canonical(self, examples: Examples) -> Sequence[Hashable]:
        """The family and its parameters."""
        columns = (examples.inputs[name].tolist() for name in ("puzzle", "parameters"))
        return [f"{name}{parameters}" for name, parameters in zip(*columns, strict=True)]

    def text(self, examples: Examples) -> list[str]:
        """The predicate, its parameters and what is wanted."""
        asked = []
        for family, parameters in self.asked(examples):
            given = "\n".join(f"{n} = {v!r}" for n, v in zip(family.names[1:], parameters, strict=True))
            call = ", ".join(family.names)
            asked.append(f"{family.source}\n\n{given}\n\nFor which answer is sat({call}) True? Write one Python value.")
        return asked

    def right_forms(self, examples: Examples) -> Mapping[str, Any]:
        """Values, and their texts."""
        truth = self.truth(examples)
        return {
            "texts": truth,
            "list of texts": truth.tolist(),
            "spaced texts": [f" {text}\n" for text in truth.tolist()],
            "values": [_literal(text) for text in truth.tolist()],
        }

    def near_misses(self, examples: Examples, seed: int) -> Mapping[str, Any]:
        """Answers of other types, changed answers, and things that are no answer."""
        truth = [_literal(text) for text in self.truth(examples).tolist()]
        return {
            "another type": [_retyped(value) for value in truth],
            "far off": [_changed(value) for value in truth],
            "a sentence": [f"it may be {value!r}" for value in truth],
            "in a list": [[value] for value in truth],
            "unsolved": [Unsolved("never seen")] * len(truth),
            "nothing": [None] * len(truth),
        }

    def classical(self) -> KnownSolutions:
        """The solution that is known for each family."""
        return KnownSolutions()


@dataclass(frozen=True)
class KnownSolutions:
    """Answers each puzzle by the solution that its author knew."""

    def solve(self, examples: Examples) -> list[Any]:
        """One right answer each."""
        return [family.solution(*parameters) for family, parameters in ProgrammingPuzzles().asked(examples)]


@lru_cache(maxsize=4096)
def _parsed(text: str) -> ast.Expression:
    return ast.parse(text, mode="eval")


def _literal(text: str) -> Any:
    # Parsed once, built anew: lists must not be shared.
    return ast.literal_eval(_parsed(text))


def _values(answer: Any, kind: str) -> list[Any]:
    """The values that an answer may mean: itself, and what it states as text."""
    if isinstance(answer, np.ndarray):
        answer = answer.tolist()
    elif isinstance(answer, (np.integer, np.str_)):
        answer = answer.item()
    if type(answer) is not str:
        return [answer]
    return [value for value in (answer, _stated(answer)) if is_typed(value, kind)]  # type: ignore[arg-type]


def _stated(text: str) -> Any:
    """What a text is as a Python literal; None if it is none, or too long."""
    try:
        return ast.literal_eval(text.strip()) if len(text) <= 100 * LONGEST else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _retyped(value: Any) -> Any:
    if isinstance(value, int):
        return float(value) + 0.5
    return [*list(value), "x"] if isinstance(value, str) else tuple(value)


def _changed(value: Any) -> Any:
    """Nothing that any predicate takes: far outside every bound and without what texts must hold."""
    if isinstance(value, int):
        return -(10**30) - 1
    return "?" if isinstance(value, str) else [-(10**30), 10**31, 7, -5]
