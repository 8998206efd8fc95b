"""Quantiles of each column of a matrix: columns are copied in small blocks, and sorted as far as is needed.

What the quantiles are for is the caller's business.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.types import FloatArray

Places = NDArray[np.intp]
_AT_ONCE = 16


def contiguous_columns(values: FloatArray) -> Iterator[FloatArray]:
    """Each column (G,) of a matrix (G, N) as a copy, contiguous in memory; not the whole matrix at a time."""
    for start in range(0, values.shape[1], _AT_ONCE):
        yield from np.array(values[:, start : start + _AT_ONCE].T, order="C")


def column_quantiles(values: FloatArray, probabilities: Sequence[float]) -> FloatArray:
    """(Q, N) quantiles of the observed values of each column of (G, N), as `np.nanquantile`; NaN without a value."""
    found = [_quantiles(column, probabilities) for column in contiguous_columns(values)]
    return np.array(found).reshape(values.shape[1], len(probabilities)).T


def _quantiles(column: FloatArray, probabilities: Sequence[float]) -> FloatArray:
    """(Q,) quantiles of a column (G,) of which only the values at them are put into their places."""
    n = len(column) - int(np.isnan(column).sum())
    if n == 0:
        return np.full(len(probabilities), np.nan)
    below, above, _ = _places(n, probabilities)
    return _between(np.partition(column, np.union1d(below, above)), n, probabilities)


def quantiles_of_ascending(ascending: FloatArray, probabilities: Sequence[float]) -> FloatArray:
    """Quantiles (type 7) of sorted values, missing ones last and left out, as `np.quantile`; NaN without a value."""
    n = int(np.searchsorted(ascending, np.nan))
    return _between(ascending, n, probabilities) if n else np.full(len(probabilities), np.nan)


def _places(n: int, probabilities: Sequence[float]) -> tuple[Places, Places, FloatArray]:
    """Places of the values below and above each quantile of n values, and the share of the way between them."""
    place = (n - 1) * np.asarray(probabilities, dtype=np.float64)
    below = np.floor(place).astype(np.intp)
    return below, np.minimum(below + 1, n - 1), place - below


def _between(placed: FloatArray, n: int, probabilities: Sequence[float]) -> FloatArray:
    """The quantiles of n values of which those at the quantiles are in their places."""
    below, above, share = _places(n, probabilities)
    low, high = placed[below], placed[above]
    # From the nearer of the two, as numpy does.
    return np.where(share >= 0.5, high - (high - low) * (1 - share), low + (high - low) * share)
