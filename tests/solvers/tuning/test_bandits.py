from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import lsq_linear, minimize

from unseen.solvers.tuning.bandits import (
    LowerConfidenceBound,
    TsallisINF,
    UniformChoice,
    drawn_arms,
    tsallis_probabilities,
)
from unseen.solvers.tuning.contextual import BinnedContext, ChebyshevContext, bounded_least_squares
from unseen.solvers.tuning.stream import replay, tune

BANDITS = {
    "uniform": UniformChoice,
    "tsallis": TsallisINF,
    "confidence": LowerConfidenceBound,
}


def noisy_costs(rounds, streams, means, seed=0):
    noise = np.random.default_rng(seed).exponential(size=(rounds, streams, len(means)))
    return np.asarray(means) * (0.5 + 0.5 * noise)


def uniforms(rounds, streams, seed=1):
    return np.random.default_rng(seed).random((rounds, streams))


@given(hnp.arrays(np.float64, (3, 5), elements=st.floats(0, 1e6)), st.floats(1e-3, 2))
def test_tsallis_probabilities_solve_their_equation(losses, rate):
    likely = tsallis_probabilities(losses, np.full(3, rate))
    np.testing.assert_allclose(likely.sum(axis=1), 1)
    # 2 / (eta sqrt(p)) = L - x: the same x for every arm of a row.
    offsets = losses - 2 / (rate * np.sqrt(likely))
    np.testing.assert_allclose(offsets, offsets[:, :1] * np.ones(5), rtol=1e-6, atol=1e-6)


def test_tsallis_probabilities_minimise_the_regularised_loss():
    losses, rate = np.array([3.0, 1.0, 4.0, 1.5]), 0.7

    def objective(logits):
        p = np.exp(logits - logits.max())
        p = p / p.sum()
        return p @ losses - 4 / rate * np.sqrt(p).sum()

    best = minimize(
        objective, np.zeros(4), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 9999}
    )
    expected = np.exp(best.x - best.x.max())
    found = tsallis_probabilities(losses[None], np.array([rate]))[0]
    np.testing.assert_allclose(found, expected / expected.sum(), atol=1e-5)


def test_arms_are_drawn_with_their_probability():
    likely = np.tile([0.2, 0.0, 0.5, 0.3], (20_000, 1))
    drawn = drawn_arms(likely, np.random.default_rng(0).random(20_000))
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 20_000, [0.2, 0, 0.5, 0.3], atol=0.015)


@pytest.mark.parametrize("name", ["tsallis", "confidence"])
def test_regret_per_round_falls_and_uniform_choice_has_the_mean_of_all(name):
    means = [30.0, 20.0, 12.0, 10.0, 18.0]
    costs = noisy_costs(4000, 6, means)
    report = replay(BANDITS[name](5, 6), costs, uniforms=uniforms(4000, 6))
    early, late = report.mean_cost(200).mean() - 10, report.mean_cost(4000).mean() - 10
    assert late < 0.4 * early
    assert late < 1.5
    random = replay(UniformChoice(5, 6), costs, uniforms=uniforms(4000, 6))
    assert random.mean_cost(4000).mean() == pytest.approx(np.mean(means), rel=0.02)


def test_tsallis_turns_round_when_the_best_arm_does():
    costs = np.concatenate([noisy_costs(1500, 4, [10.0, 20.0, 20.0]), noisy_costs(1500, 4, [40.0, 20.0, 2.0])])
    chosen = replay(TsallisINF(3, 4), costs, uniforms=uniforms(3000, 4)).chosen
    assert (chosen[1300:1500] == 0).mean() > 0.7
    assert (chosen[-300:] == 2).mean() > 0.7


@pytest.mark.parametrize("name", list(BANDITS))
def test_streams_share_nothing(name):
    costs, draws = noisy_costs(300, 3, [3.0, 2.0, 1.0]), uniforms(300, 3)
    together = replay(BANDITS[name](3, 3), costs, uniforms=draws).chosen
    for stream in range(3):
        part = slice(stream, stream + 1)
        alone = replay(BANDITS[name](3, 1), costs[:, part], uniforms=draws[:, part]).chosen
        assert (together[:, part] == alone).all()


@pytest.mark.parametrize("name", ["tsallis", "chebyshev"])
def test_not_even_rounding_is_shared_between_streams(name):
    generator = np.random.default_rng(2)
    contexts, draws = generator.random((1500, 5)), uniforms(1500, 5)
    scales = np.array([1.0, 40.0, 3.0, 900.0, 7.0])[:, None]
    costs = noisy_costs(1500, 5, [30.0, 21.0, 12.0, 10.0]) * scales * (1 + contexts[:, :, None])

    def chosen(streams):
        several = costs[:, streams]
        if name == "tsallis":
            return replay(TsallisINF(4, len(streams)), several, uniforms=draws[:, streams]).chosen
        bandit = ChebyshevContext(4, len(streams), coefficients=5, low=0.0, high=1.0)
        return replay(bandit, several, contexts=contexts[:, streams], uniforms=draws[:, streams]).chosen

    together = chosen([0, 1, 2, 3, 4])
    for stream in range(5):
        assert (together[:, [stream]] == chosen([stream])).all()


def test_scaled_choices_do_not_depend_on_the_unit_of_cost():
    costs, draws = noisy_costs(300, 2, [3.0, 2.0, 1.0]), uniforms(300, 2)
    for bandit in (TsallisINF, LowerConfidenceBound):
        once = replay(bandit(3, 2), costs, uniforms=draws).chosen
        assert (once == replay(bandit(3, 2), 1024 * costs, uniforms=draws).chosen).all()
    unscaled = [replay(TsallisINF(3, 2, scaled=False), f * costs, uniforms=draws).chosen for f in (1, 1024)]
    assert (unscaled[0] != unscaled[1]).any()


def test_confidence_bounds_play_every_arm_first():
    chosen = replay(LowerConfidenceBound(4, 1), noisy_costs(4, 1, [1.0] * 4), uniforms=uniforms(4, 1)).chosen
    assert sorted(chosen[:, 0].tolist()) == [0, 1, 2, 3]


def test_bins_are_bandits_of_their_own():
    costs, draws = noisy_costs(400, 2, [2.0, 1.0, 3.0]), uniforms(400, 2)
    contexts = np.random.default_rng(5).random((400, 2))
    binned = BinnedContext(lambda streams: TsallisINF(3, streams), 2, bins=2, low=0.0, high=1.0)
    chosen = replay(binned, costs, contexts=contexts, uniforms=draws).chosen
    for stream in range(2):
        for inside in (contexts[:, stream] < 0.5, contexts[:, stream] >= 0.5):
            rows = np.flatnonzero(inside)
            alone = replay(
                TsallisINF(3), costs[rows, stream : stream + 1], uniforms=draws[rows, stream : stream + 1]
            ).chosen
            assert (alone[:, 0] == chosen[rows, stream]).all()


def test_the_best_arm_of_each_context_is_found_where_costs_are_polynomials_of_it():
    generator = np.random.default_rng(3)
    contexts = generator.uniform(-1, 1, (3000, 2))
    curves = np.stack([10 + 4 * contexts, 10 - 4 * contexts, 9 + 3 * contexts**2], axis=-1)
    bandit = ChebyshevContext(3, 2, coefficients=3, low=-1.0, high=1.0)
    report = replay(bandit, curves, contexts=contexts, uniforms=uniforms(3000, 2))
    best = curves.min(axis=-1).mean()
    assert report.costs[1500:].mean() - best < 0.1 * (curves.mean() - best)
    for context in (-0.9, 0.0, 0.5):
        exact = [10 + 4 * context, 10 - 4 * context, 9 + 3 * context**2]
        np.testing.assert_allclose(bandit.predictions([context, context]), [exact, exact], atol=1e-2)


def test_bounded_least_squares_is_scipys():
    generator = np.random.default_rng(0)
    for _ in range(20):
        rows, target, limits = (
            generator.normal(size=(12, 4)),
            generator.normal(size=12),
            generator.uniform(0.01, 0.5, 4),
        )
        gram, moments = (rows.T @ rows)[None], (rows.T @ target)[None]
        found = bounded_least_squares(gram, moments, limits[None], np.zeros((1, 4)), sweeps=5000, tolerance=1e-12)[0]
        expected = lsq_linear(rows, target, bounds=(-limits, limits), tol=1e-13).x
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_tuning_while_solving_is_replaying_what_it_would_cost():
    table = noisy_costs(50, 1, [3.0, 2.0])
    live = tune(TsallisINF(2), ["a", "b"], range(50), lambda t, s: ((t, s), table[t, 0, "ab".index(s)]), seed=4)
    assert [setting for _, setting in live.solutions] == ["ab"[arm] for arm in live.chosen]
    from unseen.contracts.problem import random_stream

    draws = random_stream("tune", 4).random(50)[:, None]
    again = replay(TsallisINF(2), table, uniforms=draws)
    assert (again.chosen[:, 0] == live.chosen).all()
    np.testing.assert_array_equal(again.costs[:, 0], live.costs)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TsallisINF(0), "arms"),
        (lambda: TsallisINF(2, 0), "streams"),
        (lambda: TsallisINF(2, lowest=np.inf), "lowest"),
        (lambda: LowerConfidenceBound(2, width=-1), "width"),
        (lambda: TsallisINF(2, lowest=1).learn([0], [0.5]), "at least 1"),
        (lambda: UniformChoice(2).learn([0], [np.nan]), "finite"),
        (lambda: ChebyshevContext(2, low=1, high=0), "low < high"),
        (lambda: ChebyshevContext(2, coefficients=0, low=0, high=1), "coefficients"),
        (lambda: ChebyshevContext(2, low=0, high=1).learn([0], [np.inf], [0.5]), "finite"),
        (lambda: BinnedContext(lambda streams: TsallisINF(2, streams), 1, bins=0, low=0, high=1), "bins"),
        (lambda: BinnedContext(lambda streams: TsallisINF(2, streams), 1, bins=2, low=0, high=0), "low < high"),
        (lambda: tune(TsallisINF(2), [1], [], lambda i, s: (0, 0)), "settings"),
        (lambda: replay(TsallisINF(2), np.ones((3, 1, 3)), uniforms=np.ones((3, 1))), "do not fit"),
        (lambda: replay(TsallisINF(2), np.ones((3, 1, 2)), uniforms=np.ones((3, 1)), contexts=np.ones(3)), "contexts"),
    ],
)
def test_misuse_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
