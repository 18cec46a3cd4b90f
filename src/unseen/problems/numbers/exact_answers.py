"""Reading exact fractions from answers in any form."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from unseen.formats.number_forms import NumberForm, decimal_places
from unseen.problems.whole_numbers import whole_number

LONGEST = 400
"""Characters up to which text is read; Python refuses numerals of some thousand digits."""

MOST_PLACES = 200
"""Places behind the point up to which decimals are written."""

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
_TEXT = re.compile(rf"\s*({_NUMBER})(?:\s*/\s*({_NUMBER}))?\s*", re.ASCII)


def exact_fraction(answer: Any) -> Fraction | None:
    """Read an answer as an exact fraction; None if it is none.

    Parameters
    ----------
    answer : object
        An integer, a `Fraction`, two whole numbers (above and below the bar), a float, which counts as the shortest
        decimal that stands for it, or text: a numeral, a decimal numeral, or one of them above another.

    Examples
    --------
    >>> [str(exact_fraction(answer)) for answer in (3, 0.1, "6/4", " -0.50 ", (1, 3), "1/0", "half")]
    ['3', '1/10', '3/2', '-1/2', '1/3', 'None', 'None']
    """
    if isinstance(answer, Fraction):
        return answer
    if isinstance(answer, str):
        found = _TEXT.fullmatch(answer) if len(answer) <= LONGEST else None
        if found is None:
            return None
        above, below = Fraction(found[1]), Fraction(found[2] or 1)
        return above / below if below else None
    if isinstance(answer, (float, np.floating)):
        return Fraction(repr(float(answer))) if math.isfinite(answer) else None
    if isinstance(answer, (Sequence, np.ndarray)) and not isinstance(answer, bytes):
        pair = (
            [whole_number(part) if not isinstance(part, str) else None for part in answer] if _has_two(answer) else []
        )
        return Fraction(pair[0], pair[1]) if pair and pair[0] is not None and pair[1] else None
    whole = whole_number(answer)
    return None if whole is None else Fraction(whole)


def _has_two(answer: Sequence[Any] | Any) -> bool:
    return np.ndim(answer) == 1 and len(answer) == 2 if isinstance(answer, np.ndarray) else len(answer) == 2


def as_decimal(value: Fraction) -> str | None:
    """The value as a decimal numeral that is exact; None if there is none of at most `MOST_PLACES` places.

    Examples
    --------
    >>> as_decimal(Fraction(-7, 8)), as_decimal(Fraction(3)), as_decimal(Fraction(1, 3))
    ('-0.875', '3.0', None)
    """
    places = decimal_places(value)
    return None if places is None or places > MOST_PLACES else NumberForm("decimal").write(value)
