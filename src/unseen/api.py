"""The Python side of ``unseen run``: studies as objects with a method `StudyHandle.run`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unseen.contracts.study import Finding, Study, Trials, Verdict
from unseen.registry import StudyName, load, study_name, study_page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class StudyResult:
    """What a run of a study gave.

    Parameters
    ----------
    study : Study
        The study.
    trials : Trials
        Its finished trials.
    verdict : Verdict
        ``str(verdict)`` is ``holds``, ``fails`` or ``inconclusive``; ``verdict.why`` says why.
    findings : tuple of Finding
        Claim by claim: interval and verdict.
    errors : tuple of str
        One line per failed trial.
    """

    study: Study
    trials: Trials
    verdict: Verdict
    findings: tuple[Finding, ...]
    errors: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row per trial: condition, seed, metrics."""
        return self.trials.table()

    @property
    def claims(self) -> pd.DataFrame:
        """One row per claim: text, estimate, ends of the interval, region, verdict."""
        import pandas as pd

        from unseen.report.summary import finding_json

        return pd.DataFrame([finding_json(finding) for finding in self.findings])

    def figure(self) -> Figure:
        """Draw what a person would look at."""
        from unseen.report.style import figure_style

        with figure_style():
            return self.study.figure(self.trials)


@dataclass(frozen=True)
class StudyHandle:
    """A study by name; get one by ``unseen.study("080")``."""

    name: StudyName
    study: Study

    @property
    def page(self) -> str:
        """Claim, what was run, ours beside theirs, what differs, what was found."""
        return study_page(self.name)

    def run(
        self,
        scale: str = "small",
        *,
        seeds: Iterable[int] | None = None,
        workers: int = 0,
        device: str = "cpu",
        store: str | None = None,
    ) -> StudyResult:
        """Run what the store lacks and judge the claims.

        Parameters
        ----------
        scale : str
            ``"smoke"``, ``"small"`` or ``"full"``.
        seeds : iterable of int, optional
            Those the study declares by default.
        workers : int
            Worker processes; 0 runs trial after trial in this process.
        device : str
            ``"cpu"`` or ``"cuda"``.
        store : str, optional
            SQLAlchemy URL, or ``"memory:"`` to keep nothing; the user's own store by default.

        Raises
        ------
        UsageError
            If the scale or seeds do not exist.
        StoreError
            If the store cannot be read or written.

        Examples
        --------
        >>> import unseen as un
        >>> result = un.study("080").run("smoke", seeds=[7], store="memory:")
        >>> len(result.table) == len(result.study.conditions)
        True
        """
        from unseen.engine.plan import plan
        from unseen.engine.pool import Pool
        from unseen.engine.runner import run
        from unseen.engine.store import open_store

        planned = plan(self.name, scale=scale, seeds=None if seeds is None else tuple(seeds), device=device)
        with open_store(store) as opened:
            if workers:
                with Pool(workers) as pool:
                    result = run(planned, opened, pool=pool)
            else:
                result = run(planned, opened)
        errors = tuple(f"{t.key.condition}, seed {t.key.seed}: {t.error.strip()}" for t in result.failed)
        return StudyResult(self.study, result.trials, result.judgement.verdict, result.judgement.findings, errors)


def study(name: str) -> StudyHandle:
    """The study of that id (``"080"``) or key (``"corrupted-labels"``).

    Raises
    ------
    UsageError
        If there is none; the nearest names are suggested.
    """
    found = study_name(name)
    return StudyHandle(found, load(found.target))
