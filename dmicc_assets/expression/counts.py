"""RNA-seq counts summed to genes, and on a log2 scale for everything except the test.

The test weights counts by voom (`stats/voom.py`); normalisation factors and filters are in `stats/library_size.py`.
"""

import numpy as np
import polars as pl

from dmicc_assets.errors import DataError
from dmicc_assets.stats.library_size import log_cpm, tmm_factors
from dmicc_assets.types import ExpressionMatrix


def whole_counts(matrix: ExpressionMatrix, name: str) -> tuple[ExpressionMatrix, int]:
    """Counts as whole numbers, and how many were rounded: RSEM's expected counts are fractions.

    Args:
        matrix: (R, N) counts.
        name: of the dataset, in messages.

    Raises:
        DataError: a count is negative or missing, or a sample has none.
    """
    if (empty := np.flatnonzero((matrix.values == 0).all(axis=0))).size:
        raise DataError(f"{name}: {matrix.samples[empty[0]]} has no count of any gene: leave the sample out")
    wrong = ~(matrix.values >= 0)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        value = matrix.values[row, column]
        what = "no count" if np.isnan(value) else f"{value:g}"
        raise DataError(f"{name}: expected counts, found {what} for {matrix.features[row]} in {matrix.samples[column]}")
    rounded = np.rint(matrix.values)
    return ExpressionMatrix(rounded, matrix.features, matrix.samples), int((rounded != matrix.values).sum())


def sum_counts(matrix: ExpressionMatrix, probe_genes: pl.DataFrame | None) -> ExpressionMatrix:
    """Counts of each gene: the sum over the rows that carry its symbol; rows without one symbol are dropped.

    Args:
        matrix: (R, N) counts by row id.
        probe_genes: columns probe, gene, n_symbols; None when the rows are genes, which are sorted then.
    """
    if probe_genes is None:
        return matrix.take_features(sorted(matrix.features))
    named = probe_genes.filter(pl.col("gene").is_not_null() & (pl.col("n_symbols") == 1))
    gene_of = dict(named.select("probe", "gene").iter_rows())
    rows = [i for i, row in enumerate(matrix.features) if row in gene_of]
    genes, index = np.unique([gene_of[matrix.features[i]] for i in rows], return_inverse=True)
    summed = np.zeros((len(genes), len(matrix.samples)))
    np.add.at(summed, index, matrix.values[rows])
    return ExpressionMatrix(summed, tuple(genes.tolist()), matrix.samples)


def log2_counts(counts: ExpressionMatrix) -> ExpressionMatrix:
    """Log2 counts per million with TMM factors (Robinson & Oshlack 2010, doi:10.1186/gb-2010-11-3-r25)."""
    values = log_cpm(counts.values, tmm_factors(counts.values))
    return ExpressionMatrix(values, counts.features, counts.samples)


def no_counts(like: ExpressionMatrix) -> ExpressionMatrix:
    """A matrix of missing values, in place of counts."""
    return ExpressionMatrix(np.full(like.values.shape, np.nan), like.features, like.samples)


def has_counts(matrix: ExpressionMatrix) -> bool:
    """Whether every value is a count; a cohort of counts and intensities cannot be tested as counts."""
    return bool(matrix.values.size) and not np.isnan(matrix.values).any()
