"""Addition of whole numbers, with the number of digits and the carry chains of the training data under control."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Split, draw_in_blocks, random_stream
from unseen.problems.numbers.carry_patterns import (
    MOST_DIGITS,
    carry_pattern,
    carry_reach,
    longest_run,
    pairs_with_chains,
)
from unseen.problems.numbers.whole_number_rows import digit_counts
from unseen.problems.whole_number_problem import WholeNumberProblem

Sampler = Literal["balanced", "fixed-length"]
Pairs = NDArray[np.int64]


@dataclass(frozen=True)
class WholeNumberAddition(WholeNumberProblem):
    """Questions ``a + b``.

    Inputs are the columns ``left`` and ``right`` (int64), targets int64. Labels, known to no solver: ``digits`` (of the
    longer number), ``carries`` (places that hand a carry on), ``carry_chain`` (longest run of such places),
    ``carry_reach`` (most places that a single carry travels, at most the length of the chain).

    Parameters
    ----------
    digits : int
        Most digits of a number in training, 1 to 8.
    train_size : int
        Number of training questions, no two of them the same or the same but for order; at most half of all there are.
    sampler : {"balanced", "fixed-length"}
        ``balanced``: 1 % pairs of one digit (all of them where there is room), 9 % of up to two and so on, the rest of
        up to `digits`, one number often shorter than the other, with equally many questions of each number of carries
        (after Lee et al. 2023, section 3, and their ``data/bal/creating_balanced_data.ipynb``).
        ``fixed-length``: both numbers have exactly `digits` digits.
    longest_chain : int, optional
        Longest carry chain in ``train`` and ``iid``, below `digits`; only for ``fixed-length``. Longer ones of as many
        digits make up the split ``longer:carries``, each length as often.

    Examples
    --------
    >>> examples = WholeNumberAddition(digits=5, sampler="fixed-length", longest_chain=2).sample("longer:carries", 3)
    >>> bool((examples.labels["carry_chain"] > 2).all()), set(examples.labels["digits"].tolist())
    (True, {5})
    """

    digits: int = 3
    train_size: int = 10_000
    sampler: Sampler = "balanced"
    longest_chain: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.digits, int) or not 1 <= self.digits <= MOST_DIGITS // 2:
            raise ValueError(f"digits must be a whole number from 1 to {MOST_DIGITS // 2}, not {self.digits!r}")
        if self.sampler not in ("balanced", "fixed-length"):
            raise ValueError(f"sampler must be 'balanced' or 'fixed-length', not {self.sampler!r}")
        if self.longest_chain is not None:
            if self.sampler != "fixed-length":
                raise ValueError("longest_chain needs sampler='fixed-length'")
            if not isinstance(self.longest_chain, int) or not 0 <= self.longest_chain < self.digits:
                raise ValueError(f"longest_chain must lie from 0 to {self.digits - 1}, not {self.longest_chain!r}")
        most = self._most()
        if not isinstance(self.train_size, int) or not 1 <= self.train_size <= most:
            raise ValueError(f"train_size must be a whole number from 1 to {most}, not {self.train_size!r}")

    @property
    def name(self) -> str:
        """``whole-number-addition``."""
        return "whole-number-addition"

    @property
    def splits(self) -> Mapping[str, Split]:
        """``train``, ``iid``, ``longer:digits`` and, with a longest chain, ``longer:carries``."""
        carries = {}
        if self.longest_chain is not None:
            carries["longer:carries"] = Split(
                "longer", f"as many digits, carry chains of {self.longest_chain + 1} to {self.digits} places"
            )
        return {
            "train": Split(None, f"{self.train_size} questions of {self._range()}", self.train_size),
            "iid": Split("iid", f"questions of {self._range()} that are not in train, in neither order"),
            "longer:digits": Split("longer", f"both numbers of {self.digits + 1} to {2 * self.digits} digits"),
            **carries,
        }

    def sample(self, split: str, n: int | None = None, seed: int = 0) -> Examples:
        """Draw the first `n` questions of a split.

        Raises
        ------
        ValueError
            If the split is unknown, or `n` is negative, missing for an endless split, or too large.
        """
        n = self.checked_size(split, n, seed)
        if split == "train":
            pairs = _training_pairs(self, int(seed))[:n]
        else:
            labels = (self.name, self._settings(), split, int(seed))
            pairs = draw_in_blocks(n, self._drawer(split, int(seed)), *labels)["pairs"]
        left, right = pairs.T
        digits = np.maximum(digit_counts(left), digit_counts(right))
        pattern = carry_pattern(left, right, 2 * self.digits)
        return Examples(
            inputs={"left": left, "right": right},
            targets=left + right,
            labels={
                "digits": digits,
                "carries": np.bitwise_count(pattern).astype(np.int64),
                "carry_chain": longest_run(pattern, 2 * self.digits),
                "carry_reach": carry_reach(left, right, 2 * self.digits),
            },
            problem=self.name,
            split=split,
            seed=int(seed),
        )

    def truth(self, examples: Examples) -> NDArray[np.int64]:
        """The sums, int64 of shape (n,)."""
        return np.asarray(examples.inputs["left"] + examples.inputs["right"], dtype=np.int64)

    def canonical(self, examples: Examples) -> Sequence[Hashable]:
        """The pair in ascending order."""
        pairs = np.sort(np.stack([examples.inputs["left"], examples.inputs["right"]], axis=1), axis=1)
        return [(a, b) for a, b in pairs.tolist()]

    def text(self, examples: Examples) -> list[str]:
        """``"What is 12 + 7?"``."""
        pairs = zip(examples.inputs["left"].tolist(), examples.inputs["right"].tolist(), strict=True)
        return [f"What is {a} + {b}?" for a, b in pairs]

    def near_misses(self, examples: Examples, seed: int) -> Mapping[str, Any]:
        """Neighbours, a digit changed, a digit lost, digits in reverse, and things that are no number."""
        truth = self.truth(examples)
        stream = random_stream(self.name, "near misses", seed)
        places = stream.integers(0, digit_counts(truth))
        shift = stream.integers(1, 10, size=len(truth))
        digit = truth // 10**places % 10
        return {
            **self.no_numbers(truth),
            "another digit": truth + ((digit + shift) % 10 - digit) * 10**places,
            "a digit more": truth * 10 + shift,
            "negative": -truth - 1,
        }

    def classical(self) -> Adder:
        """Exact integer arithmetic."""
        return Adder()

    def _range(self) -> str:
        if self.sampler == "balanced":
            return f"up to {self.digits} digits"
        chains = "" if self.longest_chain is None else f", carry chains of at most {self.longest_chain} places"
        return f"{self.digits} digits{chains}"

    def _settings(self) -> tuple[int, int, str, int]:
        return (self.digits, self.train_size, self.sampler, -1 if self.longest_chain is None else self.longest_chain)

    def _most(self) -> int:
        """Half of the questions that can be told apart, roughly; those with bounded chains are counted by share."""
        if self.sampler == "balanced":
            return int(10 ** (2 * self.digits)) // 4
        return max(1, int(9 * 10 ** (self.digits - 1)) ** 2 // (4 if self.longest_chain is None else 40))

    def _drawer(self, split: str, seed: int) -> Callable[[np.random.Generator, int], Mapping[str, NDArray[Any]]]:
        if split == "longer:carries":
            assert self.longest_chain is not None
            chains = range(self.longest_chain + 1, self.digits + 1)

            def draw_carries(generator: np.random.Generator, count: int) -> Mapping[str, NDArray[Any]]:
                each = [
                    pairs_with_chains(
                        generator, -(-count // len(chains)), digits=self.digits, shortest=chain, longest=chain
                    )
                    for chain in chains
                ]
                # Chains take turns, so that any first part of the split has all of them.
                return {"pairs": np.stack(each, axis=1).reshape(-1, 2)[:count]}

            return draw_carries
        if split == "longer:digits":

            def draw_digits(generator: np.random.Generator, count: int) -> Mapping[str, NDArray[Any]]:
                lengths = generator.integers(self.digits + 1, 2 * self.digits + 1, size=(count, 1))
                return {"pairs": generator.integers(10 ** (lengths - 1), 10**lengths, size=(count, 2))}

            return draw_digits
        known = np.unique(_codes(_training_pairs(self, seed)))

        def draw_others(generator: np.random.Generator, count: int) -> Mapping[str, NDArray[Any]]:
            found = np.empty((0, 2), dtype=np.int64)
            while len(found) < count:
                pairs = self._candidates(generator, 2 * count)
                found = np.concatenate([found, pairs[~np.isin(_codes(pairs), known)]])
            return {"pairs": found[:count]}

        return draw_others

    def _candidates(self, generator: np.random.Generator, count: int) -> Pairs:
        if self.sampler == "balanced":
            return generator.integers(10**self.digits, size=(count, 2))
        return pairs_with_chains(generator, count, digits=self.digits, longest=self.longest_chain)


@dataclass(frozen=True)
class Adder:
    """Answers by Python's integer arithmetic, one question at a time."""

    def solve(self, examples: Examples) -> list[int]:
        """The sums, as Python integers."""
        pairs = zip(examples.inputs["left"].tolist(), examples.inputs["right"].tolist(), strict=True)
        return [a + b for a, b in pairs]


def _codes(pairs: Pairs) -> NDArray[np.int64]:
    """One number per unordered pair of numbers of up to eight digits."""
    low, high = np.sort(pairs, axis=1).T
    return np.asarray(low * 10**9 + high, dtype=np.int64)


@lru_cache(maxsize=32)
def _training_pairs(problem: WholeNumberAddition, seed: int) -> Pairs:
    """The training questions in the order of the seed, int64 of shape (train_size, 2), read-only because shared."""
    stream = random_stream(problem.name, problem._settings(), "train", seed)
    if problem.sampler == "fixed-length":
        pairs = _distinct(lambda count: problem._candidates(stream, count), problem.train_size)
    else:
        pairs = _balanced(stream, problem.digits, problem.train_size)
    pairs = pairs[stream.permutation(len(pairs))]
    pairs.flags.writeable = False
    return pairs


def _uniform(stream: np.random.Generator, low: int, high: int, count: int) -> Pairs:
    return stream.integers(low, high, size=(count, 2))


def _distinct(draw: Callable[[int], Pairs], count: int, taken: Pairs | None = None) -> Pairs:
    """The first `count` pairs drawn that are new, order within a pair aside."""
    found = np.empty((0, 2), dtype=np.int64) if taken is None else taken
    before = len(found)
    while len(found) < before + count:
        found = np.concatenate([found, draw(2 * count + 16)])
        _, first = np.unique(_codes(found), return_index=True)
        found = found[np.sort(first)]
    return found[before : before + count]


def _balanced(stream: np.random.Generator, digits: int, size: int) -> Pairs:
    """Few pairs of few digits, the rest of up to all; each number of carries as often as the others where it can be.

    Which pairs are accepted follows Lee et al. (2023), appendix B: a pair counts while the pairs with as many carries
    are below their share. The share is that of the pairs still to be drawn, so that pairs of few digits, which cannot
    have many carries, do not use it up.
    """
    few = np.empty((0, 2), dtype=np.int64)
    for length in range(1, digits):
        left = 10**length * (10**length + 1) // 2 - len(few)
        wanted = min(max(1, size // 100 * (1 if length == 1 else 9 * 10 ** (length - 2))), left, size // 10)
        few = np.concatenate([few, _distinct(partial(_uniform, stream, 0, 10**length), wanted, few)])
    rest = size - len(few)
    share = -(-rest // (digits + 1))
    known = _codes(few)
    found = np.empty((0, 2), dtype=np.int64)
    for _ in range(100):
        fresh = _uniform(stream, 0, 10**digits, 4 * rest + 64)
        found = np.concatenate([found, fresh[~np.isin(_codes(fresh), known)]])
        _, first_seen = np.unique(_codes(found), return_index=True)
        found = found[np.sort(first_seen)]
        carries = np.bitwise_count(carry_pattern(found[:, 0], found[:, 1], digits))
        rank = np.zeros(len(found), dtype=np.int64)
        for number in range(digits + 1):
            here = carries == number
            rank[here] = np.arange(here.sum())
        found = found[rank < share]
        if len(found) >= rest:
            break
    else:
        others = _distinct(partial(_uniform, stream, 0, 10**digits), rest, np.concatenate([few, found]))
        found = np.concatenate([found, others])
    return np.concatenate([few, found[:rest]])
