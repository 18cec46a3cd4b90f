"""Curves of scores against complexity, drawn as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

WIDTH, HEIGHT = 340, 170
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 26, 34

STYLE = """
.curves { display: flex; flex-wrap: wrap; gap: 1rem; }
.curves text { font: 11px system-ui, sans-serif; fill: #333; }
.curves .line { fill: none; stroke: #3b6ea5; stroke-width: 2; }
.curves .range { fill: #3b6ea5; opacity: .2; }
.curves .classical { fill: none; stroke: #c0392b; stroke-dasharray: 4 3; }
.curves .axis { stroke: #999; }
"""


def curve_figure(curve: Mapping[str, Any], scored_by: str) -> str:
    """One curve as SVG: the solver's scores with their intervals, and the classical solver's as a broken line.

    Parameters
    ----------
    curve : mapping
        As `unseen.evaluation.complexity.Curve.as_json` gives it.
    scored_by : {"accuracy", "error"}
        Accuracies are drawn from 0 to 1, errors from 0 to the largest that is drawn.
    """
    points = [point for point in curve["points"] if point["estimate"] is not None]
    if not points:
        return ""
    values = [
        value
        for point in points
        for value in (point["estimate"], point["upper"], point["classical"])
        if value is not None
    ]
    top = 1.0 if scored_by == "accuracy" else max([*values, 1e-12])
    step = (WIDTH - LEFT - RIGHT) / max(1, len(points) - 1)
    across = [LEFT + index * step for index in range(len(points))]

    def up(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(max(value / top, 0.0), 1.0)

    def path(name: str) -> str:
        kept = [(x, point[name]) for x, point in zip(across, points, strict=True) if point[name] is not None]
        return " ".join(f"{x:.1f},{up(value):.1f}" for x, value in kept)

    ranged = [(x, one) for x, one in zip(across, points, strict=True) if None not in (one["lower"], one["upper"])]
    band = [f"{x:.1f},{up(one['upper']):.1f}" for x, one in ranged]
    band += [f"{x:.1f},{up(one['lower']):.1f}" for x, one in reversed(ranged)]
    every = -(-len(points) // 6)
    ticks = "".join(
        f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{escape(range_text(point))}</text>'
        for x, point in list(zip(across, points, strict=True))[::every]
    )
    named = f"{scored_by} on {curve['split']} against {curve['label']}"
    base = HEIGHT - BOTTOM
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return (
        f'<svg {size} role="img" aria-label="{escape(named)}">'
        f'<text x="{LEFT}" y="14">{escape(named)}</text>'
        f'<path class="axis" d="M{LEFT} {TOP}V{base}H{WIDTH - RIGHT}" fill="none"/>'
        f'<text x="{LEFT - 4}" y="{TOP + 4}" text-anchor="end">{top:.3g}</text>'
        f'<text x="{LEFT - 4}" y="{base}" text-anchor="end">0</text>{ticks}'
        f'<polygon class="range" points="{" ".join(band)}"/>'
        f'<polyline class="classical" points="{path("classical")}"/>'
        f'<polyline class="line" points="{path("estimate")}"/></svg>'
    )


def curve_figures(curves: Sequence[Mapping[str, Any]], scored_by: str) -> str:
    """All curves side by side; nothing where there are none."""
    drawn = "".join(curve_figure(curve, scored_by) for curve in curves)
    return f'<div class="curves">{drawn}</div>' if drawn else ""


def range_text(point: Mapping[str, Any]) -> str:
    """The values of the label that a point stands for.

    Examples
    --------
    >>> range_text({"from": 3, "to": 3}), range_text({"from": 3, "to": 5})
    ('3', '3-5')
    """
    return str(point["from"]) if point["from"] == point["to"] else f"{point['from']}-{point['to']}"
