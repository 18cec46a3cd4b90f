import math

import numpy as np
import pytest
import torch

from unseen.precision import named_format
from unseen.studies.solvers import _emulated_precision_arms as arms
from unseen.studies.solvers.p155_emulated_precision import FACTOR, study
from unseen.testing.imagined import imagined_trials


@pytest.mark.parametrize("name", arms.CASTS)
def test_values_compared_contain_ties_subnormals_overflow_and_special_values(name):
    form = named_format(name)
    with np.errstate(all="ignore"):
        values = arms._hard_values(name, 6000, np.random.default_rng(0)).astype(np.float64)
    assert np.isnan(values).any()
    assert np.isinf(values).any()
    assert (np.signbit(values) & (values == 0)).any()
    size = np.abs(values[np.isfinite(values)])
    assert (size > 2 * form.largest).any() or name == "bfloat16"
    assert ((size > 0) & (size < form.smallest_normal)).sum() > 100
    normal = size[(size >= form.smallest_normal) & (size <= form.largest)]
    steps = normal / 2.0 ** (np.floor(np.log2(normal)) - form.significand_bits)
    assert (steps % 1 == 0.5).sum() > 200


def test_mismatches_see_signs_of_zero_and_not_payloads():
    values = np.array([1.0, -0.0, 0.0, np.nan, np.inf, 2.0], np.float32)
    other = np.array([1.0, 0.0, 0.0, -np.nan, -np.inf, np.nan], np.float32)
    count, shown = arms._mismatches(values, values, other)
    assert count == 3
    assert len(shown) == 2
    assert arms._mismatches(values, values, values.copy())[0] == 0


def test_controls_are_caught_and_the_emulation_is_not():
    found = {name: arms.compare_bits(name, 3, 3000).metrics for name in arms.ROUNDINGS}
    assert found["emulation"]["mismatches"] == 0
    for name in arms.CASTS:
        assert found["ties-away"][f"mismatches_{name}"] > 50
        assert found["double-rounding"][f"mismatches_{name}"] == 0  # float32 values are single already
    assert found["double-rounding"]["mismatches_half_of_double"] > 50


def test_reach_ends_at_the_first_failure():
    outcome = arms.refine("lu", 1, n=12, formats=("half",), conditions=(1.0, 10.0, 1e9, 2.0))
    assert outcome.metrics["reach_half"] == 10
    assert outcome.metrics["log_ratio_half"] == pytest.approx(math.log10(10 / 2**11))
    assert outcome.curves["half"]["converged"] == [1, 1, 0]
    none = arms.refine("lu", 1, n=12, formats=("half",), conditions=(1e12,))
    assert none.metrics == {"reach_half": 0, "log_ratio_half": -math.inf}


def test_sum_in_bfloat16_stands_still_where_torchs_does():
    found = arms.long_sum("nearest-even", 2, terms=3000, repeats=1).metrics["error"]
    rng = arms.random_stream("155", "terms", 2)
    summands = torch.from_numpy(rng.uniform(size=(3000, 1))).float().to(torch.bfloat16)
    total = torch.zeros((), dtype=torch.bfloat16)
    for summand in summands[:, 0]:
        total = total + summand
    assert found == pytest.approx(abs(total.double() / summands.double().sum() - 1).item(), rel=1e-12)


RESULTS = {
    "emulation": {"mismatches": 0.0},
    "ties-away": {"mismatches": 99.0},
    "double-rounding": {"mismatches_half_of_double": 5.0},
    "refine-lu": {
        "reach_half": 1e3,
        "log_ratio_single": 0.1,
        "log_ratio_half": 0.1,
        "log_ratio_bfloat16": 0.1,
        "log_ratio_e4m3fn": -math.inf,
    },
    "refine-gmres": {"reach_half": 1e4},
    "sum-nearest": {"error": 0.9},
    "sum-stochastic": {"error": 0.01},
    "network": {"accuracy": 0.98, "accuracy_8": 0.979},
}


def statuses(**changes):
    return [finding.verdict.status for finding in study.judge(imagined_trials(study, RESULTS, changes)).findings]


def test_claims_follow_the_numbers():
    assert statuses() == ["holds"] * 5 + ["fails"] + ["holds"] * 3
    assert statuses(emulation__mismatches=1.0)[0] == "fails"
    assert statuses(ties_away__mismatches=0.0)[0] == "inconclusive"
    assert statuses(double_rounding__mismatches_half_of_double=0.0)[1] == "fails"
    assert statuses(refine_lu__log_ratio_half=-FACTOR - 0.1)[3] == "fails"
    assert statuses(refine_gmres__reach_half=1e3)[6] == "fails"
    assert statuses(sum_stochastic__error=0.2)[7] == "fails"
    assert statuses(network__accuracy_8=0.9)[8] == "fails"
    assert statuses(network__accuracy=0.5)[8] == "inconclusive"
