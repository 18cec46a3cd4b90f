"""An audit as a page for people."""

from __future__ import annotations

from html import escape

from unseen.audit.auditing import Audit, SplitAudit
from unseen.report.evaluation import STYLE

HEADINGS = ("split", "rows", "distinct", "in another split", "other answer", "near-duplicates", "too short")


def audit_page(found: Audit) -> str:
    """One HTML page without scripts or outside resources: findings, a table per split, baselines, and examples."""
    findings = found.findings()
    listed = "".join(f"<li>{escape(finding)}</li>" for finding in findings)
    head = f"<ul>{listed}</ul>" if findings else "<p>Nothing was found.</p>"
    body = "".join(f"<tr>{''.join(map(_cell, split_row(one)))}</tr>" for one in found.splits)
    table = f"<table><tr>{''.join(f'<th>{name}</th>' for name in HEADINGS)}</tr>{body}</table>"
    left = f"<p>{found.left_out:,} rows were left out:</p><ul>" if found.left_out else ""
    if left:
        left += "".join(f"<li>{escape(complaint)}</li>" for complaint in found.complaints) + "</ul>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Unseen: audit</title>'
        f"<style>{STYLE} blockquote {{ white-space: pre-wrap; }}</style></head><body><h1>Audit</h1>\n"
        f"{head}{table}{left}{''.join(_section(one, found) for one in found.splits)}\n</body></html>\n"
    )


def split_row(one: SplitAudit) -> tuple[str, ...]:
    """What the table says of a split, under `HEADINGS`."""
    counts = (one.rows, one.distinct, one.shared_any, one.other_answer, one.near, one.too_short)
    return (one.split, *(f"{count:,}" for count in counts))


def _section(one: SplitAudit, found: Audit) -> str:
    parts = []
    if one.guesses:
        head = f"<tr><th>baseline</th><th>right</th><th>{found.level:.0%} interval</th><th>compared with</th></tr>"
        rows = "".join(
            f"<tr>{_cell(guess.baseline)}{_cell(f'{guess.accuracy.estimate:.3f}')}"
            f"{_cell(f'[{guess.accuracy.low:.3f}, {guess.accuracy.high:.3f}]')}{_cell(f'{guess.chance:.3f}')}</tr>"
            for guess in one.guesses
        )
        parts.append(f"<table>{head}{rows}</table>")
    for mine, other in one.examples:
        parts.append(f"<blockquote>{escape(mine[:500])}\n<hr>{escape(other[:500])}</blockquote>")
    return f"<h2>{escape(one.split)}</h2>{''.join(parts)}" if parts else ""


def _cell(text: str) -> str:
    return f"<td>{escape(text)}</td>"
