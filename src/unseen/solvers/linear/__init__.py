"""Solvers of linear systems ``A x = b``: Krylov methods that count their work, and classical peers beside them.

Each is a class with ``solve(A, b, *, tolerance, ...) -> SolveReport``; `interface` says what they have in common.
"""
