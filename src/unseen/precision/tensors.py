"""Rounding of PyTorch tensors, with gradients that pass straight through."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from unseen.errors import UsageError
from unseen.precision._kernels import plan, round_block, round_fixed
from unseen.precision.formats import FORMATS, FixedPoint, FloatFormat
from unseen.precision.modes import Mode
from unseen.precision.rounding import BLOCK, check_carrier, round_array

Form = FloatFormat | FixedPoint
Source = np.random.Generator | torch.Generator | None

NATIVE = {FORMATS["half"]: torch.float16, FORMATS["bfloat16"]: torch.bfloat16}
"""Formats for which PyTorch's own conversion from float32 gives the same numbers, and faster."""


def round_tensor(values: Tensor, form: Form, mode: Mode, generator: Source, out: Tensor | None = None) -> Tensor:
    """As `unseen.precision.round_to`, for tensors alone."""
    check_carrier(form, str(values.dtype).removeprefix("torch."))
    if out is None:
        rounded = _rounded(values.detach(), form, mode, generator)
        if not (values.requires_grad or _watched(values)):
            return rounded
        low = form.lowest if isinstance(form, FixedPoint) else -form.largest
        inside = (values >= low) & (values <= form.largest)
        # Zero, with the gradient of minus the values; subtracted, it leaves even the sign of a zero as it is.
        return rounded - torch.where(inside, values.detach() - values, 0.0)
    if out.shape != values.shape or out.dtype != values.dtype:
        raise UsageError(f"out must have shape {tuple(values.shape)} and type {values.dtype}")
    with torch.no_grad():
        return _rounded(values.detach(), form, mode, generator, out)


def _rounded(values: Tensor, form: Form, mode: Mode, generator: Source, out: Tensor | None = None) -> Tensor:
    if values.device.type != "cpu" or _watched(values):
        result = _traceable(values, form, mode, generator)
        return result if out is None else out.copy_(result)
    result = torch.empty_like(values) if out is None else out
    if mode == "nearest-even" and values.dtype == torch.float32 and form in NATIVE:
        return _native(values, result, NATIVE[form])
    if isinstance(generator, torch.Generator):
        return result.copy_(_traceable(values, form, mode, generator))
    round_array(values.numpy(), form, mode, generator, result.numpy())
    return result


def _native(values: Tensor, result: Tensor, dtype: torch.dtype) -> Tensor:
    if not (values.is_contiguous() and result.is_contiguous()):
        return result.copy_(values.to(dtype))
    source, target = values.view(-1), result.view(-1)
    narrow = torch.empty(min(BLOCK, source.numel()), dtype=dtype)
    for start in range(0, source.numel(), BLOCK):
        block = source[start : start + BLOCK]
        target[start : start + BLOCK].copy_(narrow[: len(block)].copy_(block))
    return result


def _traceable(values: Tensor, form: Form, mode: Mode, generator: Source) -> Tensor:
    """The same arithmetic in PyTorch's own operations, none of which looks at a value."""
    uniform = None
    if isinstance(generator, torch.Generator):
        uniform = torch.rand(values.shape, dtype=values.dtype, device=values.device, generator=generator)
    elif generator is not None:
        drawn = generator.random(tuple(values.shape), dtype=str(values.dtype).removeprefix("torch."))  # type: ignore[call-overload]
        uniform = torch.from_numpy(np.asarray(drawn)).to(values.device)
    if isinstance(form, FixedPoint):
        result: Tensor = round_fixed(values, form, mode, torch, uniform=uniform)
    else:
        carrier = str(values.dtype).removeprefix("torch.")
        result = round_block(values, plan(form, mode, carrier), torch, uniform=uniform, traced=True)
    return result


def _watched(values: Tensor) -> bool:
    """Whether something records or transforms PyTorch's operations, and would miss what NumPy does."""
    return (
        type(values) is not Tensor
        or torch._C._functorch.is_functorch_wrapped_tensor(values)
        or torch._C._len_torch_dispatch_stack() > 0
        or torch.compiler.is_compiling()
    )
