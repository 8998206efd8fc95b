"""Quantiles of each column of a matrix: columns are copied in small blocks, and each is sorted once.

What the quantiles are for is the caller's business.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from dmicc_assets.types import FloatArray

_AT_ONCE = 16


def contiguous_columns(values: FloatArray) -> Iterator[FloatArray]:
    """Each column (G,) of a matrix (G, N) as a copy, contiguous in memory; not the whole matrix at a time."""
    for start in range(0, values.shape[1], _AT_ONCE):
        yield from np.array(values[:, start : start + _AT_ONCE].T, order="C")


def column_quantiles(values: FloatArray, probabilities: Sequence[float]) -> FloatArray:
    """(Q, N) quantiles of the observed values of each column of (G, N), as `np.nanquantile`; NaN without a value."""
    found = [quantiles_of_ascending(np.sort(column), probabilities) for column in contiguous_columns(values)]
    return np.array(found).reshape(values.shape[1], len(probabilities)).T


def quantiles_of_ascending(ascending: FloatArray, probabilities: Sequence[float]) -> FloatArray:
    """Quantiles (type 7) of sorted values, missing ones last and left out, as `np.quantile`; NaN without a value."""
    n = int(np.searchsorted(ascending, np.nan))
    if n == 0:
        return np.full(len(probabilities), np.nan)
    place = (n - 1) * np.asarray(probabilities, dtype=np.float64)
    below = np.floor(place).astype(np.intp)
    share = place - below
    low, high = ascending[below], ascending[np.minimum(below + 1, n - 1)]
    # From the nearer of the two, as numpy does.
    return np.where(share >= 0.5, high - (high - low) * (1 - share), low + (high - low) * share)
