"""Solvers of entropic optimal transport and Schroedinger bridges, all answering with a conditional plan."""
