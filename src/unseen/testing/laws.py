"""How laws are checked: one small function per law, so that a failure names the law."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from unittest import SkipTest

Case = TypeVar("Case")

NONE_SKIPPED: Mapping[str, str] = {}


class LawBroken(AssertionError):  # noqa: N818 - it says what happened
    """One law is not obeyed; the message says where it was seen."""


class LawsBroken(AssertionError):  # noqa: N818 - it says what happened
    """What an item was found to break.

    Parameters
    ----------
    item : str
        What was checked.
    breaches : mapping of str to str
        Law -> what was found.
    """

    def __init__(self, item: str, breaches: Mapping[str, str]):
        self.item = item
        self.breaches = dict(breaches)
        lines = "".join(f"\n  {law}: {found}" for law, found in self.breaches.items())
        super().__init__(f"{item} breaks {len(self.breaches)} of its laws:{lines}")


def require(obeyed: Any, found: str) -> None:
    """Raise `LawBroken` with what was found unless the condition is true."""
    if not obeyed:
        raise LawBroken(found)


def check_laws(
    item: str, case: Case, laws: Sequence[Callable[[Case], None]], skip: Mapping[str, str] = NONE_SKIPPED
) -> None:
    """Check every law and report all that are broken at once.

    Parameters
    ----------
    item : str
        What is checked, for the message.
    case : object
        What each law is given.
    laws : sequence of callables
        Each raises if it is broken; `unittest.SkipTest` means that it does not apply.
    skip : mapping of str to str
        Laws left out, by name, each with the reason.

    Raises
    ------
    LawsBroken
        If any law is broken.
    ValueError
        If `skip` names no law or gives no reason.
    """
    known = [law.__name__ for law in laws]
    for name, reason in skip.items():
        if name not in known:
            raise ValueError(f"no law is named {name!r}; there are {', '.join(known)}")
        if not reason:
            raise ValueError(f"law {name} is left out without a reason")
    breaches = {}
    for law in laws:
        if law.__name__ in skip:
            continue
        try:
            law(case)
        except SkipTest:
            continue
        except LawBroken as error:
            breaches[law.__name__] = str(error)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            breaches[law.__name__] = f"{type(error).__name__}: {error} ({place.filename}, line {place.lineno})"
    if breaches:
        raise LawsBroken(item, breaches)
