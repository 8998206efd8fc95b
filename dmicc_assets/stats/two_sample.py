"""Tests of one gene between two groups, every gene at once: Wilcoxon's rank sum and Welch's t, as R gives them.

Without choice of genes or correction for multiplicity.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.distributions import two_sided_p
from dmicc_assets.stats.probability import midranks, normal_two_sided
from dmicc_assets.types import BoolArray, FloatArray

IntArray = NDArray[np.int64]

# R's wilcox.test counts all arrangements below this size of both groups, when there are no ties.
_EXACT_BELOW = 50


@dataclass(frozen=True, slots=True)
class Wilcoxon:
    """Wilcoxon's rank sum test of G genes.

    Attributes:
        statistic: (G,) R's W: pairs in which the case is higher, ties half.
        p_value: (G,) two-sided; NaN when a group is empty or all values are equal.
        is_exact: (G,) True where the exact distribution was used.
        n_case: (G,) cases with a value.
        n_control: (G,) controls with a value.
    """

    statistic: FloatArray
    p_value: FloatArray
    is_exact: BoolArray
    n_case: IntArray
    n_control: IntArray


@dataclass(frozen=True, slots=True)
class WelchT:
    """Welch's t-test of G genes, case minus control: statistic, degrees of freedom and two-sided p, (G,) each."""

    statistic: FloatArray
    df: FloatArray
    p_value: FloatArray


def wilcoxon(values: FloatArray, is_case: BoolArray, exact: bool | None = None) -> Wilcoxon:
    """Wilcoxon's rank sum test of cases against controls, as R's `wilcox.test`.

    Exact when both groups are under 50 and there are no ties (Mann & Whitney 1947, doi:10.1214/aoms/1177730491),
    else the normal approximation with continuity correction and tie-corrected variance.

    Args:
        values: (G, N) expression; NaN is left out of its gene.
        is_case: (N,) True for cases.
        exact: True or False overrides the choice; with ties, True has no effect, as in R.

    Raises:
        ValueError: a value is infinite, or the shapes do not fit.
    """
    values = _checked(values, is_case)
    present = ~np.isnan(values)
    ranks = midranks(values)
    n_case = present[:, is_case].sum(axis=1)
    n_control = present[:, ~is_case].sum(axis=1)
    n = n_case + n_control
    statistic = np.nansum(ranks[:, is_case], axis=1) - n_case * (n_case + 1) / 2
    # The sum of squares of midranks about their mean is (n^3 - n - sum(t^3 - t)) / 12 with t the sizes of the ties.
    squares = np.nansum((ranks - (n[:, None] + 1) / 2) ** 2, axis=1)
    has_ties = (n.astype(np.float64) ** 3 - n) / 12 - squares > 0.25
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = statistic - n_case * n_control / 2
        sigma = np.sqrt(n_case * n_control / (n * (n - 1.0)) * squares)
        z = (shift - 0.5 * np.sign(shift)) / sigma
    p_value = np.minimum(1.0, normal_two_sided(z))
    both = (n_case > 0) & (n_control > 0)
    wanted = (n_case < _EXACT_BELOW) & (n_control < _EXACT_BELOW) if exact is None else np.full(len(n), exact)
    is_exact = both & wanted & ~has_ties
    for gene in np.flatnonzero(is_exact):
        tail = _lower_tail(int(n_case[gene]), int(n_control[gene]))
        smaller = round(min(statistic[gene], n_case[gene] * n_control[gene] - statistic[gene]))
        p_value[gene] = min(1.0, 2 * tail[smaller])
    nothing = np.where(both, 0.0, np.nan)
    return Wilcoxon(statistic + nothing, p_value + nothing, is_exact, n_case, n_control)


@lru_cache(maxsize=256)
def _lower_tail(n_case: int, n_control: int) -> FloatArray:
    """P(W <= w) for w = 0..n_case * n_control, without ties; counted in whole numbers, so that none is rounded.

    The counts are the coefficients of the Gaussian binomial: prod (1 - q^(m + i)) / (1 - q^i).
    """
    size = n_case * n_control + 1
    counts = [1] + [0] * (size - 1)
    for i in range(1, n_case + 1):
        for w in range(size - 1, n_control + i - 1, -1):
            counts[w] -= counts[w - n_control - i]
        for w in range(i, size):
            counts[w] += counts[w - i]
    cumulative, total = np.empty(size), sum(counts)
    running = 0
    for w, count in enumerate(counts):
        running += count
        cumulative[w] = running / total
    return cumulative


def welch_t(values: FloatArray, is_case: BoolArray) -> WelchT:
    """Welch's t-test of cases against controls (Welch 1947, doi:10.1093/biomet/34.1-2.28), as R's `t.test`.

    NaN where a group has fewer than two values or, where R stops with "data are essentially constant".

    Args:
        values: (G, N) expression; NaN is left out of its gene.
        is_case: (N,) True for cases.

    Raises:
        ValueError: a value is infinite, or the shapes do not fit.
    """
    values = _checked(values, is_case)
    mean_case, error_case, n_case = _mean_and_error(values[:, is_case])
    mean_control, error_control, n_control = _mean_and_error(values[:, ~is_case])
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = error_case + error_control
        df = squared**2 / (error_case**2 / (n_case - 1) + error_control**2 / (n_control - 1))
        statistic = (mean_case - mean_control) / np.sqrt(squared)
    constant = np.sqrt(squared) < 10 * np.finfo(float).eps * np.maximum(np.abs(mean_case), np.abs(mean_control))
    statistic[constant] = np.nan
    df[constant] = np.nan
    return WelchT(statistic, df, two_sided_p(statistic, df))


def _mean_and_error(values: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Mean, squared standard error and number of the values present in each row; NaN when there are too few."""
    n = (~np.isnan(values)).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.nansum(values, axis=1) / n
        error = np.nansum((values - mean[:, None]) ** 2, axis=1) / (n - 1.0) / n
    error[n < 2] = np.nan
    return mean, error, n


def _checked(values: FloatArray, is_case: BoolArray) -> FloatArray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or is_case.shape != (values.shape[1],):
        raise ValueError(f"expected genes x samples and a group for each sample, got {values.shape}, {is_case.shape}")
    if np.isinf(values).any():
        gene, sample = np.argwhere(np.isinf(values))[0]
        raise ValueError(f"the value of row {gene}, column {sample} (counted from 0) is infinite")
    return values
