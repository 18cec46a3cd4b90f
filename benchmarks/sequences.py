"""A small decoder beside the same network in Hugging Face transformers: training, and greedy decoding.

Run ``python benchmarks/sequences.py`` on an otherwise idle machine; it needs ``pip install transformers``. Theirs is
GPT-2 with our weights, activation and separate output layer, so that both compute the same function, which is checked:
they must write the same tokens. Two rows are beside GPT-2 with its own activation. Training is next-token cross-entropy
with fused AdamW, on the same batches. Theirs keeps keys and values too, and has the attention ("eager" or "sdpa") that
is the faster of the two in each row. The sides take turns; medians of the rounds are reported, and how fast decoding
could be if it consisted of nothing but its products of matrices.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from unseen.models.decoder import Decoder
from unseen.models.generation import generate
from unseen.training import SeedBatch, train

VOCABULARY, CONTEXT, BATCH, STEPS = 64, 64, 64, 40
ATTENTION = ("eager", "sdpa")
SAME, THEIR_OWN = "gelu", "gelu_new"
"""Our activation, and the one of GPT-2 as it comes: a similar function, in transformers put together of eight steps."""


@dataclass(frozen=True)
class Size:
    """A network and what it is asked to continue."""

    width: int = 64
    layers: int = 2
    heads: int = 4
    prompts: int = 256
    prompt_length: int = 16
    new_tokens: int = 32

    @property
    def tokens(self) -> int:
        """How many are written in all."""
        return self.prompts * self.new_tokens


DECODING = {
    "greedy decoding, batch 256": Size(),
    "greedy decoding of sums as in study 148, batch 1000": Size(width=48, prompts=1000, prompt_length=8, new_tokens=5),
    "greedy decoding, batch 256, width 256, 4 layers": Size(width=256, layers=4, heads=8),
}


def ours(size: Size) -> Decoder:
    """Initial weights are large enough for the likeliest tokens to vary."""
    return Decoder(
        vocabulary=VOCABULARY,
        context=CONTEXT,
        width=size.width,
        layers=size.layers,
        heads=size.heads,
        initial_std=size.width**-0.5,
    )


def gpt2(model: Decoder, size: Size, attention: str, activation: str = SAME) -> Any:
    """The same network, without dropout, as ours has none; another one with another activation."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=model.vocabulary,
        n_positions=model.context,
        n_embd=size.width,
        n_layer=size.layers,
        n_head=size.heads,
        activation_function=activation,
        attn_implementation=attention,
        tie_word_embeddings=False,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
    )
    other = GPT2LMHeadModel(config)
    names = {
        "tokens.": "transformer.wte.",
        "positions.": "transformer.wpe.",
        "blocks.": "transformer.h.",
        "attention_norm": "ln_1",
        "attention_in": "attn.c_attn",
        "attention_out": "attn.c_proj",
        "mlp_norm": "ln_2",
        "mlp_in": "mlp.c_fc",
        "mlp_out": "mlp.c_proj",
        "head.": "lm_head.",
    }
    weights = {}
    for name, value in model.state_dict().items():
        theirs = name.replace("norm.", "transformer.ln_f.") if name.startswith("norm.") else name
        for old, new in names.items():
            theirs = theirs.replace(old, new)
        turned = ".h." in theirs and value.ndim == 2  # their blocks keep linear maps transposed
        weights[theirs] = value.t() if turned else value
    other.load_state_dict(weights)
    return other


def batches(steps: int) -> Tensor:
    """Random tokens, int64 of shape (steps, BATCH, CONTEXT)."""
    return torch.randint(VOCABULARY, (steps, BATCH, CONTEXT), generator=torch.Generator().manual_seed(0))


def train_gpt2(attention: str, activation: str, steps: int) -> None:
    model, data = gpt2(ours(Size()), Size(), attention, activation), batches(steps)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    for tokens in data:
        optimizer.zero_grad(set_to_none=True)
        logits = model(tokens[:, :-1], use_cache=False).logits
        functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()).backward()
        optimizer.step()


def train_ours(steps: int) -> None:
    data = batches(steps)

    def loss(model: Any, batch: tuple[Tensor, ...]) -> Tensor:
        (tokens,) = batch
        return functional.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())

    train(
        SeedBatch.build(lambda _: ours(Size()), seeds=(0,)),
        loss=loss,
        optimizer=partial(torch.optim.AdamW, lr=1e-3, fused=True),
        steps=steps,
        draw=lambda step, _: (data[step][None],),
    )


def products(size: Size) -> Callable[[], None]:
    """The matrix products that decoding needs, and nothing else: those of the linear layers and of attention."""
    width, each = size.width, size.width // size.heads
    rows = size.prompts * size.heads
    weights = [torch.randn(given, made) for given, made in ((1, 3), (1, 1), (1, 4), (4, 1))]
    weights = [torch.randn(width * w.shape[0], width * w.shape[1]) for w in weights]
    head = torch.randn(width, VOCABULARY)
    keys = torch.randn(size.layers, 2, rows, size.prompt_length + size.new_tokens, each)

    def linear(inputs: Tensor) -> None:
        torch.mm(inputs, weights[0])
        torch.mm(inputs, weights[1])
        torch.mm(torch.mm(inputs, weights[2]), weights[3])

    prompt, one = torch.randn(size.prompts * size.prompt_length, width), torch.randn(size.prompts, width)
    query, shares = torch.randn(rows, 1, each), torch.rand(rows, 1, size.prompt_length + size.new_tokens)

    def run() -> None:
        with torch.inference_mode():
            for _ in range(size.layers - 1):
                linear(prompt)
            torch.mm(prompt, weights[0])  # the last layer's keys and values of the prompts
            for length in range(size.prompt_length + 1, size.prompt_length + size.new_tokens):
                for layer in range(size.layers):
                    linear(one)
                    torch.bmm(query, keys[layer, 0, :, :length].transpose(1, 2))
                    torch.bmm(shares[:, :, :length], keys[layer, 1, :, :length])
                torch.mm(one, head)

    return run


def decode_theirs(model: Any, prompts: Tensor, new_tokens: int) -> Tensor:
    with torch.inference_mode():
        written: Tensor = model.generate(
            prompts,
            attention_mask=torch.ones_like(prompts),
            max_new_tokens=new_tokens,
            min_new_tokens=new_tokens,
            do_sample=False,
            use_cache=True,
        )
    return written[:, prompts.shape[1] :]


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def seconds_per_step(run: Callable[[int], None]) -> float:
    """Time of a step, without what is spent once."""
    few, many = (seconds(partial(run, steps)) for steps in (2, 2 + STEPS))
    return (many - few) / STEPS


def alternated(runs: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Median of what each gives, taking turns; theirs is the faster of its two kinds of attention."""
    times = [{name: run() for name, run in runs.items()} for _ in range(rounds)]
    medians = {name: statistics.median(round[name] for round in times) for name in runs}
    return medians | {"theirs": min(medians[kind] for kind in ATTENTION)}


def training(rounds: int, activation: str = SAME) -> dict[str, float]:
    """Seconds per step of both sides."""
    runs: dict[str, Callable[[], float]] = {"ours": lambda: seconds_per_step(train_ours)}
    for kind in ATTENTION:
        runs[kind] = partial(seconds_per_step, partial(train_gpt2, kind, activation))
    return alternated(runs, rounds)


def decoding(size: Size, rounds: int, activation: str = SAME) -> dict[str, float]:
    """Seconds of both sides and of the matrix products alone."""
    torch.manual_seed(0)
    model = ours(size).eval()
    prompts = torch.randint(1, VOCABULARY, (size.prompts, size.prompt_length))
    # Their least number of tokens forbids token 0, which ends a text: ours must never write it.
    with torch.no_grad():
        model.head.weight[0] = 0
    others = {kind: gpt2(model, size, kind, activation).eval() for kind in ATTENTION}
    written = generate(model, prompts, new_tokens=size.new_tokens)
    for other in others.values():
        same = (decode_theirs(other, prompts, size.new_tokens) == written).all(dim=1).float().mean().item()
        if same < 0.99 and activation == SAME:  # rounding may decide a near tie
            raise RuntimeError(f"only {same:.1%} of the answers are the same: not the same network")
    bare = products(size)
    bare()
    runs: dict[str, Callable[[], float]] = {
        "ours": lambda: seconds(partial(generate, model, prompts, new_tokens=size.new_tokens)),
        "products": lambda: seconds(bare),
    }
    for kind, other in others.items():
        runs[kind] = partial(seconds, partial(decode_theirs, other, prompts, size.new_tokens))
    return alternated(runs, rounds)


def measure(rounds: int = 5) -> list[dict[str, Any]]:
    """Tokens per second of both sides.

    Returns
    -------
    list of dict
        For training and for each size of decoding: ``name``, ``ours`` and ``transformers`` (tokens per second),
        ``ratio``; for decoding also ``products``, tokens per second if there were only matrix products.
    """
    rows = []
    for activation, remark in ((SAME, ""), (THEIR_OWN, ", their activation")):
        times = training(rounds, activation)
        rows.append(_row(f"training, batch {BATCH} x {CONTEXT}{remark}", BATCH * (CONTEXT - 1), times))
    sizes = [(name, size, SAME) for name, size in DECODING.items()]
    name, size, _ = sizes[0]
    sizes.insert(1, (f"{name}, their activation", size, THEIR_OWN))
    return rows + [_row(name, size.tokens, decoding(size, 3 * rounds, kind)) for name, size, kind in sizes]


def _row(name: str, tokens: int, times: Mapping[str, float]) -> dict[str, Any]:
    row = {"name": name, "ours": tokens / times["ours"], "transformers": tokens / times["theirs"]}
    row["ratio"] = times["theirs"] / times["ours"]
    return row | ({"products": tokens / times["products"]} if "products" in times else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = measure(arguments.rounds)
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'what':55}{'ours, tokens/s':>16}{'transformers':>14}{'times faster':>14}{'products alone':>16}")
    for row in rows:
        alone = f"{row['products']:16,.0f}" if "products" in row else ""
        print(f"{row['name']:55}{row['ours']:16,.0f}{row['transformers']:14,.0f}{row['ratio']:14.2f}{alone}")


if __name__ == "__main__":
    main()
