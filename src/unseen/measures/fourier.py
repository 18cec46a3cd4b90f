"""How periodic a network's units are."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.contracts.measure import measure


@measure(low=0, high=1, paper="080")
def inverse_participation_ratio(rows: ArrayLike, *, power: int = 2) -> NDArray[np.float64]:
    """How concentrated each row's Fourier spectrum is: 1 for a single frequency, small for a spread one.

    With u the magnitudes of the row's discrete Fourier transform at the positive frequencies,
    ``sum (u / |u|_2)^(2 power)``. The constant component is left out: a row with a large mean is not periodic.
    (Doshi et al. 2023, equation 3, there with the constant.)

    Parameters
    ----------
    rows : array of shape (..., p)
        Weights as a function of the residue; p at least 3.
    power : int
        The exponent r, at least 2.

    Returns
    -------
    float64 array of shape (...)
        From 1 over the number of frequencies, (p - 1) / 2 rounded up, to the power r - 1, up to 1. ``nan`` for a
        constant row, which has no frequency.

    Raises
    ------
    ValueError
        If p or `power` is too small.

    Examples
    --------
    >>> residues = np.arange(31)
    >>> print(inverse_participation_ratio(5 + np.cos(2 * np.pi * 4 * residues / 31)).round(6))
    1.0
    """
    weights = np.asarray(rows, dtype=np.float64)
    if weights.ndim == 0 or weights.shape[-1] < 3:
        raise ValueError(f"rows need at least 3 entries each, not shape {weights.shape}")
    if power < 2:
        raise ValueError(f"power must be at least 2, not {power}")
    energy = np.abs(np.fft.rfft(weights - weights.mean(axis=-1, keepdims=True))[..., 1:]) ** 2
    total = energy.sum(axis=-1, keepdims=True)
    # What is left of a constant row after subtracting its mean is rounding, not a frequency.
    rounding = (np.abs(weights).max(axis=-1, keepdims=True) * np.finfo(np.float64).eps * weights.shape[-1]) ** 2
    share = np.divide(energy, total, out=np.full_like(energy, np.nan), where=total > rounding)
    return np.asarray((share**power).sum(axis=-1))


@measure(low=0, high=1, paper="080")
def unit_periodicity(*tables: ArrayLike) -> NDArray[np.float64]:
    """How periodic each hidden unit is: its `inverse_participation_ratio` averaged over the tables it reads and writes.

    Units of low periodicity are those that memorise. (Doshi et al. 2023, section 3.)

    Parameters
    ----------
    *tables : array of shape (units, p)
        Each unit's weights as a function of the residue: one table per operand and one for the output.

    Returns
    -------
    float64 array of shape (units,)

    Raises
    ------
    ValueError
        If no table is given, or their shapes differ.

    Examples
    --------
    >>> wave = np.cos(2 * np.pi * np.arange(31) / 31)
    >>> spike = np.eye(31)[0]
    >>> unit_periodicity([wave, spike], [wave, spike]).round(3)
    array([1.   , 0.067])
    """
    shapes = {np.shape(table) for table in tables}
    if len(shapes) != 1:
        raise ValueError(f"unit_periodicity needs tables of one shape, not {sorted(shapes) or 'none'}")
    return np.asarray(np.mean([inverse_participation_ratio(table) for table in tables], axis=0))
