"""Limits on what a run may ask: requests, tokens, money. They are never passed, also not by requests in flight."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from threading import Condition

from unseen.errors import UsageError


@dataclass(frozen=True)
class Prices:
    """Money per million tokens, in a unit of the user's choice.

    Raises
    ------
    UsageError
        If a price is negative or no number.
    """

    read: float = 0.0
    written: float = 0.0

    def __post_init__(self) -> None:
        for name, price in (("read", self.read), ("written", self.written)):
            if not 0 <= price < inf:
                raise UsageError(f"the price of tokens {name} must be a number from 0 up, not {price}")

    def of(self, read: int, written: int) -> float:
        """The price of so many tokens."""
        return (read * self.read + written * self.written) / 1e6


@dataclass(frozen=True)
class Limits:
    """The most that may be asked anew; answers from the log cost nothing. Infinite by default.

    Parameters
    ----------
    requests : float
        Requests sent, repeated ones included.
    tokens : float
        Tokens read and written.
    money : float
        Their price.

    Raises
    ------
    UsageError
        If a limit is negative or no number.
    """

    requests: float = inf
    tokens: float = inf
    money: float = inf

    def __post_init__(self) -> None:
        for name in ("requests", "tokens", "money"):
            if not getattr(self, name) >= 0:
                raise UsageError(f"the limit on {name} must be a number from 0 up, not {getattr(self, name)}")


class LimitReachedError(Exception):
    """The next request might pass a limit."""


class Budget:
    """What is left of the limits, shared by threads.

    Each request reserves the most that it can use before it is sent, and gives back the rest when it is answered. One
    that does not fit waits while others are in flight, since these may give something back. A request without a
    usable answer is charged in full if the server may have worked on it, since nobody says what it cost.
    """

    def __init__(self, limits: Limits, prices: Prices) -> None:
        self._limits, self._prices = limits, prices
        self._requests, self._tokens, self._money = 0, 0, 0.0
        self._reserved: list[tuple[int, int]] = []
        self._changed = Condition()

    def reserve(self, read: int, written: int) -> tuple[int, int]:
        """Reserve one request with at most so many tokens.

        Raises
        ------
        LimitReachedError
            If it does not fit, whatever the others give back.
        """
        with self._changed:
            while passed := self._passed(read, written):
                if not self._reserved or self._requests + 1 > self._limits.requests:
                    raise LimitReachedError(passed)
                self._changed.wait(timeout=0.1)
            self._requests += 1
            self._reserved.append((read, written))
            return read, written

    def settle(self, reserved: tuple[int, int], read: int, written: int) -> None:
        """Replace a reservation by what was used."""
        with self._changed:
            self._reserved.remove(reserved)
            self._tokens += read + written
            self._money += self._prices.of(read, written)
            self._changed.notify_all()

    def _passed(self, read: int, written: int) -> str:
        tokens = self._tokens + read + written + sum(map(sum, self._reserved))
        money = self._money + sum(self._prices.of(*pair) for pair in [*self._reserved, (read, written)])
        wanted = {"requests": self._requests + 1, "tokens": tokens, "money": money}
        for name, amount in wanted.items():
            limit = getattr(self._limits, name)
            if amount > limit:
                return f"the limit of {limit:g} {name} is reached"
        return ""
