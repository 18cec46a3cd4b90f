"""Rounding of arrays and tensors to a format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from unseen.errors import UsageError
from unseen.precision._kernels import CARRIERS, plan, round_block, round_fixed
from unseen.precision.formats import FixedPoint, FloatFormat, named_format
from unseen.precision.modes import MODES, Mode

if TYPE_CHECKING:
    import torch

Values = TypeVar("Values")

BLOCK = 32768
"""Values rounded at a time: what is needed for them stays in the processor's second-level cache."""


def round_to(
    values: Values,
    to: FloatFormat | FixedPoint | str,
    mode: Mode = "nearest-even",
    *,
    generator: np.random.Generator | torch.Generator | None = None,
    out: Values | None = None,
) -> Values:
    """Round values to a format and return them in the type they came in.

    Every value is rounded once, straight from the type given: float64 values are not rounded to float32 in between.
    Zeros keep their sign where the format has a negative zero; NaN stays NaN, with an unspecified payload.

    For tensors the gradient passes straight through: it is that of the identity for values between the format's ends
    and zero beyond (Bengio, Leonard & Courville 2013, "Estimating or propagating gradients through stochastic
    neurons"). ``torch.func`` transforms apply.

    Parameters
    ----------
    values : array_like or torch.Tensor
        Real numbers, float32 or float64, of any shape.
    to : FloatFormat, FixedPoint or str
        The format, or its name in `FORMATS`. The values' type must hold all its numbers.
    mode : str
        One of `MODES`. In the directed modes overflow stops at the largest number where the direction says so, as IEEE
        754 has it. In stochastic rounding an overflow is as likely as if there were one more number beyond the largest.
    generator : numpy.random.Generator or torch.Generator
        For stochastic rounding: where random numbers come from. NumPy's gives arrays and tensors the same bits.
    out : array or tensor, optional
        Where to write the result, with the shape and type of `values`; may be `values` itself. Gradients do not pass.

    Returns
    -------
    array or tensor
        Numbers of the format, in the shape and type of `values`.

    Raises
    ------
    UsageError
        If values are not float32 or float64, their type does not hold the format's numbers, or format or mode do not
        exist.

    Examples
    --------
    >>> round_to(np.float32([2.5, -3.5]), FixedPoint(integer_bits=4, fraction_bits=0)).tolist()
    [2.0, -4.0]
    >>> total = np.float32(0)
    >>> for _ in range(1000):
    ...     total = round_to(total + np.float32(0.01), "bfloat16")
    >>> float(total)
    4.0
    """
    form = named_format(to) if isinstance(to, str) else to
    if not isinstance(form, FloatFormat | FixedPoint):
        raise UsageError(f"a format is a FloatFormat, a FixedPoint or a name, not {to!r}")
    if mode not in MODES:
        raise UsageError(f"no rounding mode {mode!r}; there are {', '.join(MODES)}")
    if (mode == "stochastic") != (generator is not None):
        raise UsageError("stochastic rounding needs a generator, and no other mode takes one")
    if _is_tensor(values):
        from unseen.precision.tensors import round_tensor

        return round_tensor(values, form, mode, generator, out)  # type: ignore[return-value, arg-type]
    given: Any = values
    if not isinstance(given, np.ndarray | np.generic | float):
        given = np.asarray(given)
    rounded = round_array(np.asarray(given), form, mode, generator, out)  # type: ignore[arg-type]
    return rounded if isinstance(given, np.ndarray) else rounded[()]  # type: ignore[return-value]


def round_array(
    values: NDArray[Any],
    form: FloatFormat | FixedPoint,
    mode: Mode,
    generator: np.random.Generator | None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """As `round_to`, for NumPy arrays alone."""
    check_carrier(form, str(values.dtype))
    if generator is not None and not isinstance(generator, np.random.Generator):
        raise UsageError(f"arrays are rounded with a numpy.random.Generator, not {type(generator).__name__}")
    result = np.empty_like(values) if out is None else out
    if result.shape != values.shape or result.dtype != values.dtype:
        raise UsageError(
            f"out must have shape {values.shape} and type {values.dtype}, not {result.shape} and {result.dtype}"
        )
    source = np.ascontiguousarray(values).reshape(-1)
    in_place = result.flags.c_contiguous
    target = result.reshape(-1) if in_place else np.empty_like(source)
    carrier = str(values.dtype)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for start in range(0, source.size, BLOCK):
            block, into = source[start : start + BLOCK], target[start : start + BLOCK]
            uniform = None if generator is None else generator.random(block.size, dtype=values.dtype)
            if isinstance(form, FixedPoint):
                round_fixed(block, form, mode, np, out=into, uniform=uniform)
            else:
                round_block(block, plan(form, mode, carrier), np, out=into, uniform=uniform)
    if not in_place:
        result[...] = target.reshape(values.shape)
    return result


def check_carrier(form: FloatFormat | FixedPoint, carrier: str) -> None:
    """Raise `UsageError` unless a type, by name, holds all numbers of a format."""
    if carrier not in CARRIERS:
        raise UsageError(f"float32 or float64 values can be rounded, not {carrier}")
    if isinstance(form, FloatFormat):
        plan(form, "nearest-even", carrier)
    elif form.integer_bits + form.fraction_bits > CARRIERS[carrier][1] + 2:
        raise UsageError(f"{carrier} does not hold all numbers of {form}; give float64")


def _is_tensor(values: object) -> bool:
    # Asked by name, so that rounding arrays does not import PyTorch.
    return any(kind.__module__ == "torch" and kind.__name__ == "Tensor" for kind in type(values).__mro__)
