from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.formats.addition import FORMATS, LABELS, addition_format, carries, carry_chain
from unseen.formats.tokenizer import CharacterTokenizer

numbers = st.integers(0, 10**12)
starts = st.integers(0, len(LABELS) - 1)


@pytest.mark.parametrize("name", FORMATS)
@given(left=numbers, right=numbers, start=starts)
def test_the_sum_can_be_read_back_and_the_alphabet_is_complete(name, left, right, start):
    found = addition_format(name)
    prompt, answer = found.prompt(left, right, start), found.answer(left, right, start)
    assert found.read(answer) == left + right
    assert prompt.endswith("=")
    assert "=" not in prompt[:-1]
    CharacterTokenizer(found.alphabet).encode([prompt + answer])


@pytest.mark.parametrize("name", FORMATS)
@given(left=numbers, right=numbers, start=starts)
def test_the_question_can_be_read_back(name, left, right, start):
    first, second = addition_format(name).prompt(left, right, start)[:-1].split("+")
    assert (int(re.sub("[a-z]", "", first)), int(re.sub("[a-z]", "", second))) == (left, right)


@given(left=numbers, right=numbers)
def test_carries_are_those_of_schoolbook_addition(left, right):
    rows = carries(left, right)
    for place, (a, b, digit, carry) in enumerate(rows):
        unit = 10**place
        assert (a, b, digit) == (left // unit % 10, right // unit % 10, (left + right) // unit % 10)
        assert carry == ((left % (10 * unit)) + (right % (10 * unit)) >= 10 * unit)
    chain = "".join(str(carry) for *_, carry in rows)
    assert carry_chain(left, right) == max(map(len, chain.split("0")))


@pytest.mark.parametrize(
    ("name", "prompt", "answer"),
    [
        ("plain", "58+7=", "65"),
        ("reversed", "58+7=", "56"),
        ("padded", "58+07=", "065"),
        ("hinted", "a5z8+a0z7=", "z5a6b0"),
        ("scratchpad", "58+7=", "5c1,6c0;65"),
        ("detailed", "58+7=", "[58,07]8+7+0=5c1,[5,0]5+0+1=6c0;65"),
    ],
)
def test_examples(name, prompt, answer):
    found = addition_format(name)
    assert (found.prompt(58, 7, 25), found.answer(58, 7, 25)) == (prompt, answer)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("plain", ""),
        ("plain", "65 "),
        ("plain", "6 5"),
        ("plain", "the sum is 65"),
        ("plain", "-65"),
        ("plain", "٦٥"),
        ("plain", "1" * 5000),
        ("reversed", "5=6"),
        ("hinted", "65"),
        ("hinted", "a5c6"),
        ("hinted", "a5a6"),
        ("scratchpad", "65"),
        ("scratchpad", "5c1,6c0;"),
        ("scratchpad", "5c2,6c0;65"),
        ("detailed", "5c1,6c0;65"),
    ],
)
def test_an_answer_in_another_format_is_none_and_raises_nothing(name, answer):
    assert addition_format(name).read(answer) is None


@pytest.mark.parametrize("part", ["prompt", "answer"])
@pytest.mark.parametrize("name", FORMATS)
def test_what_a_format_cannot_write_is_refused_by_name(name, part):
    write = getattr(addition_format(name), part)
    with pytest.raises(ValueError, match=r"from 0 up, not -3 \+ 4"):
        write(-3, 4, 0)
    for number in (2.5, 2.0, float("nan"), "7", True):
        with pytest.raises(ValueError, match=f"whole numbers, not {number!r}"):
            write(1, number, 0)
    assert write(np.int64(58), np.int32(7), 0) == write(58, 7, 0)


def test_numbers_beyond_the_labels_and_unknown_formats_are_refused():
    with pytest.raises(ValueError, match="labels for 25 digits, not for 26"):
        addition_format("hinted").prompt(10**25, 1, 0)
    with pytest.raises(ValueError, match="no format 'backwards'; there are plain, reversed"):
        addition_format("backwards")
