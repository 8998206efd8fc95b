"""The prior that all genes' residual variances share: its scale and its degrees of freedom.

Functions of variances and degrees of freedom; `moderation.py` makes tests with them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.distributions import (
    inverse_trigamma,
    log_gamma,
    log_minus_digamma,
    minimum_on_interval,
    trigamma,
)
from dmicc_assets.stats.lowess import lowess_span, weighted_lowess
from dmicc_assets.types import FloatArray

# A gene's weight in a weighted lowess trend, at least and at most, in upper quartiles of the genes' weights.
_LEAST_WEIGHT, _MOST_WEIGHT = 1e-8, 100.0


@dataclass(frozen=True, slots=True)
class VariancePrior:
    """Scaled inverse chi-square prior of the variances.

    Attributes:
        df: prior degrees of freedom d0, a scalar, or (G,) when the fit is robust; infinity when all variances are one.
        scale: prior variance s0 squared, a scalar, or (G,) when it follows a trend.
    """

    df: float | FloatArray
    scale: float | FloatArray


def fit_f_dist(variances: FloatArray, df: FloatArray, covariate: FloatArray | None = None) -> VariancePrior:
    """Prior by the moments of log variances (Smyth 2004, section 6.2, doi:10.2202/1544-6115.1027).

    Args:
        variances: (G,) residual variances; a gene without residual degrees of freedom is ignored.
        df: (G,) residual degrees of freedom.
        covariate: (G,) mean expression; with it the scale follows a natural spline trend
            (Phipson et al. 2016, doi:10.1214/16-AOAS920).

    Returns:
        The prior; with one usable variance it has 0 degrees of freedom, so that nothing is shrunk.

    Raises:
        ValueError: no usable variance; a missing covariate.
    """
    usable = usable_variances(variances, df)
    if usable.sum() == 1:
        return VariancePrior(0.0, float(variances[usable][0]))
    x, d = offset_zeros(variances[usable]), df[usable]
    e = np.log(x) + log_minus_digamma(d / 2)
    basis, basis_everywhere = trend_basis(covariate, usable) if covariate is not None else (np.empty((0, 1)),) * 2
    # Two genes, or genes with equal means, have no trend.
    if basis.shape[1] < 2:
        covariate = None
        mean, spread = float(e.mean()), float(e.var(ddof=1))
        everywhere: float | FloatArray = mean
    else:
        coefficients, _, rank, _ = np.linalg.lstsq(basis, e, rcond=None)
        spread = float(((e - basis @ coefficients) ** 2).sum() / (len(e) - int(rank)))
        everywhere = basis_everywhere @ coefficients
    excess = spread - float(trigamma(d / 2).mean())
    if excess > 0:
        half = inverse_trigamma(excess)
        return VariancePrior(2 * half, np.exp(everywhere - log_minus_digamma(half))[()])
    return VariancePrior(np.inf, np.exp(everywhere) if covariate is not None else float(x.mean()))


def usable_variances(variances: FloatArray, df: FloatArray) -> NDArray[np.bool_]:
    """(G,) True for genes with residual degrees of freedom and a finite variance.

    Raises:
        ValueError: none does.
    """
    usable = np.isfinite(df) & (df > 1e-15) & np.isfinite(variances) & (variances > -1e-15)
    if not usable.any():
        raise ValueError("no gene has a residual variance, so no test is possible")
    return usable


def offset_zeros(x: FloatArray) -> FloatArray:
    """Variances with (nearly) zero ones raised to a hundred-thousandth of the median, so that logs exist."""
    x = np.maximum(x, 0.0)
    if x.min() > 3e-5 * x.mean():  # the median is at most twice the mean
        return x
    median = float(np.median(x))
    return np.maximum(x, 1e-5 * (median if median > 0 else 1.0))


def trend_basis(covariate: FloatArray, usable: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Natural cubic splines of the covariate: of the usable genes, and of all, linear beyond the usable range.

    1 to 4 degrees of freedom, by the number of genes (4 from 30 on); knots at equal quantiles.

    Raises:
        ValueError: the covariate is missing for a gene.
    """
    covariate = _complete(covariate)
    x = covariate[usable]
    n = len(x)
    df = min(1 + (n >= 3) + (n >= 6) + (n >= 30), len(np.unique(x)))
    everywhere = natural_spline(covariate, np.quantile(x, np.linspace(0, 1, df)) if df > 1 else x[:1])
    return everywhere[usable], everywhere


def natural_spline(x: FloatArray, knots: FloatArray) -> FloatArray:
    """(n, len(knots)) basis of the natural cubic splines on the knots (Hastie et al. 2009, section 5.2.1)."""
    if len(knots) == 1:
        return np.ones((len(x), 1))
    low, high = knots[0], knots[-1]
    u, inner = (x - low) / (high - low), (np.unique(knots) - low) / (high - low)

    def tail(k: int) -> FloatArray:
        cubes = np.maximum(u - inner[k], 0.0) ** 3 - np.maximum(u - 1.0, 0.0) ** 3
        return cubes / (1.0 - inner[k])

    last = tail(len(inner) - 2)
    return np.column_stack([np.ones_like(u), u, *(tail(k) - last for k in range(len(inner) - 2))])


def fit_f_dist_unequal(
    variances: FloatArray, df: FloatArray, covariate: FloatArray | None = None, weights: FloatArray | None = None
) -> VariancePrior:
    """Prior when residual degrees of freedom differ between genes, as limma 3.61 and later.

    The scale is the mean of log variances weighted by their information at infinite prior degrees of freedom,
    1/trigamma(df/2); the prior degrees of freedom maximise the profile likelihood of the scaled F distribution
    (limma's documentation of `fitFDist`; the search interval and stopping rule reproduce limma 3.63's numbers).

    Args:
        variances: (G,) residual variances.
        df: (G,) residual degrees of freedom.
        covariate: (G,) mean expression; with it the scale follows a weighted lowess trend.
        weights: (G,) prior weights of the genes; None for equal ones.

    Raises:
        ValueError: fewer than two usable variances; a missing covariate.
    """
    usable = usable_variances(variances, df)
    if usable.sum() < 2:
        raise ValueError("only one gene has a residual variance: expected two or more")
    x, d = positive_variances(variances, usable), np.maximum(df, 1.0)
    e = np.log(x) + log_minus_digamma(d / 2)
    prior_weights = np.ones(len(x)) if weights is None else weights
    w = np.where(usable, prior_weights / trigamma(d / 2), 0.0)
    if covariate is None:
        center = np.full(len(x), w @ e / w.sum())
    else:
        # As limma: no gene weighs nothing in the lowess, and its windows may end at any of them.
        bounded = np.clip(w, *(np.array([_LEAST_WEIGHT, _MOST_WEIGHT]) * np.quantile(w, 0.75)))
        center = weighted_lowess(_complete(covariate), e, bounded, span=lowess_span(len(x)))
    deviance = _profile_deviance(np.log(x[usable]) - center[usable], d[usable], prior_weights[usable])
    p = minimum_on_interval(lambda p: deviance(p / (1 - p)), 0.5, 0.9998, float(np.finfo(np.float64).eps) ** 0.25)
    half = p / (1 - p)
    scale = np.exp(center - log_minus_digamma(half))
    return VariancePrior(2 * half, float(scale[0]) if covariate is None else scale)


def positive_variances(variances: FloatArray, usable: NDArray[np.bool_]) -> FloatArray:
    """(G,) variances; zero or unusable ones become a trillionth of the others' median, as in limma."""
    x = np.where(usable, variances, 0.0)
    return np.maximum(x, 1e-12 * np.median(x[x > 0])) if (x > 0).any() else np.maximum(x, 1e-12)


def interpolate_trend(covariate: FloatArray, usable: NDArray[np.bool_], trend: FloatArray) -> FloatArray:
    """(G,) a trend known for the usable genes; linear between them, constant beyond, for the others."""
    order = np.argsort(covariate[usable], kind="stable")
    everywhere = np.interp(covariate, covariate[usable][order], trend[order])
    everywhere[usable] = trend
    return everywhere


def _complete(covariate: FloatArray) -> FloatArray:
    covariate = np.asarray(covariate, dtype=np.float64)
    if np.isnan(covariate).any():
        row = int(np.argmax(np.isnan(covariate)))
        raise ValueError(f"a trend needs the mean expression of every gene: gene {row + 1} has no value at all")
    return covariate


def _profile_deviance(log_ratio: FloatArray, df: FloatArray, weights: FloatArray) -> Callable[[float], float]:
    """Minus twice the log likelihood as a function of half the prior degrees of freedom.

    Terms are summed once for each distinct number of residual degrees of freedom: there are few.
    """
    half, group = np.unique(df / 2, return_inverse=True)
    total = np.bincount(group, weights)
    own = log_gamma(half) - half * np.log(half)
    weighted_log = np.bincount(group, weights * log_ratio)
    ratio = np.exp(log_ratio) * half[group]

    def deviance(half2: float) -> float:
        shift = float(log_minus_digamma(half2))
        # log density of log(x/s0^2), x/s0^2 ~ F(2 half, 2 half2), without terms free of half2
        joint = log_gamma(half + half2) - log_gamma(half2) - half * np.log(half2)
        tail = np.bincount(group, weights * np.log1p(ratio * (np.exp(shift) / half2)))
        terms = total * (joint - own + half * shift) + half * weighted_log - (half + half2) * tail
        return -2 * float(terms.sum())

    return deviance
