"""One look for all figures: quiet axes, colours told apart by colour-blind readers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""The palette of Okabe and Ito (2008)."""

STYLE: dict[str, Any] = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "figure.dpi": 150,
    "figure.titlesize": "large",
    "figure.titleweight": "bold",
    "font.size": 9.0,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "svg.hashsalt": "unseen",
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw in the common look within the block, without a display."""
    import matplotlib as mpl
    from cycler import cycler

    settings: Any = {**STYLE, "axes.prop_cycle": cycler(color=COLOURS), "backend": "agg"}
    with mpl.rc_context(settings):
        yield
