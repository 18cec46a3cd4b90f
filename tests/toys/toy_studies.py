"""Studies of another package, made to try the engine: they take no time, or as long as is wanted, or go wrong.

A trial that starts leaves a line in the file that the variable TOY_LOG names, so that tests see every start, also of
trials whose process did not live to tell. Trials go wrong as long as the file that TOY_FAULTS names exists.
"""

from __future__ import annotations

import ctypes
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unseen.contracts.problem import random_stream
from unseen.contracts.study import Claim, Outcome, Study, Trials, above, current_run, resource, setting
from unseen.statistics.interval import Interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def note_start(condition: str, *seeds: int) -> None:
    """Append one line per trial, in one write, which the system does not interleave with others."""
    if log := os.environ.get("TOY_LOG"):
        with Path(log).open("a") as file:
            file.write("".join(f"{condition} {seed} {os.getpid()}\n" for seed in seeds))


def draw(trials: Trials) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 2))
    axes = figure.add_subplot()
    for condition in trials.conditions:
        axes.plot(trials.seeds, trials.values(condition, "value"))
    return figure


def mean_value(trials: Trials) -> Interval:
    values = np.concatenate([trials.values(condition, "value") for condition in trials.conditions])
    mean = float(values.mean())
    return Interval(mean, mean - 0.1, mean + 0.1, values=tuple(values.tolist()))


@dataclass(frozen=True)
class Config:
    width: int = setting(3, "part of the identity")
    longest: float = resource(0.1, "seconds that a trial takes at most")


def toy(trial: Callable[..., Any], conditions: Mapping[str, str], **changes: Any) -> Study:
    first = next(iter(conditions))
    given: dict[str, Any] = {
        "paper": "000",
        "claims": (
            Claim("Values are above zero on average.", mean_value, above(0.0), central=True),
            Claim("Values are above one on average.", mean_value, above(1.0)),
        ),
        "conditions": conditions,
        "scales": {"smoke": Config(longest=0.0), "small": Config()},
        "trial": trial,
        "figure": draw,
        "broken": {first: first},
        "seeds": tuple(range(8)),
        **changes,
    }
    return Study(**given)


def result(condition: str, seed: int) -> Outcome:
    """What a trial comes to: decided by condition and seed alone."""
    stream = random_stream("toy", condition, seed)
    curve = stream.random(3).tolist()
    return Outcome({"value": 0.2 + float(stream.random())}, {"loss": {"step": [0.0, 1.0, 2.0], "value": curve}})


def duration(condition: str, seed: int, config: Config) -> float:
    return config.longest * float(random_stream("duration", condition, seed).random())


def steady_trial(condition: str, seed: int, config: Config) -> Outcome:
    note_start(condition, seed)
    time.sleep(duration(condition, seed, config))
    return result(condition, seed)


def batched_trial(condition: str, seeds: tuple[int, ...], config: Config) -> list[Outcome]:
    note_start(condition, *seeds)
    time.sleep(duration(condition, min(seeds), config))
    return [result(condition, seed) for seed in seeds]


def slow_trial(condition: str, seed: int, config: Config) -> Outcome:
    note_start(condition, seed)
    for step in range(int(config.longest * 50)):
        current_run().report(step / (config.longest * 50))
        time.sleep(0.02)
    return result(condition, seed)


def deaf_trial(condition: str, seed: int, config: Config) -> Outcome:
    """Tell nobody anything for a long time, so that a closed channel is not noticed."""
    note_start(condition, seed)
    time.sleep(config.longest)
    return result(condition, seed)


def many_trial(condition: str, seed: int, config: Config) -> Outcome:
    return Outcome({"value": float(seed)})


def fault(kind: str) -> Any:
    """Go wrong in the way that the condition names."""
    if kind == "raises":
        raise ArithmeticError("the loss [/red] is [nan]")
    if kind == "exits":
        sys.exit("leaving")
    if kind == "exits-hard":
        os._exit(7)
    if kind == "killed":
        print("last words", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "crashes":
        ctypes.string_at(0)
    if kind == "forks":
        # The child holds the channel to the engine open when its parent is gone.
        if os.fork() == 0:
            time.sleep(15)
            os._exit(0)
        os._exit(8)
    if kind == "memory":
        bytearray(2**60)
    if kind == "says-so":
        return Outcome({"value": 1.0}, failure="diverged at step 312")
    if kind == "nothing":
        return None
    if kind == "text":
        return Outcome({"value": "very good"})  # type: ignore[dict-item]
    if kind == "ragged":
        return Outcome({"value": 1.0}, {"loss": {"step": [0.0, 1.0], "value": [0.5]}})
    raise AssertionError(kind)


def faulty_trial(condition: str, seed: int, config: Config) -> Any:
    note_start(condition, seed)
    if condition != "fine" and seed == 1 and Path(os.environ["TOY_FAULTS"]).exists():
        return fault(condition)
    return result(condition, seed)


def faulty_batched_trial(condition: str, seeds: tuple[int, ...], config: Config) -> Any:
    note_start(condition, *seeds)
    outcomes = [result(condition, seed) for seed in seeds]
    if condition == "fine" or not Path(os.environ["TOY_FAULTS"]).exists():
        return outcomes
    if condition == "one-says-so":
        return [Outcome({}, failure="diverged") if seed == 1 else result(condition, seed) for seed in seeds]
    return {"too-few": outcomes[:-1], "too-many": [*outcomes, outcomes[0]], "one": outcomes[0]}[condition]


def nonfinite_trial(condition: str, seed: int, config: Config) -> Outcome:
    values = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf, "minus-zero": -0.0, "value": 0.1 + 0.2}
    return Outcome(values, {"loss": {"step": [0.0, math.inf], "value": [math.nan, -math.inf]}})


def memory_trial(condition: str, seed: int, config: Config) -> Outcome:
    taken = np.ones(300 * 2**20 if condition == "large" else 2**10, dtype=np.uint8)
    return Outcome({"value": float(taken[-1])})


def threads_trial(condition: str, seed: int, config: Config) -> Outcome:
    import torch

    variables = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return Outcome({"value": float(torch.get_num_threads()), **{v: float(os.environ[v]) for v in variables}})


FAULTS = (
    *("raises", "exits", "exits-hard", "killed", "crashes", "forks"),
    *("memory", "says-so", "nothing", "text", "ragged"),
)

steady = toy(steady_trial, {"a": "one arm", "b": "the other"})
batched = toy(batched_trial, {f"arm-{number}": "an arm" for number in range(40)}, batched=True, seeds=(0, 1, 2))
faulty = toy(faulty_trial, dict.fromkeys(("fine", *FAULTS), "a way to go wrong"), seeds=(0, 1))
faulty_batched = toy(
    faulty_batched_trial,
    dict.fromkeys(("fine", "one-says-so", "too-few", "too-many", "one"), "a way to go wrong"),
    batched=True,
    seeds=(0, 1, 2),
)
many = toy(many_trial, {"only": "the only arm"}, seeds=tuple(range(1000)))
memory = toy(memory_trial, {"large": "300 MB", "small": "nothing to speak of"}, seeds=(0,))
nonfinite = toy(nonfinite_trial, {"only": "the only arm"}, seeds=(0,))
slow = toy(
    slow_trial,
    {"a": "one arm"},
    seeds=(0, 1, 2, 3),
    scales={"smoke": Config(longest=0.5), "small": Config(longest=60.0)},
)
deaf = toy(deaf_trial, {"a": "one arm"}, seeds=(0,), scales={"smoke": Config(longest=30.0), "small": Config()})
threads = toy(threads_trial, {"only": "the only arm"}, seeds=(0,))
