"""Networks that mark elements of a set, with attention of second or third order, and their training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from unseen.models.third_order_attention import ThirdOrderAttention
from unseen.problems.sequences.matching import triple_matching
from unseen.training import History, Minibatches, SeedBatch, train, warmup_cosine

if TYPE_CHECKING:
    from unseen.studies.algorithmic.p077_kronecker_attention import Config


class PairAttention(nn.Module):
    """Ordinary attention without order: every element sees every element.

    Written out, since PyTorch's fused kernel trains several seeds only one after the other on the CPU.
    """

    def __init__(self, width: int, *, heads: int):
        super().__init__()
        self.heads = heads
        self.inputs = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def forward(self, stream: Tensor) -> Tensor:
        """Map (n, length, width) to the same shape."""
        n, length, width = stream.shape
        parts = self.inputs(stream).view(n, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = parts.unbind(0)
        weights = torch.softmax(query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1]), dim=-1)
        out: Tensor = self.output((weights @ value).transpose(1, 2).reshape(n, length, width))
        return out


class Layer(nn.Module):
    """Attention, then a two-layer perceptron, each added to the stream."""

    def __init__(self, width: int, *, heads: int, order: int, hidden: int):
        super().__init__()
        attention = {2: PairAttention, 3: ThirdOrderAttention}[order]
        self.attention_norm, self.mlp_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = attention(width, heads=heads)
        self.mlp_in, self.mlp_out = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, stream: Tensor) -> Tensor:
        """Map (n, length, width) to the same shape."""
        stream = stream + self.attention(self.attention_norm(stream))
        added: Tensor = stream + self.mlp_out(functional.gelu(self.mlp_in(self.mlp_norm(stream))))
        return added


class MatchingNetwork(nn.Module):
    """One logit per element of a set of residues. A blank element, which all others see, stands beside them.

    An element comes as sines and cosines of its multiples, ``width / 2`` of them evenly chosen, through a learned
    linear map.

    Parameters
    ----------
    modulus : int
        Residues 0 to modulus - 1.
    width, heads, layers : int
    order : {2, 3}
        Attention to elements or to pairs of elements.
    hidden : int
        Units of each perceptron.
    """

    def __init__(self, *, modulus: int, width: int, heads: int, layers: int, order: int, hidden: int):
        super().__init__()
        frequencies = torch.linspace(1, modulus // 2, min(width // 2, modulus // 2)).round()
        angles = 2 * math.pi * torch.arange(modulus)[:, None] * frequencies / modulus
        self.waves: Tensor
        self.register_buffer("waves", torch.cat([angles.cos(), angles.sin()], dim=1))
        self.embedding = nn.Linear(2 * len(frequencies), width)
        self.blank = nn.Parameter(torch.randn(width))
        self.layers = nn.ModuleList(Layer(width, heads=heads, order=order, hidden=hidden) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.readout = nn.Linear(width, 1)

    def forward(self, values: Tensor) -> Tensor:
        """Map residues, int64 of shape (n, length), to logits of the same shape."""
        elements = self.embedding(functional.embedding(values, self.waves))
        stream = torch.cat([self.blank.expand(len(values), 1, -1), elements], dim=1)
        for layer in self.layers:
            stream = layer(stream)
        logits: Tensor = self.readout(self.norm(stream[:, 1:])).squeeze(-1)
        return logits


@dataclass(frozen=True)
class Arm:
    """What distinguishes a trained condition."""

    order: int
    layers: int = 1


ARMS = {
    "third-order": Arm(3),
    "pairs": Arm(2),
    "pairs-two-layers": Arm(2, layers=2),
}


def build_network(arm: Arm, config: Config) -> MatchingNetwork:
    """An untrained network of one arm; one layer of pairs has no fewer parameters than one of third order."""
    return MatchingNetwork(
        modulus=config.modulus,
        width=config.width,
        heads=config.heads,
        layers=arm.layers,
        order=arm.order,
        # Five maps to queries, keys and values instead of three: the perceptron more than makes up for them.
        hidden=4 * config.width if arm.order == 3 else 5 * config.width + 1,
    )


def balanced_accuracy(logits: Tensor, marks: Tensor) -> Tensor:
    """Mean of the shares of ones and of zeros that are marked right."""
    right = ((logits > 0) == (marks > 0.5)).float()
    return ((right * marks).sum() / marks.sum() + (right * (1 - marks)).sum() / (1 - marks).sum()) / 2


def train_networks(arm: Arm, seeds: Sequence[int], config: Config) -> History:
    """Train one arm on all seeds at once; metrics ``train`` and ``iid`` are balanced accuracies."""
    problem = triple_matching(config.length, config.modulus)
    lanes = SeedBatch.build(lambda _: build_network(arm, config), seeds=seeds)

    def tensors(split: str, n: int) -> tuple[Tensor, Tensor]:
        drawn = [problem.sample(split, n, seed) for seed in seeds]
        values = torch.stack([torch.from_numpy(examples.inputs["values"]) for examples in drawn])
        marks = torch.stack([torch.from_numpy(problem.truth(examples)).float() for examples in drawn])
        return values.to(lanes.device), marks.to(lanes.device)

    given, unseen = tensors("train", config.train_size), tensors("iid", config.test_size)

    def loss(model: Any, batch: tuple[Tensor, ...]) -> Tensor:
        return functional.binary_cross_entropy_with_logits(model(batch[0]), batch[1])

    def evaluate(model: Any, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        seen, unseen = batch[:2], batch[2:]
        return {
            "train": balanced_accuracy(model(seen[0]), seen[1]),
            "iid": balanced_accuracy(model(unseen[0]), unseen[1]),
        }

    known = tuple(tensor[:, : config.test_size] for tensor in given)
    return train(
        lanes,
        loss=loss,
        optimizer=partial(torch.optim.AdamW, lr=config.learning_rate, weight_decay=0.01, fused=True),
        steps=config.steps,
        draw=Minibatches(given, size=config.batch_size, seeds=seeds),
        evaluate=evaluate,
        evaluation=(*known, *unseen),
        evaluate_at=range(0, config.steps + 1, max(1, config.steps // 10)),
        schedule=warmup_cosine(steps=config.steps, warmup=config.warmup, final=0.02),
    )
