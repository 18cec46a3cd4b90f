"""OptMATH: does reaching the same optimum certify that a model is the right one?

Paper: Lu, Xie, Wu, Ren, Chen and Wen (2025), "OptMATH: A Scalable Bidirectional Data Synthesis Framework for
Optimization Modeling".

What the paper claims
    From generated optimization models a language model writes texts, and from the texts models again; a pair is kept
    if the second model reaches the optimum of the first. Pairs kept in this way train models of every size. What can be
    tested without any language model is the step that everything rests on: that equal optimal values certify that text
    and model correspond.

What was run (scale small)
    Twelve families (knapsack, set cover, assignment, transportation, production, diet, blending, facility location, lot
    sizing, generalized assignment, maximum flow, independent set), each right model altered by nine mistakes of a
    modeller: integrality relaxed, the last constraint or its last row dropped, upper bounds dropped, inequality made
    equality, right side off by one, sense flipped, one objective coefficient off by one, two coefficients swapped.
    Every altered model is checked on 15 instances by (i) equal value on one instance, relative tolerance 1e-6; (ii) the
    published evaluator's rule, values rounded to whole numbers within 5 %; (iii) the same with its conversions; equal
    values on (iv) three and (v) five instances; (vi) a search through 20 further instances of three sizes. Mistakes
    that change nothing are left out: those whose model has the same form, and those that agree on all of 60 instances
    drawn for that purpose alone. Control: four rewritings of the right model, which every check must accept. Solved by
    HiGHS. Rates count every family and mistake alike; intervals resample families, and what is within.

What differs from the paper, and why
    1. Errors are made by operators, all equally often; a language model makes others, in other proportions. The rate
       says what the check lets through of such mistakes, not how many wrong pairs the published data hold.
    2. The rule of 5 % on rounded values with conversions is the evaluator's in the authors' present repository; whether
       all numbers in the paper used it is not known. For keeping training pairs the paper compares optima; (i) is the
       strictest reading.
    3. Twelve families in place of 53, of 5 to 32 variables.
    4. Conversions are applied to models, not to program text: continuous variables to integers, integers that are not
       binary to continuous, the sense flipped. Strict inequalities do not exist in a model.

What was found
    No: the central claim fails by a wide margin. A quarter of the wrong models reach the right optimum on one instance
    (0.25, 90 % interval 0.20 to 0.30), 0.40 (0.33 to 0.46) come within 5 % of it after rounding, and 0.57 (0.51 to
    0.63) pass once conversions are tried. Each instance more helps: 0.10 (0.07 to 0.13) pass three, 0.045 (0.023 to
    0.073, inconclusive) pass five. The search missed none of 88 wrong models with any seed. A bootstrap of zeros has no
    width; a model that differs on one instance in ten passes 20 with probability 0.12, so some would be missed in time.

    Conversions accept every model that minimises what is to be maximised, or the reverse, in all families: the sense is
    tried both ways against the true value. They accept every relaxation of whole numbers too. What passes one instance
    most often are swapped coefficients (0.51), a coefficient off by one (0.47), upper bounds forgotten (0.36) and the
    last row forgotten (0.34); a whole constraint forgotten passes in 0.09. If half of the models written anew were
    wrong in these ways, 80 % of those kept by equal values on one instance would be right, 91 % on three.

    The same 20 of 108 mutants counted as equivalent with every seed, for instance relaxed integrality in assignment,
    whose matrix is totally unimodular. All rewritings were accepted by all checks. Seeds 100 to 104
    give the same verdicts (0.26, 0.41, 0.58, 0.09 and 0.040); there the search missed 0.5 % of the wrong models.

    Before any of these seeds was run, instances per check were cut from 20, 40 and 120 to 15, 20 and 60 for time, and a
    trial run at smoke scale with seed 50 was seen. The verdict is about mistakes made by operators; it says nothing
    about how far models trained on the published data are harmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unseen.contracts.study import Claim, Gate, Outcome, Study, Trials, above, below, setting
from unseen.problems.optimization.mutants import MUTATIONS
from unseen.statistics import Interval, clustered_bootstrap
from unseen.studies.textmath._same_optimum_arms import RULES, examine

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TOLERATED = 0.05
"""Share of wrong models that a certificate may let through."""

FLIPPED = list(MUTATIONS).index("flip-sense")


@dataclass(frozen=True)
class Config:
    """Sizes of models and of checks."""

    size: int = setting(4, "size of the families' instances on which models are checked")
    count: int = setting(15, "instances on which every altered model is checked")
    search: int = setting(20, "instances searched for a difference")
    classified: int = setting(60, "instances on which a mutant that counts as equivalent agrees")
    sizes: tuple[int, ...] = setting((3, 4, 5), "sizes in the search and in the classification")


def trial(condition: str, seed: int, config: Config) -> Outcome:
    """Check all models of one condition by all rules."""
    return examine(
        condition,
        seed,
        size=config.size,
        count=config.count,
        search=config.search,
        classified=config.classified,
        sizes=config.sizes,
    )


# -- claims -------------------------------------------------------------------------------------------------------


def _share(trials: Trials, rule: str, operator: int | None = None) -> Interval:
    """Share of checks that accept a wrong model, over all families and mistakes or for one mistake."""
    found = trials.curves("mutants", "models")
    values, families, operators = (
        np.concatenate([curve[name] for curve in found]) for name in (rule, "family", "operator")
    )
    chosen = np.full(len(values), True) if operator is None else operators == operator
    return clustered_bootstrap(values[chosen], families[chosen])


CONTROL = Gate(
    "models that are only written differently are accepted on one instance, on five, and by the search",
    lambda trials: float(min(trials.values("rewritings", rule).min() for rule in ("one", "five", "search"))),
    above(0.999),
)


def _claim(rule: str, text: str, *, central: bool = False) -> Claim:
    sentence = f"{text} accept fewer than 5 % of wrong models (share accepted)."
    return Claim(sentence, lambda trials: _share(trials, rule), below(TOLERATED), central, (CONTROL,))


CLAIMS = (
    _claim("one", "Equal optimal values on one instance", central=True),
    _claim("rounded", "Values within 5 % after rounding, on one instance,"),
    _claim("fallback", "Values within 5 % after rounding, conversions tried,"),
    _claim("three", "Equal optimal values on three instances"),
    _claim("five", "Equal optimal values on five instances"),
    _claim("search", "Searches for an instance that tells the models apart"),
    Claim(
        "The published rule with conversions rejects models that minimise what is to be maximised, or the reverse "
        "(share accepted).",
        lambda trials: _share(trials, "fallback", FLIPPED),
        below(TOLERATED),
    ),
)


# -- figure -------------------------------------------------------------------------------------------------------

LABELS = ("one,\nexact", "one,\n5 %", "one, 5 %,\nconversions", "three", "five", "search")


def figure(trials: Trials) -> Figure:
    """Wrong models accepted by each check, by mistake, and what that means for pairs that are kept."""
    import matplotlib.pyplot as plt

    drawn, (left, middle, right) = plt.subplots(
        1, 3, figsize=(15, 4.4), layout="constrained", gridspec_kw={"width_ratios": (1.1, 1.3, 1)}
    )
    _draw_rules(left, trials)
    _draw_mistakes(middle, trials)
    _draw_precision(right, trials)
    drawn.suptitle("Which checks let wrong optimization models pass?")
    return drawn


def _draw_rules(axes: Axes, trials: Trials) -> None:
    for condition, colour, label in (("mutants", "#D55E00", "wrong models"), ("rewritings", "0.5", "right, rewritten")):
        for place, rule in enumerate(RULES):
            values = trials.values(condition, rule)
            name = label if place == 0 else None
            axes.plot(np.full(len(values), place), values, "o", color=colour, alpha=0.5, label=name)
    axes.axhline(TOLERATED, color="0.5", linestyle=":")
    axes.set_xticks(range(len(RULES)), LABELS, fontsize=8)
    axes.set_ylabel("share accepted, per seed")
    axes.legend()


def _draw_mistakes(axes: Axes, trials: Trials) -> None:
    found = trials.curves("mutants", "models")
    operators = np.concatenate([curve["operator"] for curve in found])
    shares = np.full((len(MUTATIONS), len(RULES)), np.nan)
    for column, rule in enumerate(RULES):
        values = np.concatenate([curve[rule] for curve in found])
        for row in range(len(MUTATIONS)):
            if (operators == row).any():
                shares[row, column] = values[operators == row].mean()
    axes.imshow(shares, vmin=0, vmax=1, cmap="OrRd", aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        if np.isfinite(share):
            axes.text(column, row, f"{share:.2f}", ha="center", va="center", color="w" if share > 0.6 else "k")
    axes.set_xticks(range(len(RULES)), LABELS, fontsize=8)
    axes.set_yticks(range(len(MUTATIONS)), list(MUTATIONS))
    axes.set_title("Share accepted, by mistake")


def _draw_precision(axes: Axes, trials: Trials) -> None:
    error = np.linspace(0, 0.95, 96)
    for rule, label in zip(RULES, LABELS, strict=True):
        share = trials.values("mutants", rule).mean()
        axes.plot(error, (1 - error) / (1 - error + error * share), label=label.replace("\n", " "))
    axes.set_xlabel("share of models that are wrong before the check")
    axes.set_ylabel("share of accepted models that are right")
    axes.legend(fontsize=8)


study = Study(
    paper="136",
    claims=CLAIMS,
    conditions={
        "mutants": "right models with one mistake each, twelve families by nine mistakes, equivalent ones left out",
        "rewritings": "control: the right models written differently",
    },
    scales={
        "smoke": Config(size=3, count=5, search=2, classified=2, sizes=(3,)),
        "small": Config(),
        "full": Config(count=60, search=200, classified=500, sizes=(3, 4, 5, 6)),
    },
    trial=trial,
    figure=figure,
    broken={"mutants": "rewritings"},
)
