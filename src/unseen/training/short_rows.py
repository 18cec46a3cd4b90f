"""Log-softmax over few classes in elementary operations.

PyTorch's CPU kernel for `log_softmax` works row by row and takes about 150 ns per row however short the row is
(PyTorch 2.13, AVX-512, 10 classes: 195 us for 1280 rows, against 37 us for the operations below). In a captured step of
a small classifier it would be the most expensive operation of all. From some 64 classes on, the kernel is the faster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

MOST_CLASSES = 32
"""Rows up to this length are taken apart."""


def _is_short(tensor: Tensor, dim: int) -> bool:
    return (
        tensor.device.type == "cpu" and 0 < tensor.ndim == dim % tensor.ndim + 1 and tensor.shape[dim] <= MOST_CLASSES
    )


def _log_softmax(logits: Tensor, dim: int, half_to_float: bool) -> Any:
    if not _is_short(logits, dim):
        return NotImplemented
    # The maximum is taken out first and for good, as the kernel does: adding it to the logarithm would round away
    # small differences between large logits.
    shifted = logits - logits.amax(dim, keepdim=True)
    return shifted - shifted.exp().sum(dim, keepdim=True).log()


def _log_softmax_backward(gradient: Tensor, output: Tensor, dim: int, input_dtype: torch.dtype) -> Any:
    if not _is_short(output, dim):
        return NotImplemented
    return gradient - output.exp() * gradient.sum(dim, keepdim=True)


TAKEN_APART: Mapping[Any, Callable[..., Any]] = {
    torch.ops.aten._log_softmax.default: _log_softmax,
    torch.ops.aten._log_softmax_backward_data.default: _log_softmax_backward,
}
"""For `make_fx`: operations and what to trace in their place; NotImplemented leaves an operation as it is."""
