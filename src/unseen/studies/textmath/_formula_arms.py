"""Arms of study 144: convergence measured blindly, limits identified afterwards, and controls of both."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import random_stream
from unseen.contracts.study import Outcome
from unseen.measures.continued_fractions.families import all_fractions, canonical_fractions, distinct_fractions, ends
from unseen.measures.continued_fractions.metrics import LIMIT_BITS, FractionMetrics, fraction_metrics
from unseen.measures.continued_fractions.relations import constant_limits, identify_all

Floats = NDArray[np.float64]

DEGREES = 1, 2
"""Degrees of a and b: one pattern, so that degree tells nothing about the constant."""

SURE_DIGITS = 20
RATIONAL = 10**6
"""A limit within its sure digits of a fraction with a smaller denominator counts as rational."""

SHOWN = 500
"""Formulas of either kind in the figure."""


@dataclass(frozen=True)
class Sample:
    """Formulas that converge to 20 sure digits and not to a rational number, with their limits' names."""

    drawn: int
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    metrics: FractionMetrics
    constants: NDArray[np.int64]
    """Place of the constant in the list, -1 where none was found; shape (n,)."""


@lru_cache(maxsize=1)
def formulas(largest: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One of each class of fractions that converge (positive discriminant) and do not end, in a fixed random order."""
    a, b = all_fractions(*DEGREES, largest)
    converges = a[:, 1] ** 2 + 4 * b[:, 2] > 0
    a, b = a[converges], b[converges]
    # A whole zero of b divides its lowest coefficient that is not 0.
    going = ~ends(b, largest)
    a, b = distinct_fractions(a[going], b[going])
    order = random_stream("144", "order", largest).permutation(len(a))
    return a[order], b[order]


@lru_cache(maxsize=16)
def sample(largest: int, count: int, depth: int, seed: int, disjoint: bool) -> Sample:
    """Measure and identify a sample of formulas.

    Disjoint samples are stretches of the fixed order: seeds share nothing unless they differ by a multiple of how many
    stretches there are. Others are drawn anew by every seed.
    """
    a, b = formulas(largest)
    if disjoint:
        start = seed % max(1, len(a) // count) * count
        chosen = np.arange(start, min(start + count, len(a)))
    else:
        chosen = random_stream("144", "sample", largest, seed).permutation(len(a))[:count]
    a, b = a[chosen], b[chosen]
    metrics = fraction_metrics(a, b, depth)
    kept = np.flatnonzero(metrics.digits >= SURE_DIGITS)
    kept = kept[[not is_rational(metrics.limits[place], metrics.digits[place]) for place in kept]]
    metrics = metrics[kept]
    return Sample(len(chosen), a[kept], b[kept], metrics, named(metrics.limits, metrics.digits))


def is_rational(limit: int, digits: float) -> bool:
    """Whether a limit equals a fraction with a denominator up to a million in all of its sure digits, at most 40."""
    places = min(int(digits) - 1, 40)
    # Continued fraction of the limit, by Euclid's algorithm on whole numbers.
    top, bottom = limit, 1 << LIMIT_BITS
    p, before_p, q, before_q = 1, 0, 0, 1
    while bottom:
        whole, rest = divmod(top, bottom)
        p, before_p = whole * p + before_p, p
        q, before_q = whole * q + before_q, q
        if q > RATIONAL:
            return False
        if abs(limit * q - (p << LIMIT_BITS)) * 10**places < q << LIMIT_BITS:
            return True
        top, bottom = bottom, rest
    return True


def named(limits: NDArray[np.object_], digits: Floats) -> NDArray[np.int64]:
    """Which constant each limit is a fraction of first degree in, -1 where none."""
    known = constant_limits()
    places = {name: place for place, name in enumerate(known)}
    found = identify_all(limits.tolist(), digits.tolist(), known)
    return np.array([-1 if relation is None else places[relation.constant] for relation in found], dtype=np.int64)


def counted(drawn: int, factorial: NDArray[np.bool_], constants: NDArray[np.int64]) -> dict[str, float]:
    """The table of factorial reduction against identification."""
    identified = constants >= 0
    return {
        "formulas": float(drawn),
        "irrational": float(len(identified)),
        "factorial": float(factorial.sum()),
        "factorial_identified": float((factorial & identified).sum()),
        "other_identified": float((~factorial & identified).sum()),
        "identified": float(identified.sum()),
    }


def table(found: Sample) -> Outcome:
    """The sample as it is."""
    metrics, identified = found.metrics, found.constants >= 0
    kinds = {
        "identified": identified,
        "factorial": metrics.factorial & ~identified,
        "other": ~metrics.factorial & ~identified,
    }
    curves = {
        kind: {
            "delta": metrics.reduced_delta[mask][:SHOWN].tolist(),
            "growth": metrics.superexponential[mask][:SHOWN].tolist(),
        }
        for kind, mask in kinds.items()
    }
    return Outcome(counted(found.drawn, metrics.factorial, found.constants), curves)


def shuffled(found: Sample, seed: int) -> Outcome:
    """Every formula with another one's limit."""
    order = random_stream("144", "shuffled", seed).permutation(len(found.constants))
    return Outcome(counted(found.drawn, found.metrics.factorial, found.constants[order]))


def random_limits(found: Sample, seed: int) -> Outcome:
    """Every limit moved by a random number below a thousandth: as many digits, and no reason to be a constant."""
    chance = random.Random(int(random_stream("144", "moved", seed).integers(2**62)))
    moved = np.empty(len(found.constants), dtype=object)
    moved[:] = [limit + chance.getrandbits(LIMIT_BITS) // 1000 for limit in found.metrics.limits]
    return Outcome(counted(found.drawn, found.metrics.factorial, named(moved, found.metrics.digits)))


def neighbours(found: Sample, seed: int, permutations: int) -> Outcome:
    """Does the nearest identified formula belong to the same constant, in three spaces?"""
    at = np.flatnonzero(found.constants >= 0)
    labels, metrics = found.constants[at], found.metrics
    blind = np.stack(
        [
            metrics.reduced_delta,
            metrics.growth,
            metrics.superexponential,
            metrics.rate,
            metrics.superrate,
        ],
        axis=1,
    )
    blind = (blind - blind.mean(axis=0)) / blind.std(axis=0)
    values = np.array([limit / 2**LIMIT_BITS for limit in metrics.limits])[:, None]
    coefficients = np.concatenate(canonical_fractions(found.a, found.b), axis=1).astype(np.float64)
    spaces = {"metrics": blind, "values": values, "coefficients": coefficients}
    nearest = {name: _nearest(rows[at]) for name, rows in spaces.items()}
    agreement = {name: float((labels == labels[place]).mean()) for name, place in nearest.items()}
    stream = random_stream("144", "permuted", seed)
    exchanged = [stream.permutation(labels) for _ in range(permutations)]
    chance = np.array([(order == order[nearest["metrics"]]).mean() for order in exchanged])
    at_least = int((chance >= agreement["metrics"]).sum())
    return Outcome(
        {
            **agreement,
            "chance": float(chance.mean()),
            "p_value": (at_least + 1) / (permutations + 1),
            "labelled": float(len(at)),
            "constants": float(len(set(labels.tolist()))),
        }
    )


def _nearest(rows: Floats) -> NDArray[np.int64]:
    """Place of the nearest other row."""
    distances = ((rows[:, None] - rows[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    return np.asarray(distances.argmin(axis=1), dtype=np.int64)
