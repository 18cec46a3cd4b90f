"""Evaluation of any solver on any problem: scores, what they say of rule and memory, and two solvers side by side."""

from unseen.evaluation.scores import DEFAULT_SIZE, Scores, evaluate

__all__ = ["DEFAULT_SIZE", "Scores", "evaluate"]
