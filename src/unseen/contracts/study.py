"""What a study is: the claims of one paper, and the smallest honest experiment that could refute them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from unseen.statistics.interval import Interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Status = Literal["holds", "fails", "inconclusive"]


# -- configuration ------------------------------------------------------------------------------------------------


def setting(default: Any, meaning: str) -> Any:
    """A config field that changes the result: part of a trial's identity."""
    return field(default=default, metadata={"role": "setting", "meaning": meaning})


def resource(default: Any, meaning: str) -> Any:
    """A config field that changes only the running (chunk sizes, say), not the result."""
    return field(default=default, metadata={"role": "resource", "meaning": meaning})


def identity(config: Any) -> dict[str, Any]:
    """The fields of a config that change the result.

    Raises
    ------
    TypeError
        If a field is declared neither by `setting` nor by `resource`.
    """
    chosen = {}
    for declared in dataclasses.fields(config):
        role = declared.metadata.get("role")
        if role not in ("setting", "resource"):
            name = f"{type(config).__name__}.{declared.name}"
            raise TypeError(f"{name} must be declared by setting(...) or resource(...)")
        if role == "setting":
            chosen[declared.name] = getattr(config, declared.name)
    return chosen


# -- the circumstances of a trial ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """Circumstances of the running trial that do not change its result."""

    device: str = "cpu"
    """Where tensors live: ``"cpu"`` or ``"cuda"``."""

    report: Callable[[float], None] = lambda fraction: None
    """Tells the engine which fraction of the trial is done, for the progress display."""


_current_run: ContextVar[Run] = ContextVar("current_run", default=Run())  # noqa: B039 - Run is frozen


def current_run() -> Run:
    """The circumstances of the trial being run; CPU and no progress display outside the engine."""
    return _current_run.get()


@contextmanager
def running(run: Run) -> Iterator[None]:
    """Make `run` the current circumstances within the block."""
    token = _current_run.set(run)
    try:
        yield
    finally:
        _current_run.reset(token)


# -- what a trial leaves ------------------------------------------------------------------------------------------

Curve = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Outcome:
    """What one trial leaves.

    Parameters
    ----------
    metrics : mapping of str to float
        The numbers that claims are computed from; ``nan`` and ``inf`` are allowed and stored.
    curves : mapping of str to mapping of str to sequence of float
        What the figure draws: name -> columns of equal length.
    failure : str
        Empty, or why this trial has no valid result (``"diverged at step 312"``); it is then stored as failed.
    """

    metrics: Mapping[str, float]
    curves: Mapping[str, Curve] = field(default_factory=dict)
    failure: str = ""


@dataclass(frozen=True)
class Trial:
    """One condition with one seed, and what came out."""

    condition: str
    seed: int
    outcome: Outcome


@dataclass(frozen=True)
class Trials:
    """The finished trials of a study at one scale: what claims, gates and figures are computed from."""

    items: tuple[Trial, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        """All seeds, ascending."""
        return tuple(sorted({trial.seed for trial in self.items}))

    @property
    def conditions(self) -> tuple[str, ...]:
        """All conditions, in order of first appearance."""
        return tuple(dict.fromkeys(trial.condition for trial in self.items))

    def of(self, condition: str) -> tuple[Trial, ...]:
        """The trials of one condition in ascending order of seed, so that conditions pair up.

        Raises
        ------
        KeyError
            If there are none.
        """
        chosen = sorted((trial for trial in self.items if trial.condition == condition), key=lambda trial: trial.seed)
        if not chosen:
            raise KeyError(f"no trial of condition {condition!r}; there are {', '.join(self.conditions) or 'none'}")
        return tuple(chosen)

    def values(self, condition: str, metric: str) -> NDArray[np.float64]:
        """A metric of one condition, shape (seeds,), in ascending order of seed."""
        chosen = self.of(condition)
        try:
            return np.array([trial.outcome.metrics[metric] for trial in chosen], dtype=np.float64)
        except KeyError:
            known = ", ".join(chosen[0].outcome.metrics)
            raise KeyError(f"condition {condition!r} has no metric {metric!r}; it has {known}") from None

    def curves(self, condition: str, name: str) -> list[dict[str, NDArray[np.float64]]]:
        """A named curve of one condition: per seed, its columns."""
        return [
            {column: np.asarray(values, dtype=np.float64) for column, values in trial.outcome.curves[name].items()}
            for trial in self.of(condition)
        ]

    def reading(self, substitution: Mapping[str, str]) -> Trials:
        """The same trials with each key's condition read from its value's: what a broken experiment would show."""
        kept = [trial for trial in self.items if trial.condition not in substitution]
        swapped = [
            dataclasses.replace(trial, condition=name)
            for name, source in substitution.items()
            for trial in self.of(source)
        ]
        return Trials(tuple(kept + swapped))

    def table(self) -> pd.DataFrame:
        """One row per trial: condition, seed, then every metric."""
        import pandas as pd

        rows = [{"condition": t.condition, "seed": t.seed, **t.outcome.metrics} for t in self.items]
        return pd.DataFrame(rows)


# -- what is claimed ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Region:
    """The open interval (low, high) in which a claim's sentence is true; an end without bound includes infinity."""

    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"a region needs low < high, not ({self.low}, {self.high})")

    def contains(self, low: float, high: float) -> bool:
        """Whether all values from `low` to `high` lie in the region."""
        return (self.low < low or self.low == -math.inf) and (high < self.high or self.high == math.inf)

    def excludes(self, low: float, high: float) -> bool:
        """Whether no value from `low` to `high` lies in the region."""
        return (high <= self.low and self.low > -math.inf) or (low >= self.high and self.high < math.inf)

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"above {self.low:g}"
        if math.isinf(self.low):
            return f"below {self.high:g}"
        return f"between {self.low:g} and {self.high:g}"


def above(bound: float) -> Region:
    """The claim is true when the estimate lies above `bound`."""
    return Region(low=bound)


def below(bound: float) -> Region:
    """The claim is true when the estimate lies below `bound`."""
    return Region(high=bound)


def between(low: float, high: float) -> Region:
    """The claim is true when the estimate lies between `low` and `high`."""
    return Region(low, high)


@dataclass(frozen=True)
class Gate:
    """What must be so before the trials say anything; unmet, the claim is inconclusive."""

    text: str
    value: Callable[[Trials], float]
    region: Region

    def unmet(self, trials: Trials) -> str:
        """Empty if the gate is met, else what was found."""
        value = self.value(trials)
        if not math.isnan(value) and self.region.contains(value, value):
            return ""
        return f"gate not met: {self.text} ({value:.4g}, needed {self.region})"


@dataclass(frozen=True)
class Claim:
    """A sentence, an estimate with an interval, and the region in which the sentence is true."""

    text: str
    estimate: Callable[[Trials], Interval]
    region: Region
    central: bool = False
    gates: tuple[Gate, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """``holds``, ``fails`` or ``inconclusive``, and why."""

    status: Status
    why: str

    def __str__(self) -> str:
        return self.status


@dataclass(frozen=True)
class Finding:
    """A claim with what the trials say about it."""

    claim: Claim
    interval: Interval
    verdict: Verdict


@dataclass(frozen=True)
class Judgement:
    """The findings of a study; the central claim gives the verdict."""

    verdict: Verdict
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Study:
    """One paper put to the test.

    Parameters
    ----------
    paper : str
        Catalogue id, three digits.
    claims : tuple of Claim
        Exactly one is central and gives the study its verdict.
    conditions : mapping of str to str
        The arms of the experiment, each with one sentence saying what it is.
    scales : mapping of str to config
        Frozen dataclasses made of `setting` and `resource` fields; ``"smoke"`` and ``"small"`` at least.
    trial : callable
        ``trial(condition, seed, config) -> Outcome``, or, when `batched`,
        ``trial(condition, seeds, config) -> list of Outcome`` in the order of the seeds. A pure function of these.
    figure : callable
        Draws what a person would look at.
    broken : mapping of str to str
        A substitution of conditions that breaks the experiment: with each key's arm read from its value's arm
        the central claim must not come out ``holds``.
    batched : bool
        Whether the trial takes several seeds in one call.
    seeds : tuple of int
        The seeds on record.
    revision : int
        Raised whenever a change of code changes results, so that stored trials of before are not reused.
    """

    paper: str
    claims: tuple[Claim, ...]
    conditions: Mapping[str, str]
    scales: Mapping[str, Any]
    trial: Callable[..., Any]
    figure: Callable[[Trials], Figure]
    broken: Mapping[str, str]
    batched: bool = False
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    revision: int = 1

    def __post_init__(self) -> None:
        if sum(claim.central for claim in self.claims) != 1:
            raise ValueError(f"study {self.paper}: exactly one claim must be central")
        if missing := {"smoke", "small"} - set(self.scales):
            raise ValueError(f"study {self.paper}: scale {', '.join(sorted(missing))} is missing")
        if unknown := (set(self.broken) | set(self.broken.values())) - set(self.conditions):
            raise ValueError(f"study {self.paper}: broken names no condition: {', '.join(sorted(unknown))}")

    def judge(self, trials: Trials, seeds: Sequence[int] | None = None) -> Judgement:
        """Compute every claim's verdict from the trials.

        Parameters
        ----------
        trials : Trials
            The finished trials.
        seeds : sequence of int, optional
            The seeds that were asked for, by default those that have a trial, or all of the study's if none has; a
            trial missing among them makes every claim inconclusive.
        """
        have = {(trial.condition, trial.seed) for trial in trials.items}
        expected = seeds or trials.seeds or self.seeds
        wanted = [(condition, seed) for condition in self.conditions for seed in expected]
        missing = [pair for pair in wanted if pair not in have]
        findings = tuple(_judge_claim(claim, trials, missing) for claim in self.claims)
        central = next(finding for finding in findings if finding.claim.central)
        return Judgement(central.verdict, findings)


def compare(interval: Interval, region: Region) -> Verdict:
    """Compare an interval with a region: inside it ``holds``, outside ``fails``, across its border ``inconclusive``."""
    if not interval.determined:
        return Verdict("inconclusive", f"the trials do not determine the estimate {interval.note}".strip())
    if region.contains(interval.low, interval.high):
        return Verdict("holds", f"{interval} lies {region}")
    if region.excludes(interval.low, interval.high):
        return Verdict("fails", f"{interval} does not lie {region}")
    return Verdict("inconclusive", f"{interval} straddles the border of the region {region}")


def _judge_claim(claim: Claim, trials: Trials, missing: Sequence[tuple[str, int]]) -> Finding:
    undetermined = Interval(math.nan, math.nan, math.nan)
    if missing:
        named = ", ".join(f"{condition} seed {seed}" for condition, seed in missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        return Finding(claim, undetermined, Verdict("inconclusive", f"trials missing: {named}{more}"))
    interval = claim.estimate(trials)
    unmet = [found for gate in claim.gates if (found := gate.unmet(trials))]
    verdict = Verdict("inconclusive", "; ".join(unmet)) if unmet else compare(interval, claim.region)
    return Finding(claim, interval, verdict)
