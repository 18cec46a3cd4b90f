"""Intervals and tests: the one home of everything statistical.

Every estimator returns an `Interval` (90 % two-sided unless `level` says otherwise) that carries its method, the
per-seed values behind it and a note on what a reader must know before trusting it. Conditions that share data and
initialization are compared in pairs, by seed.

Which one do I use?

==========================================================  ====================================================
question                                                    estimator
==========================================================  ====================================================
what does one condition reach?                              `mean`; outliers or infinities: `median`
how much better is a than b, same seeds?                    `paired_difference` (other seeds: `difference`)
how many times larger is a than b?                          `geometric_mean_ratio`, `ratio_of_medians`
... in steps, where some runs never arrive?                 `ratio_censored`
which share of independent cases succeeded?                 `wilson`
are successes commoner in one group than in another?        `odds_ratio`
... of instances scored in several seeds?                   `mean` of the shares per seed, `clustered_bootstrap`
did every seed succeed?                                     `wilson` over the seeds; for signs `sign_test`
does y grow with x?                                         `rank_correlation`, `slope`, `power_law_exponent`
like x, x log x or x^2?                                     `compare_growth`
is a no worse than b by more than a margin?                 `non_inferiority`
is there any effect? are there, among several questions?    `permutation_test`, `sign_test`; then `holm`
which effect could so few seeds have shown?                 `smallest_detectable_effect`
anything else of one sample or several                      `bootstrap`
==========================================================  ====================================================

There is no interval for the worst of all seeds: from n values nothing bounds the worst value still unseen. State
instead that each seed passes a bar, and give the share that did with `wilson` (5 of 5 says: at least 65 %).

Common rules, where a docstring says nothing else: no values at all is an error; ``nan`` anywhere leaves the estimate
undetermined, and so does an infinite value where a mean is taken, with a note; one value has an estimate but an
interval without ends; equal values have an interval without width. None of these raises, since all of them can
happen in an honest run. Everything random has a fixed default seed and is the same in every process.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from unseen.statistics.interval import UNDETERMINED, Interval

if TYPE_CHECKING:
    from unseen.statistics.decisions import NonInferiority, non_inferiority, smallest_detectable_effect
    from unseen.statistics.exact import HypothesisTest, holm, permutation_test, sign_test
    from unseen.statistics.growth import Growth, compare_growth
    from unseen.statistics.means import difference, mean, paired_difference
    from unseen.statistics.medians import median
    from unseen.statistics.odds import odds_ratio
    from unseen.statistics.proportions import wilson
    from unseen.statistics.ratios import geometric_mean_ratio, ratio_censored, ratio_of_medians
    from unseen.statistics.resampling import bootstrap, clustered_bootstrap
    from unseen.statistics.trends import power_law_exponent, rank_correlation, slope

__all__ = [
    "UNDETERMINED",
    "Growth",
    "HypothesisTest",
    "Interval",
    "NonInferiority",
    "bootstrap",
    "clustered_bootstrap",
    "compare_growth",
    "difference",
    "geometric_mean_ratio",
    "holm",
    "mean",
    "median",
    "non_inferiority",
    "odds_ratio",
    "paired_difference",
    "permutation_test",
    "power_law_exponent",
    "rank_correlation",
    "ratio_censored",
    "ratio_of_medians",
    "sign_test",
    "slope",
    "smallest_detectable_effect",
    "wilson",
]

_HOMES = {
    "decisions": ("NonInferiority", "non_inferiority", "smallest_detectable_effect"),
    "exact": ("HypothesisTest", "holm", "permutation_test", "sign_test"),
    "growth": ("Growth", "compare_growth"),
    "means": ("difference", "mean", "paired_difference"),
    "medians": ("median",),
    "odds": ("odds_ratio",),
    "proportions": ("wilson",),
    "ratios": ("geometric_mean_ratio", "ratio_censored", "ratio_of_medians"),
    "resampling": ("bootstrap", "clustered_bootstrap"),
    "trends": ("power_law_exponent", "rank_correlation", "slope"),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

# Hidden from the type checker, which would otherwise accept every misspelt name.
if not TYPE_CHECKING:

    def __getattr__(name):
        """Import an estimator when it is first asked for: the contracts need `Interval` alone, without SciPy."""
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)

    def __dir__():
        """The public names, imported or not."""
        return sorted({*globals(), *__all__})
