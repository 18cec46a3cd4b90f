from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.training import History, log_spaced


def logistic_history(rates: list[float]) -> History:
    steps = np.arange(0, 201)
    return History(
        seeds=tuple(range(len(rates))),
        steps=[steps for _ in rates],
        metrics=[{"test": 1 - np.exp(-rate * steps), "loss": np.exp(-rate * steps)} for rate in rates],
    )


def test_steps_to_has_the_closed_form_of_an_exponential_approach():
    rates = [0.5, 0.1, 0.02]
    history = logistic_history(rates)
    expected = [np.ceil(np.log(10) / rate) for rate in rates]
    assert history.steps_to("test", 0.9).tolist() == expected
    assert history.steps_to("loss", 0.1, below=True).tolist() == expected


def test_a_level_never_reached_is_censored_and_one_reached_exactly_counts():
    history = History((0, 1), [np.array([0, 5])] * 2, [{"a": np.array([0.0, 0.5])}, {"a": np.array([0.0, np.nan])}])
    assert history.steps_to("a", 0.5).tolist() == [5.0, np.inf]
    assert history.steps_to("a", 0.0).tolist() == [0.0, 0.0]


def test_grok_delay_tells_never_generalized_from_never_fitted():
    steps = np.array([0, 10, 100])
    rows = {"both": ([0, 1, 1], [0, 0, 1]), "fitted": ([0, 1, 1], [0, 0, 0]), "neither": ([0, 0, 0], [0, 0, 0])}
    history = History(
        (0, 1, 2), [steps] * 3, [{"train": np.array(a, float), "test": np.array(b, float)} for a, b in rows.values()]
    )
    delay = history.grok_delay(train="train", test="test", level=0.9)
    assert delay[0] == 90
    assert delay[1] == np.inf
    assert np.isnan(delay[2])


def test_curve_and_final_give_back_what_was_evaluated():
    history = logistic_history([0.1])
    curve = history.curve(0)
    assert list(curve) == ["step", "test", "loss"]
    assert curve["step"][3] == 3
    assert curve["test"][3] == pytest.approx(1 - np.exp(-0.3))
    assert history.final("loss")[0] == pytest.approx(np.exp(-20))


def test_columns_must_fit_the_steps():
    with pytest.raises(ValueError, match=r"lane 0: 'a' has 1 values for 2 steps"):
        History((0,), [np.array([0, 1])], [{"a": np.array([1.0])}])
    with pytest.raises(ValueError, match="differ in length"):
        History((0, 1), [np.array([0])], [{}])


def test_an_unknown_metric_is_named():
    with pytest.raises(ValueError, match=r"no metric 'tset' .* test, loss"):
        logistic_history([0.1]).steps_to("tset", 0.5)


@given(st.integers(0, 10**6), st.integers(1, 50))
def test_log_spacing_covers_the_run_with_bounded_ratio(steps, per_decade):
    chosen = log_spaced(steps, per_decade=per_decade)
    assert chosen[0] == 0
    assert chosen[-1] == steps
    assert all(a < b for a, b in pairwise(chosen))
    ratio = 10 ** (1 / per_decade)
    # Rounding moves either end by at most one half.
    assert all(b - 0.5 <= (a + 0.5) * ratio * (1 + 1e-9) for a, b in pairwise(chosen[1:]))


@pytest.mark.parametrize(("steps", "per_decade"), [(-1, 20), (10, 0)])
def test_log_spacing_refuses_nonsense(steps, per_decade):
    with pytest.raises(ValueError, match="whole number"):
        log_spaced(steps, per_decade=per_decade)
