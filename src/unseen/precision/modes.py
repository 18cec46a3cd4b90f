"""Which of its two neighbours in the format a number is rounded to."""

from __future__ import annotations

from typing import Literal

Mode = Literal["nearest-even", "nearest-away", "up", "down", "towards-zero", "stochastic"]
"""To the nearest number, of two as near the even one or the one away from zero; towards plus or minus infinity;
towards zero; to one of both neighbours by chance, with the probability that makes the mean exact."""

MODES: tuple[Mode, ...] = ("nearest-even", "nearest-away", "up", "down", "towards-zero", "stochastic")
