"""What an iterative solver returns: the solution, how it ended, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

SolveStatus = Literal["converged", "limit-reached", "not-applicable", "breakdown", "not-finite"]
"""How a solve ended.

``"converged"``: the tolerance is met. ``"limit-reached"``: iterations or time ran out. ``"not-applicable"``: the system
is not one that the method is for (not positive definite, singular, incompatible). ``"breakdown"``: the method cannot go
on (division by zero, stagnation). ``"not-finite"``: NaN or infinity appeared.
"""


@dataclass(frozen=True)
class SolveReport:
    """The outcome of one solve; failing to solve is a status that says why, never an exception.

    Parameters
    ----------
    solution : array
        The best solution found, in the shape of what was asked for; usable only as far as `residuals` says.
    status : str
        One of `SolveStatus`.
    why : str
        One sentence on how it ended, with the iteration where that helps; empty when converged.
    residuals : array of float64, shape (iterations + 1,)
        Norm of the residual relative to that of the right-hand side, before the first iteration and after each; empty
        for direct methods and samplers, which have none.
    counters : mapping of str to int
        Work in units that do not depend on the machine: ``"matrix_vector_products"``, ``"function_evaluations"``,
        ``"preconditioner_applications"``, ...
    seconds : float
        Wall time of the solve.
    """

    solution: Any
    status: SolveStatus
    why: str = ""
    residuals: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    counters: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def converged(self) -> bool:
        """Whether the tolerance was met."""
        return self.status == "converged"

    @property
    def iterations(self) -> int:
        """Number of iterations, 0 for direct methods."""
        return max(0, len(self.residuals) - 1)
