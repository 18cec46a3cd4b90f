"""Arms of study 118: an enumerator without training, trained on what it solved, and trained on something else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unseen.contracts.problem import random_stream
from unseen.contracts.study import Outcome, current_run
from unseen.problems.puzzles.programming_puzzles import ProgrammingPuzzles
from unseen.problems.puzzles.puzzle import FAMILIES
from unseen.solvers.enumeration.enumerator import Enumerator, Instance, holds_elsewhere, self_bootstrap
from unseen.solvers.enumeration.grammar import RULES, renamed
from unseen.solvers.enumeration.models import Bigram, BigramForest, RuleModel, Solved
from unseen.solvers.enumeration.search import Found

CONDITIONS = {
    "uniform": "every rule is as probable as every other: nothing is learned",
    "bigram": "rules counted under their parents in the own solutions, three rounds",
    "forest": "a random forest for each type, which also sees what the predicate is made of",
    "forest-shuffled": "the same, with what the predicates are made of exchanged among the solutions",
    "bigram-renamed": "counted in solutions whose rules are exchanged for others of the same types",
}

Altered = Callable[[list[Solved]], list[Solved]]


def puzzles(names: tuple[str, ...], split: str, count: int, seed: int) -> list[Instance]:
    """So many instances of each family."""
    problem = ProgrammingPuzzles()
    return [(FAMILIES[name], drawn) for name in names for drawn in problem.instances(name, split, count, seed)]


def exchanged_rules(seed: int) -> list[int]:
    """For each rule one with the same type and the same parts, at random; parameters stay."""
    stream = random_stream("study-118", "renamed", seed)
    alike: dict[tuple[object, ...], list[int]] = {}
    for number, rule in enumerate(RULES):
        alike.setdefault((rule.type, rule.parts, rule.value is None), []).append(number)
    names = list(range(len(RULES)))
    for group in alike.values():
        if RULES[group[0]].value is not None:
            for number, other in zip(group, stream.permutation(group).tolist(), strict=True):
                names[number] = other
    return names


def with_other_rules(seed: int) -> Altered:
    """Solutions with their rules exchanged."""
    names = exchanged_rules(seed)
    return lambda solved: [(parts, renamed(expression, names)) for parts, expression in solved]


def with_other_predicates(seed: int) -> Altered:
    """Solutions as they are, each with what another predicate is made of."""

    def shuffle(solved: list[Solved]) -> list[Solved]:
        order = random_stream("study-118", "shuffled", seed).permutation(len(solved)).tolist()
        return [(solved[other][0], expression) for other, (_, expression) in zip(order, solved, strict=True)]

    return shuffle


def solver_of(
    condition: str, seed: int, *, candidates: int, rounds: int, trees: int, training: list[Instance]
) -> Enumerator:
    """The enumerator of a condition, trained if it is to be."""
    start = Enumerator(candidates=candidates, seed=seed)
    if condition == "uniform":
        return start
    model: RuleModel = Bigram() if condition.startswith("bigram") else BigramForest(seed, trees)
    altered: dict[str, Altered] = {
        "bigram-renamed": with_other_rules(seed),
        "forest-shuffled": with_other_predicates(seed),
    }
    kept: Altered = altered.get(condition, lambda solved: solved)
    solver, _ = self_bootstrap(start, training, model, rounds=rounds, altered=kept)
    return solver


def examine(
    condition: str, seed: int, *, candidates: int, rounds: int, instances: int, fresh: int, trees: int, families: int
) -> Outcome:
    """Train on half of the families, and ask the same families anew and the other half."""
    known, held_out = (names[: families or None] for names in ProgrammingPuzzles().halves(seed))
    training = puzzles(known, "train", instances, seed)
    solver = solver_of(condition, seed, candidates=candidates, rounds=rounds, trees=trees, training=training)
    current_run().report(0.7)
    asked = {
        "held_out": puzzles(held_out, "transformed:families", instances, seed),
        "iid": puzzles(known, "iid", instances, seed),
        "longer": puzzles(known, "longer:parameters", instances, seed),
    }
    found = {split: solver.find_all(of_split) for split, of_split in asked.items()}
    metrics = {split: float(np.mean([each.expression is not None for each in of])) for split, of in found.items()}
    spent = [
        each.candidates if each.expression is not None else candidates for each in found["held_out"]
    ]  # cut off at the budget
    metrics["log_candidates"] = float(np.mean(np.log(spent)))
    metrics["rules"] = _rules(asked["held_out"], found["held_out"], fresh, seed)
    solved = sorted(each.candidates for each in found["held_out"] if each.expression is not None)
    return Outcome(metrics, curves={"solved": {"candidates": [float(count) for count in solved]}})


def _rules(asked: list[Instance], found: list[Found], fresh: int, seed: int) -> float:
    """Of the programs found, the share that also satisfy fresh parameters of their family; nan without any."""
    problem = ProgrammingPuzzles()
    others = {
        family.name: problem.instances(family.name, "transformed:families", fresh + len(asked), seed)[-fresh:]
        for family, _ in asked
    }
    held = [
        holds_elsewhere(each, family, [drawn for drawn in others[family.name] if drawn != parameters])
        for (family, parameters), each in zip(asked, found, strict=True)
        if each.expression is not None
    ]
    return float(np.mean(held)) if held else float("nan")
