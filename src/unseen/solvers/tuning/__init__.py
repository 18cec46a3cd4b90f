"""Solver parameters set while solving: bandits over a stream of instances that see nothing but costs."""
