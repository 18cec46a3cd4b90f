"""Samplers of diffusion models: deterministic solvers of the probability-flow equation, over one noise prediction.

Every sampler takes ``noise_prediction(x, alpha_bar)``, the initial noise, a `NoiseSchedule` and a grid of descending
times, and returns a `SolveReport` whose counter ``"network_evaluations"`` is the usual NFE.
"""
