"""Formats that numbers are rounded to: floating point of any exponent and significand width, and fixed point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from unseen.errors import UsageError

Specials = Literal["ieee", "fn", "fnuz", "finite"]
SPECIALS: tuple[Specials, ...] = ("ieee", "fn", "fnuz", "finite")


@dataclass(frozen=True)
class FloatFormat:
    """A binary floating-point format.

    Parameters
    ----------
    exponent_bits : int
        Width of the exponent field, from 2 to 11.
    significand_bits : int
        Stored bits of the significand, from 1 to 52, *without* the implicit leading bit: 10 for half precision, 3 for
        e4m3. `precision` is one more.
    subnormals : bool
        Whether numbers below the smallest normal one are kept; else they become zero of the same sign, after rounding.
    saturate : bool
        Whether what overflows, infinities included, becomes the largest finite number.
    specials : str
        ``"ieee"``: the largest exponent is kept for infinity and NaN. ``"fn"``: no infinity, and NaN takes only the
        largest code, so that numbers reach further (e4m3fn of the OCP 8-bit formats). ``"fnuz"``: no infinity, no
        negative zero, whose code is the only NaN. ``"finite"``: neither infinity nor NaN, so that overflow always
        saturates. Without infinity, overflow and infinities become NaN unless `saturate`. NaN always stays NaN.
    bias : int, optional
        Exponent bias; by default ``2 ** (exponent_bits - 1) - 1``, and one more for ``"fnuz"``.

    Examples
    --------
    >>> half = FloatFormat(exponent_bits=5, significand_bits=10)
    >>> half.largest, half.smallest_normal, half.unit_roundoff == 2**-11
    (65504.0, 6.103515625e-05, True)
    """

    exponent_bits: int
    significand_bits: int
    subnormals: bool = True
    saturate: bool = False
    specials: Specials = "ieee"
    bias: int | None = None

    def __post_init__(self) -> None:
        _check_whole("exponent_bits", self.exponent_bits, 2, 11)
        _check_whole("significand_bits", self.significand_bits, 1, 52)
        if self.specials not in SPECIALS:
            raise UsageError(f"specials must be one of {', '.join(SPECIALS)}, not {self.specials!r}")
        if self.bias is not None:
            _check_whole("bias", self.bias, -1023, 1023)

    @property
    def precision(self) -> int:
        """Significant bits, the implicit one counted."""
        return self.significand_bits + 1

    @property
    def unit_roundoff(self) -> float:
        """Largest relative error of rounding to nearest: 2 to the power of minus `precision`."""
        return 2.0**-self.precision

    @property
    def exponent_bias(self) -> int:
        """What is subtracted from the exponent field."""
        if self.bias is not None:
            return self.bias
        return (1 << self.exponent_bits - 1) - (self.specials != "fnuz")

    @property
    def smallest_exponent(self) -> int:
        """Exponent of the smallest normal number."""
        return 1 - self.exponent_bias

    @property
    def largest_exponent(self) -> int:
        """Exponent of the largest number."""
        return (1 << self.exponent_bits) - 1 - (self.specials == "ieee") - self.exponent_bias

    @property
    def largest(self) -> float:
        """Largest finite number."""
        lost = 2 if self.specials == "fn" else 1
        return (2 - lost * 2.0**-self.significand_bits) * 2.0**self.largest_exponent

    @property
    def smallest_normal(self) -> float:
        """Smallest positive normal number."""
        return 2.0**self.smallest_exponent

    @property
    def smallest(self) -> float:
        """Smallest positive number: subnormal if there are such."""
        return 2.0 ** (self.smallest_exponent - self.significand_bits * self.subnormals)

    @property
    def overflow(self) -> float:
        """What a number too large becomes when rounded to nearest."""
        if self.saturate or self.specials == "finite":
            return self.largest
        return float("inf") if self.specials == "ieee" else float("nan")


@dataclass(frozen=True)
class FixedPoint:
    """Signed fixed point in two's complement: multiples of ``2**-fraction_bits``; beyond the ends it saturates.

    Parameters
    ----------
    integer_bits : int
        Bits before the point, the sign bit counted, from 1 up.
    fraction_bits : int
        Bits after the point, from 0 up.

    Examples
    --------
    >>> FixedPoint(integer_bits=4, fraction_bits=4).largest
    7.9375
    """

    integer_bits: int
    fraction_bits: int

    def __post_init__(self) -> None:
        _check_whole("integer_bits", self.integer_bits, 1, 54)
        _check_whole("fraction_bits", self.fraction_bits, 0, 53)
        if self.integer_bits + self.fraction_bits > 54:
            raise UsageError(f"at most 54 bits fit into float64, not {self.integer_bits} + {self.fraction_bits}")

    @property
    def step(self) -> float:
        """Distance between neighbouring numbers."""
        return 2.0**-self.fraction_bits

    @property
    def largest(self) -> float:
        """Largest number."""
        return -self.lowest - self.step

    @property
    def lowest(self) -> float:
        """Most negative number."""
        return -(2.0 ** (self.integer_bits - 1))


def _check_whole(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UsageError(f"{name} must be a whole number from {low} to {high}, not {value!r}")


FORMATS: dict[str, FloatFormat] = {
    "half": FloatFormat(5, 10),
    "bfloat16": FloatFormat(8, 7),
    "tf32": FloatFormat(8, 10),
    "single": FloatFormat(8, 23),
    "double": FloatFormat(11, 52),
    "e5m2": FloatFormat(5, 2),
    "e4m3": FloatFormat(4, 3),
    "e3m4": FloatFormat(3, 4),
    "e4m3fn": FloatFormat(4, 3, specials="fn"),
    "e5m2fnuz": FloatFormat(5, 2, specials="fnuz"),
    "e4m3fnuz": FloatFormat(4, 3, specials="fnuz"),
    "e4m3b11fnuz": FloatFormat(4, 3, specials="fnuz", bias=11),
    "e3m2fn": FloatFormat(3, 2, specials="finite"),
    "e2m3fn": FloatFormat(2, 3, specials="finite"),
    "e2m1fn": FloatFormat(2, 1, specials="finite"),
}
"""Formats by name. Those of 8 bits and fewer are called as in the package ml_dtypes."""


def named_format(name: str) -> FloatFormat:
    """The format of a name.

    Raises
    ------
    UsageError
        If there is none; the message lists `FORMATS`.
    """
    if name not in FORMATS:
        raise UsageError(f"no format {name!r}; there are {', '.join(FORMATS)}")
    return FORMATS[name]
