"""Regression problems whose rule is a random teacher: linear or a small network, learnt from noisy examples."""
