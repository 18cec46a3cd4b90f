"""Findings in words and in JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from unseen.contracts.study import Finding, Judgement

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from unseen.registry import StudyName

MARKS: Mapping[str, tuple[str, str]] = {
    "holds": ("✔", "green"),
    "fails": ("✘", "red"),
    "inconclusive": ("?", "yellow"),
}
"""Verdict -> sign and colour; the sign alone tells them apart."""


def findings_json(judgement: Judgement) -> dict[str, Any]:
    """Verdict and claims as plain JSON values; null stands for undetermined numbers and unbounded ends."""
    return {"verdict": judgement.verdict.status, "claims": [finding_json(f) for f in judgement.findings]}


def finding_json(finding: Finding) -> dict[str, Any]:
    """One claim as plain JSON values."""
    interval = finding.interval
    return {
        "text": finding.claim.text,
        "central": finding.claim.central,
        "estimate": _finite(interval.estimate),
        "low": _finite(interval.low),
        "high": _finite(interval.high),
        "level": interval.level,
        "method": interval.method,
        "values": [_finite(value) for value in interval.values],
        "note": interval.note,
        "region": str(finding.claim.region),
        "verdict": finding.verdict.status,
        "why": finding.verdict.why,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def headline(name: StudyName, judgement: Judgement, words: str) -> Text:
    """One line: the study's names, `words` about the trials, and the verdict."""
    from rich.text import Text

    mark, colour = MARKS[judgement.verdict.status]
    verdict = (f"{mark} {judgement.verdict}", f"bold {colour}")
    return Text.assemble((f"{name.id} {name.key}", "bold"), f", {words}: ", verdict)


def findings_table(judgement: Judgement) -> RenderableType:
    """The claims with estimate, interval, region and verdict, the central one first and in bold."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 1, 0), show_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for finding in sorted(judgement.findings, key=lambda found: not found.claim.central):
        mark, colour = MARKS[finding.verdict.status]
        words = Text(finding.claim.text, style="bold" if finding.claim.central else "")
        words.append(f"\n{describe_numbers(finding)}", style="not bold")
        interval = finding.interval
        if 1 < len(interval.values) <= 10:
            words.append(
                f"\nper seed: {'  '.join(format(value, '.3g') for value in interval.values)}", style="dim not bold"
            )
        for remark in (finding.verdict.why if finding.verdict.status == "inconclusive" else "", interval.note):
            if remark:
                words.append(f"\n{remark}", style="italic not bold")
        table.add_row(Text(f"{mark} {finding.verdict.status}", style=f"bold {colour}"), words)
    return table


def describe_numbers(finding: Finding) -> str:
    """Estimate, interval and region in one line."""
    interval = finding.interval
    if not interval.determined:
        return f"not determined; true if {finding.claim.region}"
    bounds = f"{interval.low:.4g} to {interval.high:.4g}"
    return f"{interval.estimate:.4g}, {interval.level:.0%} interval {bounds}; true if {finding.claim.region}"


def verdict_words(statuses: Sequence[str]) -> str:
    """Several verdicts in one line: ``"2 hold, 1 fails"``.

    Examples
    --------
    >>> verdict_words(["holds", "fails", "holds"])
    '2 hold, 1 fails'
    """
    words = []
    for status, plural in (("holds", "hold"), ("fails", "fail"), ("inconclusive", "inconclusive")):
        if count := sum(found == status for found in statuses):
            words.append(f"{count} {status if count == 1 else plural}")
    return ", ".join(words)
