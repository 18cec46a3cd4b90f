"""Laws of drawing: what `Problem.sample` and `Problem.splits` promise."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from unseen.contracts.problem import AXES, BLOCK_SIZE, Split
from unseen.testing.examples import columns, disturbed_global_randomness, fingerprint, rows, scribbled
from unseen.testing.laws import LawBroken, require
from unseen.testing.problem_case import ProblemCase, where
from unseen.testing.spawned import Draw, fingerprints, fingerprints_elsewhere

MOST_COMPARED = 3000
"""Instances per split among which shared ones are looked for."""
MOST_LISTED = 100_000
"""Finite splits up to this size are drawn whole."""
WINDOW = 16
"""So many instances in a row do not come twice by chance, even where there are only four different ones."""


def splits_are_declared(case: ProblemCase) -> None:
    """``train`` has no axis, every other split is named after its axis, and there is at least one of these."""
    splits = case.problem.splits
    require("train" in splits and len(splits) > 1, f"a problem has train and an unseen split, not {list(splits)}")
    require(dict(splits) == dict(case.problem.splits), "its splits differ from one look to the next")
    for name, split in splits.items():
        require(isinstance(split, Split), f"split {name!r} is no Split but {split!r}")
        require((split.axis is None) == (name == "train"), f"split {name!r} has axis {split.axis!r}")
        if split.axis is not None:
            require(split.axis in AXES, f"split {name!r} has axis {split.axis!r}; axes are {', '.join(AXES)}")
            require(
                name == split.axis or name.startswith(f"{split.axis}:"),
                f"split {name!r} is on axis {split.axis}: call it {split.axis} or {split.axis}:something",
            )
        require(split.description.strip(), f"split {name!r} has no description")
        require(split.size is None or split.size > 0, f"split {name!r} has size {split.size}")


def examples_name_their_origin(case: ProblemCase) -> None:
    """Examples know the problem, split and seed that they came from; only ``train`` must have targets."""
    for split in case.problem.splits:
        for seed in (case.seeds[0], np.int64(case.seeds[-1])):
            examples = case.problem.sample(split, case.size(split, 2), int(seed))
            again = case.problem.sample(split, len(examples), seed)  # type: ignore[arg-type]
            origin = (examples.problem, examples.split, examples.seed)
            require(origin == (case.problem.name, split, int(seed)), f"examples of {split!r} say {origin}")
            require(fingerprint(again) == fingerprint(examples), f"a NumPy integer as seed changes split {split!r}")
    require(case.problem.sample("train", 1, case.seeds[0]).targets is not None, "training data have no targets")


def draws_the_same_bits_again(case: ProblemCase) -> None:
    """The same arguments give the same bits, whatever was drawn in between and from wherever."""
    before = [fingerprint(examples) for examples in case.draws()]
    with disturbed_global_randomness():
        after = [fingerprint(examples) for examples in reversed(list(case.draws()))]
    require(before == after[::-1], "a draw was different the second time")


def draws_the_same_bits_in_another_process(case: ProblemCase) -> None:
    """The same arguments give the same bits in a fresh process where strings hash otherwise."""
    draws = [Draw(split, case.size(split, 64), seed) for split in case.problem.splits for seed in case.seeds]
    here = fingerprints(case.problem, draws)
    there = fingerprints_elsewhere(case.problem, draws, hash_seed=4711)
    for draw, mine, other in zip(draws, here, there, strict=True):
        require(mine == other, f"split {draw.split!r}, seed {draw.seed} differs in another process")


def asking_for_more_only_appends(case: ProblemCase) -> None:
    """The first instances of a split are the same however many are asked for, across the borders of blocks too."""
    for split in case.problem.splits:
        seed = case.seeds[-1]
        most = case.size(split, BLOCK_SIZE + 1)
        longest = case.problem.sample(split, most, seed)
        for n in sorted({0, 1, 7, 100, most - 1, BLOCK_SIZE - 1, BLOCK_SIZE}):
            if n < most:
                shorter = case.problem.sample(split, n, seed)
                require(len(shorter) == n, f"{n} of split {split!r} asked for, {len(shorter)} given")
                require(
                    fingerprint(shorter) == fingerprint(longest[:n]),
                    f"the first {n} of split {split!r} differ when {most} are asked for",
                )


def instances_are_not_repeated_in_runs(case: ProblemCase) -> None:
    """An endless split does not start again from the beginning, not even at the border of a block."""
    for split, about in case.problem.splits.items():
        if about.size is None:
            drawn = rows(case.problem, case.problem.sample(split, BLOCK_SIZE + 4 * WINDOW, case.seeds[-1]))
            windows = [tuple(drawn[start : start + WINDOW]) for start in range(len(drawn) - WINDOW)]
            require(
                len(set(windows)) == len(windows),
                f"split {split!r}: the same {WINDOW} instances come twice in a row of {len(drawn)}",
            )


def neighbouring_seeds_share_no_stream(case: ProblemCase) -> None:
    """A seed's instances are not its neighbour's moved along by a few places, or by a block."""
    for split, about in case.problem.splits.items():
        n = case.size(split, 64)
        if n < 8:
            continue
        # A stream that is only moved agrees everywhere; of few instances some stand in the same place by chance.
        most = 0.5 + 4 / n
        for seed in case.seeds:
            for step in (1, 2):
                here, there = (rows(case.problem, case.problem.sample(split, n, s)) for s in (seed, seed + step))
                shared = max(_agreement(here[lag:], there) for lag in range(n // 8 + 1))
                shared = max([shared, *(_agreement(here, there[lag:]) for lag in range(n // 8 + 1))])
                require(
                    shared < most, f"split {split!r}: seeds {seed} and {seed + step} share {shared:.0%} of a stream"
                )
        if about.size is None:
            seed = case.seeds[0]
            here = rows(case.problem, case.problem.sample(split, BLOCK_SIZE + n, seed))[BLOCK_SIZE:]
            there = rows(case.problem, case.problem.sample(split, n, seed + 1))
            shared = _agreement(here, there)
            require(shared < most, f"split {split!r}: the second block of seed {seed} is the first of seed {seed + 1}")


def splits_are_disjoint(case: ProblemCase) -> None:
    """For one seed no two splits share an instance up to the problem's symmetry."""
    for seed in case.seeds:
        found = {}
        for split in case.problem.splits:
            examples = case.problem.sample(split, case.size(split, MOST_COMPARED), seed)
            found[split] = set(case.problem.canonical(examples))
        for first, second in combinations(found, 2):
            shared = found[first] & found[second]
            some = sorted(map(repr, shared))[:1]
            require(not shared, f"seed {seed}: {first!r} and {second!r} share {len(shared)} instances: {some} ...")


def sizes_are_honest(case: ProblemCase) -> None:
    """A finite split has as many instances as it says, and says so when asked for more; an endless one wants a number.

    Splits of more than 100,000 instances are not drawn whole.
    """
    for split, about in case.problem.splits.items():
        if about.size is None:
            _must_refuse(case, split, split, None, case.seeds[0])
            continue
        _must_refuse(case, str(about.size), split, about.size + 1, case.seeds[0])
        if about.size <= MOST_LISTED:
            for n in (None, about.size):
                given = len(case.problem.sample(split, n, case.seeds[0]))
                require(given == about.size, f"split {split!r} says {about.size} instances and gives {given}")


def misuse_is_named(case: ProblemCase) -> None:
    """An unknown split, a number of instances or a seed that is none: ValueError, one line that says what is wrong."""
    _must_refuse(case, "train", "no-such-split", 1, 0)
    for n in (-1, 1.5, True, "3"):
        _must_refuse(case, repr(n), "train", n, 0)
    for seed in (-1, 0.5, None, "0", True):
        _must_refuse(case, repr(seed), "train", 1, seed)


def returned_arrays_are_not_shared_state(case: ProblemCase) -> None:
    """Writing into returned arrays, where that is possible at all, changes no later draw and no later truth."""
    for examples in case.draws(16):
        problem = case.problem
        truth = np.asarray(problem.truth(examples))
        before = fingerprint(examples), truth.tobytes()
        arrays = [array for _, array in columns(examples)]
        with scribbled([*arrays, truth]):
            again = problem.sample(examples.split, len(examples), examples.seed)
            after = fingerprint(again), np.asarray(problem.truth(again)).tobytes()
        require(before == after, f"{where(examples)}: writing into returned arrays changed the next draw")


DRAWING_LAWS: tuple[Callable[[ProblemCase], None], ...] = (
    splits_are_declared,
    examples_name_their_origin,
    draws_the_same_bits_again,
    draws_the_same_bits_in_another_process,
    asking_for_more_only_appends,
    instances_are_not_repeated_in_runs,
    neighbouring_seeds_share_no_stream,
    splits_are_disjoint,
    sizes_are_honest,
    misuse_is_named,
    returned_arrays_are_not_shared_state,
)


def _agreement(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Share of places where two sequences of rows agree, over the length of the shorter."""
    pairs = list(zip(first, second, strict=False))
    return sum(a == b for a, b in pairs) / len(pairs)


def _must_refuse(case: ProblemCase, named: str, split: Any, n: Any, seed: Any) -> None:
    arguments = f"sample({split!r}, {n!r}, {seed!r})"
    try:
        case.problem.sample(split, n, seed)
    except ValueError as error:
        message = str(error)
        require(message and "\n" not in message, f"{arguments}: the message is not one line: {message!r}")
        require(named in message, f"{arguments}: the message does not name {named}: {message!r}")
    except Exception as error:
        raise LawBroken(f"{arguments} raises {type(error).__name__}, not ValueError: {error}") from error
    else:
        raise LawBroken(f"{arguments} is not refused")
