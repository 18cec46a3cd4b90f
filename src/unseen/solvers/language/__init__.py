"""Language models as solvers: asking an endpoint, keeping what it said, reading the answer."""
