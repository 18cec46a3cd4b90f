"""Problems in the formats of other libraries, scored by our own checkers there too.

`unseen.bridges.rows` draws questions as plain rows, `unseen.bridges.check` scores answers to them wherever they went,
and one module each gives them as a torch data set, to TRL, verifiers, Inspect and reasoning-gym.
"""
