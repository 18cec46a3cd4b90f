"""Ways to write one exact number: integer, decimal, fraction or scientific notation, in several styles.

Every form is a pure function from a `Fraction` to text and back. Reading never raises; writing a number that a form
cannot hold does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

FormName = Literal["integer", "decimal", "fraction", "scientific"]
StyleName = Literal["plain", "zeros", "separators", "alphabet"]

FORMS: tuple[FormName, ...] = ("integer", "decimal", "fraction", "scientific")

LONGEST = 1000
"""Characters up to which text is read; Python refuses numerals of some thousand digits."""

MOST_EXPONENT = 400
"""Powers of ten up to which scientific notation is read: more would be many digits from few characters."""

OTHER_DIGITS = "\N{ARABIC-INDIC DIGIT ZERO}١٢٣٤٥٦٧٨٩"
"""The digits from 0 to 9 as written with Arabic letters; numbers stand from left to right there too."""

_SAME = str.maketrans({**dict(zip(OTHER_DIGITS, "0123456789", strict=True)), "\N{MINUS SIGN}": "-"})
_WHOLE = r"(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)"
_DECIMAL = rf"(?:{_WHOLE}(?:\.[0-9]*)?|\.[0-9]+)"
_POWER = r"(?:[eE]|\s*[x*\N{MULTIPLICATION SIGN}]\s*10\^)([+-]?[0-9]{1,3})"
_NUMBER = re.compile(rf"\s*([+-]?)({_DECIMAL})(?:{_POWER})?(?:\s*/\s*({_DECIMAL}))?\s*")

_IN_FORM: Mapping[FormName, re.Pattern[str]] = {
    "integer": re.compile(rf"\s*[+-]?{_WHOLE}\s*"),
    "decimal": re.compile(rf"\s*[+-]?{_WHOLE}\.[0-9]+\s*"),
    "fraction": re.compile(rf"\s*[+-]?{_WHOLE}\s*/\s*{_WHOLE}\s*"),
    "scientific": re.compile(rf"\s*[+-]?0*[1-9](?:\.[0-9]+)?{_POWER}\s*|\s*[+-]?0+(?:\.0+)?{_POWER}\s*"),
}


def number_in(text: str) -> Fraction | None:
    """The number that a text states in any form and style; None if it states none.

    Parameters
    ----------
    text : str
        An integer, a decimal number, scientific notation (``1.2e5``, ``1.2 x 10^5``), or one of them above a decimal
        number; with a sign, leading zeros, commas between groups of three digits, or the digits of `OTHER_DIGITS`.

    Examples
    --------
    >>> [str(number_in(text)) for text in ("1,024", "007", "6/4", "-1.5e3", "2 x 10^-1", "\N{MINUS SIGN}٤٢")]
    ['1024', '7', '3/2', '-1500', '1/5', '-42']
    >>> [number_in(text) for text in ("", "1,02", "about 7", "7 8", "1/0", "1e999", "--7")]
    [None, None, None, None, None, None, None]
    """
    found = _NUMBER.fullmatch(text.translate(_SAME)) if len(text) <= LONGEST else None
    if found is None:
        return None
    sign, above, power, below = found.groups()
    exponent = int(power or 0)
    numerator, places = _digits(above)
    denominator, places_below = _digits(below or "1")
    if abs(exponent) > MOST_EXPONENT or not denominator:
        return None
    shift = exponent - places + places_below
    value = Fraction(numerator * 10 ** max(shift, 0), denominator * 10 ** max(-shift, 0))
    return -value if sign == "-" else value


def _digits(decimal: str) -> tuple[int, int]:
    """All digits of a decimal number as one integer, and how many stand behind the point."""
    whole, _, behind = decimal.replace(",", "").partition(".")
    return int(whole + behind), len(behind)


def is_in_form(text: str, form: FormName) -> bool:
    """Whether a text is a number written in a form, in any style.

    Examples
    --------
    >>> is_in_form("4.80e3", "scientific"), is_in_form("48e2", "scientific"), is_in_form("4800", "scientific")
    (True, False, False)
    """
    return len(text) <= LONGEST and _IN_FORM[form].fullmatch(text.translate(_SAME)) is not None


@dataclass(frozen=True)
class NumberForm:
    """A way to write numbers.

    Parameters
    ----------
    form : {"integer", "decimal", "fraction", "scientific"}
        Decimals and scientific notation have at least one digit behind the point, fractions are in lowest terms.
    style : {"plain", "zeros", "separators", "alphabet"}
        Plain, with two zeros in front, with commas between groups of three digits, or in `OTHER_DIGITS`.
    signed : bool
        Whether negative numbers can be written.

    Examples
    --------
    >>> NumberForm("scientific").write(Fraction(-4821, 100))
    '-4.821e1'
    >>> NumberForm("decimal", style="separators").write(Fraction(12345, 2))
    '6,172.5'
    >>> NumberForm("integer", signed=False).holds(Fraction(-3))
    False
    """

    form: FormName
    style: StyleName = "plain"
    signed: bool = True

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise ValueError(f"form must be one of {', '.join(FORMS)}, not {self.form!r}")
        if self.style not in STYLES:
            raise ValueError(f"style must be one of {', '.join(STYLES)}, not {self.style!r}")

    def holds(self, value: Fraction) -> bool:
        """Whether a number can be written in this form, exactly."""
        if value < 0 and not self.signed:
            return False
        if self.form == "integer":
            return value.denominator == 1
        return self.form == "fraction" or decimal_places(value) is not None

    def write(self, value: Fraction) -> str:
        """The number as text.

        Raises
        ------
        ValueError
            If the form does not hold it.
        """
        if not self.holds(value):
            kind = self.form if self.signed else f"{self.form} without sign"
            raise ValueError(f"{value} cannot be written as {kind}")
        sign = "-" if value < 0 else ""
        return STYLES[self.style](sign + _WRITE[self.form](abs(value)))

    def read(self, text: str) -> Fraction | None:
        """The number that a text in this form states, in any style; None if it is not in this form."""
        value = number_in(text) if is_in_form(text, self.form) else None
        return None if value is None or (value < 0 and not self.signed) else value


def decimal_places(value: Fraction) -> int | None:
    """Places behind the point of an exact decimal; None if there is no end to them.

    Examples
    --------
    >>> decimal_places(Fraction(7, 8)), decimal_places(Fraction(3)), decimal_places(Fraction(1, 3))
    (3, 0, None)
    """
    below, places = value.denominator, 0
    for prime in (2, 5):
        count = 0
        while below % prime == 0:
            below //= prime
            count += 1
        places = max(places, count)
    return places if below == 1 else None


def _decimal(value: Fraction) -> str:
    places = max(1, decimal_places(value) or 0)
    digits = str(value.numerator * 10**places // value.denominator).zfill(places + 1)
    return f"{digits[:-places]}.{digits[-places:]}"


def _scientific(value: Fraction) -> str:
    places = decimal_places(value) or 0
    digits = str(value.numerator * 10**places // value.denominator)
    exponent = len(digits) - 1 - places if value else 0
    return f"{digits[0]}.{digits[1:].rstrip('0') or '0'}e{exponent}"


_WRITE: Mapping[FormName, Callable[[Fraction], str]] = {
    "integer": lambda value: str(value.numerator),
    "decimal": _decimal,
    "fraction": lambda value: f"{value.numerator}/{value.denominator}",
    "scientific": _scientific,
}

_SIGN = re.compile(r"^(-?)")
_GROUPABLE = re.compile(r"(?<![.0-9e])[0-9]{4,}")
_OTHER = str.maketrans("0123456789", OTHER_DIGITS)

STYLES: Mapping[StyleName, Callable[[str], str]] = {
    "plain": lambda text: text,
    "zeros": lambda text: _SIGN.sub(r"\g<1>00", text),
    "separators": lambda text: _GROUPABLE.sub(lambda found: f"{int(found[0]):,}", text),
    "alphabet": lambda text: text.translate(_OTHER),
}
"""From a number written plainly to the style."""
