"""Rule, memory, or cannot tell: what the scores of a solver say, by a rule that was fixed before any were seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from unseen.evaluation.scores import Scores
from unseen.statistics.interval import Interval

Kind = Literal["rule", "memory", "cannot tell"]

RULE_SHARE = 0.9
"""Share of the classical solver's score that counts as knowing the answers of a split."""

MEMORY_FALL = 0.2
"""Fall in accuracy from training data to fresh data of the same distribution that counts as memory."""

LEAST_CLASSICAL = 0.5
"""Below this score the classical solver itself says nothing about what a rule would reach."""

MOST_UNANSWERED = 0.02
"""Share of unanswered questions above which a split says nothing: those that time out may be the hard ones."""


@dataclass(frozen=True)
class Diagnosis:
    """What scores say of a solver.

    Parameters
    ----------
    kind : {"rule", "memory", "cannot tell"}
        The outcome.
    why : str
        The numbers that decided it, in words.
    """

    kind: Kind
    why: str

    def __str__(self) -> str:
        return f"{self.kind[0].upper()}{self.kind[1:]}: {self.why}."


def diagnose(scores: Scores, classical: Scores, level: float = 0.9) -> Diagnosis:
    """Decide between rule, memory and cannot tell.

    Intervals are those of `Scores.cautious_interval`. A split is *known* if the interval lies above 0.9 times the
    classical solver's score there.

    - *rule*: every unseen split evaluated is known, and there is one;
    - *memory*: training data are known, and on every split of the axis ``iid`` (there is one) accuracy is lower by
      more than 0.2: the low end of the training interval less the high end of the other exceeds it;
    - *cannot tell*: anything else. So too if the problem is scored by an error, which has no share of right answers;
      if the classical solver scores below 0.5 on a split; or if more than 2 % of a split's questions were unanswered.

    Both outcomes need all their conditions at once, so asking several splits does not make either likelier by chance
    and no correction for their number is called for.

    Parameters
    ----------
    scores, classical : Scores
        The solver's and the classical solver's, of the same splits and seeds.
    level : float
        Level of the intervals.

    Examples
    --------
    >>> import unseen as un
    >>> problem = un.problem("modular-addition", modulus=31)
    >>> classical = un.evaluate(problem.classical(), problem)
    >>> print(diagnose(un.evaluate(un.solver("lookup-table"), problem, fit=True), classical))
    Memory: 1.00 on train, 0.00 on iid.
    """
    if scores.scored_by != "accuracy":
        return Diagnosis("cannot tell", f"{scores.problem} is scored by an error; compare with the classical row")
    evaluated = [split for split in scores.axes if any(name == split for name, _ in scores.values)]
    unseen = [split for split in evaluated if scores.axes[split] != "train"]
    if not unseen:
        return Diagnosis("cannot tell", "no unseen split was evaluated")
    if doubt := _doubt(scores, classical, evaluated):
        return Diagnosis("cannot tell", doubt)
    found = {split: scores.cautious_interval(split, level) for split in evaluated}
    bars = {split: RULE_SHARE * float(classical.seed_means(split).mean()) for split in evaluated}
    known = {split for split in evaluated if found[split].low > bars[split]}
    if known.issuperset(unseen):
        return Diagnosis("rule", f"{_listed(found, unseen)}")
    fresh = [split for split in unseen if scores.axes[split] == "iid"]
    train = [split for split in evaluated if scores.axes[split] == "train"]
    fell = all(found[a].low - found[b].high > MEMORY_FALL for a in train for b in fresh)
    if train and fresh and known.issuperset(train) and fell:
        return Diagnosis("memory", f"{_listed(found, train)}, {_listed(found, fresh)}")
    return Diagnosis("cannot tell", _undecided(found, bars, known, unseen))


def _doubt(scores: Scores, classical: Scores, evaluated: list[str]) -> str:
    for split in evaluated:
        asked = sum(len(values) for (name, _), values in scores.values.items() if name == split)
        missing = scores.unanswered(split)
        if missing > MOST_UNANSWERED * asked:
            return f"{missing} of {asked} questions of {split} were not answered"
        reached = float(classical.seed_means(split).mean())
        if reached < LEAST_CLASSICAL:
            return f"the classical solver itself scores {reached:.2f} on {split}"
    return ""


def _undecided(found: dict[str, Interval], bars: dict[str, float], known: set[str], unseen: list[str]) -> str:
    short = [split for split in unseen if split not in known]
    lost = [split for split in short if found[split].high <= bars[split]]
    if not lost:
        return f"the intervals are too wide to decide on {', '.join(short)}; ask more questions (-n)"
    words = f"{_listed(found, lost)}, where {' and '.join(f'{bars[split]:.2f}' for split in lost)} is needed for a rule"
    kept = [split for split in unseen if split in known]
    return f"{words}; but {_listed(found, kept)}" if kept else words


def _listed(found: dict[str, Interval], splits: list[str]) -> str:
    return ", ".join(f"{found[split].estimate:.2f} on {split}" for split in splits)
