from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.formats.number_forms import (
    FORMS,
    LONGEST,
    OTHER_DIGITS,
    STYLES,
    NumberForm,
    decimal_places,
    is_in_form,
    number_in,
)

DECIMALS = st.builds(lambda digits, power: digits * Fraction(10) ** power, st.integers(), st.integers(-30, 30))
FORM = st.builds(NumberForm, form=st.sampled_from(FORMS), style=st.sampled_from(list(STYLES)), signed=st.booleans())


@given(FORM, st.one_of(DECIMALS, st.fractions(), st.integers().map(Fraction)))
def test_what_is_written_is_read_back_and_what_is_not_held_is_refused(form, value):
    if form.holds(value):
        text = form.write(value)
        assert form.read(text) == number_in(text) == value
        assert form.read(f" {text}\n") == value
        assert is_in_form(text, form.form)
        assert form.read(text + "kg") is form.read(text + " " + text) is None
    else:
        with pytest.raises(ValueError, match="cannot be written as"):
            form.write(value)


@given(FORM, st.text(alphabet="0123456789+-.,/eE x^٤\n ", max_size=12))
def test_reading_never_raises_and_agrees_with_the_form(form, text):
    value = form.read(text)
    if value is not None:
        assert number_in(text) == value
        assert form.signed or value >= 0
    elif is_in_form(text, form.form):
        assert number_in(text) is None or number_in(text) < 0


@given(DECIMALS)
def test_python_s_decimals_read_what_is_written_plainly(value):
    for form in ("decimal", "scientific"):
        assert Fraction(Decimal(NumberForm(form).write(value))) == value
    whole, _, power = NumberForm("scientific").write(abs(value)).partition("e")
    assert (len(whole.partition(".")[0]), whole[0] == "0") == (1, value == 0)
    assert int(power) == (Decimal(NumberForm("decimal").write(value)).adjusted() if value else 0)


@given(st.fractions())
def test_decimals_end_where_the_denominator_has_no_other_primes(value):
    places = decimal_places(value)
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    assert (places is None) == (rest > 1)
    if places is not None:
        assert (value * 10**places).denominator == 1
        assert places == 0 or (value * 10 ** (places - 1)).denominator > 1


def test_styles_change_the_writing_alone():
    million = Fraction(-1234567)
    written = [NumberForm("integer", style).write(million) for style in STYLES]
    assert written == ["-1234567", "-001234567", "-1,234,567", "-" + "".join(OTHER_DIGITS[int(d)] for d in "1234567")]
    assert NumberForm("decimal", "separators").write(Fraction(1234567891, 10**6)) == "1,234.567891"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "+-3",
        "1,23",
        "1234,567",
        ",123",
        "1.2.3",
        "1e",
        "e5",
        "1e5e5",
        "1/0",
        "1/2/3",
        "1/-2",
        "3 4",
        "about 3",
        "3 apples",
        "1e1000",
        "9" * (LONGEST + 1),
        "½",
        "0x10",
        "nan",
        "inf",
        "1_000",
        "10^3",
    ],
)
def test_texts_that_state_no_number_are_none(text):
    assert number_in(text) is None
    assert not any(NumberForm(form).read(text) for form in FORMS)


def test_forms_are_told_apart():
    texts = {"integer": "12", "decimal": "1.2", "fraction": "1/2", "scientific": "1.2e-3"}
    for form, text in texts.items():
        assert [other for other in FORMS if is_in_form(text, other)] == [form]
    for text in ("12e3", "0.1e3", "1.2", "e3"):
        assert not is_in_form(text, "scientific")


@pytest.mark.parametrize(("options", "named"), [({"form": "roman"}, "roman"), ({"form": "integer", "style": "x"}, "x")])
def test_unknown_forms_and_styles_are_named(options, named):
    with pytest.raises(ValueError, match=named):
        NumberForm(**options)
