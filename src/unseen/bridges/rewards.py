"""Reward functions for reinforcement learning, as TRL calls them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unseen.bridges.check import score_replies


def correct(completions: Sequence[Any], check: Sequence[str], **_: Any) -> list[float]:
    """Reward each completion by the problem's own checker: 1 if right, 0 if wrong or without an answer.

    Problems scored by an error e give ``1 / (1 + e)``. A plain function of a module, so that it can be pickled or named
    as ``unseen.bridges.rewards.correct``; all that it needs travels in the column ``check``.

    Parameters
    ----------
    completions : sequence of str or of message lists
        What the model wrote: text, or a conversation of which the last message counts.
    check : sequence of str
        The column of that name in an exported data set.

    Examples
    --------
    >>> from unseen.bridges.rows import split_rows
    >>> _, rows = next(split_rows("chain-sum", splits=["train"], n=2))
    >>> correct([rows[0]["answer"], [{"role": "assistant", "content": "no idea"}]], [row["check"] for row in rows])
    [1.0, 0.0]
    """
    return [float(score) for score in score_replies(check, [said(completion) for completion in completions])]


def said(completion: Any) -> str:
    """The text of a completion: the last message of a conversation; text as it is; nothing otherwise."""
    if isinstance(completion, (list, tuple)) and completion and isinstance(completion[-1], dict):
        completion = completion[-1].get("content")
    return completion if isinstance(completion, str) else ""
