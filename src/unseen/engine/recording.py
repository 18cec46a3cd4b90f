"""Records made from runs, and their verdicts recomputed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from unseen.contracts.study import Judgement, Study, identity
from unseen.engine.environment import source_state
from unseen.engine.plan import Plan
from unseen.engine.runner import RunResult, as_trials
from unseen.engine.store import Store, StoredTrial, TrialKey
from unseen.errors import UnseenError, UsageError
from unseen.records import Record
from unseen.registry import load as load_target
from unseen.registry import study_name

VARYING = ("threads",)
"""Entries of the environment that may differ between the trials of one record."""


class StaleRecord(UnseenError):  # noqa: N818 - it says what is wrong
    """A record that was made with another revision or configuration than the study has now."""


def require_recordable(plans: Iterable[Plan]) -> None:
    """Make sure, before anything runs, that these plans can become records.

    Raises
    ------
    UsageError
        If the package does not run from a git checkout of the project, or its source differs from the commit, or a
        study is another package's or is planned with other seeds than it declares.
    """
    for plan in plans:
        if not plan.name.target.startswith("unseen."):
            raise UsageError(f"study {plan.name.id} is not recorded: it is another package's, and so are its records")
        if set(plan.seeds) != set(plan.study.seeds):
            declared = ", ".join(map(str, plan.study.seeds))
            raise UsageError(f"study {plan.name.id} is recorded with the seeds it declares: {declared}")
    commit, modified = source_state()
    if not commit:
        raise UsageError("--record needs unseen to run from a git checkout of the project: evidence names its commit")
    if modified:
        raise UsageError("--record needs a committed source: commit the changes under src/unseen, then run again")


def forget_other_commits(store: Store, keys: Sequence[TrialKey]) -> None:
    """Forget the trials that other code than the current commit's computed, so that a record has one origin."""
    commit, _ = source_state()
    known = store.get(keys)
    store.forget(
        [key for key, trial in known.items() if trial.status == "done" and not _made_by(trial, commit)],
    )


def make_record(result: RunResult) -> Record:
    """Build the record of a finished run.

    Raises
    ------
    UsageError
        If trials are missing, or come from different environments.
    """
    name = result.plan.name
    if len(result.finished) < len(result.plan.keys):
        missing = len(result.plan.keys) - len(result.finished)
        raise UsageError(f"study {name.id} is not recorded: {missing} of {len(result.plan.keys)} trials have no result")
    environments = {json.dumps(_common(trial), sort_keys=True) for trial in result.finished}
    if len(environments) > 1:
        raise UsageError(
            f"study {name.id} is not recorded: its trials ran in {len(environments)} environments; run it with --fresh"
        )
    return as_record(result.plan, result.finished, result.finished[0].environment)


def as_record(plan: Plan, finished: tuple[StoredTrial, ...], environment: Mapping[str, Any]) -> Record:
    """Put all trials of a plan, done, into the shape of a record."""
    seconds: dict[str, float] = {}
    for trial in finished:
        seconds[trial.key.condition] = seconds.get(trial.key.condition, 0.0) + trial.seconds
    return Record(
        study=plan.name.id,
        key=plan.name.key,
        scale=plan.scale,
        revision=plan.study.revision,
        config=plan.config,
        seeds=plan.seeds,
        date=max(trial.finished for trial in finished if trial.finished).isoformat(timespec="seconds"),
        environment=dict(environment),
        seconds=seconds,
        peak_memory=max(trial.peak_memory for trial in finished),
        trials=as_trials(finished),
    )


def judge_record(record: Record) -> Judgement:
    """Recompute the verdicts of a record by its study's claims.

    Raises
    ------
    StaleRecord
        If the study is gone or has changed since in a way that changes results, or the record lacks trials or metrics.
    """
    where = f"record of study {record.study} at scale {record.scale}"
    again = f"run: unseen run {record.study} --scale {record.scale} --record"
    try:
        study: Study = load_target(study_name(record.study).target)
    except UsageError as error:
        raise StaleRecord(f"{where}: {error}") from error
    if record.scale not in study.scales:
        raise StaleRecord(f"{where}: the study has no such scale")
    if record.revision != study.revision:
        raise StaleRecord(f"{where} has revision {record.revision}, the study {study.revision}; {again}")
    current = json.dumps(identity(study.scales[record.scale]), sort_keys=True)
    if json.dumps(record.config, sort_keys=True) != current:
        raise StaleRecord(f"{where} was made with another configuration; {again}")
    if set(record.seeds) != set(study.seeds):
        raise StaleRecord(f"{where} has seeds {list(record.seeds)}, the study {list(study.seeds)}; {again}")
    have = {(trial.condition, trial.seed) for trial in record.trials.items}
    wanted = {(condition, seed) for condition in study.conditions for seed in study.seeds}
    if have != wanted:
        raise StaleRecord(f"{where} lacks {len(wanted - have)} trials and has {len(have - wanted)} too many; {again}")
    try:
        return study.judge(record.trials, record.seeds)
    except KeyError as error:
        raise StaleRecord(f"{where} lacks what the claims need: {error.args[0]}; {again}") from error


def _made_by(trial: StoredTrial, commit: str) -> bool:
    return trial.environment.get("commit") == commit and not trial.environment.get("modified")


def _common(trial: StoredTrial) -> dict[str, object]:
    return {name: value for name, value in trial.environment.items() if name not in VARYING}
