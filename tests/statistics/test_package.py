"""The package's front door: everything is there, nothing heavy is loaded before it is asked for."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import unseen.statistics as statistics


def test_importing_the_package_and_the_interval_loads_no_scipy():
    program = (
        "import sys, unseen.statistics, unseen.statistics.interval; before = 'scipy' in sys.modules; "
        "unseen.statistics.mean([1, 2]); print(before, 'scipy' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["False", "True"]


def test_every_public_name_is_found_and_listed():
    for name in statistics.__all__:
        assert getattr(statistics, name).__name__ == name if name != "UNDETERMINED" else statistics.UNDETERMINED
        assert name in dir(statistics)


def test_no_estimator_hides_behind_a_module_of_its_name():
    modules = {module.name for module in pkgutil.iter_modules(statistics.__path__)}
    assert modules.isdisjoint(statistics.__all__)


def test_a_misspelt_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="meen"):
        _ = statistics.meen
