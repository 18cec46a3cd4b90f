"""Optional packages: which extra brings them, and a clear line where one is missing."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from unseen.errors import UsageError

EXTRAS = {
    "linear": ("pyamg", "algebraic multigrid beside our solvers of linear systems"),
    "transport": ("ot", "Sinkhorn's algorithm beside our Schroedinger bridges"),
    "language": ("transformers", "hf:PATH, a local language model"),
    "parquet": ("pyarrow", "writing Parquet"),
    "postgres": ("psycopg", "--store postgresql+psycopg://..."),
}
"""Extra -> the module it brings and what for."""


def extra_module(extra: str) -> ModuleType:
    """The module that an extra brings.

    Parameters
    ----------
    extra : str
        One of `EXTRAS`.

    Raises
    ------
    UsageError
        If it is not installed; the message holds the command that installs it.
    """
    module, purpose = EXTRAS[extra]
    try:
        return import_module(module)
    except ImportError as error:
        raise UsageError(f"{purpose} needs the extra {extra!r}: pip install 'unseen[{extra}]'") from error
