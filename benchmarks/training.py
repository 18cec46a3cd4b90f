"""Five seeds trained as one stacked network, beside the same five trained one after the other in plain PyTorch.

Run ``python benchmarks/training.py`` on an otherwise idle machine; ``--json`` prints the rows as JSON.
Both sides get the same networks, data, optimizer (AdamW, fused) and number of updates. The two are measured in turn,
several times, and medians are reported: seconds per update of all five seeds, and the seconds that the batched side
spends once on capturing the step.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from unseen.models.decoder import Decoder
from unseen.models.mlp import MLP
from unseen.models.quadratic_mlp import QuadraticMLP
from unseen.training import Minibatches, SeedBatch, one_hot_squared_error, train

SEEDS = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class Case:
    """One size of network with its data."""

    name: str
    build: Callable[[int], nn.Module]
    loss: Callable[[Any, tuple[Tensor, ...]], Tensor]
    data: Callable[[int], tuple[Tensor, ...]]
    batch_size: int | None
    learning_rate: float
    steps: int


def classes_loss(model: Any, batch: tuple[Tensor, ...]) -> Tensor:
    inputs, targets = batch
    return functional.cross_entropy(model(inputs).flatten(0, -2), targets.flatten())


def residues_loss(model: Any, batch: tuple[Tensor, ...]) -> Tensor:
    pairs, targets = batch
    return one_hot_squared_error(model(pairs), targets)


def clusters(seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    centers = torch.randn(10, 64, generator=generator)
    labels = torch.randint(10, (4096,), generator=generator)
    return centers[labels] + torch.randn(4096, 64, generator=generator), labels


def residues(seed: int, modulus: int = 97) -> tuple[Tensor, Tensor]:
    order = torch.randperm(modulus**2, generator=torch.Generator().manual_seed(seed))[: modulus**2 // 2]
    pairs = torch.stack([order // modulus, order % modulus], dim=1)
    return pairs, pairs.sum(1) % modulus


def tokens(seed: int) -> tuple[Tensor, Tensor]:
    stream = torch.randint(64, (4096, 17), generator=torch.Generator().manual_seed(seed))
    return stream[:, :-1], stream[:, 1:]


CASES = (
    Case("MLP 64-32-10, batch 256", lambda _: MLP((64, 32, 10)), classes_loss, clusters, 256, 1e-3, 500),
    Case(
        "quadratic MLP p=97 N=500, full batch 4704",
        lambda _: QuadraticMLP(modulus=97, width=500),
        residues_loss,
        residues,
        None,
        1e-2,
        6,
    ),
    Case(
        "decoder width 64, 2 layers, batch 64 x 16",
        lambda _: Decoder(vocabulary=64, context=16),
        classes_loss,
        tokens,
        64,
        1e-3,
        30,
    ),
)


def plain_seconds(case: Case, data: Sequence[tuple[Tensor, ...]], steps: int, device: str) -> float:
    """Train each seed with an ordinary loop and return the seconds taken."""
    synchronize(device)
    start = time.perf_counter()
    for seed, columns in zip(SEEDS, data, strict=True):
        torch.manual_seed(seed)
        model = case.build(seed).to(device)
        optimizer = torch.optim.AdamW(model.parameters(), lr=case.learning_rate, fused=True)
        count = len(columns[0])
        order = torch.empty(0)
        for step in range(steps):
            batch = columns
            if case.batch_size is not None:
                within = step % (count // case.batch_size)
                if within == 0:
                    order = torch.randperm(count, device=device)
                chosen = order[within * case.batch_size : (within + 1) * case.batch_size]
                batch = tuple(column[chosen] for column in columns)
            optimizer.zero_grad(set_to_none=True)
            loss: Any = case.loss(model, batch)
            loss.backward()
            optimizer.step()
    synchronize(device)
    return time.perf_counter() - start


def batched_seconds(case: Case, data: Sequence[tuple[Tensor, ...]], steps: int, device: str) -> float:
    """Train all seeds as one batch and return the seconds taken."""
    synchronize(device)
    start = time.perf_counter()
    stacked = tuple(torch.stack(columns) for columns in zip(*data, strict=True))
    lanes = SeedBatch.build(case.build, seeds=SEEDS, device=device)
    train(
        lanes,
        loss=case.loss,
        optimizer=partial(torch.optim.AdamW, lr=case.learning_rate, fused=True),
        steps=steps,
        data=() if case.batch_size else stacked,
        draw=Minibatches(stacked, size=case.batch_size, seeds=SEEDS) if case.batch_size else None,
    )
    synchronize(device)
    return time.perf_counter() - start


def synchronize(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def measure(*, rounds: int = 5, device: str = "cpu", threads: int | None = None) -> list[dict[str, Any]]:
    """Measure every case.

    Parameters
    ----------
    rounds : int
        Alternating repetitions; medians are taken over them.
    device : str
        ``"cpu"`` or ``"cuda"``.
    threads : int, optional
        Threads of PyTorch; default: as it chooses.

    Returns
    -------
    list of dict
        Per case: ``name``, ``plain`` and ``batched`` (seconds per update of all seeds), ``ratio`` (plain over
        batched), ``start`` (seconds that the batched side spends once), ``steps`` timed, ``threads``, ``device``.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    rows = []
    for case in CASES:
        data = [tuple(column.to(device) for column in case.data(seed)) for seed in SEEDS]
        few, many = 2, 2 + case.steps
        times: dict[str, list[float]] = {"plain": [], "batched": [], "start": []}
        plain_seconds(case, data, few, device)
        for _ in range(rounds):
            for side, seconds in (("plain", plain_seconds), ("batched", batched_seconds)):
                short = seconds(case, data, few, device)
                per_step = (seconds(case, data, many, device) - short) / (many - few)
                times[side].append(per_step)
                if side == "batched":
                    times["start"].append(short - few * per_step)
        plain, batched, start = (statistics.median(times[name]) for name in ("plain", "batched", "start"))
        rows.append(
            {
                "name": case.name,
                "plain": plain,
                "batched": batched,
                "ratio": plain / batched,
                "start": start,
                "steps": case.steps,
                "threads": torch.get_num_threads(),
                "device": device,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = measure(rounds=arguments.rounds, device=arguments.device, threads=arguments.threads)
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'case':45}{'plain ms':>10}{'batched ms':>12}{'ratio':>7}{'start s':>9}")
    for row in rows:
        numbers = f"{1e3 * row['plain']:10.2f}{1e3 * row['batched']:12.2f}{row['ratio']:7.2f}{row['start']:9.2f}"
        print(f"{row['name']:45}{numbers}")


if __name__ == "__main__":
    main()
