"""What is known of each paper in scope, and search over it.

Importing this package reads no file and needs only the standard library, so that a command's help stays quick.
"""

from unseen.catalogue.citation import bibtex
from unseen.catalogue.paper import AREAS, AXIS_NAMES, CatalogueError, Paper
from unseen.catalogue.query import search
from unseen.catalogue.reader import UnknownPaper, find, load, parse

__all__ = [
    "AREAS",
    "AXIS_NAMES",
    "CatalogueError",
    "Paper",
    "UnknownPaper",
    "bibtex",
    "find",
    "load",
    "parse",
    "search",
]
