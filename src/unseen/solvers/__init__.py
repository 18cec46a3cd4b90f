"""What answers: classical, neural and language-model solvers."""
