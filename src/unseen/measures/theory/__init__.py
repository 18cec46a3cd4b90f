"""Closed-form theory: what a solvable model says that an experiment should show."""
