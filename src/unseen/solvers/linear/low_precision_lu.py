"""LU factorization in which every operation is rounded to a low-precision format.

Operations are carried out in float64 and rounded to the format, which gives what the format's own operation would
give, as long as its precision is at most 25 bits: 53 bits are then at least twice as many and two more (Figueroa 1995,
"When is double rounding innocuous?").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.errors import UsageError
from unseen.precision import FloatFormat, Mode, named_format, round_to
from unseen.solvers.solve_report import SolveStatus

Reals = NDArray[np.float64]

DOUBLE = named_format("double")

HEADROOM = 0.1
"""Share of a format's largest number that scaling aims at; what is computed may grow ten times beyond."""

ATTEMPTS = 3
"""How often a factorization that overflows is begun, each time with a sixteenth of the scale before."""


@dataclass(frozen=True)
class LowPrecisionLU:
    """Factors of a scaled and permuted matrix: ``(scale R A C)[rows] = L U`` up to rounding.

    Parameters
    ----------
    factors : float64 array, shape (n, n)
        U on and above the diagonal, L without its unit diagonal below; numbers of the format.
    rows : int64 array, shape (n,)
        Order of the rows after pivoting.
    row_scale, column_scale : float64 arrays, shape (n,)
        Diagonals of R and C, powers of two.
    scale : float
        A power of two.
    format : FloatFormat
    mode : str
        How operations were rounded.
    status : str
        ``"converged"`` if the factorization was completed, else why not, as in `SolveReport`: ``"not-applicable"``
        (a pivot is zero in the format), ``"breakdown"`` (overflow), ``"not-finite"`` (in the matrix given).
    why : str
        One sentence; empty when completed.
    """

    factors: Reals
    rows: NDArray[np.int64]
    row_scale: Reals
    column_scale: Reals
    scale: float
    format: FloatFormat
    mode: Mode = "nearest-even"
    status: SolveStatus = "converged"
    why: str = ""

    def solve(self, right: ArrayLike, *, rounded: bool = True) -> Reals:
        """Solve for one right-hand side by substitution.

        Parameters
        ----------
        right : array_like, shape (n,)
        rounded : bool
            Whether the right-hand side and every operation are rounded to the format; else only the factors are of
            low precision, as when they precondition. The right-hand side is scaled first, by a power of two with which
            neither the solution exceeds 2 nor what forward substitution gives the range that the matrix is scaled to;
            it is found by substitution without rounding.

        Returns
        -------
        float64 array, shape (n,)
            Not finite where substitution overflows.
        """
        from scipy.linalg import solve_triangular

        given = (np.asarray(right, dtype=np.float64) * self.row_scale)[self.rows]
        lower = solve_triangular(self.factors, given, lower=True, unit_diagonal=True, check_finite=False)
        solved = solve_triangular(self.factors, lower, check_finite=False)
        largest = max(float(np.abs(solved).max()), float(np.abs(lower).max()) / (HEADROOM * self.format.largest))
        if rounded and 0 < largest < np.inf:
            size = 2.0 ** np.floor(np.log2(largest))
            with np.errstate(over="ignore", invalid="ignore"):
                solved = self._substitute(given / size) * size
        return np.asarray(solved * self.column_scale * self.scale)

    def _substitute(self, right: Reals) -> Reals:
        form, mode, factors = self.format, self.mode, self.factors
        n = len(right)
        x = round_to(right, form, mode)
        for k in range(n - 1):
            x[k + 1 :] = round_to(x[k + 1 :] - round_to(factors[k + 1 :, k] * x[k], form, mode), form, mode)
        for k in range(n - 1, -1, -1):
            x[k] = round_to(x[k] / factors[k, k], form, mode)
            if k:
                x[:k] = round_to(x[:k] - round_to(factors[:k, k] * x[k], form, mode), form, mode)
        return x


def low_precision_lu(
    matrix: ArrayLike,
    to: FloatFormat | str,
    mode: Mode = "nearest-even",
    *,
    scaling: bool = True,
) -> LowPrecisionLU:
    """Factorize a matrix with partial pivoting, every operation rounded to a format.

    With `scaling`, rows and then columns are divided by their largest entries, and all of it is multiplied so that the
    largest entry is a tenth of the format's largest number: entries fill the range, little underflows, and there is
    room for growth (Higham & Pranesh 2019, "Squeezing a matrix into half precision", algorithm 2.5). All factors are
    rounded to powers of two, so that scaling itself rounds nothing. Where elimination overflows all the same, it is
    begun again with a smaller scale: entries of random orthogonal matrices may well grow more than tenfold (Higham,
    Higham & Pranesh 2021, "Random matrices generating large growth in LU factorization with pivoting").

    Parameters
    ----------
    matrix : array_like, shape (n, n)
    to : FloatFormat or str
        A format of at most 25 significant bits, or its name.
    mode : str
        A rounding mode, not stochastic.
    scaling : bool
        Without, entries too large for the format overflow.

    Returns
    -------
    LowPrecisionLU
        With a status other than ``"converged"`` where the factorization could not be completed.

    Raises
    ------
    UsageError
        If the matrix is not square and real, the format has more than 25 significant bits, or the mode is stochastic.

    Examples
    --------
    >>> factorized = low_precision_lu([[2.0, 1.0], [1.0, 3.0]], "half")
    >>> factorized.solve([3.0, 4.0]).tolist()
    [1.0, 1.0]
    """
    form = named_format(to) if isinstance(to, str) else to
    A = check_square(matrix)
    if form.precision > 25:
        raise UsageError(f"operations of {form.precision} bits cannot be emulated in float64; at most 25 can")
    if mode == "stochastic":
        raise UsageError("the factorization is rounded deterministically; stochastic is no mode of it")
    n = len(A)
    rows, ones = np.arange(n), np.ones(n)
    if not np.isfinite(A).all():
        return LowPrecisionLU(A, rows, ones, ones, 1.0, form, mode, "not-finite", "the matrix is not finite")
    row_scale, column_scale, scale = _scaling(A, HEADROOM * form.largest) if scaling else (ones, ones, 1.0)
    for attempt in range(ATTEMPTS if scaling else 1):
        smaller = scale / 16**attempt
        scaled = round_to(A * row_scale[:, None] * column_scale * smaller, form, mode)
        rows, status, why = _eliminate(scaled, form, mode)
        if status != "breakdown":
            break
    return LowPrecisionLU(scaled, rows, row_scale, column_scale, smaller, form, mode, status, why)


def _eliminate(A: Reals, form: FloatFormat, mode: Mode) -> tuple[NDArray[np.int64], SolveStatus, str]:
    """Overwrite a matrix with its factors; the order of its rows, and how it ended."""
    n = len(A)
    rows = np.arange(n)
    if not np.isfinite(A).all():
        return rows, "breakdown", f"the matrix overflows a format whose largest number is {form.largest:g}"
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(n):
            pivot = k + int(np.abs(A[k:, k]).argmax())
            if A[pivot, k] == 0:
                return rows, "not-applicable", f"pivot {k} is zero: the matrix is singular in this format"
            A[[k, pivot]], rows[[k, pivot]] = A[[pivot, k]], rows[[pivot, k]]
            if k == n - 1:
                break
            A[k + 1 :, k] = round_to(A[k + 1 :, k] / A[k, k], form, mode)
            rest = A[k + 1 :, k + 1 :]
            rest -= round_to(A[k + 1 :, k, None] * A[k, k + 1 :], form, mode)
            rest[...] = round_to(rest, form, mode)
            if not np.isfinite(rest).all():
                return rows, "breakdown", f"elimination overflowed in column {k}"
    return rows, "converged", ""


def check_square(matrix: ArrayLike) -> Reals:
    """The matrix as float64, or `UsageError` if it is not square, not real, or empty."""
    given = np.asarray(matrix)
    if given.ndim != 2 or given.shape[0] != given.shape[1] or not given.size:
        raise UsageError(f"a matrix must be square and not empty; this has shape {given.shape}")
    if given.dtype.kind not in "iuf":
        raise UsageError(f"a matrix must hold real numbers, not {given.dtype}")
    return given.astype(np.float64)


def _scaling(A: Reals, largest: float) -> tuple[Reals, Reals, float]:
    """Powers of two for rows, columns and the whole, after which entries are at most about `largest`."""
    row_scale = _reciprocal(np.abs(A).max(axis=1))
    column_scale = _reciprocal(np.abs(A * row_scale[:, None]).max(axis=0))
    top = np.abs(A * row_scale[:, None] * column_scale).max()
    return row_scale, column_scale, float(2.0 ** np.floor(np.log2(largest / top))) if top else 1.0


def _reciprocal(largest: Reals) -> Reals:
    """Power of two that takes a number to [1, 2); 1 for zero."""
    return np.asarray(2.0 ** -np.floor(np.log2(np.where(largest > 0, largest, 1.0))))
