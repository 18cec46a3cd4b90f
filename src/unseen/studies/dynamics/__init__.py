"""Studies on grokking, training dynamics, neural tangent kernels and feature learning."""
