"""Polynomial continued fractions: exact convergents, how they converge, and which constants they reach.

``a(0) + b(1) / (a(1) + b(2) / (a(2) + ...))`` with polynomials a and b, given by whole coefficients, constant first.
"""
