"""Errors that are the caller's to mend: one clear line, no traceback on the command line."""

from __future__ import annotations


class UnseenError(Exception):
    """Anything that the command line reports in one line: what was wrong and what is allowed."""


class UsageError(UnseenError, ValueError):
    """A name, size, seed or option that does not exist or is malformed."""
