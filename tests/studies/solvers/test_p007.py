from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from unseen.contracts.study import Outcome, Trial, Trials
from unseen.studies.solvers._bridge_arms import Task, drawn, tasks
from unseen.studies.solvers.p007_light_bridge import CLAIMS, study, trial

SMOKE = dataclasses.replace(
    study.scales["smoke"], samples=80, tests=10, mixture_dimensions=(2,), components=(1, 4), fixed_components=5
)
SMALL = study.scales["small"]
NAMES = [task.name for task in tasks(SMALL.epsilons, SMALL.gaussian_dimensions, SMALL.mixture_dimensions)]


def imagined(light, sinkhorn=4.0, independent=80.0, **special):
    """Trials of five seeds with one discrepancy per arm everywhere, but for some tasks of LightSB."""
    items = []
    for seed in range(5):
        for arm in study.conditions:
            value = {"light-bridge": light, "sinkhorn": sinkhorn}.get(arm, independent) * (1 + seed / 100)
            metrics = {prefix + name: value for name in NAMES for prefix in ("", "outlying_")}
            if arm == "light-bridge":
                metrics |= {name.replace("__", "."): found for name, found in special.items()}
            items.append(Trial(arm, seed, Outcome(metrics)))
    return Trials(tuple(items))


def statuses(trials):
    return [finding.verdict.status for finding in study.judge(trials).findings]


def test_names_are_read_as_they_are_written():
    for task in tasks((0.1, 10.0), (2, 16), (8,)):
        assert Task.read(task.name) == task
    assert len(NAMES) == len(set(NAMES)) == 24


def test_arms_share_points_and_seeds_do_not():
    task = Task("gaussian", 2, 1.0)
    first, other = drawn(task, 3, 30, 5), drawn(task, 4, 30, 5)
    assert drawn(task, 3, 30, 5) is first
    assert not np.isin(first.source, other.source).any()
    np.testing.assert_allclose(
        first.outlying - first.source.mean(axis=0), 2 * (first.usual - first.source.mean(axis=0))
    )


@pytest.mark.parametrize("condition", sorted(study.conditions))
def test_every_arm_answers_every_task(condition):
    metrics = trial(condition, 5, SMOKE).metrics
    wanted = {task.name for task in tasks(SMOKE.epsilons, SMOKE.gaussian_dimensions, SMOKE.mixture_dimensions)}
    assert wanted | {f"outlying_{name}" for name in wanted} <= set(metrics)
    assert all(np.isfinite(value) and value >= 0 for value in metrics.values())
    assert ("barycentric_gaussian_d2_eps1" in metrics) == (condition == "sinkhorn")


def test_a_bridge_is_better_than_none():
    arms = {
        arm: trial(arm, 6, SMOKE).metrics["gaussian_d2_eps1"] for arm in ("light-bridge", "gaussian", "independent")
    }
    assert arms["light-bridge"] < arms["independent"] / 3
    assert arms["gaussian"] < arms["independent"] / 3


def test_claims_follow_the_numbers():
    assert statuses(imagined(1.0)) == ["holds"] * 5
    # Beyond 5 % on one Gaussian pair the central claim fails, but not where epsilon is 0.1.
    assert statuses(imagined(1.0, gaussian_d8_eps10=6.0))[0] == "fails"
    assert statuses(imagined(1.0, gaussian_d8_eps0__1=6.0, ring_d2_eps1=5.5))[0] == "holds"
    # The claims on 16 dimensions read those pairs alone, the third none of epsilon 10.
    assert statuses(imagined(1.0, gaussian_d16_eps10=3.5))[1:3] == ["fails", "holds"]
    assert statuses(imagined(1.0, gaussian_d16_eps1=3.5))[1:3] == ["fails", "fails"]
    assert statuses(imagined(1.0, gaussian_d8_eps1=3.5))[1:3] == ["holds", "holds"]
    assert statuses(imagined(1.0, moons_d2_eps0__1=7.0))[3] == "fails"
    assert statuses(imagined(1.0, outlying_gaussian_d2_eps1=4.5))[4] == "fails"
    assert statuses(imagined(1.0, outlying_moons_d2_eps1=4.5))[4] == "holds"


def test_control_in_place_of_the_method_does_not_hold():
    assert study.judge(imagined(1.0).reading(study.broken)).verdict.status == "fails"
    assert sum(claim.central for claim in CLAIMS) == 1
