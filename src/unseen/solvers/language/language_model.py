"""A language model as a solver: it is asked a problem's questions in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from unseen.contracts.problem import Examples, Problem
from unseen.contracts.solver import Unanswered, Unsolved
from unseen.solvers.language.answer_log import Reply
from unseen.solvers.language.answers import final_answer
from unseen.solvers.language.limits import Prices

INSTRUCTION = 'Think as long as you need. Write the final answer alone on the last line, after "Answer:".'


@dataclass(frozen=True)
class Usage:
    """What the answers took, those from the log included.

    Parameters
    ----------
    answers, stored : int
        Answers, and how many distinct ones of them were in the log before.
    prompt_tokens, completion_tokens : int
        As the server counted them.
    money : float or None
        Their price; None without prices.
    """

    answers: int = 0
    stored: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float | None = None


class Asked(Protocol):
    """Whoever answers questions in words: an `unseen.solvers.language.endpoint.Endpoint` or a local model."""

    @property
    def prices(self) -> Prices | None:
        """What tokens cost."""
        ...

    @property
    def stopped(self) -> str:
        """Empty, or why no more questions are asked."""
        ...

    def ask_all(self, questions: Sequence[str]) -> tuple[list[Reply | Unanswered], int]:
        """Replies in the order of the questions, and how many distinct ones were known before."""
        ...


class LanguageModel:
    """Asks an endpoint or a local model the questions of one problem, and reads the final answer from each reply.

    A reply without a readable answer, one cut off at the limit of tokens and a refusal are `Unsolved`, which counts as
    wrong; a question to which no reply came is `Unanswered`, which does not.

    Parameters
    ----------
    endpoint : Asked
        Whom to ask: an `Endpoint` or a `LocalModel`.
    problem : Problem
        Whose questions; it words them, and reads answers if it has a method ``read``.
    instruction : str
        Follows each question.
    """

    def __init__(self, endpoint: Asked, problem: Problem, instruction: str = INSTRUCTION) -> None:
        self.endpoint, self.problem, self.instruction = endpoint, problem, instruction
        self.usage = Usage(money=None if endpoint.prices is None else 0.0)

    @property
    def stopped(self) -> str:
        """Empty, or why not all questions were asked."""
        return self.endpoint.stopped

    def solve(self, examples: Examples) -> list[Any]:
        """One answer per example, as text.

        Raises
        ------
        EndpointError
            If the server refuses for good or cannot be reached.
        """
        questions = [f"{text}\n\n{self.instruction}".rstrip() for text in self.problem.text(examples)]
        replies, stored = self.endpoint.ask_all(questions)
        self._count({q: reply for q, reply in zip(questions, replies, strict=True) if isinstance(reply, Reply)}, stored)
        return [reply if isinstance(reply, Unanswered) else self._answer(reply) for reply in replies]

    def _answer(self, reply: Reply) -> Any:
        if reply.finish == "length":
            return Unsolved("cut off at the limit of tokens")
        if reply.finish in ("refusal", "content_filter"):
            return Unsolved("refused")
        found = final_answer(reply.text, getattr(self.problem, "read", None))
        return Unsolved("no answer in the reply") if found is None else found

    def _count(self, replies: dict[str, Reply], stored: int) -> None:
        read = sum(reply.prompt_tokens for reply in replies.values())
        written = sum(reply.completion_tokens for reply in replies.values())
        prices, before = self.endpoint.prices, self.usage
        self.usage = Usage(
            answers=before.answers + len(replies),
            stored=before.stored + stored,
            prompt_tokens=before.prompt_tokens + read,
            completion_tokens=before.completion_tokens + written,
            money=None if prices is None else (before.money or 0.0) + prices.of(read, written),
        )
