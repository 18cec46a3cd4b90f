"""Programs that mean harm are contained, end as they must, and leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hostile_programs import HOSTILE, Hostile
from watched import MARK, SECRET, Outside, somebody_outside

from unseen.solvers.language.sandbox import Limits, run_program

SPARE = 2.0
"""Seconds that a busy machine may add to a limit on time."""


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with somebody_outside(tmp_path_factory.mktemp("home")) as found:
        yield found


def test_there_are_enough_of_them():
    assert len({each.name for each in HOSTILE}) == len(HOSTILE) >= 60


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda each: each.name)
def test_contained(outside: Outside, mode, hostile: Hostile):
    wall = 0.5 if "time limit" in hostile.endings else 10.0
    limits = Limits(wall_seconds=wall, cpu_seconds=2, memory=MARK, output=20_000, processes=8, scratch=4 << 20)
    result = run_program(outside.names(hostile.source), limits=limits, mode=mode)
    assert result.ending in hostile.endings, result
    assert hostile.says is None or result.stdout == hostile.says, result
    assert SECRET not in result.stdout + result.stderr
    assert result.seconds < wall + SPARE
    assert max(len(result.stdout), len(result.stderr)) <= limits.output
    outside.assert_unharmed()


def test_processor_time_is_limited_too(mode):
    spin = "import signal\nsignal.signal(signal.SIGXCPU, lambda *a: None)\nwhile True: pass"
    limits = Limits(wall_seconds=30, cpu_seconds=0.5)
    for source in (spin, "while True: pass"):
        result = run_program(source, limits=limits, mode=mode)
        assert (result.ending, result.why) == ("time limit", "used more than 1 s of processor time")
