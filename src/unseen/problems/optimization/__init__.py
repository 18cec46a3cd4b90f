"""Optimization models in matrix form: families, mutants, and the checks by which models are told apart."""
