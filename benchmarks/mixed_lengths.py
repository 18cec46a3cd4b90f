"""Questions and answers of different lengths: training by length buckets, and answering, beside transformers.

Run ``python benchmarks/mixed_lengths.py`` on an otherwise idle machine; it needs ``pip install transformers`` and takes
some minutes, since the network that answers is first taught to. The task is that of study 148's written-out sums: 1 to
6 digits, each number of digits as often, in the detailed scratchpad format, whose answers are 17 to 128 tokens
long. Training steps are on batches of 64 rows, ours cut by length buckets, theirs padded to the longest of each batch,
as transformers' collator does. Theirs answers 256 questions by ``generate`` with its cache, padding on the left, and
ends when the last answer has ended; ours takes questions of like length together and drops what has ended. Each side
has its better batch size, and theirs has a second row with questions sorted by length, which ours does by itself. Both
must write the same answers but for near ties, 99 % at the least.
"""

from __future__ import annotations

import argparse
import json
import statistics
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from sequences import ATTENTION, SAME, Size, alternated, gpt2, seconds
from unseen.contracts.problem import random_stream
from unseen.formats.addition import addition_format
from unseen.formats.tokenizer import END, CharacterTokenizer
from unseen.models.decoder import Decoder
from unseen.training import LengthBuckets, SeedBatch, train, warmup_cosine
from unseen.training.sequences import answers_of, next_token_loss, sequence_arrays

FORMAT = addition_format("detailed")
TOKENIZER = CharacterTokenizer(FORMAT.alphabet)
SIZE = Size(width=64)
ROWS, BATCH, TIMED = 12_000, 64, 60
QUESTIONS = 256
AT_ONCE = (64, 256)
"""Questions worked on at a time: each side has the better of these."""


def sums(count: int, name: str) -> tuple[list[str], list[str]]:
    """Questions and answers with 1 to 6 digits, each as often."""
    stream = random_stream("benchmark of mixed lengths", name)
    digits = np.tile(np.arange(1, 7), -(-count // 6))[:count]
    low = np.where(digits == 1, 0, 10 ** (digits - 1))
    pairs = stream.permutation(stream.integers(low[:, None], 10 ** digits[:, None], size=(count, 2))).tolist()
    return [FORMAT.prompt(a, b, 0) for a, b in pairs], [FORMAT.answer(a, b, 0) for a, b in pairs]


def network(context: int) -> Decoder:
    return Decoder(vocabulary=TOKENIZER.vocabulary, context=context, width=SIZE.width, initial_std=0.1)


def taught(columns: tuple[Tensor, Tensor], steps: int, buckets: int) -> Decoder:
    """A network after some updates on minibatches of like length."""
    lanes = SeedBatch.build(lambda _: network(columns[0].shape[1]), seeds=(0,))
    train(
        lanes,
        loss=next_token_loss,
        optimizer=partial(torch.optim.AdamW, lr=2e-3, fused=True),
        steps=steps,
        draw=LengthBuckets([column[None] for column in columns], size=BATCH, seeds=(0,), buckets=buckets),
        schedule=warmup_cosine(steps=max(steps, 2), warmup=max(1, steps // 20)),
    )
    model: Any = lanes.module(0)
    return model


def train_theirs(columns: tuple[Tensor, Tensor], attention: str, steps: int) -> None:
    """The same number of updates on random minibatches, padded to the longest of each."""
    tokens, weights = columns
    model = gpt2(network(tokens.shape[1]), SIZE, attention, SAME)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, fused=True)
    order = torch.randperm(len(tokens), generator=torch.Generator().manual_seed(0))
    for rows in order[: steps * BATCH].split(BATCH):
        length = int(weights[rows].any(dim=0).nonzero().max()) + 1
        batch, counted = tokens[rows, :length], weights[rows, 1:length]
        optimizer.zero_grad(set_to_none=True)
        logits = model(batch[:, :-1], use_cache=False).logits
        losses = functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten(), reduction="none")
        ((losses * counted.flatten()).sum() / counted.sum()).backward()
        optimizer.step()


def training(rounds: int) -> dict[str, Any]:
    """Rows per second of both sides, without what is spent once."""
    columns = arrays(*sums(ROWS, "train"))

    def per_step(run: Any) -> float:
        return (seconds(partial(run, TIMED + 20)) - seconds(partial(run, 20))) / TIMED

    runs: dict[str, Any] = {
        "ours": lambda: per_step(lambda steps: taught(columns, steps, buckets=4)),
        "one bucket": lambda: per_step(lambda steps: taught(columns, steps, buckets=1)),
    }
    for kind in ATTENTION:
        runs[kind] = partial(per_step, lambda steps, kind=kind: train_theirs(columns, kind, steps))
    times = alternated(runs, rounds)
    return {
        "name": f"training on sums of 1 to 6 digits, batch {BATCH}",
        "ours": float(columns[1].sum()) / ROWS * BATCH / times["ours"],
        "transformers": float(columns[1].sum()) / ROWS * BATCH / times["theirs"],
        "ratio": times["theirs"] / times["ours"],
        "without_buckets": times["one bucket"] / times["ours"],
    }


def arrays(prompts: list[str], answers: list[str]) -> tuple[Tensor, Tensor]:
    tokens, weights = sequence_arrays(TOKENIZER, prompts, answers)
    return torch.from_numpy(tokens), torch.from_numpy(weights)


def answered_by_theirs(model: Any, prompts: list[str], longest: int) -> list[str]:
    """What ``generate`` writes behind prompts padded on the left."""
    width = max(map(len, prompts))
    rows = TOKENIZER.encode(prompts)
    shifted = [
        [END] * (width - len(prompt)) + row[: len(prompt)].tolist() for prompt, row in zip(prompts, rows, strict=True)
    ]
    mask = [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    with torch.inference_mode():
        written = model.generate(
            torch.tensor(shifted),
            attention_mask=torch.tensor(mask),
            max_new_tokens=longest,
            do_sample=False,
            use_cache=True,
        )
    return TOKENIZER.decode(written[:, width:].numpy())


def in_parts(model: Any, prompts: list[str], longest: int, size: int) -> list[str]:
    parts = [prompts[start : start + size] for start in range(0, len(prompts), size)]
    return [text for part in parts for text in answered_by_theirs(model, part, longest)]


def answering(rounds: int, steps: int) -> list[dict[str, Any]]:
    """Tokens of answers per second of both sides, theirs with questions as they come and sorted by length."""
    model = taught(arrays(*sums(ROWS, "train")), steps, buckets=4).eval()
    prompts, answers = sums(QUESTIONS, "test")
    longest = model.context + 1 - max(map(len, prompts))
    others = {kind: gpt2(model, SIZE, kind).eval() for kind in ATTENTION}
    written = answers_of(model, TOKENIZER, prompts, longest=longest)
    for other in others.values():
        same = np.mean([a == b for a, b in zip(answered_by_theirs(other, prompts, longest), written, strict=True)])
        if same < 0.99:  # rounding may decide a near tie
            raise RuntimeError(f"only {same:.1%} of the answers are the same: not the same network")
    runs: dict[str, Any] = {}
    for size in AT_ONCE:
        ours = partial(answers_of, model, TOKENIZER, prompts, longest=longest, batch_size=size)
        runs[f"ours, {size}"] = partial(seconds, ours)
        for order, asked in (("as they come", prompts), ("sorted", sorted(prompts, key=len))):
            for kind, other in others.items():
                runs[f"{order}, {kind}, {size}"] = partial(seconds, partial(in_parts, other, asked, longest, size))
    every = [{name: run() for name, run in runs.items()} for _ in range(rounds)]
    medians = {name: statistics.median(one[name] for one in every) for name in runs}

    def best(start: str) -> float:
        return min(value for name, value in medians.items() if name.startswith(start))

    tokens = sum(len(text) + 1 for text in written)
    right = np.mean([given == answer for given, answer in zip(written, answers, strict=True)])
    return [
        {
            "name": f"answering {QUESTIONS} of them, {right:.0%} right{remark}",
            "ours": tokens / best("ours"),
            "transformers": tokens / best(order),
            "ratio": best(order) / best("ours"),
        }
        for order, remark in (("as they come", ""), ("sorted", ", theirs sorted by length"))
    ]


def measure(rounds: int = 5, steps: int = 1500) -> list[dict[str, Any]]:
    """Tokens of answers per second of both sides.

    Returns
    -------
    list of dict
        For training and for answering: ``name``, ``ours`` and ``transformers`` (tokens of answers per second),
        ``ratio``; for training also ``without_buckets``, the time of ours padded to the longest row over ours.
    """
    return [training(rounds), *answering(3 * rounds, steps)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=1500, help="updates before the network answers")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = measure(arguments.rounds, arguments.steps)
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        extra = f", {row['without_buckets']:.2f} times faster than without buckets" if "without_buckets" in row else ""
        print(f"{row['name']}: {row['ours']:,.0f} tokens/s, transformers {row['transformers']:,.0f}", end="; ")
        print(f"{row['ratio']:.2f} times{extra}")


if __name__ == "__main__":
    main()
