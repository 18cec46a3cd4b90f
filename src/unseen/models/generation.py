"""Continue sequences token by token, all of a batch at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat

import numpy as np
import torch
from torch import Tensor

from unseen.models.decoder import Decoder
from unseen.models.key_value_cache import KeyValueCache
from unseen.models.next_token import NextToken

COPYING = 4
"""Copying the keys and values of a sequence costs about as much as so many of its tokens (a CPU, widths 48 to 256):
finished sequences leave a batch when they have cost that, so that never more than twice the least time is spent."""


def generate(
    model: Decoder,
    prompts: Tensor,
    *,
    new_tokens: int,
    stop_token: int | None = None,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
    cached: bool = True,
    batch_size: int = 512,
    offset: int = 0,
) -> Tensor:
    """Continue prompts of one length.

    Parameters
    ----------
    model : Decoder
        The network; used in evaluation mode, without gradients.
    prompts : int64 Tensor, shape (n, length)
        Tokens to continue, at least one each.
    new_tokens : int
        How many tokens to add at most, at least 0.
    stop_token : int, optional
        A sequence that has produced it is finished: it is filled up with it, and costs nothing more.
    temperature : float
        0 takes the likeliest token, of equal ones the first; above 0, tokens are drawn from the softmax of logits
        divided by it.
    generator : torch.Generator, optional
        Source of the draws; by default PyTorch's global one.
    cached : bool
        Whether to keep keys and values of earlier tokens. Without, each token costs a pass over the whole sequence;
        results are the same up to rounding.
    batch_size : int
        Sequences worked on at a time.
    offset : int
        Learned position of each sequence's first token, from 0 up; see `Decoder`.

    Returns
    -------
    int64 Tensor, shape (n, new_tokens)

    Raises
    ------
    ValueError
        If prompts are empty or hold what is no token, the sequences would reach beyond the model's context, or a number
        is out of range.

    Examples
    --------
    >>> model = Decoder(vocabulary=10, context=8)
    >>> generate(model, torch.zeros(2, 5, dtype=torch.int64), new_tokens=3).shape
    torch.Size([2, 3])
    """
    return _generated(
        model,
        prompts,
        None,
        new_tokens=new_tokens,
        stop_token=stop_token,
        temperature=temperature,
        generator=generator,
        cached=cached,
        batch_size=batch_size,
        offset=offset,
    )


def _generated(
    model: Decoder,
    prompts: Tensor,
    padding: Tensor | None,
    *,
    new_tokens: int,
    stop_token: int | None,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
    cached: bool = True,
    batch_size: int,
    offset: int,
) -> Tensor:
    """`generate`, for prompts that may begin behind padding, an int64 Tensor of shape (n,)."""
    if prompts.ndim != 2 or prompts.shape[1] < 1:
        raise ValueError(f"prompts have the shape (n, length) with at least one token, not {tuple(prompts.shape)}")
    if prompts.dtype != torch.int64:
        raise ValueError(f"prompts are whole numbers (int64), not {prompts.dtype}")
    if len(prompts) and not (prompts.min() >= 0 and prompts.max() < model.vocabulary):
        given = f"{int(prompts.min())} to {int(prompts.max())}"
        raise ValueError(f"tokens of prompts are 0 to {model.vocabulary - 1}, not {given}")
    if stop_token is not None and not 0 <= stop_token < model.vocabulary:
        raise ValueError(f"stop_token is one of 0 to {model.vocabulary - 1}, not {stop_token}")
    _check_count(new_tokens)
    if not 0 <= temperature < float("inf"):
        raise ValueError(f"the temperature is finite and not negative, not {temperature}")
    if batch_size < 1:
        raise ValueError(f"batch_size is a whole number from 1 up, not {batch_size}")
    if offset < 0:
        raise ValueError(f"the offset is a position from 0 up, not {offset}")
    length = prompts.shape[1] + new_tokens
    where = f" from position {offset}" if offset else ""
    if offset + prompts.shape[1] > model.context:
        raise ValueError(f"prompts of {prompts.shape[1]} tokens{where} reach beyond the context of {model.context}")
    # The last token is written, not read.
    if offset + length > model.context + 1:
        raise ValueError(f"{length} tokens in all{where} reach beyond the context of {model.context}")
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            parts = [
                _continued(model, part, pads, new_tokens, stop_token, temperature, generator, cached, offset)
                for part, pads in zip(torch.split(prompts, batch_size), _split(padding, batch_size), strict=False)
            ]
    finally:
        model.train(was_training)
    return torch.cat(parts).clone() if parts else prompts.new_empty((0, new_tokens))


def _split(padding: Tensor | None, batch_size: int) -> Iterable[Tensor | None]:
    return repeat(None) if padding is None else torch.split(padding, batch_size)


def _check_count(new_tokens: int) -> None:
    if isinstance(new_tokens, bool) or not isinstance(new_tokens, int) or new_tokens < 0:
        raise ValueError(f"new_tokens is a whole number from 0 up, not {new_tokens!r}")


def _continued(
    model: Decoder,
    prompts: Tensor,
    padding: Tensor | None,
    new_tokens: int,
    stop_token: int | None,
    temperature: float,
    generator: torch.Generator | None,
    cached: bool,
    offset: int,
) -> Tensor:
    produced = prompts.new_full((len(prompts), new_tokens), 0 if stop_token is None else stop_token)
    active = torch.arange(len(prompts), device=prompts.device)
    going = torch.ones(len(prompts), dtype=torch.bool, device=prompts.device)
    if new_tokens == 0 or len(prompts) == 0:
        return produced
    cache = KeyValueCache(prompts.shape[1] + new_tokens, padding) if cached else None
    logits = model(prompts, cache=cache, last=True, offset=offset)[:, 0]
    continued = None if cache is None else NextToken(model, cache, offset=offset)
    sequences, idle = prompts, 0
    for step in range(new_tokens):
        chosen = _chosen(logits, temperature, generator)
        if len(active) == len(produced):
            produced[:, step] = chosen
        else:
            produced[active, step] = chosen
        if step + 1 == new_tokens:
            break
        if not cached:
            sequences = torch.cat([sequences, chosen[:, None]], dim=1)
        if stop_token is not None:
            going &= chosen != stop_token
            left = int(going.sum())
            if left == 0:
                break
            idle += len(active) - left
            if idle >= COPYING * left:
                idle = 0
                rows = torch.nonzero(going)[:, 0]
                active, going, sequences, chosen = active[rows], going[rows], sequences[rows], chosen[rows]
                if cache is not None:
                    cache.keep(rows)
        logits = model(sequences, last=True, offset=offset)[:, 0] if continued is None else continued(chosen)
    return _filled(produced, stop_token)


def _chosen(logits: Tensor, temperature: float, generator: torch.Generator | None) -> Tensor:
    if temperature == 0:
        return logits.max(-1).indices
    return torch.multinomial(torch.softmax(logits / temperature, dim=-1), 1, generator=generator)[:, 0]


def _filled(produced: Tensor, stop_token: int | None) -> Tensor:
    """Everything behind the first stop token replaced by stop tokens."""
    if stop_token is None:
        return produced
    stopped = (produced == stop_token).cumsum(dim=1) > 0
    return produced.masked_fill(stopped, stop_token)


def generate_ragged(
    model: Decoder,
    prompts: Sequence[Sequence[int]],
    *,
    new_tokens: int,
    stop_token: int | None = None,
    batch_size: int = 512,
    offset: int = 0,
) -> Tensor:
    """Continue prompts of different lengths with their likeliest tokens, those of like length together.

    Parameters
    ----------
    model : Decoder
    prompts : sequence of sequences of int
        Tokens, at least one each.
    new_tokens, stop_token, batch_size, offset
        See `generate`.

    Returns
    -------
    int64 Tensor, shape (n, new_tokens)
        In the order of `prompts`.

    Raises
    ------
    ValueError
        See `generate`.
    """
    _check_count(new_tokens)
    if batch_size < 1:
        raise ValueError(f"batch_size is a whole number from 1 up, not {batch_size}")
    device = next(model.parameters()).device
    result = torch.zeros((len(prompts), new_tokens), dtype=torch.int64, device=device)
    lengths = np.array([len(prompt) for prompt in prompts], dtype=np.int64)
    if (empty := np.flatnonzero(lengths == 0)).size:
        raise ValueError(f"prompt {empty[0]} is empty; there must be at least one token to continue")
    order = np.argsort(lengths, kind="stable")
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        longest = int(lengths[rows[-1]])
        padding = torch.from_numpy(longest - lengths[rows]).to(device)
        padded = [[0] * (longest - len(prompts[row])) + list(prompts[row]) for row in rows]
        result[rows] = _generated(
            model,
            torch.tensor(padded, dtype=torch.int64, device=device),
            padding if padding.any() else None,
            new_tokens=new_tokens,
            stop_token=stop_token,
            batch_size=batch_size,
            offset=offset,
        )
    return result
