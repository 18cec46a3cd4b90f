"""Trained networks as solvers, of finite and of infinite width."""
