"""The arms of study 041: networks on data with features of unequal complexity, and classical baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import grad
from torch.nn import functional

from unseen.contracts.problem import Examples, random_stream
from unseen.contracts.study import Outcome, setting
from unseen.measures.feature_reliance import Scores, permuted_block, randomised_accuracy, randomised_auc
from unseen.models.mlp import MLP
from unseen.problems.planted.slabs import SlabMixture
from unseen.training import Minibatches, SeedBatch, log_spaced, train


@dataclass(frozen=True)
class Config:
    """Sizes of the experiment."""

    features: int = setting(50, "features of every data set")
    width: int = setting(100, "units in each of two hidden layers")
    train: int = setting(100_000, "training examples where the data have no noise")
    noisy_train: int = setting(40_000, "training examples of the noisy data set, of its control and of the trees")
    test: int = setting(10_000, "held-out examples")
    batch: int = setting(256, "examples per update")
    momentum: float = setting(0.9, "momentum of SGD")
    steps: int = setting(4_000, "updates where the data have no noise")
    noisy_steps: int = setting(12_000, "updates on the noisy data set and at most on its control")
    members: int = setting(3, "networks of an ensemble")
    adversarial_steps: int = setting(1_500, "updates of adversarial training")
    attack_radius: float = setting(0.3, "Euclidean length of an attack, three times the margin")
    attack_steps: int = setting(5, "gradient steps of an attack, each 2.5 radii divided by their number")
    trees: int = setting(200, "boosted trees of depth 2")
    machine_train: int = setting(5_000, "training examples of the support vector machine")


@dataclass(frozen=True)
class Arm:
    """What distinguishes a condition that trains networks.

    The first feature of every data set is its simplest, the others are as complex as one another.
    """

    first: str
    others: str
    noisy: bool = False
    control: bool = False
    ensemble: bool = False
    adversarial: bool = False

    def problem(self, features: int) -> SlabMixture:
        """The data set."""
        counts = {self.first: 1} if self.first != self.others else {}
        counts[self.others] = features - sum(counts.values())
        noise = 0.1 if self.noisy and self.first == "linear" else 0.0
        return SlabMixture(**{"linear": 0, "slab5": 0, **counts}, linear_noise=noise)  # type: ignore[arg-type]


ARMS = {
    "lms-5": Arm("linear", "slab5"),
    "ms-5": Arm("slab5", "slab5", control=True),
    "ms-5-7": Arm("slab5", "slab7"),
    "noisy-lms-7": Arm("linear", "slab7", noisy=True, ensemble=True),
    "ms-7": Arm("slab7", "slab7", noisy=True, control=True),
    "adversarial": Arm("linear", "slab5", adversarial=True),
}
NOISY = ARMS["noisy-lms-7"]

FITTED = 0.01
"""Training loss at which a control, which only has to show that it can learn, is done."""


def networks(arm: Arm, seeds: Sequence[int], config: Config) -> list[Outcome]:
    """Train the networks of one arm on all seeds at once and see what each relies on."""
    problem = arm.problem(config.features)
    members = config.members if arm.ensemble else 1
    size, steps, rate, decay = config.train, config.steps, 0.1, 5e-5
    if arm.noisy:
        size, steps, rate, decay = config.noisy_train, config.noisy_steps, 0.3, 5e-4
    if arm.adversarial:
        steps = config.adversarial_steps
    given = [problem.sample("train", size, seed) for seed in seeds]
    held_out = [problem.sample("iid", config.test, seed) for seed in seeds]
    places = [place for place in range(len(seeds)) for _ in range(members)]
    lanes = SeedBatch.build(
        lambda seed: MLP((config.features, config.width, config.width, 2)),
        seeds=[_member_seed(seed, member) for seed in seeds for member in range(members)],
    )

    def stacked(columns: Sequence[Any]) -> Tensor:
        return torch.stack([torch.from_numpy(columns[place]) for place in places]).to(lanes.device)

    x, classes = stacked([e.inputs["x"].astype(np.float32) for e in given]), stacked([e.targets for e in given])
    shuffled = [[_shuffled(problem, e, block).astype(np.float32) for e in held_out] for block in BLOCKS.values()]
    history = train(
        lanes,
        loss=_adversarial_loss(config) if arm.adversarial else _loss,
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=rate, momentum=config.momentum, weight_decay=decay),
        steps=steps,
        draw=Minibatches((x, classes), size=config.batch, seeds=lanes.seeds),
        evaluate=_evaluate,
        evaluation=(
            x[:, : config.test],
            classes[:, : config.test],
            *(stacked(version) for version in shuffled),
            stacked([e.targets for e in held_out]),
        ),
        evaluate_at=sorted({*log_spaced(steps, per_decade=8), *range(0, steps + 1, 500)}),
        stop=(lambda metrics: metrics["loss"] < FITTED) if arm.control else None,
    )
    outcomes = []
    for place, seed in enumerate(seeds):
        mine = range(place * members, (place + 1) * members)
        if (diverged := history.diverged[list(mine)].max()) >= 0:
            outcomes.append(Outcome({}, failure=f"diverged at step {diverged}"))
            continue
        networks = [_scores(lanes, lane) for lane in mine]
        found = [_reliance(network, problem, held_out[place], seed) for network in networks]
        metrics = {name: float(np.mean([each[name] for each in found])) for name in found[0]}
        metrics["train"] = float(np.mean([history.metrics[lane]["train"][-1] for lane in mine]))
        metrics["steps"] = float(np.mean([history.steps[lane][-1] for lane in mine]))
        if arm.ensemble:
            together = _reliance(lambda x, n=networks: sum(f(x) for f in n), problem, held_out[place], seed)  # type: ignore[misc]
            metrics["ensemble"] = together["test"]
        outcomes.append(Outcome(metrics, {"learning": history.curve(mine[0])}))
    return outcomes


BLOCKS: dict[str, slice] = {"none": slice(0, 0), "simple": slice(0, 1), "others": slice(1, None)}
"""What is shuffled among held-out examples: nothing, the simplest feature, all others."""


def _member_seed(seed: int, member: int) -> int:
    return int(random_stream("041", "member", seed, member).integers(1 << 31))


def _shuffled(problem: SlabMixture, examples: Examples, block: slice) -> Any:
    return permuted_block(
        examples.inputs["x"], coordinates=block, frame=problem.frame(examples.seed), seed=examples.seed
    )


def _margin(model: Any, x: Tensor) -> Tensor:
    outputs: Tensor = model(x)
    return outputs[..., 1] - outputs[..., 0]


def _loss(model: Any, batch: tuple[Tensor, ...]) -> Tensor:
    """Cross-entropy of two classes, by the difference of their outputs."""
    x, classes = batch
    return functional.softplus((1 - 2 * classes) * _margin(model, x)).mean()


def _adversarial_loss(config: Config) -> Any:
    """The loss at points moved within a Euclidean ball by projected gradient ascent (Madry et al. 2018)."""
    length = 2.5 * config.attack_radius / config.attack_steps

    def loss(model: Any, batch: tuple[Tensor, ...]) -> Tensor:
        x, classes = batch
        moved = torch.zeros_like(x)
        for _ in range(config.attack_steps):
            slope = grad(lambda by: _loss(model, (x + by, classes)))(moved)
            moved = moved + length * slope / (slope.norm(dim=-1, keepdim=True) + 1e-12)
            moved = moved * (config.attack_radius / (moved.norm(dim=-1, keepdim=True) + 1e-12)).clamp(max=1)
        return _loss(model, (x + moved.detach(), classes))

    return loss


def _evaluate(model: Any, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
    x, classes, *versions, held_out = batch
    metrics = {"loss": _loss(model, (x, classes)), "train": _share_right(model, x, classes)}
    for name, version in zip(("test", "accuracy_simple", "accuracy_others"), versions, strict=True):
        metrics[name] = _share_right(model, version, held_out)
    return metrics


def _share_right(model: Any, x: Tensor, classes: Tensor) -> Tensor:
    return ((_margin(model, x) > 0) == (classes > 0)).double().mean()


def _scores(lanes: SeedBatch, lane: int) -> Scores:
    module = lanes.module(lane)

    def scores(x: Any) -> Any:
        with torch.no_grad():
            return _margin(module, torch.from_numpy(x).float().to(lanes.device)).cpu().numpy()

    return scores


def _reliance(
    scores: Scores, problem: SlabMixture, examples: Examples, seed: int, *, frame: bool = True
) -> dict[str, float]:
    """Accuracy and area under the curve on held-out examples: as they are, and with either part shuffled."""
    x = examples.inputs["x"] if frame else problem.features(examples)
    axes = problem.frame(seed) if frame else None
    found = {}
    for name, block in BLOCKS.items():
        suffix = "" if name == "none" else f"_{name}"
        found["test" if name == "none" else f"accuracy{suffix}"] = randomised_accuracy(
            scores, x, examples.targets, coordinates=block, frame=axes, seed=seed
        )
        found[f"auc{suffix}"] = randomised_auc(scores, x, examples.targets, coordinates=block, frame=axes, seed=seed)
    return found


def boosted_trees(seed: int, config: Config) -> Outcome:
    """Boosted trees of depth 2 on the noisy data set; unlike all others they are given the features themselves."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    problem = NOISY.problem(config.features)
    given, held_out = problem.sample("train", config.noisy_train, seed), problem.sample("iid", config.test, seed)
    model = HistGradientBoostingClassifier(
        max_depth=2, max_iter=config.trees, learning_rate=0.1, early_stopping=False, random_state=0
    ).fit(problem.features(given), given.targets)
    return Outcome(_reliance(model.decision_function, problem, held_out, seed, frame=False))


def kernel_machine(seed: int, config: Config) -> Outcome:
    """A support vector machine with a Gaussian kernel on the noisy data set, tuned on further training examples."""
    from sklearn.svm import SVC

    problem = NOISY.problem(config.features)
    given, held_out = problem.sample("train", config.machine_train + 2000, seed), problem.sample("iid", 2000, seed)
    fitted, tuning = given[: config.machine_train], given[config.machine_train :]
    models = [
        SVC(C=cost, gamma=width).fit(fitted.inputs["x"], fitted.targets)
        for cost in (1.0, 10.0)
        for width in (1 / config.features, 10 / config.features)
    ]
    best = max(models, key=lambda model: float(model.score(tuning.inputs["x"], tuning.targets)))
    return Outcome(_reliance(best.decision_function, problem, held_out, seed))
