from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.formats.digit_groups import DigitGroupTokenizer
from unseen.formats.tokenizer import END, CharacterTokenizer

OTHERS = "+-=., é\n"
TEXTS = st.lists(st.text(alphabet="0123456789" + OTHERS, max_size=20), max_size=6)
TOKENIZERS = st.builds(
    DigitGroupTokenizer, others=st.just(OTHERS), size=st.integers(1, 4), start=st.sampled_from(["right", "left"])
)


@given(TOKENIZERS, TEXTS)
def test_decoding_gives_every_text_back(tokenizer, texts):
    tokens = tokenizer.encode(texts, length=20)
    assert tokens.shape == (len(texts), 20)
    assert tokens.max(initial=0) < tokenizer.vocabulary == len(set(tokenizer.tokens))
    assert tokenizer.decode(tokens) == texts
    for text, row in zip(texts, tokens, strict=True):
        pieces = [tokenizer.tokens[token] for token in row if token != END]
        assert "".join(pieces) == text
        assert pieces == tokenizer.groups(text)


@given(st.integers(1, 5), st.integers(0, 10**30))
def test_groups_from_the_right_are_those_of_separators_and_from_the_left_those_of_slices(size, number):
    text = str(number)
    short = len(text) % size
    right = ([text[:short]] if short else []) + [text[i : i + size] for i in range(short, len(text), size)]
    assert DigitGroupTokenizer("", size).groups(text) == right
    if size == 3:
        assert right == f"{number:,}".split(",")
    left = DigitGroupTokenizer("", size, start="left").groups(text)
    assert left == [text[i : i + size] for i in range(0, len(text), size)]


@given(TEXTS)
def test_groups_of_one_digit_are_characters(texts):
    found = DigitGroupTokenizer(OTHERS, size=1)
    assert found.tokens == CharacterTokenizer("0123456789" + OTHERS).tokens
    assert (found.encode(texts) == CharacterTokenizer("0123456789" + OTHERS).encode(texts)).all()


def test_the_vocabulary_is_that_of_the_paper_s_three_tokenizers():
    # 10, 110 and 1110 groups, then the end.
    assert [DigitGroupTokenizer("", size).vocabulary - 1 for size in (1, 2, 3)] == [10, 110, 1110]
    assert DigitGroupTokenizer("+", 2).tokens[-2:] == ("99", "+")


def test_what_stands_behind_the_end_is_not_read_and_what_is_no_token_is_named():
    tokenizer = DigitGroupTokenizer("+", 2)
    assert tokenizer.decode([[1, END, 2], [END, 1, 1]]) == ["0", ""]
    with pytest.raises(ValueError, match="tokens are 0 to 111"):
        tokenizer.decode(np.array([[112]]))
    with pytest.raises(ValueError, match=r"'x' in '1x' is not in the vocabulary"):
        tokenizer.encode(["1x"])
    with pytest.raises(ValueError, match="'12345' has 3 tokens, more than the 2"):
        tokenizer.encode(["12345"], length=2)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"others": "++"}, "only once"),
        ({"others": "7"}, "no digits"),
        ({"others": "", "size": 0}, "0"),
        ({"others": "", "size": True}, "True"),
        ({"others": "", "start": "middle"}, "middle"),
    ],
)
def test_misuse_is_named(options, named):
    with pytest.raises(ValueError, match=named):
        DigitGroupTokenizer(**options)
