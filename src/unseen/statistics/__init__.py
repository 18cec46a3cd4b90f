"""Intervals and tests: the one home of everything statistical."""
