"""Solvers of systems of linear equations."""
