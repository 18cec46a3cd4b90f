"""Every way to confine programs that this machine has; and the modules beside this file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from unseen.solvers.language.sandbox import confinement

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(params=["bubblewrap", "namespaces"])
def mode(request: pytest.FixtureRequest) -> str:
    found = confinement(request.param)
    if found.mode is None:
        pytest.skip(found.missing)
    return found.mode
