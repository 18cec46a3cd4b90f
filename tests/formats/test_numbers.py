from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.formats.numbers import ASK, SYMBOLS, alphabet, numbers_in, prompts, written
from unseen.formats.tokenizer import CharacterTokenizer


@given(st.lists(st.lists(st.integers(0, 255))))
def test_what_is_written_is_read_again(rows):
    texts = written([[*row, -1, -1] for row in rows])
    assert [numbers_in(text) for text in texts] == rows
    assert [len(text) for text in texts] == [len(row) for row in rows]


def test_every_number_has_its_own_character_and_none_is_that_of_the_question():
    assert len(set(SYMBOLS)) == 256
    assert ASK not in SYMBOLS


def test_the_tokenizer_knows_every_character_of_its_alphabet():
    rows = [[0, 4, 2], [3]]
    tokenizer = CharacterTokenizer(alphabet(5))
    assert tokenizer.decode(tokenizer.encode(prompts(rows))) == ["042>", "3>"]


@pytest.mark.parametrize("number", [-2, 256])
def test_numbers_without_a_character_are_refused(number):
    with pytest.raises(ValueError, match=str(number)):
        written([[number]])


@pytest.mark.parametrize("number", [2.5, float("nan"), "3"])
def test_what_is_no_whole_number_is_refused(number):
    with pytest.raises(ValueError, match=f"whole, not {number!r}"):
        written([[1, number]])


@pytest.mark.parametrize("size", [0, 257])
def test_alphabets_without_characters_are_refused(size):
    with pytest.raises(ValueError, match=str(size)):
        alphabet(size)
