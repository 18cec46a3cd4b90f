"""A study's results as files: figure, table of trials, findings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unseen.contracts.study import Judgement, Study, Trials
from unseen.report.style import figure_style
from unseen.report.summary import findings_json

if TYPE_CHECKING:
    from unseen.registry import StudyName


@dataclass(frozen=True)
class ResultFiles:
    """Where a study's results lie."""

    figure: Path
    table: Path
    findings: Path


def results_folder() -> Path:
    """The default folder of results, in the user's data folder."""
    from platformdirs import user_data_path

    return user_data_path("unseen") / "results"


def evaluations_folder() -> Path:
    """Where ``unseen evaluate`` keeps scores, in the user's data folder."""
    return results_folder() / "evaluations"


def write_results(
    name: StudyName, study: Study, scale: str, trials: Trials, judgement: Judgement, folder: Path | None = None
) -> ResultFiles:
    """Draw the figure and write the table of trials and the findings.

    Parameters
    ----------
    folder : Path, optional
        Where to; a folder of its own under `results_folder` by default.
    """
    target = folder or results_folder() / f"{name.id}-{name.key}-{scale}"
    target.mkdir(parents=True, exist_ok=True)
    files = ResultFiles(target / "figure.png", target / "trials.csv", target / "findings.json")
    draw(study, trials, files.figure)
    trials.table().to_csv(files.table, index=False)
    findings_text = json.dumps(findings_json(judgement), indent=1)
    files.findings.write_text(findings_text + "\n", encoding="utf-8")
    return files


def draw(study: Study, trials: Trials, path: Path) -> None:
    """Draw the study's figure into a file; the ending decides the format (png, svg, pdf)."""
    import matplotlib.pyplot as plt

    with figure_style():
        figure = study.figure(trials)
        figure.savefig(path)
        plt.close(figure)
