"""Probability densities with known scores, couplings and bridges."""
