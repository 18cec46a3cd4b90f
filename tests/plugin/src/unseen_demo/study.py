"""A table of answers knows no numeral that it was not shown.

What the paper claims
    There is no paper: this study shows how another package adds one.

What was run
    A lookup table, fitted on 500 numerals of three digits, and the rule, both asked to reverse longer numerals.

What differs from the paper
    Nothing.

What was found
    The rule answers all, the table none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from unseen.contracts.study import Claim, Outcome, Study, Trials, above, setting
from unseen.evaluation import evaluate
from unseen.solvers.lookup import LookupTable
from unseen.statistics import paired_difference
from unseen_demo.reversal import Backwards, DigitReversal

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Config:
    """Sizes of the experiment."""

    train_size: int = setting(500, "numerals of three digits shown")
    asked: int = setting(1000, "longer numerals asked for")


def trial(condition: str, seed: int, config: Config) -> Outcome:
    """Ask one solver."""
    problem = DigitReversal(config.train_size)
    solver: Any = LookupTable() if condition == "table" else Backwards()
    scores = evaluate(solver, problem, n=config.asked, seeds=[seed], fit=condition == "table")
    first = int(problem.sample("longer:6-9", 1, seed).inputs["numeral"][0])
    return Outcome({"longer": scores.interval("longer:6-9").estimate, "first_numeral": float(first)})


def figure(trials: Trials) -> Figure:
    """Share of longer numerals reversed, by solver."""
    from matplotlib.figure import Figure

    drawn = Figure()
    axes = drawn.subplots()
    for condition in trials.conditions:
        axes.plot(trials.seeds, trials.values(condition, "longer"), "o", label=condition)
    axes.set(xlabel="seed", ylabel="longer numerals reversed")
    axes.legend()
    return drawn


study = Study(
    paper="demo",
    claims=(
        Claim(
            "The rule reverses at least half of all longer numerals more than the table does.",
            lambda trials: paired_difference(trials.values("rule", "longer"), trials.values("table", "longer")),
            above(0.5),
            central=True,
        ),
    ),
    conditions={"rule": "reads from the end", "table": "remembers what it was shown"},
    scales={"smoke": Config(train_size=20, asked=10), "small": Config()},
    trial=trial,
    figure=figure,
    broken={"rule": "table"},
    seeds=(0, 1, 2),
)
