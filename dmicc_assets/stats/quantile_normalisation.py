"""Quantile normalisation between arrays, ties and missing values included, with fit and transform apart.

Whether values need a logarithm first is decided in `expression/scale.py`.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.types import FloatArray


def quantile_normalise(values: FloatArray) -> FloatArray:
    """Gives every sample the same distribution, as `limma::normalizeBetweenArrays(method="quantile")`.

    Bolstad et al. 2003, doi:10.1093/bioinformatics/19.2.185; ties share the mean of their quantiles' position,
    and a sample with missing values is interpolated to the full length.

    Args:
        values: (G, N) on the log2 scale, NaN missing.

    Raises:
        ValueError: an infinite value; a sample without any value.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.shape[1] < 2:
        return values.copy()
    orders = np.empty(values.shape[::-1], dtype=np.int32)
    target = _mean_quantiles(values, orders)
    return _with_distribution(values, target, orders)


def fit_quantile_target(values: FloatArray) -> FloatArray:
    """(G,) mean over the samples of their sorted values: the common distribution.

    Raises:
        ValueError: an infinite value; a sample without any value.
    """
    return _mean_quantiles(values, np.empty(values.shape[::-1], dtype=np.int32))


def apply_quantile_target(values: FloatArray, target: FloatArray) -> FloatArray:
    """Gives samples the distribution `target`, learnt from these or other samples.

    A rank is mapped to the target's quantile at the same relative position; tied values get the quantile of their mean
    rank.

    Args:
        values: (G, N) on the log2 scale, NaN missing.
        target: (G,) ascending, as `fit_quantile_target` gives it.
    """
    return _with_distribution(values, target, None)


def _mean_quantiles(values: FloatArray, orders: NDArray[np.int32]) -> FloatArray:
    """The mean of the samples' sorted values (G,); fills `orders` (N, G), so that each sample is sorted once."""
    g, n = values.shape
    target = np.zeros(g, dtype=np.float64)
    for block in _blocks(n):
        for j, column in enumerate(np.ascontiguousarray(values[:, block].T), start=block.start):
            orders[j] = np.argsort(column)
            ascending = column[orders[j]]
            observed = g - int(np.isnan(column).sum())
            if observed == 0:
                raise ValueError(f"sample {j + 1} has no value at all: leave it out before normalising")
            if np.isinf(ascending[[0, observed - 1]]).any():
                raise ValueError(f"sample {j + 1} has an infinite value")
            if observed < g:
                positions = np.linspace(0, 1, observed) if observed > 1 else np.array([0.5])
                ascending = np.asarray(
                    np.interp(np.linspace(0, 1, g), positions, ascending[:observed]), dtype=np.float64
                )
            target += ascending
    return target / n


def _with_distribution(values: FloatArray, target: FloatArray, orders: NDArray[np.int32] | None) -> FloatArray:
    result = np.empty(values.shape)
    for block in _blocks(values.shape[1]):
        columns = np.array(values[:, block].T, order="C")
        for j, column in enumerate(columns, start=block.start):
            order = np.argsort(column) if orders is None else orders[j]
            column[:] = _given_distribution(column, order, target)
        result[:, block] = columns.T
    return result


def _given_distribution(column: FloatArray, order: NDArray[np.integer], target: FloatArray) -> FloatArray:
    """One sample's values replaced by the target's values at their ranks; NaN stays NaN."""
    observed = len(column) - int(np.isnan(column).sum())
    order = order[:observed]
    ascending = column[order]
    result = np.full(len(column), np.nan)
    if observed == len(target) and not (ascending[1:] == ascending[:-1]).any():
        result[order] = target
    else:
        positions = mean_ranks(ascending) / max(observed - 1, 1)
        result[order] = np.interp(positions, np.linspace(0, 1, len(target)), target)
    return result


def mean_ranks(ascending: FloatArray) -> FloatArray:
    """Ranks from 0 of sorted values, ties sharing their mean."""
    starts = np.flatnonzero(np.concatenate([[True], ascending[1:] != ascending[:-1]]))
    stops = np.append(starts[1:], len(ascending))
    return np.repeat((starts + stops - 1) / 2, stops - starts)


def _blocks(n: int) -> Iterator[slice]:
    """Blocks of samples that are copied together: one cache line of each gene, not the whole matrix."""
    return (slice(start, start + 16) for start in range(0, n, 16))
