"""The arms of study 010: a decoder that writes its steps down, and solvers that know all rules, one or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from unseen.contracts.problem import Examples
from unseen.contracts.study import Outcome, setting
from unseen.formats.tokenizer import CharacterTokenizer
from unseen.models.decoder import Decoder
from unseen.models.decoder_block import Positions
from unseen.problems.omega.applied_table import COMPOSED, DIVISOR, LOOK_UP, NUMBER, REMAINDER, TIMES, AppliedTable
from unseen.solvers.majority import MajorityAnswer
from unseen.solvers.nearest_neighbour import NearestNeighbour
from unseen.training import Minibatches, SeedBatch, train, warmup_cosine
from unseen.training.sequences import answers_of, next_token_loss, sequence_arrays

SPLITS = ("iid", "longer", "composed", "transformed")
LETTERS = "abcdefghi"
TOKENIZER = CharacterTokenizer(LETTERS + LETTERS.upper() + "0123456789:*%=")


@dataclass(frozen=True)
class Config:
    """Sizes of the experiment."""

    width: int = setting(64, "width of the decoder")
    layers: int = setting(2, "blocks of the decoder")
    heads: int = setting(4, "attention heads in each block")
    positions: Positions = setting("rotary", "how the decoder knows the order of tokens")
    initial_std: float = setting(0.1, "standard deviation of the decoder's initial weights")
    batch: int = setting(64, "questions per update")
    learning_rate: float = setting(5e-3, "peak step size of AdamW, after a warm-up and before a cosine decay")
    weight_decay: float = setting(0.1, "weight decay of AdamW")
    fitted: int = setting(20_000, "training questions")
    steps: int = setting(1500, "updates")
    budget: int = setting(32, "tokens that an answer may have, its end included")
    tested: int = setting(400, "questions per split")


def questions(examples: Examples) -> list[str]:
    """The questions in the decoder's signs: ``AcBaCb:b*4=``, ``345%7=`` or ``AcBaCb:b*345%7=``."""
    found = []
    for skill, *row in examples.inputs["question"].tolist():
        table = "".join(source + LETTERS[target - 1] for source, target in zip(LETTERS.upper(), row[:-4], strict=False))
        start = "" if skill == REMAINDER else f"{table}:{LETTERS[row[-4] - 1]}*"
        number = f"{row[TIMES]}" if skill == LOOK_UP else f"{row[NUMBER]}%{row[DIVISOR]}"
        found.append(f"{start}{number}=")
    return found


def steps_written(examples: Examples) -> list[str]:
    """What a rule-follower writes: remainders digit by digit, then each symbol with the number of times still to go.

    Where the number of times has several digits, it is first reduced modulo the number of symbols.
    """
    found = []
    for skill, *row in examples.inputs["question"].tolist():
        table, at, trace = row[:-4], row[-4], ""
        times = row[TIMES]
        if skill != LOOK_UP or times > 9:
            number, divisor = (times, len(table)) if skill == LOOK_UP else (row[NUMBER], row[DIVISOR])
            times = 0
            for digit in str(number):
                times = (10 * times + int(digit)) % divisor
                trace += str(times)
        if skill != REMAINDER:
            if times == 0:
                trace += LETTERS[at - 1] + "0"
            while times:
                at, times = table[at - 1], times - 1
                trace += f"{LETTERS[at - 1]}{times}"
        found.append(trace)
    return found


def answers_read(examples: Examples, written: Sequence[str], budget: int) -> list[int]:
    """The last symbol written, or the last digit if a remainder was asked for; -1 for no answer within the budget."""
    found = []
    for skill, text in zip(examples.inputs["question"][:, 0].tolist(), written, strict=True):
        wanted = [sign for sign in text if (sign.isdigit() if skill == REMAINDER else sign in LETTERS)]
        last = wanted[-1] if wanted and len(text) < budget else ""
        found.append(-1 if not last else int(last) if last.isdigit() else LETTERS.index(last) + 1)
    return found


def outcome(problem: AppliedTable, seed: int, config: Config, solve: Any) -> Outcome:
    """Chance-corrected shares of right answers: those of each skill, of each axis, and by the number of times."""
    metrics: dict[str, float] = {}
    levels: dict[int, float] = {}
    for split in SPLITS:
        examples = problem.sample(split, config.tested, seed)
        right = problem.score(examples, solve(examples.questions_only()))
        table = examples.inputs["question"][:, 0] != REMAINDER
        if split == "iid":
            metrics["remainder"] = float(right[~table].mean())
        corrected = corrected_for_chance(right, problem.symbols)
        metrics[split] = float(corrected[table].mean())
        if split in ("iid", "longer"):
            times = examples.inputs["question"][:, TIMES]
            levels |= {int(k): float(corrected[times == k].mean()) for k in np.unique(times[table])}
    return Outcome(metrics, {"level": {"times": [float(k) for k in levels], "score": list(levels.values())}})


def corrected_for_chance(right: NDArray[np.float64], symbols: int) -> NDArray[np.float64]:
    """Scores whose mean is 0 for guesses among `symbols` answers and 1 where all are right."""
    return (right - 1 / symbols) / (1 - 1 / symbols)


def classical(condition: str, seed: int, config: Config) -> Outcome:
    """A solver that learns nothing but answers, or follows the rules or one of them."""
    problem = AppliedTable()
    given = problem.sample("train", config.fitted, seed)
    if condition == "majority":
        return outcome(problem, seed, config, MajorityAnswer().fit(_tables_only(given)).solve)
    if condition == "nearest":
        return outcome(problem, seed, config, NearestNeighbour().fit(given).solve)
    follow = {"rules": _all_rules, "table-only": _table_only, "remainder-only": _remainder_only}[condition]
    return outcome(problem, seed, config, lambda examples: follow(examples, config.budget))


def _tables_only(examples: Examples) -> Examples:
    return examples[examples.inputs["question"][:, 0] != REMAINDER]


def _all_rules(examples: Examples, budget: int) -> list[int]:
    return answers_read(examples, steps_written(examples), budget)


def _table_only(examples: Examples, budget: int) -> list[int]:
    """Looks the table up as many times as the first number in the question says, while there is room to write."""
    rows = examples.inputs["question"].copy()
    walks = rows[:, 0] == COMPOSED
    rows[walks, TIMES] = rows[walks, NUMBER]
    known = (rows[:, 0] != REMAINDER) & (2 * rows[:, TIMES] < budget)
    rows[:, 0], rows[~known, TIMES] = LOOK_UP, 0
    found = np.array(_all_rules(Examples({"question": np.where(known[:, None], rows, 1)}, None), budget))
    return [int(answer) for answer in np.where(known, found, -1)]


def _remainder_only(examples: Examples, budget: int) -> list[int]:
    """Answers every division with its remainder and nothing else."""
    rows = examples.inputs["question"]
    remainders = rows[:, NUMBER] % np.maximum(rows[:, DIVISOR], 1)
    return [int(answer) for answer in np.where(rows[:, DIVISOR] > 0, remainders, -1)]


def trained(seeds: Sequence[int], config: Config) -> list[Outcome]:
    """Decoders of all seeds as one batch, each trained on both skills of its own questions."""
    problem = AppliedTable()
    columns = [_training_rows(problem, seed, config) for seed in seeds]
    length = max(tokens.shape[1] for tokens, _ in columns)
    lanes = SeedBatch.build(lambda _: _decoder(config), seeds=tuple(seeds))
    tables = [
        torch.from_numpy(
            np.stack([np.pad(pair[which], ((0, 0), (0, length - pair[which].shape[1]))) for pair in columns])
        )
        for which in (0, 1)
    ]
    history = train(
        lanes,
        loss=next_token_loss,
        optimizer=lambda parameters: torch.optim.AdamW(
            parameters, lr=config.learning_rate, weight_decay=config.weight_decay
        ),
        steps=config.steps,
        draw=Minibatches([table.to(lanes.device) for table in tables], size=config.batch, seeds=lanes.seeds),
        evaluate_at=(),
        schedule=warmup_cosine(steps=config.steps, warmup=config.steps // 10, final=0.01),
    )
    found = []
    for lane, seed in enumerate(seeds):
        if history.diverged[lane] >= 0:
            found.append(Outcome({}, failure=f"diverged at step {history.diverged[lane]}"))
            continue
        model = lanes.module(lane)
        assert isinstance(model, Decoder)

        def solve(examples: Examples, model: Decoder = model) -> list[int]:
            written = answers_of(model, TOKENIZER, questions(examples), longest=config.budget)
            return answers_read(examples, written, config.budget)

        found.append(outcome(problem, seed, config, solve))
    return found


def _training_rows(problem: AppliedTable, seed: int, config: Config) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    given = problem.sample("train", config.fitted, seed)
    return sequence_arrays(TOKENIZER, questions(given), steps_written(given))


def _decoder(config: Config) -> Decoder:
    return Decoder(
        vocabulary=TOKENIZER.vocabulary,
        context=128,
        width=config.width,
        layers=config.layers,
        heads=config.heads,
        positions=config.positions,
        initial_std=config.initial_std,
    )
