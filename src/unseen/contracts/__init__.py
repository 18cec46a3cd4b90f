"""The contracts: problem, solver, measure and study. They import nothing of the rest but `unseen.statistics`."""
