"""Hierarchical clustering of genes and samples for heat maps: row z-scores, order, dendrogram."""

# scipy has no stubs: what it returns is declared here.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.types import FloatArray


@dataclass(frozen=True, slots=True)
class Clustering:
    """A dendrogram over the rows of a matrix.

    Attributes:
        order: (R,) rows from one end of the dendrogram to the other.
        branches: (R - 1, 4, 2) for each merge the four corners (position, height) of its bracket; a row's position
            is its place in `order`.
    """

    order: NDArray[np.intp]
    branches: FloatArray


def standardise_rows(values: FloatArray) -> FloatArray:
    """z-scores of each row over its non-missing values; 0 in a constant row, missing stays missing."""
    measured = ~np.isnan(values).all(axis=1)
    z = np.full_like(values, np.nan)
    rows = values[measured]
    mean = np.nanmean(rows, axis=1, keepdims=True)
    n = (~np.isnan(rows)).sum(axis=1, keepdims=True)
    spread = np.sqrt(np.nansum((rows - mean) ** 2, axis=1, keepdims=True) / np.maximum(n - 1, 1))
    # the standard deviation of a constant row is rounding noise
    constant = spread <= 1e-12 * np.maximum(np.abs(mean), 1.0)
    z[measured] = np.where(constant, rows * 0.0, (rows - mean) / np.where(constant, 1.0, spread))
    return z


def cluster_rows(values: FloatArray) -> Clustering:
    """Average linkage of rows by Euclidean distance, leaves ordered so that neighbours are near (Bar-Joseph 2001).

    On row z-scores the Euclidean distance is a monotone function of Pearson's correlation distance.

    Args:
        values: (R, C); a missing value counts as its row's mean.
    """
    n = values.shape[0]
    if n < 2:
        return Clustering(np.arange(n, dtype=np.intp), np.zeros((0, 4, 2)))
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import pdist

    filled = _filled(values)
    distances = pdist(filled)
    merges = np.asarray(optimal_leaf_ordering(linkage(distances, "average"), distances), dtype=np.float64)
    order = np.asarray(leaves_list(merges), dtype=np.intp)
    return Clustering(order, _brackets(merges, order))


def _filled(values: FloatArray) -> FloatArray:
    missing = np.isnan(values)
    n = (~missing).sum(axis=1, keepdims=True)
    mean = np.nansum(values, axis=1, keepdims=True) / np.maximum(n, 1)
    return np.where(missing, mean, values)


def _brackets(merges: FloatArray, order: NDArray[np.intp]) -> FloatArray:
    """Corners of each merge's bracket from scipy's linkage rows (first, second, height, size)."""
    n = len(order)
    position, height = np.empty(2 * n - 1), np.zeros(2 * n - 1)
    position[order] = np.arange(n)
    brackets = np.empty((n - 1, 4, 2))
    for i, (first, second, at, _) in enumerate(merges):
        a, b = int(first), int(second)
        brackets[i] = [[position[a], height[a]], [position[a], at], [position[b], at], [position[b], height[b]]]
        position[n + i], height[n + i] = (position[a] + position[b]) / 2, at
    return brackets
