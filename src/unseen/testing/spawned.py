"""The same draws in a fresh process whose hashes of strings are randomized otherwise."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

from unseen.contracts.problem import Problem
from unseen.testing.examples import fingerprint
from unseen.testing.laws import LawBroken

SECONDS = 300
"""A fresh process that has not answered by then hangs."""


class Draw(NamedTuple):
    """Arguments of `Problem.sample`."""

    split: str
    n: int
    seed: int


def fingerprints(problem: Problem, draws: Sequence[Draw]) -> list[str]:
    """The `fingerprint` of each draw."""
    return [fingerprint(problem.sample(*draw)) for draw in draws]


def fingerprints_elsewhere(problem: Problem, draws: Sequence[Draw], *, hash_seed: int) -> list[str]:
    """The same, computed by a fresh Python process with another PYTHONHASHSEED.

    Raises
    ------
    LawBroken
        If the problem cannot be sent to another process, or fails there.
    """
    try:
        request = pickle.dumps((problem, list(draws)))
    except Exception as error:
        raise LawBroken(f"the problem cannot be sent to another process: {error}") from error
    places = [path for path in [os.getcwd(), *sys.path] if path]
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": os.pathsep.join(places)}
    command = [sys.executable, "-c", "from unseen.testing.spawned import answer; answer()"]
    done = subprocess.run(command, input=request, capture_output=True, env=environment, timeout=SECONDS, check=False)
    if done.returncode:
        raise LawBroken(f"it cannot be drawn from in another process: {done.stderr.decode(errors='replace')[-500:]}")
    answers: list[str] = json.loads(done.stdout)
    return answers


def answer() -> None:
    """Read a problem and draws from standard input, print the fingerprints: what the fresh process runs."""
    problem, draws = pickle.load(sys.stdin.buffer)
    print(json.dumps(fingerprints(problem, draws)))
