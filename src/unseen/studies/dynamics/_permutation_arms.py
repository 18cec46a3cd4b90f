"""The arms of the study of exact permutations: each a pure function of seed and config."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, random_stream
from unseen.contracts.study import Outcome, current_run, setting
from unseen.measures.ensemble_growth import EnsembleGrowth, ensemble_growth
from unseen.measures.theory.permutation_ensemble import Regime, members_needed, output_law
from unseen.problems.binary.permutation import BinaryPermutation
from unseen.solvers.neural.infinite_mlp import InfiniteMLP, Posterior
from unseen.solvers.neural.wide_networks import Parametrization, WideNetworks

BLOCK = 16
"""Networks trained together."""

PUBLISHED_SHARE = 0.9
"""Share of words at which the authors stop adding members."""

PUBLISHED_BITS = range(3, 31)
"""k of the authors' runs; with k = 2 there is a single word with two ones, and no bit of it is 0."""


@dataclass(frozen=True)
class Config:
    """Sizes of the experiment."""

    width: int = setting(1024, "hidden units of the trained networks")
    bits: tuple[int, ...] = setting((5, 8), "numbers of bits k of which all nonzero words are asked")
    ensembles: tuple[int, ...] = setting((16, 6), "ensembles trained for each of these k")
    failure: float = setting(0.01, "probability of any wrong bit for which the theory sizes an ensemble")
    released_bits: tuple[int, ...] = setting((5, 10), "numbers of bits of the authors' own experiment")
    released_ensembles: int = setting(10, "ensembles trained for each of these k")
    simulations: int = setting(60, "ensembles drawn from the exact model for each k")
    listed_bits: int = setting(10, "largest k of which the exact model's sign is checked word by word")
    most_bits: int = setting(40_960, "largest k of the exact model: 5 doubled again and again")
    single_networks: int = setting(32, "networks examined one by one")
    centred_width: int = setting(16_384, "hidden units of the networks whose initial function is subtracted")
    trees: int = setting(300, "trees of the random forest")


# -- the exact model of infinite width ----------------------------------------------------------------------------


def exact_model(seed: int, config: Config) -> Outcome:
    metrics = {"failure": config.failure, "violations": float(_violations(seed, config))}
    for k in config.bits:
        size = members_needed(k, failure=config.failure, inputs="all")
        grown = [_simulated(k, "ntk", seed, number, size=size) for number in range(config.simulations)]
        metrics[f"exact_{k}"] = float(np.mean([growth.right[size - 1] == 1 for growth in grown]))
        metrics[f"first_{k}"] = float(np.median([growth.first for growth in grown]))
    metrics["first"] = _geometric_mean([metrics[f"first_{k}"] for k in config.bits])
    for regime in ("ntk", "last-layer"):
        firsts = []
        for k in config.released_bits:
            grown = [_simulated(k, regime, seed, number, two_ones=True) for number in range(config.simulations)]
            firsts.append(float(np.median([growth.first for growth in grown])))
        key = regime.replace("-", "_")
        metrics |= {f"released_{key}_{k}": first for k, first in zip(config.released_bits, firsts, strict=True)}
        metrics[f"released_{key}"] = _geometric_mean(firsts)
    curve = {name: list(column) for name, column in zip(("k", "one", "all"), _members(config), strict=True)}
    return Outcome(metrics, {"members": curve, "released": _released_theory()})


def _violations(seed: int, config: Config) -> int:
    """Count outputs of the infinite ensemble whose sign is not the true bit, over all words and all k."""
    wrong = 0
    for k in range(2, config.listed_bits + 1):
        problem = BinaryPermutation(k, by_ones=False)
        words = problem.sample("composed", seed=seed)
        network = InfiniteMLP(answers="bits").fit(problem.sample("train", seed=seed))
        wrong += int((network.solve(words) != problem.truth(words)).sum())
    for k in _doubled(config.most_bits):
        law = output_law(k, np.arange(2, k + 1))
        wrong += int((law.on <= 0).sum() + (law.off[:-1] >= 0).sum())  # a word of ones has no off-bit
    return wrong


def _simulated(
    k: int, regime: Regime, seed: int, number: int, *, size: int = 1, two_ones: bool = False
) -> EnsembleGrowth:
    """Let one ensemble drawn from the exact law grow until all words are right (of two ones: 90 %)."""
    law, truth = _law(k, regime, seed, two_ones)
    stream = random_stream("112", "exact model", k, regime, seed, number, two_ones)
    share = PUBLISHED_SHARE if two_ones else 1.0
    return ensemble_growth(lambda _: law.sample(64, stream), truth, size=size, limit=_limit(k), share=share)


@lru_cache(maxsize=8)
def _law(k: int, regime: Regime, seed: int, two_ones: bool) -> tuple[Posterior, NDArray[np.int64]]:
    problem = BinaryPermutation(k, by_ones=two_ones)
    words = problem.sample("composed:2" if two_ones else "composed", seed=seed)
    network = InfiniteMLP(regime=regime).fit(problem.sample("train", seed=seed))
    return network.posterior(words), problem.truth(words)


@lru_cache(maxsize=4)
def _members(config: Config) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """K and the theory's sizes of an ensemble for the hardest word and for all words; no seed enters."""
    bits = _doubled(config.most_bits)
    one = tuple(float(members_needed(k, failure=config.failure)) for k in bits)
    everything = tuple(float(members_needed(k, failure=config.failure, inputs="all")) for k in bits)
    return tuple(float(k) for k in bits), one, everything


def _released_theory() -> dict[str, list[float]]:
    """The authors' measure in both regimes: sizes at which a word with two ones fails in one case of ten."""
    sizes = {
        regime: [float(members_needed(k, failure=1 - PUBLISHED_SHARE, ones=2, regime=regime)) for k in PUBLISHED_BITS]
        for regime in ("ntk", "last-layer")
    }
    return {"k": [float(k) for k in PUBLISHED_BITS], "ntk": sizes["ntk"], "last_layer": sizes["last-layer"]}


def _doubled(most: int) -> list[int]:
    return [5 * 2**power for power in range(int(math.log2(most / 5)) + 1)]


def _limit(k: int) -> int:
    """Members after which a growing ensemble is given up: failing on any word is then all but impossible."""
    return 2 * members_needed(k, failure=0.001, inputs="all")


# -- trained networks ---------------------------------------------------------------------------------------------


def trained(condition: str, seed: int, config: Config) -> Outcome:
    """Ensembles of the theory's size, all words asked; shuffled targets get one ensemble per k."""
    metrics = {"exact": 0.0, "ensembles": 0.0}
    curves, shares, firsts = {}, [], []
    counts = config.ensembles if condition == "trained" else (1,) * len(config.bits)
    for k, count in zip(config.bits, counts, strict=True):
        size = members_needed(k, failure=config.failure, inputs="all")
        problem = BinaryPermutation(k, by_ones=False)
        given, words = problem.sample("train", seed=seed), problem.sample("composed", seed=seed)
        if condition == "shuffled":
            given = _shuffled(given, seed)
        grown: list[EnsembleGrowth] = []
        for number in range(count):
            networks = _Blocks(config.width, "ntk", (condition, seed, k, number), given, words)
            limit = _limit(k) if condition == "trained" else size
            grown.append(ensemble_growth(networks, problem.truth(words), size=size, limit=limit))
            if not networks.converged:
                return Outcome({}, failure=f"a network did not fit its training data: {networks.residual:.2g}")
            current_run().report((metrics["ensembles"] + len(grown)) / sum(counts))
        at_size = np.array([growth.right[size - 1] for growth in grown])
        shares.append(float(at_size.mean()))
        firsts.append(float(np.median([growth.first for growth in grown])))
        metrics |= {f"first_{k}": firsts[-1], f"exact_{k}": float((at_size == 1).mean()), f"right_{k}": shares[-1]}
        metrics["exact"] += float((at_size == 1).sum())
        metrics["ensembles"] += count
        curves[f"growth_{k}"] = _thinned(grown, size)
    metrics |= {"right": float(np.mean(shares)), "first": _geometric_mean(firsts)}
    return Outcome(metrics, curves)


def standard(seed: int, config: Config) -> Outcome:
    """The authors' experiment: standard scaling, words with two ones, members added until 90 % are right."""
    firsts = []
    for k in config.released_bits:
        problem = BinaryPermutation(k)
        given, words = problem.sample("train", seed=seed), problem.sample("composed:2", seed=seed)
        found = []
        for number in range(config.released_ensembles):
            networks = _Blocks(config.width, "standard", ("standard", seed, k, number), given, words)
            growth = ensemble_growth(networks, problem.truth(words), size=1, limit=_limit(k), share=PUBLISHED_SHARE)
            if not networks.converged:
                return Outcome({}, failure=f"a network did not fit its training data: {networks.residual:.2g}")
            found.append(growth.first)
        firsts.append(float(np.median(found)))
    metrics = {f"released_{k}": first for k, first in zip(config.released_bits, firsts, strict=True)}
    return Outcome({**metrics, "released": _geometric_mean(firsts)})


def single(condition: str, seed: int, config: Config) -> Outcome:
    """One network at a time, as it is or with its own initial function subtracted."""
    centred = condition == "centred-network"
    metrics: dict[str, float] = {}
    shares = []
    for k in config.bits:
        problem = BinaryPermutation(k, by_ones=False)
        given, words = problem.sample("train", seed=seed), problem.sample("composed", seed=seed)
        right = []
        for number in range(config.single_networks):
            network = WideNetworks(
                config.centred_width if centred else config.width,
                seed=(condition, seed, k, number),
                centred=centred,
                device=current_run().device,
            ).fit(given)
            if not network.residual <= network.tolerance:
                return Outcome({}, failure=f"a network did not fit its training data: {network.residual:.2g}")
            right.append(float(problem.score(words, network.outputs(words)[0] > 0).mean()))
        metrics |= {f"right_{k}": float(np.mean(right)), f"exact_{k}": float(np.mean(np.array(right) == 1))}
        shares.append(metrics[f"right_{k}"])
    return Outcome({**metrics, "right": float(np.mean(shares))})


class _Blocks:
    """Trains one block of networks after another and answers the words with each."""

    def __init__(
        self, width: int, parametrization: Parametrization, seed: tuple[Any, ...], given: Examples, words: Examples
    ) -> None:
        self.width, self.parametrization, self.seed = width, parametrization, seed
        self.given, self.words, self.device = given, words, current_run().device
        self.residual, self.converged = 0.0, True

    def __call__(self, index: int) -> NDArray[np.float32]:
        """Outputs of block `index`, shape (members, words, k)."""
        networks = WideNetworks(
            self.width,
            BLOCK,
            seed=(*self.seed, index),
            parametrization=self.parametrization,
            device=self.device,
        ).fit(self.given)
        self.residual = max(self.residual, networks.residual)
        self.converged = self.converged and networks.residual <= networks.tolerance
        return networks.outputs(self.words)


def _shuffled(given: Examples, seed: int) -> Examples:
    """The training questions with one another's targets, not all in their places."""
    stream = random_stream("112", "shuffled", seed, len(given))
    order = np.arange(len(given))
    while (order == np.arange(len(given))).all():
        order = stream.permutation(len(given))
    return replace(given, targets=np.asarray(given.targets)[order])


def _thinned(grown: list[EnsembleGrowth], size: int) -> dict[str, list[float]]:
    """Share of words right, averaged over ensembles, at some thirty sizes up to the theory's."""
    members = np.unique(np.geomspace(1, size, 30).round().astype(int))
    right = np.mean([growth.right[members - 1] for growth in grown], axis=0)
    return {"members": members.astype(float).tolist(), "right": [round(float(share), 5) for share in right]}


def _geometric_mean(values: list[float]) -> float:
    return float(np.exp(np.mean(np.log(values))))


# -- what a user would otherwise pick -----------------------------------------------------------------------------


def baseline(condition: str, seed: int, config: Config) -> Outcome:
    metrics: dict[str, float] = {}
    shares = []
    for k in config.bits:
        problem = BinaryPermutation(k, by_ones=False)
        given, words = problem.sample("train", seed=seed), problem.sample("composed", seed=seed)
        right = problem.score(words, _answers(condition, problem, given, words, seed, config))
        metrics |= {f"right_{k}": float(right.mean()), f"exact_{k}": float(right.all())}
        shares.append(float(right.mean()))
    return Outcome({**metrics, "right": float(np.mean(shares))})


def _answers(
    condition: str, problem: BinaryPermutation, given: Examples, words: Examples, seed: int, config: Config
) -> Any:
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.neighbors import KNeighborsRegressor

    if condition == "linear-map":
        return problem.classical().solve(words.questions_only())
    before, after = given.inputs["bits"], given.targets
    if condition == "nearest-word":
        return KNeighborsRegressor(1).fit(before, after).predict(words.inputs["bits"]) > 0
    if condition == "random-forest":
        forest = RandomForestRegressor(config.trees, random_state=seed)
        return forest.fit(before, after).predict(words.inputs["bits"]) > 0.5
    # Each training word shows something that no other does, so that a bootstrap could only lose it.
    forest = RandomForestRegressor(config.trees, bootstrap=False, max_features=1, random_state=seed)
    return forest.fit(before, after).predict(words.inputs["bits"]) > 0
