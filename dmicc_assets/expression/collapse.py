"""Collapse of probes to one row for each gene, by the mean, the median or the probe with the highest mean.

Probes without exactly one symbol are dropped; `geo/formats/platform.py` reads the symbols.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dmicc_assets.stats.observed import mean_of_observed
from dmicc_assets.types import BoolArray, ExpressionMatrix, FloatArray

CollapseMethod = Literal["mean", "median", "max_mean"]


# Number of values averaged at a time, so that they stay in the cache.
_CELLS_PER_BLOCK = 1 << 16
# From here on numpy adds in another order than one after the other.
_MOST_IN_TURN = 8


@dataclass(frozen=True, slots=True)
class CollapsedMatrix:
    """Expression of genes.

    Attributes:
        matrix: genes sorted by name.
        chosen_probe: with `max_mean` the probe used for each gene, else None.
    """

    matrix: ExpressionMatrix
    chosen_probe: dict[str, str] | None


def collapse_probes(matrix: ExpressionMatrix, probe_genes: pl.DataFrame, method: CollapseMethod) -> CollapsedMatrix:
    """One row for each gene, from the probes that have exactly one symbol.

    `mean` is `limma::avereps` (the mean of the non-missing probes), `median` the same with the median, `max_mean`
    takes the probe with the highest mean over the samples (the first of equal ones).

    Args:
        matrix: expression of probes.
        probe_genes: columns probe, gene and n_symbols; probes that are not in the matrix are ignored.
        method: how the probes of a gene are combined.

    Raises:
        ValueError: a probe is a duplicate in `probe_genes`, no probe of the matrix has exactly one symbol, or the
            method is unknown.
    """
    if method not in ("mean", "median", "max_mean"):
        raise ValueError(f"unknown collapse {method!r}: expected mean, median or max_mean")
    rows, genes = gene_rows(matrix, probe_genes)
    names, starts = np.unique(genes, return_index=True)
    chosen: dict[str, str] | None = None
    if method == "mean":
        values = _group_means(matrix.values, rows, starts)
    elif method == "median":
        values = _group_medians(matrix.values, rows, starts)
    else:
        best = _highest_mean(matrix.values, rows, starts)
        values = matrix.values[best]
        chosen = {str(gene): matrix.features[row] for gene, row in zip(names, best, strict=True)}
    return CollapsedMatrix(ExpressionMatrix(values, tuple(map(str, names)), matrix.samples), chosen)


def collapse_groups(values: FloatArray, method: CollapseMethod, learnt: BoolArray) -> FloatArray:
    """(G, N) one row for each gene, of genes with equally many probes.

    Args:
        values: (G, k, N) the k probes of each gene.
        method: how they are combined.
        learnt: (N,) the samples over which `max_mean` compares means.
    """
    if values.shape[1] == 1:
        return values[:, 0]
    if method == "mean":
        total = values.sum(axis=1)
        return mean_of_observed(values, 1) if np.isnan(total).any() else total / values.shape[1]
    if method == "median":
        return _medians(values)
    means = mean_of_observed(values[:, :, learnt], 2)
    best = np.argmax(np.where(np.isnan(means), -np.inf, means), axis=1)
    return values[np.arange(len(values)), best]


def gene_rows(matrix: ExpressionMatrix, probe_genes: pl.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.str_]]:
    """Rows of the usable probes, sorted by gene and then in the matrix's order, with their genes.

    Raises:
        ValueError: a probe is a duplicate in the annotation, or no probe of the matrix has exactly one symbol.
    """
    twice = probe_genes["probe"].filter(probe_genes["probe"].is_duplicated())
    if len(twice):
        raise ValueError(f"duplicate probe {twice[0]!r} in the annotation")
    position = pl.DataFrame({"probe": matrix.features, "row": np.arange(len(matrix.features))})
    usable = probe_genes.filter(pl.col("gene").is_not_null() & (pl.col("gene") != "") & (pl.col("n_symbols") == 1))
    # Sorted as bytes, as everywhere, so that the locale has no effect.
    table = position.join(usable, on="probe", how="inner").sort("gene", "row")
    if table.is_empty():
        raise ValueError(
            f"none of the {len(matrix.features)} probes ({', '.join(matrix.features[:2])}, ...) "
            "has exactly one gene symbol: does the annotation belong to this platform?"
        )
    return table["row"].to_numpy().astype(np.intp), np.array(table["gene"].to_list())


def _group_means(values: FloatArray, rows: NDArray[np.intp], starts: NDArray[np.intp]) -> FloatArray:
    """Means of the non-missing probes, genes with the same number of probes together, in blocks to save memory."""
    sizes = _sizes(rows, starts)
    result = np.empty((len(starts), values.shape[1]))
    for size in sorted(set[int](sizes.tolist())):
        groups = np.flatnonzero(sizes == size)
        step = max(1, _CELLS_PER_BLOCK // max(1, values.shape[1] * size))
        for top in range(0, len(groups), step):
            own = groups[top : top + step]
            probes = values[rows[starts[own, None] + np.arange(size)]]
            missing = np.isnan(probes)
            if missing.any():
                probes[missing] = 0.0
                counts, totals = (~missing).sum(axis=1), _sums(probes)
                result[own] = np.divide(totals, counts, out=np.full(totals.shape, np.nan), where=counts > 0)
            else:
                result[own] = _sums(probes) / size
    return result


def _sums(values: FloatArray) -> FloatArray:
    """(G, N) sums over the k probes of each gene, (G, k, N), to the last bit as `np.add.reduceat` gives them."""
    n_genes, k, n = values.shape
    if k > _MOST_IN_TURN:
        firsts = np.arange(0, n_genes * k, k, dtype=np.intp)
        return np.add.reduceat(values.reshape(n_genes * k, n), firsts, axis=0)
    if k == 1:
        return values[:, 0]
    rest = values[:, 1].copy()
    for i in range(2, k):
        rest += values[:, i]
    return np.add(values[:, 0], rest, out=rest)


def _group_medians(values: FloatArray, rows: NDArray[np.intp], starts: NDArray[np.intp]) -> FloatArray:
    """Medians of the non-missing probes, all genes with the same number of probes at once."""
    sizes = _sizes(rows, starts)
    result = np.empty((len(starts), values.shape[1]))
    for size in np.unique(sizes):
        groups = np.flatnonzero(sizes == size)
        result[groups] = _medians(values[rows[starts[groups, None] + np.arange(size)]])
    return result


def _medians(values: FloatArray) -> FloatArray:
    """(G, N) medians of the non-missing among the k probes of each gene, (G, k, N)."""
    size, ordered = values.shape[1], np.sort(values, axis=1)
    n = size - np.isnan(ordered).sum(axis=1, keepdims=True)
    low, high = np.maximum((n - 1) // 2, 0), np.minimum(n // 2, size - 1)
    pair = np.take_along_axis(ordered, low, axis=1) + np.take_along_axis(ordered, high, axis=1)
    return np.where(n > 0, pair / 2, np.nan)[:, 0]


def _highest_mean(values: FloatArray, rows: NDArray[np.intp], starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """For each gene the row with the highest mean of its non-missing values, the first of equals."""
    block = values[rows]
    present = ~np.isnan(block)
    counts = present.sum(axis=1)
    totals = np.where(present, block, 0.0).sum(axis=1)
    means = np.divide(totals, counts, out=np.full(len(rows), -np.inf), where=counts > 0)
    group = np.repeat(np.arange(len(starts)), _sizes(rows, starts))
    order = np.lexsort((np.arange(len(rows)), -means, group))
    return rows[order[starts]]


def _sizes(rows: NDArray[np.intp], starts: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.diff(np.append(starts, len(rows)))
