"""A solver on a problem beside the classical one: scores, cost and diagnosis, and what was kept if it failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from unseen.contracts.problem import Problem
from unseen.errors import UnseenError
from unseen.evaluation.complexity import complexity_curves
from unseen.evaluation.diagnosis import Diagnosis, dealt_out, diagnose, evaluated_splits
from unseen.evaluation.scores import DEFAULT_SIZE, Cell, Scores, checked_splits, evaluate, evaluate_cells, gather
from unseen.evaluation.solver_names import NamedSolver, find_solver, one_line


@dataclass(frozen=True)
class Cost:
    """What answering cost.

    Parameters
    ----------
    seconds : float
        Wall time; of answers that came from an answer log, only the reading.
    answers, stored : int
        Questions that a language model answered, and how many of these answers came from the log; 0 for others.
    prompt_tokens, completion_tokens : int
        Tokens behind all answers, those from the log included.
    money : float or None
        Their price, in the unit of the prices given; None without prices.
    """

    seconds: float
    answers: int = 0
    stored: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float | None = None


@dataclass(frozen=True)
class Appraisal:
    """What a solver reached on a problem.

    Parameters
    ----------
    solver : str
        Its name.
    scores, classical : Scores
        Its scores, and those of the problem's classical solver on the same questions.
    classical_seconds : float
        Wall time of the classical solver.
    diagnosis : Diagnosis
        Rule, memory, or cannot tell.
    cost : Cost
        What its answers cost.
    failure : str
        Empty, or in one line why not everything that was asked for was evaluated.
    dealt : Scores or None
        Of problems scored by an error, what the right answers to other questions get.
    """

    solver: str
    scores: Scores
    classical: Scores
    classical_seconds: float
    diagnosis: Diagnosis
    cost: Cost
    failure: str = ""
    dealt: Scores | None = None

    def as_json(self, level: float = 0.9) -> dict[str, Any]:
        """Plain values, as documented in docs/json.md; numbers that are undetermined or unbounded are None."""
        return {
            "solver": self.solver,
            "problem": self.scores.problem,
            "scored_by": self.scores.scored_by,
            "diagnosis": {"kind": self.diagnosis.kind, "why": self.diagnosis.why},
            "splits": [self._split_json(split, level) for split in evaluated_splits(self.scores)],
            "complexity": [curve.as_json() for curve in complexity_curves(self.scores, self.classical, level)],
            "cost": asdict(self.cost),
            "classical_seconds": self.classical_seconds,
            "failure": self.failure,
        }

    def _split_json(self, split: str, level: float) -> dict[str, Any]:
        interval = self.scores.cautious_interval(split, level)
        asked = [values for (name, _), values in self.scores.values.items() if name == split]
        return {
            "split": split,
            "axis": self.scores.axes[split],
            "estimate": _finite(interval.estimate),
            "low": _finite(interval.low),
            "high": _finite(interval.high),
            "level": level,
            "method": interval.method,
            "classical": _finite(float(self.classical.seed_means(split).mean())),
            "dealt_out": None if self.dealt is None else _finite(float(self.dealt.seed_means(split).mean())),
            "questions": sum(map(len, asked)),
            "unanswered": self.scores.unanswered(split),
            "seeds": len(asked),
            "seconds": sum(s for (name, _), s in self.scores.seconds.items() if name == split),
        }


def appraise(
    solver: Any,
    problem: Problem,
    *,
    name: str = "",
    splits: Iterable[str] | None = None,
    n: int | None = DEFAULT_SIZE,
    seeds: Sequence[int] = (0,),
    level: float = 0.9,
    watch: Callable[[Cell], None] = lambda cell: None,
) -> Appraisal:
    """Evaluate a solver beside the classical one and say whether it shows rule or memory.

    What a solver reached before it failed is kept, and `Appraisal.failure` says in one line how it failed.

    Parameters
    ----------
    solver : str, NamedSolver, Solver or callable
        A name as on the command line (see `unseen.evaluation.solver_names.find_solver`), or the solver itself, which
        is trained if it has a method ``fit``; wrap it in a `NamedSolver` with ``fit=False`` if it is trained already.
    problem : Problem
        What is asked.
    name : str
        The solver's name in the report; by default the name given, or the solver's own.
    splits, n, seeds
        As for `unseen.evaluate`.
    level : float
        Level of the intervals.
    watch : callable
        Told of every split and seed that was evaluated.

    Raises
    ------
    UsageError
        If there is no such solver or split, or the problem cannot draw that many questions.

    Examples
    --------
    >>> import unseen as un
    >>> print(appraise("lookup-table", un.problem("modular-addition", modulus=31)).diagnosis)
    Memory: 1.00 on train, 0.00 on iid.
    """
    chosen = checked_splits(problem, splits)
    classical = evaluate(problem.classical(), problem, splits=chosen, n=n, seeds=seeds)
    dealt = dealt_out(problem, chosen, n, seeds) if problem.scored_by == "error" else None
    named = _named(solver, problem)
    cells: list[Cell] = []
    failure = ""
    try:
        for cell in evaluate_cells(named.solver, problem, splits=chosen, n=n, seeds=seeds, fit=named.fit):
            cells.append(cell)
            watch(cell)
    except UnseenError as error:
        failure = str(error)
    except (Exception, SystemExit) as error:  # whatever a solver of the user's own does
        failure = f"it raised {one_line(error)}"
    scores = gather(problem, chosen, cells)
    if not failure:
        failure = str(getattr(named.solver, "stopped", ""))
    if failure:
        diagnosis = Diagnosis("cannot tell", f"cut short: {failure}")
    else:
        diagnosis = diagnose(scores, classical, level, dealt)
    usage = getattr(named.solver, "usage", None)
    spent = {} if usage is None else asdict(usage)
    return Appraisal(
        solver=name or (solver if isinstance(solver, str) else _own_name(named.solver)),
        scores=scores,
        classical=classical,
        classical_seconds=sum(classical.seconds.values()),
        diagnosis=diagnosis,
        cost=Cost(seconds=sum(scores.seconds.values()), **spent),
        failure=failure,
        dealt=dealt,
    )


def _named(solver: Any, problem: Problem) -> NamedSolver:
    if isinstance(solver, NamedSolver):
        return solver
    if isinstance(solver, str):
        return find_solver(solver, problem)
    return NamedSolver(solver, fit=hasattr(solver, "fit"))


def _own_name(solver: Any) -> str:
    return str(getattr(solver, "__name__", type(solver).__name__))


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
