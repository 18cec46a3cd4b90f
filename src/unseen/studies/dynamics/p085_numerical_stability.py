r"""Grokking at the edge of numerical stability: softmax rounds its own gradient away.

Paper: Prieto, Barsbey, Mediano and Birdal (2025), "Grokking at the Edge of Numerical Stability".

What the paper claims
    Past the point of fitting, a network without weight decay lowers its loss by scaling its logits up. In float32 the
    softmax then rounds to exactly one, the gradient of the right class to exactly zero, and generalization never comes:
    the softmax collapses. StableMax, which grows linearly instead of exponentially, cannot collapse so early and
    generalizes without regularization. Taking the part along the weights out of the gradient stops the scaling itself,
    and with it the delay between fitting and generalizing.

What was run (scale small)
    Addition modulo 37, 85 % of the questions for training, a ReLU network with two hidden layers and no biases,
    full-batch AdamW with beta2 0.99 and epsilon 1e-25. Softmax and StableMax, each with the loss in float32 and in
    float64 (the network is always in float32): width 64, step size 0.003, at most 5000 steps. For speed, softmax with
    weight decay 3, with perpendicular gradients by tensor and rescaled as in the authors' code, the same for the whole
    network and not rescaled as in the paper's formula, and with neither: width 128, step size 0.01, at most 1000 steps.
    A run ends when it solves 95 % of the held-out questions. The metrics `fitted_at`, `solved_at` and `delay` are inf
    where a run does not get there; `delay` and `alignment_after_fitting` are nan where it does not even fit, and
    `alignment` is nan where every gradient is exactly zero.

Ours beside theirs
    ====================  ===================================  ===================================
    \                     theirs                               ours
    ====================  ===================================  ===================================
    modulus, width        113, 200                             37, 64 and 128
    training questions    40 to 70 %, ordered pairs            85 %, unordered pairs
    StableMax             80,000 steps at 0.01, beta2 0.999    5000 steps at 0.003, beta2 0.99
    softmax, 16-64 bits   20,000 steps at 0.0005               5000 steps at 0.003, 32 and 64 bits
    perpendicular         300 steps at 0.01                    at most 1000 steps at 0.01
    ====================  ===================================  ===================================

    Theirs from ``run_main_experiments.sh`` in github.com/LucasPrietoAl/grokking-at-the-edge-of-numerical-stability
    (commit 0cc9e8d). That repository holds no stored outcomes to set numbers beside.

What differs from the paper and its code, and why
    1. The authors' StableMax loss always works in float64, their softmax baseline in float32. Function and precision
       are told apart here: each loss in each precision.
    2. (a, b) and (b, a) never stand on different sides of the split; in the authors' they may.
    3. Modulus, widths, share of training data, step sizes and the cap on steps were chosen on seeds 50 and 51 so that
       StableMax generalizes within minutes on two cores; so was weight decay 3, the fastest of 1, 3 and 10. Claims and
       their bounds were not changed after that.
    4. Full batches keep their order; the authors' code shuffles them each step, which changes only rounding.
    5. The authors' script gives the optimizer inside the projection only step size and weight decay, so that it may run
       with the usual beta2 and epsilon; here all arms have the same.

What was found
    Softmax in float32 stalls: after 5000 steps it solves 3 to 16 % of held-out questions. StableMax in float32 comes to
    80 to 97 % from the same start, but passes 95 % in two of five seeds only, while the logits of the others grow
    beyond 10,000. The softmax's collapse is real but partial: 48 to 64 % of training examples, not 90 %, against 1 % in
    float64. Double precision alone hardly helps in as many steps (4 to 30 % solved).

    Perpendicular gradients generalize 2 to 12 steps after fitting, in both forms; under weight decay 3 it takes 66 to
    88 (seeds 0 to 4 and 100 to 104). On seeds 50 and 51 weight decay 1 took 160 to 219, and 10 never got there.

    beta2 decides how fast StableMax generalizes, since AdamW's second moments forget the large gradients of the start
    only over some 1 / (1 - beta2) steps: with 0.999 a network of modulus 31 solved a third after 8000 steps at step
    size 0.01; with 0.9 it rose fast and stopped near 57 %. At step size 0.003 perpendicular gradients leave the weights
    too small to fit the training data (90 %).

    The alignment of descent with the weights does not by itself tell grokking from its absence: it is 0.7 to 0.8 with
    StableMax and with weight decay as well, and before the training data is fitted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call, grad

from unseen.contracts.problem import Examples
from unseen.contracts.study import Claim, Gate, Outcome, Study, Trials, above, below, between, setting
from unseen.measures.numerical_stability import logit_scale, scaling_alignment, softmax_collapse
from unseen.models.mlp import MLP
from unseen.problems.algebra.modular import addition
from unseen.statistics import Interval, mean, paired_difference, ratio_censored, wilson
from unseen.training import (
    History,
    PerpendicularGradient,
    SeedBatch,
    accuracy,
    log_spaced,
    softmax_cross_entropy,
    stablemax_cross_entropy,
    train,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Config:
    """Sizes of the experiment."""

    modulus: int = setting(37, "modulus of the addition")
    width: int = setting(64, "units in each of two hidden layers in the arms of softmax and StableMax")
    fast_width: int = setting(128, "units in each of two hidden layers in the arms that are compared in speed")
    train_fraction: float = setting(0.85, "share of all questions that is training data")
    learning_rate: float = setting(0.003, "step size of AdamW in the arms of softmax and StableMax")
    fast_learning_rate: float = setting(0.01, "step size of AdamW in the arms that are compared in speed")
    weight_decay: float = setting(3.0, "of the arm with weight decay: the fastest of 1, 3 and 10")
    beta2: float = setting(0.99, "decay of AdamW's second moments, the authors' default")
    epsilon: float = setting(1e-25, "AdamW's epsilon: far below gradients that the usual 1e-8 would silence")
    steps: int = setting(5000, "full-batch updates at most in the arms of softmax and StableMax")
    fast_steps: int = setting(1000, "full-batch updates at most in the arms that are compared in speed")
    evaluate_every: int = setting(2, "updates between evaluations in the arms that are compared in speed")
    solved: float = setting(0.95, "held-out accuracy that counts as generalization, and training accuracy as fitting")


@dataclass(frozen=True)
class Arm:
    """What distinguishes a condition."""

    loss: Callable[..., Tensor] = softmax_cross_entropy
    dtype: torch.dtype = torch.float32
    fast: bool = False
    transform: PerpendicularGradient | None = None
    decay: bool = False


ARMS = {
    "softmax-32": Arm(),
    "softmax-64": Arm(dtype=torch.float64),
    "stablemax-32": Arm(stablemax_cross_entropy),
    "stablemax-64": Arm(stablemax_cross_entropy, torch.float64),
    "softmax-fast": Arm(fast=True),
    "weight-decay": Arm(fast=True, decay=True),
    "perpendicular": Arm(fast=True, transform=PerpendicularGradient()),
    "perpendicular-formula": Arm(fast=True, transform=PerpendicularGradient(per="network", rescale=False)),
}


def trial(condition: str, seeds: Sequence[int], config: Config) -> list[Outcome]:
    """Train one arm on all seeds at once; measure accuracy, rounding, and where the gradient points."""
    arm = ARMS[condition]
    problem = addition(config.modulus, train_fraction=config.train_fraction)
    width = config.fast_width if arm.fast else config.width
    lanes = SeedBatch.build(
        lambda seed: MLP((2 * config.modulus, width, width, config.modulus), bias=False), seeds=seeds
    )
    given, held_out = (
        tuple(
            torch.stack(part).to(lanes.device)
            for part in zip(
                *(_tensors(problem.sample(split, seed=seed), config.modulus) for seed in seeds), strict=True
            )
        )
        for split in ("train", "iid")
    )

    def loss(model: Any, batch: tuple[Tensor, ...]) -> Tensor:
        return arm.loss(model(batch[0]), batch[1], dtype=arm.dtype)

    def evaluate(model: Any, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        inputs, targets, test_inputs, test_targets = batch
        logits = model(inputs)
        weights = dict(model.named_parameters())
        gradients = grad(
            lambda changed: arm.loss(functional_call(model, changed, (inputs,)), targets, dtype=arm.dtype)
        )(weights)
        return {
            "train": accuracy(logits, targets),
            "test": accuracy(model(test_inputs), test_targets),
            "collapse": softmax_collapse(logits, dtype=arm.dtype),
            "logits": logit_scale(logits),
            "alignment": scaling_alignment(weights, gradients),
        }

    steps = config.fast_steps if arm.fast else config.steps
    history = train(
        lanes,
        loss=loss,
        optimizer=lambda parameters: torch.optim.AdamW(
            parameters,
            lr=config.fast_learning_rate if arm.fast else config.learning_rate,
            betas=(0.9, config.beta2),
            eps=config.epsilon,
            weight_decay=config.weight_decay if arm.decay else 0.0,
        ),
        steps=steps,
        data=given,
        evaluate=evaluate,
        evaluation=(*given, *held_out),
        evaluate_at=range(0, steps + 1, config.evaluate_every) if arm.fast else log_spaced(steps),
        stop=lambda metrics: (metrics["test"] >= config.solved) & (metrics["train"] >= config.solved),
        transform=arm.transform,
    )
    return [_outcome(history, lane, config) for lane in range(len(seeds))]


def _tensors(examples: Examples, modulus: int) -> tuple[Tensor, Tensor]:
    """Both operands one-hot, side by side, shape (n, 2 modulus), and the answers."""
    assert examples.targets is not None
    one_hot = np.eye(modulus, dtype=np.float32)
    sides = [one_hot[examples.inputs[side]] for side in ("left", "right")]
    return torch.from_numpy(np.concatenate(sides, axis=1)), torch.from_numpy(examples.targets.copy())


def _outcome(history: History, lane: int, config: Config) -> Outcome:
    if history.diverged[lane] >= 0:
        return Outcome({}, failure=f"diverged at step {history.diverged[lane]}")
    metrics = {name: float(values[-1]) for name, values in history.metrics[lane].items()}
    metrics["fitted_at"] = float(history.steps_to("train", config.solved)[lane])
    metrics["solved_at"] = float(history.steps_to("test", config.solved)[lane])
    metrics["delay"] = float(history.grok_delay(train="train", test="test", level=config.solved)[lane])
    metrics["alignment_after_fitting"] = _alignment_after_fitting(history, lane)
    return Outcome(metrics, {"learning": history.curve(lane)})


def _alignment_after_fitting(history: History, lane: int) -> float:
    """Median over the evaluated steps at which all training data is right; ``nan`` if there is none."""
    alignment = history.values(lane, "alignment")
    chosen = alignment[(history.values(lane, "train") >= 1) & np.isfinite(alignment)]
    return float(np.median(chosen)) if len(chosen) else float("nan")


# -- claims -------------------------------------------------------------------------------------------------------


def _share_solved_instead(trials: Trials) -> Interval:
    """Share of seeds that StableMax solves and softmax does not."""
    solved, unsolved = (trials.values(arm, "solved_at") for arm in ("stablemax-32", "softmax-32"))
    return wilson(int((np.isfinite(solved) & np.isinf(unsolved)).sum()), len(solved))


def _relative_delay(condition: str) -> Callable[[Trials], Interval]:
    """Delay between fitting and solving as a multiple of that under weight decay."""

    def estimate(trials: Trials) -> Interval:
        delays = [trials.values(arm, "delay") for arm in (condition, "weight-decay")]
        last = max(float(curve["step"][-1]) for curve in trials.curves("softmax-fast", "learning"))
        return ratio_censored(delays[0], delays[1], cap=last)

    return estimate


def _steps_in_either_precision(trials: Trials) -> Interval:
    last = max(float(curve["step"][-1]) for curve in trials.curves("softmax-32", "learning"))
    return ratio_censored(
        trials.values("stablemax-32", "solved_at"), trials.values("stablemax-64", "solved_at"), cap=last
    )


FITS = Gate(
    "softmax in float32 fits all of its training data",
    lambda trials: float(trials.values("softmax-32", "train").min()),
    above(0.99),
)
UNSOLVED = Gate(
    "softmax in float32 solves less than 90 % of held-out questions",
    lambda trials: float(trials.values("softmax-32", "test").max()),
    below(0.9),
)
DELAYED = Gate(
    "without weight decay or projection no seed solves held-out questions in the same number of steps",
    lambda trials: float(np.isfinite(trials.values("softmax-fast", "solved_at")).sum()),
    below(1),
)

CLAIMS = (
    Claim(
        "Without regularization and in float32, the network with StableMax solves 95 % of held-out questions and the "
        "one with softmax does not (share of seeds; the sentence is about most of them).",
        _share_solved_instead,
        above(0.5),
        central=True,
        gates=(FITS,),
    ),
    Claim(
        "Softmax in float32 collapses before it generalizes: at the end at least 90 % of the training examples have a "
        "probability that rounds to exactly one.",
        lambda trials: mean(trials.values("softmax-32", "collapse")),
        above(0.9),
        gates=(FITS, UNSOLVED),
    ),
    Claim(
        "After equally many steps, fewer training examples have collapsed with the softmax in float64.",
        lambda trials: paired_difference(
            trials.values("softmax-32", "collapse"), trials.values("softmax-64", "collapse")
        ),
        above(0.0),
        gates=(FITS,),
    ),
    Claim(
        "After equally many steps, the softmax in float64 solves more held-out questions than in float32.",
        lambda trials: paired_difference(trials.values("softmax-64", "test"), trials.values("softmax-32", "test")),
        above(0.0),
        gates=(FITS,),
    ),
    Claim(
        "StableMax needs no double precision: in float32 it takes as many steps to solve held-out questions as in "
        "float64, within a fifth (ratio of medians).",
        _steps_in_either_precision,
        between(0.8, 1.25),
    ),
    Claim(
        "Once the training data is fitted, descent mostly scales the weights: the cosine between the two is above 0.5.",
        lambda trials: mean(trials.values("softmax-32", "alignment_after_fitting")),
        above(0.5),
        gates=(FITS,),
    ),
    Claim(
        "With gradients perpendicular to each weight tensor, held-out questions are solved sooner after the training "
        "data is fitted: in less than a third of the steps that the best weight decay needs.",
        _relative_delay("perpendicular"),
        below(1 / 3),
        gates=(DELAYED,),
    ),
    Claim(
        "So it is with gradients perpendicular to all weights as one vector, not rescaled, as in the paper's formula.",
        _relative_delay("perpendicular-formula"),
        below(1 / 3),
        gates=(DELAYED,),
    ),
)


# -- figure -------------------------------------------------------------------------------------------------------


LOOKS = {
    "softmax-32": ("softmax, float32", "#D55E00", "-"),
    "softmax-64": ("softmax, float64", "#D55E00", ":"),
    "stablemax-32": ("StableMax, float32", "#0072B2", "-"),
    "stablemax-64": ("StableMax, float64", "#0072B2", ":"),
    "softmax-fast": ("neither", "0.5", "-"),
    "weight-decay": ("weight decay", "#009E73", "-"),
    "perpendicular": ("perpendicular gradients", "#CC79A7", "-"),
}


def figure(trials: Trials) -> Figure:
    """Held-out accuracy, collapse of the softmax, and speed of generalization, over training."""
    import matplotlib.pyplot as plt

    drawn, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 4.2), layout="constrained")
    losses = ("softmax-32", "softmax-64", "stablemax-32", "stablemax-64")
    _draw(left, trials, losses, "test")
    left.set_title("Softmax stalls,\nStableMax generalizes")
    left.set_ylabel("held-out questions solved")
    left.legend(loc="upper left", fontsize="small")
    _draw(middle, trials, losses[:2], "collapse")
    middle.set_title("Meanwhile float32 rounds\nprobabilities to exactly one")
    middle.set_ylabel("training examples without gradient")
    middle.legend(loc="upper left", fontsize="small")
    _draw(right, trials, ("softmax-fast", "weight-decay", "perpendicular"), "test")
    right.set_title("Perpendicular gradients\nremove the delay")
    right.set_ylabel("held-out questions solved")
    right.set_xlim(left=10)
    right.legend(loc="upper left", bbox_to_anchor=(0.35, 0.6), fontsize="small")
    for axes in (left, middle, right):
        axes.set_xlabel("step")
        axes.set_ylim(-0.03, 1.03)
    drawn.suptitle("Modular addition without regularization")
    return drawn


def _draw(axes: Axes, trials: Trials, conditions: Sequence[str], column: str) -> None:
    for condition in conditions:
        label, colour, line = LOOKS[condition]
        for index, curve in enumerate(trials.curves(condition, "learning")):
            started = curve["step"] > 0
            axes.plot(
                curve["step"][started],
                curve[column][started],
                line,
                color=colour,
                alpha=0.8,
                linewidth=1.2,
                label=label if index == 0 else None,
            )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")


study = Study(
    paper="085",
    claims=CLAIMS,
    conditions={
        "softmax-32": "cross-entropy on softmax, in float32",
        "softmax-64": "cross-entropy on softmax, in float64; the network stays in float32",
        "stablemax-32": "cross-entropy on StableMax, in float32",
        "stablemax-64": "cross-entropy on StableMax, in float64, as in the authors' code",
        "softmax-fast": "softmax in float32 at the larger step size: the baseline of the next three",
        "weight-decay": "the same with weight decay",
        "perpendicular": "the same with gradients perpendicular to each weight tensor, rescaled",
        "perpendicular-formula": "the same with gradients perpendicular to all weights as one, not rescaled",
    },
    scales={
        "smoke": Config(modulus=11, width=16, fast_width=16, steps=20, fast_steps=20),
        "small": Config(),
        "full": Config(modulus=113, width=200, fast_width=200, train_fraction=0.4, steps=80_000),
    },
    trial=trial,
    figure=figure,
    broken={"stablemax-32": "softmax-32"},
    batched=True,
)
