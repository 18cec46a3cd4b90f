"""Study 004: cells that are what they say, arms that differ in one thing, claims that can come out either way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from unseen.contracts.study import Trial, Trials
from unseen.solvers.linear.conjugate_gradient import ConjugateGradient
from unseen.studies.solvers import _conjugate_direction_arms as arms
from unseen.studies.solvers.p004_conjugate_directions import FITTED, SPLITS, figure, study
from unseen.testing.imagined import imagined_trials

SMOKE = study.scales["smoke"]


@pytest.fixture(scope="module")
def outcomes():
    return {condition: study.trial(condition, (3,), SMOKE)[0] for condition in study.conditions}


def paper():
    """Metrics as the paper would have them, and little work besides."""
    growth = {
        "cg": (70, 1.0),
        "incomplete-cholesky": (24, 1.0),
        "multigrid": (30, 0.0),
        "sine-transforms": (20, 0.0),
        "dcdm": (8, 0.1),
        "one-direction": (12, 0.1),
        "twenty-directions": (7.6, 0.1),
        "one-level": (9, 0.2),
    }
    found = {}
    for condition, (least, exponent) in growth.items():
        found[condition] = {"loss": 0.01}
        for cell in arms.CELLS:
            found[condition][f"iterations_{cell.name}"] = least * 2.0 ** (exponent * cell.doubled)
            found[condition][f"work_{cell.name}"] = 2 * least * 2.0 ** (exponent * cell.doubled)
    return found | {"untrained": {f"iterations_{arms.SEEN.name}": 500.0}}


def statuses(results=None, **changes):
    def spread(metric, value, seed):
        return value * (1 + 1e-3 * ((seed * 7 + len(metric)) % 5))

    judged = study.judge(imagined_trials(study, results or paper(), changes, spread=spread))
    return [finding.verdict.status for finding in judged.findings]


def test_the_paper_as_it_stands_would_hold():
    assert statuses() == ["holds"] * len(study.claims)


def test_growth_alone_fails_the_central_claim():
    results = paper()
    for cell in FITTED:
        results["dcdm"][f"iterations_{cell.name}"] = 4.0 * 2.0**cell.doubled
    found = statuses(results)
    assert found[0] == "fails"
    assert found[1:5] == ["holds"] * 4


def test_each_split_can_fail_alone():
    for number, cell in ((1, arms.SEEN), (2, arms.OBSTACLES), (3, arms.OBSTACLES_FINE), (4, arms.COEFFICIENT)):
        found = statuses(**{f"dcdm__iterations_{cell.name}": 69.0 * 2.0**cell.doubled})
        assert found[number] == "fails"
        assert found[0] == "holds"


def test_work_is_judged_by_itself():
    found = statuses(**{f"dcdm__work_{cell.name}": 1e5 for cell in (arms.SEEN, FITTED[-1])})
    assert found[8:10] == ["fails", "fails"]
    assert found[:8] == ["holds"] * 8


def test_a_network_that_did_not_learn_says_nothing():
    assert set(statuses(one_direction__loss=0.5)[:12]) == {"inconclusive"}
    assert statuses(one_level__loss=0.5)[12] == "inconclusive"


def test_cells_are_what_they_are_called():
    for cell in arms.CELLS:
        found = arms.systems(cell, 5, SMOKE)
        side = SMOKE.grid * 2**cell.doubled
        assert len(found) == SMOKE.right_sides[cell.doubled]
        assert all(system.interior.shape == (side, side) for system in found)
        blocked = [not system.interior.all() for system in found]
        assert all(blocked) if cell.kind == "obstacles" else not any(blocked)
        spread = [np.ptp(system.matrix.diagonal()) / system.matrix.diagonal().mean() for system in found]
        assert all(value > 0.1 for value in spread) if cell.kind == "coefficient" else max(spread) < 1e-9
    assert arms.systems(arms.SEEN, 5, SMOKE) is arms.systems(arms.SEEN, 5, SMOKE)
    assert len({cell.name for cell in arms.CELLS}) == len(arms.CELLS)


def test_right_sides_on_the_training_grid_are_not_those_of_training():
    fields = arms._training_fields(5, 16, "training", SMOKE)
    drawn = np.stack([system.right_side for system in arms.systems(arms.SEEN, 5, SMOKE)])
    seen = fields.numpy().reshape(16, -1)
    cosines = drawn @ (seen / np.linalg.norm(seen, axis=1, keepdims=True)).T / np.linalg.norm(drawn, axis=1)[:, None]
    assert np.abs(cosines).max() < 0.99


def test_arms_share_one_network_and_solve_the_same_systems(outcomes):
    network = arms.trained_networks((3,), SMOKE.levels, SMOKE)
    assert arms.trained_networks((3,), SMOKE.levels, SMOKE) is network
    assert outcomes["dcdm"].metrics["loss"] == outcomes["one-direction"].metrics["loss"] == network[0][1]
    assert outcomes["one-level"].metrics["loss"] != network[0][1]
    system = arms.systems(arms.OBSTACLES, 3, SMOKE)
    needed = [ConjugateGradient().solve(s.matrix, s.right_side, tolerance=arms.TOLERANCE).iterations for s in system]
    name = arms.OBSTACLES.name
    assert outcomes["cg"].metrics[f"iterations_{name}"] == np.median(np.minimum(needed, SMOKE.limit))
    assert outcomes["sine-transforms"].metrics[f"iterations_{arms.SIZES[1].name}"] == 1


def test_the_exact_inverse_on_the_whole_grid_is_one_of_the_unknowns_with_obstacles_left_out():
    system = arms.systems(arms.OBSTACLES, 3, SMOKE)[0]
    inverse = arms.whole_grid_inverse(system.interior)(system.matrix)
    dense = np.stack([inverse(e) for e in np.eye(system.matrix.shape[0])])
    assert np.allclose(dense, dense.T)
    assert np.linalg.eigvalsh(dense)[0] > 0


def test_three_dimensions_run():
    config = replace(SMOKE, dimension=3, grid=4, ritz=5, samples=16, right_sides=(1, 1, 1, 1))
    outcome = study.trial("dcdm", (3,), config)[0]
    assert np.isfinite(list(outcome.metrics.values())).all()


def test_figure_shows_every_split(outcomes):
    import matplotlib.pyplot as plt

    drawn = figure(Trials(tuple(Trial(condition, 3, outcome) for condition, outcome in outcomes.items())))
    assert len(drawn.axes[2].get_yticklabels()) == len(SPLITS)
    plt.close(drawn)
