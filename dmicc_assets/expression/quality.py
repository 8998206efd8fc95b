"""Quality metrics of every sample of a dataset. They only describe; `checks/` judges them."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from dmicc_assets.stats.column_quantiles import column_quantiles
from dmicc_assets.tables import TABLES
from dmicc_assets.types import BoolArray, ExpressionMatrix, FloatArray

SMALL_GROUP = 12
Y_GENES = ("RPS4Y1", "KDM5D")


def sample_quality(matrix: ExpressionMatrix, before: FloatArray, labels: Sequence[str]) -> pl.DataFrame:
    """Medians, spread, missing values, connectivity and sex genes of each sample.

    Args:
        matrix: gene-level log2 expression, (G, N).
        before: (P, N) the probes' log2 values before normalisation between arrays.
        labels: the label of each of the N samples.

    Returns:
        columns sample, label, n_missing, median, iqr, median_before, iqr_before, connectivity_z, xist, y_genes.

    Raises:
        ValueError: an infinite value (names the gene or probe, and the sample).
    """
    for kind, values in (("gene", matrix.values), ("probe", before)):
        if np.isinf(values).any():
            row, column = np.argwhere(np.isinf(values))[0]
            name = f"gene {matrix.features[row]}" if kind == "gene" else f"the probe in row {row + 1}"
            raise ValueError(f"{name} is infinite in sample {matrix.samples[column]}: expected finite log2 expression")
    median, iqr = _median_and_iqr(matrix.values)
    median_before, iqr_before = _median_and_iqr(before)
    return TABLES["expression/quality"].frame(
        {
            "sample": matrix.samples,
            "label": list(labels),
            "n_missing": np.isnan(matrix.values).sum(axis=0),
            "median": median,
            "iqr": iqr,
            "median_before": median_before,
            "iqr_before": iqr_before,
            "connectivity_z": connectivity_z(matrix.values, labels),
            "xist": _mean_of(matrix, ("XIST",)),
            "y_genes": _mean_of(matrix, Y_GENES),
        }
    )


def connectivity_z(values: FloatArray, labels: Sequence[str]) -> FloatArray:
    """Standardised connectivity of each sample among those of its label (Oldham 2012, doi:10.1186/1752-0509-6-63).

    Values are centred per label; the adjacency of two samples is ((1 + r) / 2)^2. In groups of 12 and more the
    connectivity is standardised by mean and standard deviation, in smaller ones by median and MAD, since one outlier
    of few moves the mean; NaN in a group of fewer than three.

    Args:
        values: (G, N) log2 expression; genes with a missing value are left out.
        labels: the label of each of the N samples.
    """
    complete = values[~np.isnan(values).any(axis=1)]
    z = np.full(values.shape[1], np.nan)
    for label in dict.fromkeys(labels):
        members: BoolArray = np.array([each == label for each in labels])
        n = int(members.sum())
        if n < 3 or complete.shape[0] < 3:
            continue
        centred = complete[:, members] - complete[:, members].mean(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            adjacency = ((1 + np.corrcoef(centred.T)) / 2) ** 2
        z[members] = _standardised(adjacency.sum(axis=1) - 1, n)
    return z


def _standardised(connectivity: FloatArray, n: int) -> FloatArray:
    if n >= SMALL_GROUP:
        centre, scale = connectivity.mean(), connectivity.std(ddof=1)
    else:
        centre = np.median(connectivity)
        scale = 1.4826 * np.median(np.abs(connectivity - centre))
    return (connectivity - centre) / scale if scale > 0 else np.zeros_like(connectivity)


def _median_and_iqr(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Median and interquartile range of each column, NaN for a column without a value."""
    low, median, high = column_quantiles(values, (0.25, 0.5, 0.75))
    return median, high - low


def _mean_of(matrix: ExpressionMatrix, genes: Sequence[str]) -> FloatArray | None:
    """Mean over the genes with a value in every sample, or else over all genes; None if the matrix has none of them.

    In the second case the mean is NaN for a sample without a value of some gene.
    """
    measured = [gene for gene in genes if gene in matrix.features]
    if not measured:
        return None
    values = matrix.take_features(measured).values
    complete = ~np.isnan(values).any(axis=1)
    # Means over different genes would separate samples that are alike.
    return (values[complete] if complete.any() else values).mean(axis=0)
