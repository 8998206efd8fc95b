"""The variance prior protected from hypervariable genes (Phipson et al. 2016, doi:10.1214/16-AOAS920).

The plain estimators are in `variance_prior.py`. Each estimator here ends with prior degrees of freedom of each gene.
"""

import numpy as np

from dmicc_assets.stats.distributions import (
    f_lower_tail,
    f_quantile,
    f_upper_tail,
    log_f_density,
    log_f_upper_tail,
    root_on_interval,
)
from dmicc_assets.stats.lowess import lowess
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.stats.variance_prior import (
    VariancePrior,
    fit_f_dist,
    fit_f_dist_unequal,
    interpolate_trend,
    usable_variances,
)
from dmicc_assets.types import FloatArray

# Shares of the log variances that are Winsorised, below and above.
_TAILS = (0.05, 0.1)
# A variance keeps its full weight if its false discovery rate as an outlier is above this.
_MOST_OUTLYING_RATE = 0.3
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(128)


def fit_f_dist_robust(variances: FloatArray, df: FloatArray, covariate: FloatArray | None = None) -> VariancePrior:
    """Prior by the moments of Winsorised log variances; outliers get fewer prior degrees of freedom.

    Args:
        variances: (G,) residual variances; a gene without residual degrees of freedom is ignored.
        df: (G,) residual degrees of freedom.
        covariate: (G,) mean expression; with it the scale follows a lowess trend.

    Returns:
        Prior whose `df` is (G,), and whose `scale` is (G,) with a covariate. As in limma it is the plain prior when
        there are too few variances to cut a tail off, or when the plain prior has infinite degrees of freedom although
        the Winsorised variances differ more.

    Raises:
        ValueError: no usable variance, or most of them zero; a missing covariate.
    """
    usable = usable_variances(variances, df)
    plain = fit_f_dist(variances, df, covariate)
    x = np.maximum(variances[usable], 0.0)
    as_plain = VariancePrior(np.full(len(variances), plain.df), plain.scale)
    if max(_TAILS) < 1 / len(x):
        return as_plain
    if np.median(x) <= 0:
        raise ValueError("most residual variances are zero: a robust prior needs a positive median")
    x = np.maximum(x, 1e-12 * np.median(x))
    plain_scale = np.broadcast_to(np.asarray(plain.scale), variances.shape)[usable]
    most = float(df[usable].max())
    x = _at_equal_df(x, df[usable], most, plain_scale, float(plain.df))
    z = np.log(x)
    if covariate is not None and np.ptp(covariate[usable]) == 0:
        covariate = None
    trend = _trend(z, None if covariate is None else covariate[usable])
    df2, center = _winsorised_fit(z - trend, most, float(plain.df))
    if np.isnan(df2):
        return as_plain
    trend = trend + center
    ratio, df1 = np.exp(z - trend), np.full(len(z), most)
    prior_df = np.full(len(variances), df2)
    prior_df[usable] = _outlier_df(ratio, df1, log_f_upper_tail(ratio, df1, df2), df2)
    if covariate is None:
        return VariancePrior(prior_df, float(np.exp(trend[0])))
    return VariancePrior(prior_df, np.exp(interpolate_trend(covariate, usable, trend)))


def fit_f_dist_unequal_robust(
    variances: FloatArray, df: FloatArray, covariate: FloatArray | None = None
) -> VariancePrior:
    """Robust prior when residual degrees of freedom differ between genes, as limma 3.61 and later.

    Variances too large or too small for the plain fit get less weight, by their false discovery rate, in a second fit
    (limma's documentation of `fitFDist`; the threshold and the outliers' degrees of freedom reproduce its numbers).

    Args:
        variances: (G,) residual variances; a gene without residual degrees of freedom is ignored.
        df: (G,) residual degrees of freedom.
        covariate: (G,) mean expression; with it the scale follows a weighted lowess trend.

    Raises:
        ValueError: fewer than two usable variances; a missing covariate.
    """
    usable = usable_variances(variances, df)
    plain = fit_f_dist_unequal(variances, df, covariate)
    # As limma: a gene without information counts as one without variance, which is an outlier.
    df1, plain_df2 = np.maximum(df, 1.0), float(plain.df)
    ratio = np.where(usable, np.maximum(variances, 0.0), 0.0) / plain.scale
    upper, lower = f_upper_tail(ratio, df1, plain_df2), f_lower_tail(ratio, df1, plain_df2)
    rate = adjust_p_values(np.minimum(2 * np.minimum(upper, lower), 1.0))
    if not (rate <= _MOST_OUTLYING_RATE).any():
        return plain
    weights = np.where(rate <= _MOST_OUTLYING_RATE, rate, 1.0)
    prior = fit_f_dist_unequal(variances, df, covariate, weights)
    # As limma: tails by the plain fit.
    log_tail = log_f_upper_tail(ratio, df1, plain_df2)
    return VariancePrior(_outlier_df(ratio, df1, log_tail, float(prior.df)), prior.scale)


def _at_equal_df(x: FloatArray, df: FloatArray, most: float, scale: FloatArray, df2: float) -> FloatArray:
    """Variances with the same tail probabilities at `most` degrees of freedom."""
    fewer = df < most
    if not fewer.any():
        return x
    ratio = x[fewer] / scale[fewer]
    upper, lower = f_upper_tail(ratio, df[fewer], df2), f_lower_tail(ratio, df[fewer], df2)
    equal = np.where(upper < lower, f_quantile(upper, most, df2, upper=True), f_quantile(lower, most, df2, upper=False))
    result = x.copy()
    result[fewer] = np.maximum(equal * scale[fewer], 1e-12 * np.median(x))
    return result


def _trend(z: FloatArray, covariate: FloatArray | None) -> FloatArray:
    """(n,) the log variances' trend with the covariate, or their trimmed mean."""
    if covariate is not None:
        return lowess(covariate, z, span=0.4, iterations=4)
    cut = int(len(z) * _TAILS[1])
    return np.full(len(z), np.sort(z)[cut : len(z) - cut].mean())


def _winsorised_fit(residuals: FloatArray, df1: float, plain_df2: float) -> tuple[float, float]:
    """Prior degrees of freedom, and a shift of the trend, that match Winsorised moments to the F distribution.

    NaN where the residuals vary more than chi-square allows although the plain fit does not show it.
    """
    low, high = np.quantile(residuals, [_TAILS[0], 1 - _TAILS[1]])
    winsorised = np.clip(residuals, low, high)
    # Genes with equal values have no variance here; the prior's degrees of freedom are infinite.
    mean, variance = float(winsorised.mean()), max(float(winsorised.var(ddof=1)), 1e-300)

    def excess(x: float) -> float:
        return float(np.log(variance / winsorised_moments(df1, x / (1 - x) if x < 1 else np.inf)[1]))

    if excess(1.0) <= 0:
        df2 = np.inf
    elif np.isinf(plain_df2):
        return np.nan, np.nan
    else:
        start = plain_df2 / (1 + plain_df2)
        root = start if excess(start) >= 0 else root_on_interval(excess, start, 1.0)
        df2 = root / (1 - root)
    return df2, mean - winsorised_moments(df1, df2)[0]


def winsorised_moments(df1: float, df2: float) -> tuple[float, float]:
    """Mean and variance of the log of an F variable, Winsorised at its own quantiles.

    Gauss-Legendre quadrature over x = f/(1 + f), which maps the positive line to (0, 1).
    """
    low = float(f_quantile(_TAILS[0], df1, df2, upper=False))
    high = float(f_quantile(_TAILS[1], df1, df2, upper=True))
    a, b = low / (1 + low), high / (1 + high)
    x = a + (b - a) * (_NODES + 1) / 2
    z = np.log(x) - np.log1p(-x)
    mass = (b - a) / 2 * _NODE_WEIGHTS * np.exp(log_f_density(z, df1, df2)) / (1 - x) ** 2
    ends, shares = np.log([low, high]), np.array(_TAILS)
    mean = float(mass @ z + shares @ ends)
    return mean, float(mass @ (z - mean) ** 2 + shares @ (ends - mean) ** 2)


def _outlier_df(ratio: FloatArray, df1: FloatArray, log_tail: FloatArray, df2: float) -> FloatArray:
    """(n,) prior degrees of freedom of each gene, reduced for genes too variable for the prior.

    The probability that a gene is not an outlier is (tail by the prior) / (share of genes at least as variable). An
    outlier's degrees of freedom are those at which the most extreme variance is its distribution's median.

    Args:
        ratio: (n,) variances divided by the prior's scale.
        df1: (n,) residual degrees of freedom.
        log_tail: (n,) log probabilities of a larger ratio.
        df2: the prior's degrees of freedom.
    """
    n = len(ratio)
    share = (n - _mean_ranks(ratio) + 0.5) / n
    regular = np.exp(np.minimum(log_tail - np.log(share), 0.0))
    if not (regular < 1).any():
        return np.full(n, df2)
    order = np.argsort(log_tail, kind="stable")
    if np.isinf(df2):
        shrunk = np.where(regular < 1, regular * n * df1, df2)
        shrunk[order] = np.maximum.accumulate(shrunk[order])
        return shrunk
    extreme = int(order[0])
    outlier = np.log(0.5) / log_tail[extreme] * df2
    again = float(log_f_upper_tail(ratio[extreme], df1[extreme], outlier))
    outlier = np.log(0.5) / again * outlier
    shrunk = regular * df2 + (1 - regular) * outlier
    # A less extreme gene never has fewer degrees of freedom: the head is pooled, then a running maximum is taken.
    ordered = shrunk[order]
    means = np.cumsum(ordered) / np.arange(1, n + 1)
    lowest = int(np.argmin(means))
    ordered[: lowest + 1] = means[lowest]
    shrunk[order] = np.maximum.accumulate(ordered)
    return shrunk


def _mean_ranks(x: FloatArray) -> FloatArray:
    """Ranks from 1, ties sharing their mean; variances that differ only by rounding are ties."""
    order = np.argsort(x, kind="stable")
    ascending = x[order]
    starts = np.flatnonzero(np.concatenate([[True], ascending[1:] > ascending[:-1] * (1 + 1e-12)]))
    counts = np.diff(np.append(starts, len(x)))
    ranks = np.empty(len(x))
    ranks[order] = np.repeat(starts + (counts + 1) / 2, counts)
    return ranks
