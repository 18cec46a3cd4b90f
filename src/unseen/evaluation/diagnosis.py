"""Rule, memory, or cannot tell: what the scores of a solver say, by a documented rule without settings.

The rule for accuracy was fixed before any scores were seen. For errors, what skill 0 means was chosen after the errors
of the classical solvers, and of right answers dealt to other questions, had been seen on the seven problems scored so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from unseen.contracts.problem import Examples, Problem
from unseen.evaluation.scores import Scores, evaluate
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


def diagnose(scores: Scores, classical: Scores, level: float = 0.9, dealt: Scores | None = None) -> Diagnosis:
    """Decide between rule, memory and cannot tell.

    Intervals are those of `Scores.cautious_interval`. A split is *known* if the interval lies above 0.9 times the
    classical solver's score there.

    - *rule*: every unseen split evaluated is known, and there is one;
    - *memory*: training data are known, and on every split of the axis ``iid`` (there is one) accuracy is lower by
      more than 0.2: the low end of the training interval less the high end of the other exceeds it;
    - *cannot tell*: anything else. So too if the classical solver scores below 0.5 on a split, or if more than 2 % of
      a split's questions were unanswered.

    An error e counts as the *skill* 1 - e / d, where d is the error of the right answers when they are dealt to other
    questions of the split (see `dealt_out`): 1 is no error, 0 what answers that ignore the question get. The same rule
    is then asked of skills, so a split is known if the whole interval of the error lies below 0.1 d plus 0.9 times the
    classical solver's error.

    Both outcomes need all their conditions at once, so asking several splits does not make either likelier by chance
    and no correction for their number is called for.

    Parameters
    ----------
    scores, classical : Scores
        The solver's and the classical solver's, of the same splits and seeds.
    level : float
        Level of the intervals.
    dealt : Scores, optional
        Of problems scored by an error, what `dealt_out` gives on the same questions; without it nothing can be told.

    Examples
    --------
    >>> import unseen as un
    >>> problem = un.problem("modular-addition", modulus=31)
    >>> classical = un.evaluate(problem.classical(), problem)
    >>> print(diagnose(un.evaluate(un.solver("lookup-table"), problem, fit=True), classical))
    Memory: 1.00 on train, 0.00 on iid.
    """
    if scores.scored_by != "accuracy" and dealt is None:
        return Diagnosis("cannot tell", f"{scores.problem} is scored by an error, and none is there to compare it with")
    scale = {} if dealt is None else {split: float(dealt.seed_means(split).mean()) for split in evaluated_splits(dealt)}
    evaluated = evaluated_splits(scores)
    unseen = [split for split in evaluated if scores.axes[split] != "train"]
    if not unseen:
        return Diagnosis("cannot tell", "no unseen split was evaluated")
    if doubt := _doubt(scores, classical, evaluated, scale):
        return Diagnosis("cannot tell", doubt)
    found = {split: _skill(scores.cautious_interval(split, level), scale.get(split)) for split in evaluated}
    bars = {split: RULE_SHARE * _reached(classical, split, scale) for split in evaluated}
    word = "skill " if scale else ""
    known = {split for split in evaluated if found[split].low > bars[split]}
    if known.issuperset(unseen):
        return Diagnosis("rule", f"{word}{_listed(found, unseen)}")
    fresh = [split for split in unseen if scores.axes[split] == "iid"]
    train = [split for split in evaluated if scores.axes[split] == "train"]
    fell = all(found[a].low - found[b].high > MEMORY_FALL for a in train for b in fresh)
    if train and fresh and known.issuperset(train) and fell:
        return Diagnosis("memory", f"{word}{_listed(found, train)}, {_listed(found, fresh)}")
    return Diagnosis("cannot tell", word + _undecided(found, bars, known, unseen))


def evaluated_splits(scores: Scores) -> list[str]:
    """The splits of which at least one seed was evaluated, in order."""
    return [split for split in scores.axes if any(name == split for name, _ in scores.values)]


def dealt_out(problem: Problem, splits: Sequence[str], n: int | None, seeds: Iterable[int]) -> Scores:
    """Scores of the right answers when each is given to the next question of the draw.

    Answers that look right but ignore the question: the error of knowing nothing but what answers look like.

    Examples
    --------
    >>> import unseen as un
    >>> found = dealt_out(un.problem("linear-teacher"), ["iid"], 200, [0])
    >>> bool(1 < found.seed_means("iid")[0] < 5)
    True
    """

    def deal(examples: Examples) -> list[Any]:
        truth = list(problem.truth(examples))
        return truth[1:] + truth[:1]

    return evaluate(deal, problem, splits=splits, n=n, seeds=seeds)


def _skill(error: Interval, dealt: float | None) -> Interval:
    """An error as skill, `dealt` being that of skill 0; scores as they are."""
    if dealt is None:
        return error
    estimate, low, high = (1 - value / dealt for value in (error.estimate, error.high, error.low))
    return replace(error, estimate=estimate, low=low, high=high, values=())


def _reached(classical: Scores, split: str, scale: Mapping[str, float]) -> float:
    mean = float(classical.seed_means(split).mean())
    return 1 - mean / scale[split] if split in scale else mean


def _doubt(scores: Scores, classical: Scores, evaluated: list[str], scale: Mapping[str, float]) -> str:
    for split in evaluated:
        asked = sum(len(values) for (name, _), values in scores.values.items() if name == split)
        missing = scores.unanswered(split)
        if missing > MOST_UNANSWERED * asked:
            return f"{missing} of {asked} questions of {split} were not answered"
        if split in scale and not 0 < scale[split] < math.inf:
            return f"on {split} the right answers of other questions are as good"
        reached = _reached(classical, split, scale)
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
