"""Questions and answers as token sequences: the arrays, the loss on answers alone, and the share answered exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from unseen.formats.tokenizer import END, CharacterTokenizer
from unseen.models.decoder import Decoder
from unseen.models.generation import generate_ragged


def sequence_arrays(
    tokenizer: CharacterTokenizer,
    prompts: Sequence[str],
    answers: Sequence[str],
    *,
    length: int | None = None,
    loss_on: str = "answer",
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Write each prompt with its answer and the end token as one row.

    Parameters
    ----------
    tokenizer : CharacterTokenizer
    prompts, answers : sequence of str
        One answer per prompt.
    length : int, optional
        Tokens per row, at least those of the longest text and its end; by default just as many.
    loss_on : {"answer", "all"}
        Which tokens are to be learned: the answer with its end, or the prompt too.

    Returns
    -------
    tokens : int64 array, shape (n, length)
    weights : float32 array, shape (n, length)
        1 where the token is to be predicted from those before it, else 0; always 0 in the first column.

    Raises
    ------
    ValueError
        If the numbers of prompts and answers differ, a text does not fit, or has unknown characters.

    Examples
    --------
    >>> tokens, weights = sequence_arrays(CharacterTokenizer("12+="), ["1+1="], ["2"])
    >>> tokens.tolist(), weights.tolist()
    ([[1, 3, 1, 4, 2, 0]], [[0.0, 0.0, 0.0, 0.0, 1.0, 1.0]])
    """
    if len(prompts) != len(answers):
        raise ValueError(f"{len(prompts)} prompts for {len(answers)} answers")
    if loss_on not in ("answer", "all"):
        raise ValueError(f'loss_on must be "answer" or "all", not {loss_on!r}')
    texts = [prompt + answer for prompt, answer in zip(prompts, answers, strict=True)]
    longest = max(map(len, texts), default=0) + 1
    if length is not None and length < longest:
        raise ValueError(f"the longest text has {longest} tokens with its end, more than the {length} of a row")
    tokens = tokenizer.encode(texts, length=length or longest)
    columns = np.arange(tokens.shape[1])
    ends = np.array([len(text) for text in texts], dtype=np.int64)[:, None]
    starts = np.array([len(prompt) if loss_on == "answer" else 1 for prompt in prompts], dtype=np.int64)[:, None]
    weights = ((columns >= np.maximum(starts, 1)) & (columns <= ends)).astype(np.float32)
    return tokens, weights


def next_token_loss(model: Any, batch: tuple[Tensor, ...]) -> Tensor:
    """Mean cross-entropy of the tokens that are to be learned; for `unseen.training.train`.

    Parameters
    ----------
    model : Decoder or any module from tokens to logits
    batch : (tokens, weights) or (tokens, weights, offset)
        int64 and float of shape (n, length), as from `sequence_arrays`; the learned position of each row's first
        token, int64 of shape (n,), for models that take ``offset=``.

    Returns
    -------
    Tensor
        Scalar: the weighted sum over tokens divided by the sum of weights.
    """
    tokens, weights = batch[0], batch[1][:, 1:]
    logits = model(tokens[:, :-1], offset=batch[2]) if len(batch) > 2 else model(tokens[:, :-1])
    losses = functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="none")
    return (losses * weights.flatten()).sum() / weights.sum().clamp(min=1)


def exactly_predicted(model: Any, batch: tuple[Tensor, ...]) -> Tensor:
    """Which rows a model would answer exactly, found in one pass over questions with their answers.

    Each token that counts must be the likeliest one given the right ones before it. That is so exactly if the model,
    writing its likeliest token at a time, writes the whole answer (`answered_exactly`), up to rounding. A pure function
    of the tensors, so that ``unseen.training.train(..., evaluate=...)`` can use it while a network is trained.

    Parameters
    ----------
    model : Decoder or any module from tokens to logits
    batch : (tokens, weights)
        As from `sequence_arrays`.

    Returns
    -------
    bool Tensor, shape (n,)
    """
    tokens, weights = batch[0], batch[1][:, 1:]
    right: Tensor = model(tokens[:, :-1]).argmax(-1) == tokens[:, 1:]
    return (right | (weights == 0)).all(dim=-1)


def answers_of(
    model: Decoder,
    tokenizer: CharacterTokenizer,
    prompts: Sequence[str],
    *,
    longest: int,
    batch_size: int = 512,
    offset: int = 0,
) -> list[str]:
    """What a model writes behind each prompt until it ends, its likeliest token at a time.

    Parameters
    ----------
    model : Decoder
    tokenizer : CharacterTokenizer
    prompts : sequence of str
        Not empty.
    longest : int
        Tokens written at most, the end included.
    batch_size : int
        Prompts worked on at a time.
    offset : int
        Learned position of each prompt's first token; see `Decoder`.

    Returns
    -------
    list of str
    """
    rows = [row[: len(prompt)].tolist() for row, prompt in zip(tokenizer.encode(prompts), prompts, strict=True)]
    written = generate_ragged(model, rows, new_tokens=longest, stop_token=END, batch_size=batch_size, offset=offset)
    return tokenizer.decode(written.cpu().numpy())


def answered_exactly(
    model: Decoder, tokenizer: CharacterTokenizer, prompts: Sequence[str], answers: Sequence[str], *, offset: int = 0
) -> NDArray[np.bool_]:
    """Which prompts a model answers exactly, to the last character and the end.

    `offset` is the learned position of each prompt's first token; see `Decoder`.

    Returns
    -------
    bool array, shape (n,)
    """
    written = answers_of(model, tokenizer, prompts, longest=max(map(len, answers), default=0) + 1, offset=offset)
    return np.array([given == answer for given, answer in zip(written, answers, strict=True)], dtype=np.bool_)
