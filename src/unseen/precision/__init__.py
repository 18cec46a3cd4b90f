"""Rounding to any floating-point or fixed-point format, for NumPy arrays and PyTorch tensors alike.

`round_to` rounds values and returns them in the type they came in, so that ordinary arithmetic with a rounding after
each operation behaves as hardware of that format would. Nothing gets faster by it.

Examples
--------
>>> import numpy as np
>>> round_to(np.float32([0.1, 70000, 1e-8]), "half").tolist()
[0.0999755859375, inf, 0.0]
>>> round_to(1 / 3, FloatFormat(exponent_bits=5, significand_bits=3), "towards-zero")
np.float64(0.3125)
"""

from unseen.precision.formats import FORMATS, FixedPoint, FloatFormat, named_format
from unseen.precision.modes import MODES, Mode
from unseen.precision.rounding import round_to

__all__ = ["FORMATS", "MODES", "FixedPoint", "FloatFormat", "Mode", "named_format", "round_to"]
