"""Orders of systems: permutations, known ones, and shorter paths than random."""

import numpy as np
import pytest

from unseen.solvers.linear.ordering import low_frequencies, sort_by_similarity


def length(points, order):
    flat = points.reshape(len(points), -1)[order]
    return np.linalg.norm(np.diff(flat, axis=0), axis=1).sum()


@pytest.mark.parametrize("method", ["given", "greedy", "pca", "random"])
@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_orders_are_permutations(method, count):
    points = np.random.default_rng(0).standard_normal((count, 3, 4))
    order = sort_by_similarity(points, method, np.random.default_rng(1))
    assert sorted(order.tolist()) == list(range(count))


def test_greedy_is_the_nearest_one_left():
    points = np.random.default_rng(0).standard_normal((25, 2))
    order = sort_by_similarity(points)
    left, slow = set(range(1, 25)), [0]
    while left:
        slow.append(min(left, key=lambda i: np.linalg.norm(points[i] - points[slow[-1]])))
        left.remove(slow[-1])
    assert order.tolist() == slow


def test_sorted_paths_are_shorter_in_few_dimensions():
    points = np.random.default_rng(0).standard_normal((200, 2))
    random = length(points, sort_by_similarity(points, "random", np.random.default_rng(0)))
    assert length(points, sort_by_similarity(points)) < random / 5
    line = np.outer(np.random.default_rng(1).permutation(50), np.ones(7))
    assert np.isclose(length(line, sort_by_similarity(line, "pca")), 49 * np.sqrt(7))


def test_low_frequencies_hold_what_is_smooth():
    x = (np.arange(32) + 0.5) / 32
    fields = np.stack([np.cos(np.pi * k * x) for k in (1, 5)])
    found = low_frequencies(fields, 3)
    assert np.isclose(np.linalg.norm(found[0]), np.linalg.norm(fields[0]))
    assert np.abs(found[1]).max() < 1e-12


def test_misuse_is_named():
    with pytest.raises(ValueError, match="generator"):
        sort_by_similarity(np.ones((3, 2)), "random")
    with pytest.raises(ValueError, match="'best'"):
        sort_by_similarity(np.ones((3, 2)), "best")
    with pytest.raises(ValueError, match="finite"):
        sort_by_similarity(np.full((3, 2), np.nan))
    with pytest.raises(ValueError, match="kept"):
        low_frequencies(np.ones((3, 2)), 0)
