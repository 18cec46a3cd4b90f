from __future__ import annotations

import math

import numpy as np
import pytest

from unseen.solvers.black_box_search import WORST, fitted_predictor, predictor_evolution, random_search

TARGET = (3, 1, 4, 1, 5, 9, 2, 6)


class Words:
    """Eight digits; the error is one plus the squared distance to a hidden word."""

    def random(self, generator):
        return tuple(generator.integers(10, size=8).tolist())

    def mutate(self, candidate, generator):
        place = generator.integers(8)
        return (*candidate[:place], int(generator.integers(10)), *candidate[place + 1 :])

    def cross(self, first, second, generator):
        return tuple(a if generator.random() < 0.5 else b for a, b in zip(first, second, strict=True))

    def features(self, candidate):
        return np.array(candidate, dtype=np.float64)


def error(word):
    return 1.0 + sum((a - b) ** 2 for a, b in zip(word, TARGET, strict=True))


def searches(seed, **options):
    return {
        "random": random_search(Words(), error, budget=150, generator=np.random.default_rng(seed)),
        **{
            name: predictor_evolution(
                Words(), error, budget=150, generator=np.random.default_rng(seed), guided=guided, **options
            )
            for name, guided in (("evolution", False), ("guided", True))
        },
    }


def test_budget_is_kept_nothing_is_evaluated_twice_and_errors_are_true():
    for name, search in searches(0).items():
        assert len(search.candidates) == len(search.errors) == 150, name
        assert len(set(search.candidates)) == 150, name
        assert search.errors.tolist() == [error(candidate) for candidate in search.candidates]
        assert error(search.best()[0]) == search.errors.min()
        assert [error(word) for word in search.best(5)] == sorted(search.errors)[:5]


def test_guidance_beats_evolution_beats_chance():
    found = {name: [] for name in ("random", "evolution", "guided")}
    for seed in range(5):
        for name, search in searches(seed).items():
            found[name].append(search.errors.min())
    assert np.median(found["guided"]) < np.median(found["evolution"]) < np.median(found["random"])


def test_same_seed_same_search():
    first, second, other = searches(1)["guided"], searches(1)["guided"], searches(2)["guided"]
    assert first.candidates == second.candidates != other.candidates


def test_start_comes_first_and_counts():
    start = [(0,) * 8, (1,) * 8, (0,) * 8]
    for method in (random_search, predictor_evolution):
        found = method(Words(), error, budget=10, generator=np.random.default_rng(0), start=start)
        assert found.candidates[:2] == ((0,) * 8, (1,) * 8)
        assert len(found.candidates) == 10
    assert random_search(Words(), error, budget=1, generator=np.random.default_rng(0), start=start).candidates == (
        (0,) * 8,
    )


def test_without_start_and_random_candidates_evolution_begins_somewhere():
    found = predictor_evolution(Words(), error, budget=20, generator=np.random.default_rng(0), random_share=0.0)
    assert len(found.candidates) == 20


def test_undefined_errors_are_the_worst_and_mislead_nobody():
    def partly(word):
        return math.nan if word[0] > 6 else math.inf if word[1] > 6 else error(word)

    found = predictor_evolution(Words(), partly, budget=150, generator=np.random.default_rng(0))
    assert found.errors.max() == WORST
    assert found.errors.min() < 25


def test_predictor_interpolates_smooth_log_errors():
    generator = np.random.default_rng(0)
    features = generator.uniform(-1, 1, (200, 3)) * [1.0, 100.0, 1e-3]
    scaled = features / [1.0, 100.0, 1e-3]
    errors = np.exp((scaled**2).sum(axis=1))
    predict = fitted_predictor(features[:150], errors[:150])
    assert np.corrcoef(predict(features[150:]), np.log(errors[150:]))[0, 1] > 0.95
    # Nothing to learn from one row, or from equal ones.
    assert fitted_predictor(features[:1], errors[:1])(features[:2]) == pytest.approx(np.log(errors[0]) * np.ones(2))


def test_no_budget_is_refused():
    with pytest.raises(ValueError, match="budget must be at least 1, not 0"):
        random_search(Words(), error, budget=0, generator=np.random.default_rng(0))
