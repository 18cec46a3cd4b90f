"""Studies on numerical solvers, samplers and low precision."""
