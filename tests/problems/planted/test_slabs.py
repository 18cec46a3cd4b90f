from __future__ import annotations

import numpy as np
import pytest

from unseen.problems.planted.slab_geometry import MASSES, draw_coordinates, read_classes, slab_width, spacing
from unseen.problems.planted.slabs import SlabMixture

PAPER = SlabMixture(linear=1, slab3=2, slab5=3, slab7=4)


def edges(intervals, margin):
    """Edges of the slabs of the authors' generator, from its own offsets on [-1, 1], right of zero."""
    if intervals == 2:
        return [(margin, 1)]
    width = {3: (2 - 4 * margin) / 3, 5: (2 - 8 * margin) / 5, 7: (2 - 12 * margin) / 7}[intervals]
    starts = [step * (width + 2 * margin) - width / 2 for step in range(1, (intervals + 1) // 2)]
    return [(0, width / 2)] + [(start, start + width) for start in starts]


@pytest.mark.parametrize("intervals", MASSES)
@pytest.mark.parametrize("margin", [0.02, 0.1])
def test_slabs_fill_the_range_but_for_gaps_of_twice_the_margin(intervals, margin):
    classes = np.random.default_rng(0).integers(2, size=20_000)
    values = draw_coordinates(np.random.default_rng(1), classes, 1, intervals, margin)[:, 0]
    assert edges(intervals, margin)[-1][1] == pytest.approx(1)
    for place, (low, high) in enumerate(edges(intervals, margin)):
        inside = (values > low - 1e-12) & (values < high + 1e-12)
        assert values[inside].min() < low + 0.02 * (high - low)
        assert values[inside].max() > high - 0.02 * (high - low)
        assert set(classes[inside]) == {1 if intervals == 2 else place % 2}
    covered = sum(
        ((np.abs(values) >= low - 1e-12) & (np.abs(values) <= high + 1e-12)).sum()
        for low, high in edges(intervals, margin)
    )
    assert covered == len(values)


@pytest.mark.parametrize("intervals", MASSES)
def test_a_coordinate_is_read_as_the_class_that_it_was_drawn_for(intervals):
    classes = np.random.default_rng(2).integers(2, size=5000)
    values = draw_coordinates(np.random.default_rng(3), classes, 2, intervals, 0.05)
    assert (read_classes(values, intervals, 0.05) == classes[:, None]).all()
    # A step of one spacing leads to the other class.
    inner = np.abs(values) < 1 - spacing(intervals, 0.05)
    moved = read_classes(values + spacing(intervals, 0.05), intervals, 0.05)
    assert (moved != classes[:, None])[inner].all()


def test_masses_are_those_of_the_paper():
    for classes in MASSES.values():
        assert all(sum(masses) == 1 for masses in classes)
        assert all((left == 0) != (right == 0) for left, right in zip(*classes, strict=True))
    values = draw_coordinates(np.random.default_rng(4), np.zeros(40_000, np.int64), 1, 5, 0.1)
    assert np.mean(np.abs(values) < slab_width(5, 0.1)) == pytest.approx(3 / 4, abs=0.01)
    values = draw_coordinates(np.random.default_rng(4), np.ones(40_000, np.int64), 1, 7, 0.1)
    assert np.mean(np.abs(values) < 0.5) == pytest.approx(7 / 8, abs=0.01)


def test_no_slab_is_correlated_with_the_class_and_the_linear_feature_is():
    examples = PAPER.sample("train", 40_000, 5)
    features = PAPER.features(examples)
    correlation = [np.corrcoef(column, examples.targets)[0, 1] for column in features.T]
    assert correlation[0] > 0.8
    assert np.abs(correlation[1:]).max() < 0.02


def test_features_are_independent_given_the_class():
    features = PAPER.features(examples := PAPER.sample("train", 40_000, 5))
    for label in (0, 1):
        of_class = features[examples.targets == label]
        for statistic in (of_class, np.abs(of_class)):
            correlation = np.corrcoef(statistic.T) - np.eye(PAPER.dimension)
            assert np.abs(correlation).max() < 0.04


def test_the_frame_is_orthonormal_differs_by_seed_and_can_be_left_out():
    frame = PAPER.frame(3)
    assert np.allclose(frame @ frame.T, np.eye(10))
    assert np.abs(frame - PAPER.frame(4)).max() > 0.1
    plain = SlabMixture(linear=1, slab5=4, rotate=False)
    examples = plain.sample("iid", 50, 1)
    assert ((examples.inputs["x"][:, 0] > 0) == examples.targets).all()
    # First and second moments of a uniformly distributed frame of dimension 10.
    entries = np.array([PAPER.frame(seed)[0, 0] for seed in range(400)])
    assert abs(entries.mean()) < 0.06
    assert (entries**2).mean() == pytest.approx(1 / 10, rel=0.3)


@pytest.mark.parametrize("block", ["linear", "slab3", "slab5", "slab7"])
def test_a_randomised_block_tells_nothing_and_the_others_everything(block):
    intervals = {"linear": 2, "slab3": 3, "slab5": 5, "slab7": 7}
    examples = PAPER.sample(f"perturbed:{block}-randomised", 4000, 2)
    features = PAPER.features(examples)
    for name, where in PAPER.blocks.items():
        told = read_classes(features[:, where], intervals[name], PAPER.margin)
        right = np.mean(told == examples.targets[:, None])
        if name == block:
            assert right == pytest.approx(0.5, abs=0.04)
            # The block's features still agree with one another, as after permuting whole rows.
            assert (told == told[:, :1]).all()
        else:
            assert right == 1
    removed = PAPER.features(PAPER.sample(f"perturbed:{block}-removed", 100, 2))
    zero = np.isclose(removed, 0, atol=1e-12).all(axis=0)
    assert zero[PAPER.blocks[block]].all()
    assert zero.sum() == getattr(PAPER, block)


def test_noise_hides_the_linear_feature_inside_the_margin():
    problem = SlabMixture(linear=1, slab5=0, slab7=4, linear_noise=0.1)
    examples = problem.sample("train", 40_000, 6)
    linear = problem.features(examples)[:, 0]
    noisy = examples.labels["noisy"]
    assert noisy.mean() == pytest.approx(0.1, abs=0.006)
    assert (np.abs(linear[noisy]) <= problem.margin + 1e-9).all()
    assert (np.abs(linear[~noisy]) >= problem.margin - 1e-9).all()
    # Noise inside the margin has a random sign: the best that the linear feature allows is 95 %.
    assert np.mean((linear > 0) == examples.targets) == pytest.approx(0.95, abs=0.006)
    assert problem.score(examples[:2000], examples.targets[:2000]).all()
    # Nothing faultless would be left without the slabs.
    assert "perturbed:slab7-randomised" not in problem.splits
    assert "perturbed:linear-randomised" in problem.splits


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"linear": -1}, "linear"),
        ({"slab5": 2.5}, "slab5"),
        ({"linear": 0, "slab5": 0}, "features"),
        ({"margin": 0.25}, "margin"),
        ({"margin": 0.0}, "margin"),
        ({"linear_noise": 1.0}, "linear_noise"),
        ({"slab5": 0, "linear_noise": 0.1}, "slab"),
    ],
)
def test_parameters_out_of_range_are_named(wrong, named):
    with pytest.raises(ValueError, match=named):
        SlabMixture(**wrong)
