import math

import mpmath
import numpy as np
import pytest

from unseen.measures.continued_fractions.relations import (
    CONSTANTS,
    LIMIT_BITS,
    constant_limits,
    digits_needed,
    false_positive_bound,
    identify,
    identify_all,
    links,
    small_relations,
)

KNOWN = constant_limits()


def planted(constant, p, q, r, s):
    """The limit with p + q K + r L + s K L = 0."""
    with mpmath.workprec(LIMIT_BITS + 100):
        k = mpmath.ldexp(KNOWN[constant], -LIMIT_BITS)
        return int(mpmath.floor(mpmath.ldexp(-(p + q * k) / (r + s * k), LIMIT_BITS)))


def drawn(count, largest, seed):
    """Relations with constants that fulfil no quadratic equation: with roots each limit has several."""
    rng = np.random.default_rng(seed)
    names = [name for name in KNOWN if not name.startswith("sqrt ") or "ln" in name]
    rows = []
    while len(rows) < count:
        p, q, r, s = rng.integers(-largest, largest + 1, size=4).tolist()
        if p * s != q * r and math.gcd(p, q, r, s) == 1:
            rows.append((names[rng.integers(len(names))], (p, q, r, s)))
    return rows


def test_constants_are_right_to_the_last_bit():
    with mpmath.workprec(400):
        assert KNOWN["zeta(3)"] == int(mpmath.floor(mpmath.zeta(3) * 2**200))
        assert KNOWN["sqrt 5 ln(golden ratio)"] == int(
            mpmath.floor(mpmath.sqrt(5) * mpmath.log((1 + mpmath.sqrt(5)) / 2) * 2**200)
        )
    assert len(KNOWN) == len(CONSTANTS) == 12


def test_every_planted_relation_is_found_and_is_the_planted_one():
    rows = drawn(400, 60, 3)
    found = identify_all([planted(name, *row) for name, row in rows], [50.0] * len(rows), KNOWN)
    for (name, row), relation in zip(rows, found, strict=True):
        sign = 1 if next(c for c in row if c) > 0 else -1
        assert relation == (name, tuple(sign * c for c in row))


def test_lattices_and_pslq_agree():
    rows = drawn(6, 20, 4)
    rng = np.random.default_rng(5)
    limits = [planted(name, *row) for name, row in rows]
    limits += [int(rng.integers(2**62)) << 137 | int(rng.integers(2**62)) for _ in range(3)]
    some = {name: KNOWN[name] for name in {name for name, _ in rows}}
    assert identify_all(limits, [30.0] * 9, some) == [identify(limit, 30.0, some) for limit in limits]


def test_near_misses_and_rationals_are_not_identified():
    rows = drawn(60, 60, 6)
    limits = [planted(name, *row) for name, row in rows]
    moved = [limit + (1 << LIMIT_BITS) // 10**15 for limit in limits]
    assert identify_all(moved, [20.0] * 60, KNOWN) == [None] * 60
    rationals = [(p << LIMIT_BITS) // q for p, q in ((1, 2), (22, 7), (-5, 3), (0, 1), (59, 60))]
    assert identify_all(rationals, [50.0] * 5, KNOWN) == [None] * 5 == [identify(x, 50.0, KNOWN) for x in rationals]


def test_too_few_digits_are_refused():
    assert digits_needed() == pytest.approx(4 * math.log10(60) + 8)
    for refusing in (identify, lambda limit, digits: identify_all([limit], [digits])):
        with pytest.raises(ValueError, match=r"needs 15\.1 sure digits, not 12\.0"):
            refusing(KNOWN["pi"], 12.0)


def test_bound_is_not_exceeded_by_counting():
    # Of random limits between 0 and 1, which fulfil any relation with coefficients up to 3 to two and a half digits?
    k, largest, digits = KNOWN["pi"] / 2**LIMIT_BITS, 3, 4.5
    side = np.arange(-largest, largest + 1)
    p, q, r, s = (part.ravel() for part in np.meshgrid(side, side, side, side))
    kept = p * s != q * r
    limits = np.random.default_rng(8).random(4000)
    residual = np.abs(p[kept] + q[kept] * k + limits[:, None] * (r[kept] + s[kept] * k))
    hits = (residual < largest * (1 + k) * 10**-digits).sum() / 2 / len(limits)
    assert 0 < hits < false_positive_bound(digits, {"pi": KNOWN["pi"]}, largest=largest)


def test_links_are_symmetric_and_hold_between_formulas_of_one_constant():
    limits = [planted("ln 2", 1, 2, 3, 4), planted("ln 2", 0, 1, -5, 2), planted("pi", 1, 2, 3, 4)]
    found = links(limits, [40.0] * 3)
    assert found.tolist() == [[False, True, False], [True, False, False], [False, False, False]]


def test_small_relations_handles_nothing():
    assert small_relations(np.zeros((0, 4))).shape == (0, 4)
