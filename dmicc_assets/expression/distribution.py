"""Distribution of each sample's values before and after normalisation: quantiles and densities.

This summary is stored, so that box plots and densities do not need the matrix.
"""

# scipy has no stubs: what it returns is declared here.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Sequence

import numpy as np
import polars as pl

from dmicc_assets.stats.column_quantiles import contiguous_columns, quantiles_of_ascending
from dmicc_assets.tables import TABLES
from dmicc_assets.types import FloatArray

PROBABILITIES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
GRID_POINTS = 128
_FINE = 4
_DISTRIBUTIONS = TABLES["expression/distributions"]


def sample_distributions(before: FloatArray, after: FloatArray, samples: Sequence[str]) -> pl.DataFrame:
    """Quantiles and Gaussian kernel densities of every sample, before and after normalisation between arrays.

    Args:
        before: (P, N) log2 values before normalisation; missing values are left out.
        after: (Q, N) log2 values after it; the rows need not be the same.
        samples: the N sample accessions.

    Returns:
        columns sample, stage ('before' or 'after'), quantity ('quantile' or 'density'), x, y: for a quantile x is the
        probability and y the log2 value; for a density x is the log2 value and y the density. A sample without
        values has no row.
    """
    stages = {"before": before, "after": after}
    limits = [limit for values in stages.values() if (limit := _limits(values))]
    if not limits:
        return _DISTRIBUTIONS.frame()
    low, high = min(low for low, _ in limits), max(high for _, high in limits)
    margin = max(0.05 * (high - low), 0.5)
    edges = np.linspace(low - margin, high + margin, GRID_POINTS * _FINE + 1)
    names: list[tuple[str, str, str]] = []
    curves: list[tuple[FloatArray, FloatArray]] = []
    for stage, values in stages.items():
        for sample, every in zip(samples, contiguous_columns(values), strict=True):
            column = every[np.isfinite(every)]
            if len(column):
                names += [(sample, stage, "quantile"), (sample, stage, "density")]
                ascending = np.sort(column)
                curves.append((np.array(PROBABILITIES), quantiles_of_ascending(ascending, PROBABILITIES)))
                curves.append(_density(column, ascending, edges))
    lengths = [len(x) for x, _ in curves]
    columns = [np.repeat(each, lengths) for each in zip(*names, strict=True)]
    columns += [np.concatenate(each) for each in zip(*curves, strict=True)]
    return _DISTRIBUTIONS.frame(dict(zip(("sample", "stage", "quantity", "x", "y"), columns, strict=True)))


def _limits(values: FloatArray) -> tuple[float, float] | None:
    """The lowest and the highest finite value of (P, N); None without one."""
    found: list[tuple[float, float]] = []
    for column in contiguous_columns(values):
        finite = column[np.isfinite(column)]
        if len(finite):
            found.append((float(finite.min()), float(finite.max())))
    return (min(low for low, _ in found), max(high for _, high in found)) if found else None


def _density(column: FloatArray, ascending: FloatArray, edges: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Binned kernel density with Silverman's rule of thumb, the narrower of sd and IQR / 1.349."""
    from scipy.ndimage import gaussian_filter1d

    width = edges[1] - edges[0]
    quarter, three_quarters = quantiles_of_ascending(ascending, (0.25, 0.75))
    spread = min(float(column.std()), float(three_quarters - quarter) / 1.349)
    bandwidth = max(0.9 * (spread or float(column.std())) * len(column) ** -0.2, 2 * width)
    # No value is beyond the outer edges.
    counts = np.diff(np.searchsorted(ascending, edges)) / (len(column) * width)
    smooth = gaussian_filter1d(counts, bandwidth / width, mode="constant")
    centres = (edges[:-1] + edges[1:]) / 2
    return centres[_FINE // 2 :: _FINE], smooth[_FINE // 2 :: _FINE]
