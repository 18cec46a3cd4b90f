"""Programs that mean harm are contained, end as they must, and leave nothing behind."""

from __future__ import annotations

import pytest
from hostile_programs import HOSTILE, Hostile
from watched import LIMITS, SECRET, Outside

MOST_SECONDS = LIMITS.wall_seconds + 1.0
"""Time limit, and what a busy machine may add."""


def test_there_are_enough_of_them():
    assert len({each.name for each in HOSTILE}) == len(HOSTILE) >= 60


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda each: each.name)
def test_contained(outside: Outside, hostile: Hostile):
    result = outside.results[hostile.name]
    assert result.ending in hostile.endings, result
    assert hostile.says is None or result.stdout == hostile.says, result
    assert SECRET not in result.stdout + result.stderr
    assert result.seconds < MOST_SECONDS
    assert len(result.stdout) <= LIMITS.output
    assert len(result.stderr) <= LIMITS.output


def test_the_world_outside_is_unharmed(outside: Outside):
    assert outside.secret.read_text() == SECRET
    assert [path.name for path in outside.secret.parent.iterdir()] == ["secret"]
    assert outside.canary.poll() is None
    assert outside.visitors == 0
    assert outside.left == []
