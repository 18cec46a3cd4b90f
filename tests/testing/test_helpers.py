"""The parts that laws are made of: they must notice what they are there to notice."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from unseen.contracts.problem import Examples
from unseen.contracts.solver import Unsolved
from unseen.testing.examples import columns, disturbed_global_randomness, fingerprint, garbled, scribbled
from unseen.testing.solver_answers import alike


@pytest.fixture
def examples():
    return Examples(
        {
            "number": np.arange(4),
            "word": np.array(["a", "b", "c", "d"]),
            "thing": np.array([(1,), None, "x", 2.0], object),
        },
        np.array([0.5, 1.5, 2.5, -0.0]),
        {"flag": np.array([True, False, True, False])},
        "toy",
        "iid",
        3,
    )


def test_fingerprints_differ_with_every_bit(examples):
    inputs = dict(examples.inputs)
    others = [
        replace(examples, targets=np.array([0.5, 1.5, 2.5, 0.0])),
        replace(examples, targets=np.nextafter(examples.targets, 9)),
        replace(examples, targets=None),
        replace(examples, labels={}),
        replace(examples, labels={"flags": examples.labels["flag"]}),
        replace(examples, inputs={**inputs, "number": np.arange(4, dtype=np.int32)}),
        replace(examples, inputs={**inputs, "word": np.array(["a", "b", "c", "e"])}),
        replace(examples, inputs={**inputs, "thing": np.array([(1,), None, "x", 2], object)}),
        replace(examples, seed=4),
        replace(examples, split="train"),
        examples[::-1],
    ]
    prints = {fingerprint(other) for other in [examples, *others]}
    assert len(prints) == len(others) + 1
    copied = replace(examples, inputs={name: column.copy() for name, column in reversed(inputs.items())})
    assert fingerprint(copied) == fingerprint(examples)


def test_garbled_examples_ask_the_same_and_answer_otherwise(examples):
    other = garbled(examples)
    assert other.inputs is examples.inputs
    assert (other.targets != examples.targets).all()
    assert (other.labels["flag"] != examples.labels["flag"]).all()
    assert examples.targets.tolist() == [0.5, 1.5, 2.5, 0.0]


def test_scribbling_changes_what_can_be_written_and_is_undone(examples):
    arrays = [array for _, array in columns(examples)]
    examples.targets.flags.writeable = False
    before = fingerprint(examples)
    with scribbled(arrays) as count:
        assert count == len(arrays) - 1
        assert fingerprint(examples) != before
        assert examples.inputs["number"].tolist() == [3, 5, 7, 9]
    assert fingerprint(examples) == before


def test_global_randomness_is_disturbed_and_put_back():
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    with disturbed_global_randomness():
        assert (random.random(), np.random.random()) != expected  # noqa: NPY002
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ([1, 2], [1, 2], True),
        ([1, 2], [1, 3], False),
        ([1, 2], [1], False),
        ([10**9], [10**9 + 1], False),
        ([1.0, 2.0], [1.0 + 1e-6, 2.0], True),
        ([1.0, 2.0], [1.001, 2.0], False),
        ([1e-9, 2e-9], [1e-9, 3e-9], False),
        ([1e9, 1.0], [1e9, 2.0], True),
        ([float("nan"), 1.0], [float("nan"), 1.0], True),
        ([float("inf"), 1.0], [float("inf"), 1.1], False),
        ([np.ones(2), np.zeros(2)], [np.ones(2), np.zeros(2)], True),
        ([np.ones(2)], [np.ones(3)], False),
        ([np.array([1, 2])], [np.array([1, 3])], False),
        ([Unsolved("refused"), "a"], [Unsolved("refused"), "a"], True),
        ([Unsolved("refused")], [Unsolved("time limit")], False),
        ([None], [0.0], False),
        (["1"], [1], False),
        ([], [], True),
    ],
)
def test_answers_are_the_same_up_to_rounding(first, second, same):
    assert alike(first, second) is same
