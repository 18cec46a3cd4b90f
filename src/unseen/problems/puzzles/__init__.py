"""Programming puzzles: a predicate in Python, and an answer that makes it true is wanted."""
