"""The arms of study 011: conjunctions with frozen bits, and sequences trained short and asked long."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from unseen.contracts.problem import Examples, random_stream
from unseen.contracts.study import Outcome, setting
from unseen.formats.numbers import alphabet, prompts, written
from unseen.formats.tokenizer import CharacterTokenizer
from unseen.models.decoder import Decoder
from unseen.models.decoder_block import Positions
from unseen.models.mlp import MLP
from unseen.problems.sequences.algorithmic import AlgorithmicSequences
from unseen.problems.sequences.conjunction import FrozenConjunction
from unseen.solvers.minimum_degree import MinimumDegreeInterpolator
from unseen.training import Minibatches, SeedBatch, train, warmup_cosine
from unseen.training.sequences import answered_exactly, next_token_loss, sequence_arrays


@dataclass(frozen=True)
class Config:
    """Sizes of the experiment."""

    width: int = setting(64, "width of the decoder")
    layers: int = setting(2, "blocks of the decoder")
    heads: int = setting(4, "attention heads in each block")
    positions: Positions = setting("alibi", "how the decoder knows the order of tokens")
    initial_std: float = setting(0.03, "standard deviation of the decoder's initial weights")
    batch: int = setting(64, "sequences per update")
    learning_rate: float = setting(5e-3, "peak step size of AdamW, after a warm-up and before a cosine decay")
    weight_decay: float = setting(0.1, "weight decay of AdamW")
    tested: int = setting(300, "questions per split or length")
    bits: int = setting(20, "part A: bits of a word")
    frozen: int = setting(10, "part A: how many of the last bits are ones in training")
    conjunction_steps: int = setting(600, "part A: updates of each network")
    mlp_width: int = setting(128, "part A: units in each of the two hidden layers of the perceptron")
    fitted: int = setting(4000, "part A: training words that the interpolator is fitted to")
    few: int = setting(4, "part B: how many numbers there are, for tasks whose sequences repeat them")
    longest: int = setting(12, "part B: longest sequence in training")
    ends: int = setting(256, "part B: how many numbers there are for counting, whose questions are pairs of them")
    distinct: int = setting(48, "part B: how many numbers there are to copy where all of a sequence differ")
    context: int = setting(
        48, "part B: positions of the decoder; where they are learned, training starts at a random one"
    )
    steps: int = setting(1500, "part B: updates")

    @property
    def asked(self) -> int:
        """Part B: the length that the claims are about, one and a half times the longest in training."""
        return self.longest * 3 // 2


NUMBERS_OF = {"count": "ends", "copy-unique": "distinct", "mode": "few", "copy-repeat": "few"}
"""The tasks of part B, and the setting that says how many numbers each has."""

SEQUENCE_TASKS = tuple(NUMBERS_OF)


def sequence_trial(task: str, seed: int, config: Config) -> Outcome:
    """Train a decoder on short sequences of a task; ask it held-out ones of the same and of larger lengths."""
    problem = AlgorithmicSequences(task, longest=config.longest, alphabet=getattr(config, NUMBERS_OF[task]))
    tokenizer = CharacterTokenizer(alphabet(problem.alphabet))
    given = problem.sample("train", config.steps * config.batch, seed)
    tokens, weights = sequence_arrays(tokenizer, prompts(given.inputs["symbols"]), written(_answers(given)))
    room = config.context - tokens.shape[1] + 2
    offsets = random_stream("011", "offsets", seed).integers(room, size=len(tokens))
    columns = tuple(torch.from_numpy(column) for column in (tokens, weights, offsets))
    lanes = SeedBatch.build(lambda _: _decoder(tokenizer.vocabulary, config.context, config), seeds=(seed,))
    failure = _trained(lanes, columns, next_token_loss, config.steps, config)
    if failure:
        return Outcome({}, failure=failure)
    model = _plain(lanes)
    # The middle of what training starts at: positions near the ends of the context were trained less.
    start = max(0, config.context - 2 * config.asked - 2) // 2

    def exact(examples: Examples) -> float:
        asked, answers = prompts(examples.inputs["symbols"]), written(_answers(examples))
        if not asked:
            return math.nan
        return float(answered_exactly(model, tokenizer, asked, answers, offset=start).mean())

    held_out = problem.sample("iid", 10 * config.tested, seed)
    longer = problem.sample("longer", 20 * config.tested, seed)
    shares: dict[int, float] = {}
    for length in range(1, config.asked + 1):
        split = held_out if length <= config.longest else longer
        shares[length] = exact(split[split.labels["length"] == length][: config.tested])
    known = {length: share for length, share in shares.items() if not math.isnan(share)}
    curve = {"length": [float(length) for length in known], "exact": list(known.values())}
    several = held_out.labels["length"] >= 2
    metrics = {"iid": exact(held_out[several][: config.tested]), "longer": shares[config.asked]}
    return Outcome(metrics, {"exact": curve})


def conjunction_trial(learner: str, seed: int, config: Config) -> Outcome:
    """Fit a learner to words whose last bits are ones; ask it for words whose only zeros are there."""
    problem = FrozenConjunction(config.bits, config.frozen)
    fit = {"decoder": _decoder_of_words, "mlp": _mlp_of_words, "minimum-degree": _interpolator_of_words}[learner]
    answer = fit(problem, seed, config)
    if isinstance(answer, str):
        return Outcome({}, failure=answer)
    held_out, shifted = (problem.sample(split, config.tested, seed) for split in ("iid", "shifted"))
    ones = Examples({"bits": np.ones((1, config.bits), dtype=np.int64)}, None)

    def share(examples: Examples) -> NDArray[np.float64]:
        return problem.score(examples, answer(examples.inputs["bits"]))

    right = share(shifted)
    zeros = shifted.labels["zeros"]
    present = [int(count) for count in np.unique(zeros)]
    metrics = {
        "words_with_zeros": float(share(held_out).mean()),
        "word_of_ones": float(share(ones).mean()),
        "shifted": float(right.mean()),
    }
    metrics["iid"] = (metrics["words_with_zeros"] + metrics["word_of_ones"]) / 2
    by_zeros = {"zeros": [float(n) for n in present], "right": [float(right[zeros == n].mean()) for n in present]}
    return Outcome(metrics, {"zeros": by_zeros})


Answers = Callable[[NDArray[np.int64]], NDArray[np.int64]]
"""From words, shape (n, bits), to answers, shape (n,)."""


def _decoder_of_words(problem: FrozenConjunction, seed: int, config: Config) -> Answers | str:
    """A decoder that reads the word and writes the answer behind it; the failure if it diverged."""
    tokenizer = CharacterTokenizer(alphabet(2))
    given = problem.sample("train", config.conjunction_steps * config.batch, seed)
    arrays = sequence_arrays(tokenizer, prompts(given.inputs["bits"]), written(_column(given.targets)))
    columns = tuple(torch.from_numpy(column) for column in arrays)
    lanes = SeedBatch.build(lambda _: _decoder(tokenizer.vocabulary, config.bits + 2, config), seeds=(seed,))
    failure = _trained(lanes, columns, next_token_loss, config.conjunction_steps, config)
    if failure:
        return failure
    model = _plain(lanes)

    def answer(bits: NDArray[np.int64]) -> NDArray[np.int64]:
        asked = torch.from_numpy(tokenizer.encode(prompts(bits))).to(next(model.parameters()).device)
        with torch.inference_mode():
            logits = model(asked, last=True)[:, 0]
        # Tokens of 0 and 1; the end and the sign of the question, were they likeliest, would be wrong answers.
        likeliest: NDArray[np.int64] = logits.argmax(-1).cpu().numpy()
        return likeliest - 1

    return answer


def _mlp_of_words(problem: FrozenConjunction, seed: int, config: Config) -> Answers | str:
    """A perceptron on signs; the failure if it diverged."""
    given = problem.sample("train", config.conjunction_steps * config.batch, seed)
    columns = _signs(given.inputs["bits"]), torch.from_numpy(_column(given.targets)).float()
    widths = (config.bits, config.mlp_width, config.mlp_width, 1)
    lanes = SeedBatch.build(lambda _: MLP(widths), seeds=(seed,))
    failure = _trained(lanes, columns, _logistic_loss, config.conjunction_steps, config)
    if failure:
        return failure

    def answer(bits: NDArray[np.int64]) -> NDArray[np.int64]:
        outputs: Tensor = lanes(_signs(bits).to(lanes.device), shared=True)
        return (outputs[0, :, 0] > 0).long().cpu().numpy()

    return answer


def _interpolator_of_words(problem: FrozenConjunction, seed: int, config: Config) -> Answers:
    solver = MinimumDegreeInterpolator().fit(problem.sample("train", config.fitted, seed))
    return lambda bits: solver.solve(Examples({"bits": bits}, None))


def _trained(
    lanes: SeedBatch, columns: tuple[Tensor, ...], loss: Callable[[Any, Any], Tensor], steps: int, config: Config
) -> str:
    """Train the only lane on each example once; empty, or why it failed."""
    tables = [column.to(lanes.device)[None] for column in columns]
    history = train(
        lanes,
        loss=loss,
        optimizer=lambda parameters: torch.optim.AdamW(
            parameters, lr=config.learning_rate, weight_decay=config.weight_decay
        ),
        steps=steps,
        draw=Minibatches(tables, size=config.batch, seeds=lanes.seeds),
        evaluate_at=(),
        schedule=warmup_cosine(steps=steps, warmup=steps // 10, final=0.01),
    )
    return f"diverged at step {history.diverged[0]}" if history.diverged[0] >= 0 else ""


def _logistic_loss(model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
    return functional.binary_cross_entropy_with_logits(model(batch[0]), batch[1])


def _decoder(vocabulary: int, context: int, config: Config) -> Decoder:
    return Decoder(
        vocabulary=vocabulary,
        context=context,
        width=config.width,
        layers=config.layers,
        heads=config.heads,
        positions=config.positions,
        initial_std=config.initial_std,
    )


def _plain(lanes: SeedBatch) -> Decoder:
    model = lanes.module(0)
    assert isinstance(model, Decoder)
    return model


def _signs(bits: NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(2.0 * bits - 1).float()


def _answers(examples: Examples) -> NDArray[np.int64]:
    assert examples.targets is not None
    return np.asarray(examples.targets, dtype=np.int64)


def _column(targets: NDArray[Any] | None) -> NDArray[np.int64]:
    assert targets is not None
    return np.asarray(targets, dtype=np.int64)[:, None]
