"""Arms of study 016: additions sorted by their complexity, decoders trained on them in several notations, shortcuts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, random_stream
from unseen.contracts.study import setting
from unseen.formats.addition import AdditionFormat, FormatName
from unseen.models.decoder import Decoder
from unseen.problems.numbers.addition import WholeNumberAddition
from unseen.solvers.neural.addition_decoder import AdditionDecoder


@dataclass(frozen=True)
class Config:
    """Sizes of the experiment."""

    digits: int = setting(4, "digits of both numbers, in training and everywhere else")
    longest_chain: int = setting(2, "longest run of carries in training")
    train_size: int = setting(100_000, "different training questions")
    width: int = setting(48, "width of the decoder")
    layers: int = setting(2, "blocks of the decoder")
    heads: int = setting(4, "attention heads in each block")
    initial_std: float = setting(0.1, "standard deviation of the initial weights")
    steps: int = setting(1500, "updates, the same number in every arm")
    batch_size: int = setting(64, "questions per update")
    learning_rate: float = setting(3e-3, "highest step size of AdamW")
    weight_decay: float = setting(0.01, "of AdamW")
    pool: int = setting(400_000, "questions with long chains that the rare ones are taken from")
    iid_questions: int = setting(1000, "questions as in training for the gate")
    questions: int = setting(300, "questions per length of the longest chain")
    cell_questions: int = setting(100, "questions per chain and reach at most")


@dataclass(frozen=True)
class Tests:
    """What every arm is asked with one seed.

    Parameters
    ----------
    iid : Examples
        Questions as in training.
    chains : Examples
        As many questions of every length of the longest chain; the reach is as it comes.
    cells : Examples
        As many questions of every chain and reach that go together, as far as there are.
    """

    iid: Examples
    chains: Examples
    cells: Examples


def problem_of(config: Config) -> WholeNumberAddition:
    """The problem at the config's sizes."""
    return WholeNumberAddition(
        digits=config.digits,
        train_size=config.train_size,
        sampler="fixed-length",
        longest_chain=config.longest_chain,
    )


@lru_cache(maxsize=4)
def tests_of(config: Config, seed: int) -> Tests:
    """The test questions of a seed, the same for every arm."""
    problem = problem_of(config)
    inside, beyond = problem.sample("iid", 20 * config.iid_questions, seed), _pool(config, seed)
    both = _joined(inside, beyond)
    chain, reach = both.labels["carry_chain"], both.labels["carry_reach"]
    by_chain = [np.flatnonzero(chain == length)[: config.questions] for length in range(config.digits + 1)]
    by_cell = [
        np.flatnonzero((chain == length) & (reach == far))[: config.cell_questions]
        for length in range(config.digits + 1)
        for far in range(min(1, length), length + 1)
    ]
    return Tests(inside[: config.iid_questions], both[np.concatenate(by_chain)], both[np.concatenate(by_cell)])


@lru_cache(maxsize=4)
def training_of(config: Config, seed: int, every_reach: bool) -> Examples:
    """The training questions: chains of bounded length; or half of them replaced by longer ones of every kind.

    The longer ones are drawn with replacement, each chain and reach as often, from those that are asked in no test.
    """
    problem = problem_of(config)
    short = problem.sample("train", None, seed)
    if not every_reach:
        return short
    asked = tests_of(config, seed)
    kept_out = {*problem.canonical(asked.chains), *problem.canonical(asked.cells)}
    pool = _pool(config, seed)
    pool = pool[np.array([pair not in kept_out for pair in problem.canonical(pool)])]
    _, cell, counts = np.unique(
        pool.labels["carry_chain"] * (config.digits + 1) + pool.labels["carry_reach"],
        return_inverse=True,
        return_counts=True,
    )
    likely = 1 / counts[cell]
    stream = random_stream("016", "training on every reach", seed)
    half = config.train_size // 2
    return _joined(short[:half], pool[stream.choice(len(pool), config.train_size - half, p=likely / likely.sum())])


def _pool(config: Config, seed: int) -> Examples:
    return problem_of(config).sample("longer:carries", config.pool, seed)


def _joined(first: Examples, second: Examples) -> Examples:
    assert first.targets is not None
    assert second.targets is not None
    return Examples(
        {name: np.concatenate([column, second.inputs[name]]) for name, column in first.inputs.items()},
        np.concatenate([first.targets, second.targets]),
        {name: np.concatenate([column, second.labels[name]]) for name, column in first.labels.items()},
    )


def texts(style: AdditionFormat, examples: Examples) -> tuple[list[str], list[str]]:
    """Prompts and answers in a notation."""
    pairs = list(zip(examples.inputs["left"].tolist(), examples.inputs["right"].tolist(), strict=True))
    return [style.prompt(a, b, 0) for a, b in pairs], [style.answer(a, b, 0) for a, b in pairs]


def untrained_decoder(config: Config, style: FormatName, seed: int) -> AdditionDecoder:
    """The network of an arm, which writes sums in one notation."""
    network = partial(
        Decoder, width=config.width, layers=config.layers, heads=config.heads, initial_std=config.initial_std
    )
    return AdditionDecoder(
        style,
        network=network,
        steps=config.steps,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        seed=seed,
    )


def mean_by(values: NDArray[Any], *labels: NDArray[Any]) -> list[tuple[tuple[float, ...], float]]:
    """Mean of the values for every combination of labels that occurs, ascending."""
    rows = np.stack(labels, axis=1)
    found = np.unique(rows, axis=0)
    return [(tuple(map(float, row)), float(values[(rows == row).all(axis=1)].mean())) for row in found]
