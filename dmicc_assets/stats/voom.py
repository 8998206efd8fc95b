"""Counts for linear models: log counts per million, each with a precision weight.

Library sizes and their normalisation factors are in `library_size.py`.
"""

from dataclasses import dataclass

import numpy as np

from dmicc_assets.stats.array_weights import array_weights_by_gene
from dmicc_assets.stats.linear_model import fit_linear_model
from dmicc_assets.stats.lowess import lowess
from dmicc_assets.stats.quantile_normalisation import quantile_normalise
from dmicc_assets.types import FloatArray


@dataclass(frozen=True, slots=True)
class Voom:
    """Counts for a weighted linear model.

    Attributes:
        values: (G, N) log2 counts per million.
        weights: (G, N) precision weights.
        sample_weights: (N,) quality weights contained in `weights`; ones without.
    """

    values: FloatArray
    weights: FloatArray
    sample_weights: FloatArray


def voom(
    counts: FloatArray,
    design: FloatArray,
    *,
    factors: FloatArray | None = None,
    normalise: bool = False,
    sample_weights: FloatArray | None = None,
    span: float = 0.5,
) -> Voom:
    """Precision weights from the mean-variance trend, as `limma::voom` (Law et al. 2014, doi:10.1186/gb-2014-15-2-r29).

    Args:
        counts: (G, N) non-negative counts, filtered.
        design: (N, K) of full column rank.
        factors: (N,) normalisation factors of the library sizes; None for ones.
        normalise: quantile normalisation of the log counts per million.
        sample_weights: (N,) weights of the samples in the fit of the trend, multiplied into the result.
        span: window of the trend.

    Raises:
        ValueError: a negative or missing count; a sample without counts, or without a positive factor; no residual
            degrees of freedom; no two genes of different means.
    """
    counts = np.asarray(counts, dtype=np.float64)
    # Minimum and maximum suffice and need no second matrix; a missing count is the minimum.
    if not 0 <= counts.min(initial=0.0) <= counts.max(initial=0.0) < np.inf:
        row, column = np.argwhere(~np.isfinite(counts) | (counts < 0))[0]
        raise ValueError(f"the count in row {row + 1}, sample {column + 1} is negative, missing or infinite")
    if factors is not None and factors.shape != counts.shape[1:]:
        raise ValueError(f"factors of shape {factors.shape} do not fit {counts.shape[1]} samples")
    if factors is not None and not (np.isfinite(factors) & (factors > 0)).all():
        raise ValueError(f"sample {int(np.argmin(np.isfinite(factors) & (factors > 0))) + 1} has no positive factor")
    totals = counts.sum(axis=0)
    if (totals == 0).any():
        raise ValueError(f"sample {int(np.argmin(totals)) + 1} has no counts at all")
    if design.shape[0] <= design.shape[1]:
        raise ValueError("no residual degrees of freedom: the trend of the variances cannot be estimated")
    sizes = totals * (1.0 if factors is None else factors)
    values = counts + 0.5
    values *= 1e6 / (sizes + 1)
    np.log2(values, out=values)
    if normalise:
        values = quantile_normalise(values)
    fit = fit_linear_model(values, design, weights=sample_weights)
    counted = counts.sum(axis=1) > 0
    mean_count = (fit.ave_expr + np.log2(sizes + 1).mean() - np.log2(1e6))[counted]
    if np.ptp(mean_count) == 0:
        raise ValueError("all genes have the same mean count: a trend of the variances needs different means")
    trend = lowess(mean_count, np.sqrt(fit.sigma[counted]), span=span, iterations=4)
    order = np.argsort(mean_count, kind="stable")
    weights = fit.coefficients @ design.T
    weights += np.log2(sizes + 1) - np.log2(1e6)
    # The fitted count's spread by the trend, then its precision, row by row in place.
    at, spread = mean_count[order], trend[order]
    for row in weights:
        row[:] = np.interp(row, at, spread)
    np.power(weights, -4, out=weights)
    own = np.ones(counts.shape[1]) if sample_weights is None else sample_weights
    weights *= own
    return Voom(values, weights, own)


def voom_with_quality_weights(
    counts: FloatArray, design: FloatArray, *, factors: FloatArray | None = None, span: float = 0.5
) -> Voom:
    """Voom with sample weights (Liu et al. 2015, doi:10.1093/nar/gkv412), as `voomWithQualityWeights`.

    Trend and sample weights are estimated twice, the second time each with the other.

    Raises:
        ValueError: as `voom`.
    """
    first = voom(counts, design, factors=factors, span=span)
    quality = array_weights_by_gene(first.values, design, weights=first.weights)
    second = voom(counts, design, factors=factors, sample_weights=quality, span=span)
    trend_only = second.weights / quality
    quality = array_weights_by_gene(second.values, design, weights=trend_only)
    return Voom(second.values, trend_only * quality, quality)
