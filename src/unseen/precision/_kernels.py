"""The arithmetic of rounding, for one block of values, in operations that NumPy and PyTorch share.

A format with the exponent range of its carrier (bfloat16 in float32) is rounded on the bits as integers: sign, exponent
and significand stand side by side in one number, and a carry out of the significand raises the exponent as it should.
Any other format: the exponent bits of a value, cut off below at the smallest normal number, are themselves the distance
of its neighbours in the format, times a power of two. Dividing by this distance, rounding to a whole number and
multiplying back are exact but for the one rounding that is wanted, for normal and subnormal numbers alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from unseen.errors import UsageError
from unseen.precision.formats import FixedPoint, FloatFormat
from unseen.precision.modes import Mode

CARRIERS = {"float32": (8, 23, "int32"), "float64": (11, 52, "int64")}
"""Type of the values -> exponent bits, stored significand bits, integers of the same width."""


@dataclass(frozen=True)
class Plan:
    """How values of one type are rounded to one format: the constants that the arithmetic needs, as bits."""

    format: FloatFormat
    mode: Mode
    carrier: str
    same_range: bool
    shift: int
    exponent_mask: int
    special_from: int
    lowest_step: int
    highest_step: int
    reciprocal: int
    significand_step: int
    sign_shift: int

    @property
    def integers(self) -> str:
        """Integer type as wide as the carrier."""
        return CARRIERS[self.carrier][2]


@lru_cache(maxsize=256)
def plan(form: FloatFormat, mode: Mode, carrier: str) -> Plan:
    """Constants for rounding to a format in a carrier.

    Raises
    ------
    UsageError
        If the carrier does not hold all numbers of the format.
    """
    exponent_bits, stored, _ = CARRIERS[carrier]
    bias = 2 ** (exponent_bits - 1) - 1
    lowest = form.smallest_exponent + bias
    same_range = lowest == 1 and form.largest_exponent == bias and form.specials == "ieee"
    held = form.largest_exponent < bias and lowest - form.significand_bits >= 1
    if form.significand_bits > stored or not (same_range or held):
        raise UsageError(f"{carrier} does not hold all numbers of {form}; give float64")
    return Plan(
        format=form,
        mode=mode,
        carrier=carrier,
        same_range=same_range,
        shift=stored - form.significand_bits,
        exponent_mask=(2**exponent_bits - 1) << stored,
        special_from=(form.largest_exponent + bias) << stored,
        lowest_step=(lowest - form.significand_bits) << stored,
        highest_step=(form.largest_exponent + 1 + bias - form.significand_bits) << stored,
        reciprocal=2 * bias << stored,
        significand_step=form.significand_bits << stored,
        sign_shift=exponent_bits + stored,
    )


def round_block(x: Any, plan: Plan, xp: Any, *, out: Any = None, uniform: Any = None, traced: bool = False) -> Any:
    """Round a block of values to a floating-point format.

    Parameters
    ----------
    x : array or tensor
        Of the plan's carrier type.
    plan : Plan
    xp : module
        ``numpy`` or ``torch``, whichever `x` belongs to.
    out : array, optional
        Where NumPy writes the result; may be `x` itself.
    uniform : array or tensor, optional
        For stochastic rounding: random numbers from [0, 1) of the type and shape of `x`.
    traced : bool
        Whether the operations must not depend on the values: under ``torch.func``, on an accelerator.
    """
    given = x
    into = {} if out is None else {"out": out}
    bits = x.view(getattr(xp, plan.integers))
    exponents = bits & plan.exponent_mask
    special = traced or int(exponents.max()) >= plan.special_from
    if special and out is not None:
        given = x.copy()
    if not plan.same_range:
        exponents -= plan.significand_step
        steps = _clip(exponents, plan.lowest_step, plan.highest_step, xp)
        rounded = xp.multiply(x, (plan.reciprocal - steps).view(x.dtype), **into)
        rounded = _whole(rounded, plan.mode, xp, uniform)
        rounded *= steps.view(x.dtype)
    elif plan.shift:
        added = _addend(bits, plan, uniform)
        added += bits
        rounded = xp.bitwise_and(
            added, -1 << plan.shift, **{name: array.view(bits.dtype) for name, array in into.items()}
        )
        rounded = rounded.view(x.dtype)
    else:
        rounded = xp.multiply(x, 1, **into)
    if special:
        rounded = _special(given, rounded, plan, xp)
    if not plan.format.subnormals:
        rounded *= abs(rounded) >= plan.format.smallest_normal
    if plan.format.specials == "fnuz":
        rounded += 0.0
    return rounded


def round_fixed(x: Any, form: FixedPoint, mode: Mode, xp: Any, *, out: Any = None, uniform: Any = None) -> Any:
    """Round a block of values to fixed point; arguments as in `round_block`."""
    into = {} if out is None else {"out": out}
    steps = xp.multiply(x, 1 / form.step, **into)
    rounded = _whole(_clip(steps, form.lowest / form.step, form.largest / form.step, xp), mode, xp, uniform)
    rounded *= form.step
    # Two's complement has one zero: adding 0 takes the sign from a negative one.
    rounded += 0.0
    return rounded


def _whole(y: Any, mode: Mode, xp: Any, uniform: Any) -> Any:
    """Whole numbers next to `y`, which is overwritten; zeros keep their sign."""
    into = {"out": y} if xp is np else {}
    if mode == "nearest-even":
        return xp.round(y) if xp is not np else np.rint(y, out=y)
    if mode == "up":
        return xp.ceil(y, **into)
    if mode == "down":
        return xp.floor(y, **into)
    if mode == "towards-zero":
        return xp.trunc(y, **into)
    whole = xp.trunc(y)
    # The fraction is exact, and so is twice the fraction; a half added to `y` instead might be rounded up with it.
    fraction = y - whole
    whole += xp.trunc(2 * fraction) if mode == "nearest-away" else xp.sign(fraction) * (abs(fraction) > uniform)
    return xp.copysign(whole, y, **into)


def _addend(bits: Any, plan: Plan, uniform: Any) -> Any:
    """What to add to the bits so that cutting them off afterwards rounds as the mode says."""
    below = (1 << plan.shift) - 1
    if plan.mode == "nearest-even":
        odd = bits >> plan.shift
        odd &= 1
        odd += below >> 1
        return odd
    if plan.mode == "towards-zero":
        return bits & 0
    if plan.mode == "nearest-away":
        return (bits & 0) + (1 << plan.shift - 1)
    if plan.mode == "stochastic":
        # The carrier's random numbers have more digits than `shift`, so that every addend is as likely.
        scaled = uniform * float(below + 1)
        return scaled.astype(bits.dtype) if isinstance(scaled, np.ndarray) else scaled.to(bits.dtype)
    # The shift copies the sign into every bit, so that this is `below` for negative numbers and 0 for the others.
    negative = (bits >> plan.sign_shift) & below
    return negative if plan.mode == "down" else below - negative


def _special(x: Any, rounded: Any, plan: Plan, xp: Any) -> Any:
    """Overflow, infinities and NaN, where values `x` were rounded as if exponents had no end."""
    form = plan.format
    overflow: Any = form.overflow
    if plan.mode in ("up", "down", "towards-zero") and not form.saturate:
        # Rounding towards zero never leaves the finite numbers; infinity itself was not rounded.
        towards_zero = {"towards-zero": x == x, "up": x < 0, "down": x > 0}[plan.mode]
        overflow = xp.where(towards_zero & (abs(x) < math.inf), form.largest, overflow)
    # Not `>`: what is NaN here and was none is an infinity, less itself.
    beyond = ~(abs(rounded) <= form.largest)
    limit = xp.copysign(overflow + xp.zeros_like(rounded), x)
    result = xp.where(x == x, xp.where(beyond, limit, rounded), x)
    if xp is np:
        rounded[...] = result
        return rounded
    return result.to(x.dtype)


def _clip(values: Any, low: float, high: float, xp: Any) -> Any:
    # np.clip has vector instructions for integers, np.maximum with a number has not.
    return np.clip(values, low, high, out=values) if xp is np else xp.clamp(values, low, high)
