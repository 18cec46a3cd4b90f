from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.formats.tokenizer import END, CharacterTokenizer

ALPHABET = "zé0123456789+=€🜁 "


@given(st.lists(st.text(alphabet=ALPHABET, max_size=12), max_size=8))
def test_decoding_gives_every_text_back(texts):
    tokenizer = CharacterTokenizer(ALPHABET)
    tokens = tokenizer.encode(texts, length=12)
    assert tokens.shape == (len(texts), 12)
    assert tokenizer.decode(tokens) == texts
    assert tokens.max(initial=0) < tokenizer.vocabulary
    for row, text in zip(tokens, texts, strict=True):
        assert [ALPHABET[token - 1] for token in row[: len(text)]] == list(text)
        assert (row[len(text) :] == END).all()


def test_what_stands_behind_the_end_is_not_read():
    assert CharacterTokenizer("ab").decode([[1, END, 2], [END, 1, 1], [2, 2, 2]]) == ["a", "", "bbb"]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["ab", "", "axb"], "'x' in 'axb' is not in the alphabet 'ab'"),
        (["z"], "'z' in 'z'"),
        (["A", "b"], "'A' in 'A'"),
        (["a", "abab"], "'abab' has 4 characters, more than the 3"),
    ],
)
def test_texts_that_do_not_fit_are_named(texts, message):
    with pytest.raises(ValueError, match=message):
        CharacterTokenizer("ab").encode(texts, length=3)


@pytest.mark.parametrize("alphabet", ["", "aba"])
def test_alphabets_without_or_with_repeated_characters_are_refused(alphabet):
    with pytest.raises(ValueError, match="each only once"):
        CharacterTokenizer(alphabet)


@pytest.mark.parametrize("token", [-1, 3])
def test_numbers_that_are_no_tokens_are_refused(token):
    with pytest.raises(ValueError, match="tokens are 0 to 2"):
        CharacterTokenizer("ab").decode(np.array([[1, token]]))


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([[1.0, 2.0]], "whole numbers, not float64"),
        ([1, 2], r"shape \(n, length\), not \(2,\)"),
        ([[1, 2], [1]], "one length"),
        ([["a"]], "whole numbers"),
    ],
)
def test_rows_that_are_none_are_refused(tokens, message):
    with pytest.raises(ValueError, match=message):
        CharacterTokenizer("ab").decode(tokens)


@pytest.mark.parametrize(("texts", "message"), [("ab", "not the one text 'ab'"), (["a", 3], "of type str, not 3")])
def test_what_is_no_list_of_texts_is_refused(texts, message):
    with pytest.raises(ValueError, match=message):
        CharacterTokenizer("ab").encode(texts)


def test_an_empty_text_is_a_row_of_ends():
    tokenizer = CharacterTokenizer("ab")
    assert tokenizer.encode(["", "ab"]).tolist() == [[END, END], [1, 2]]
    assert tokenizer.encode([""]).shape == (1, 0)
    assert tokenizer.decode(tokenizer.encode(["", ""])) == ["", ""]
    assert (tokenizer.encode([]).shape, tokenizer.decode([])) == ((0, 0), [])
