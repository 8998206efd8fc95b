"""Moderated tests: residual variances shrunk towards a common prior, moderated t, and log odds.

The prior's estimators are in `variance_prior.py`; F tests, TREAT and decisions over contrasts are in
`contrast_tests.py`.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from dmicc_assets.stats.distributions import t_upper_quantile, two_sided_p
from dmicc_assets.stats.linear_model import LinearFit
from dmicc_assets.stats.robust_prior import fit_f_dist_robust, fit_f_dist_unequal_robust
from dmicc_assets.stats.variance_prior import VariancePrior, fit_f_dist, fit_f_dist_unequal
from dmicc_assets.types import FloatArray

LimmaVersion = Literal["3.63", "3.54"]

# Limits of a differentially expressed gene's standard deviation (log2), between which the prior of B is estimated.
_STDEV_LIMITS = (0.1, 4.0)


@dataclass(frozen=True, slots=True)
class ModeratedT:
    """Moderated statistics of G genes and K coefficients; NaN where the coefficient is NaN.

    Attributes:
        t: (G, K) moderated t.
        p_value: (G, K) two-sided.
        log_odds: (G, K) B, the log odds that the gene is differentially expressed.
        df_total: (G,) degrees of freedom of t.
        variance: (G,) posterior residual variance.
        prior: the variances' prior.
        coefficient_prior: (K,) unscaled variance of the coefficients of differentially expressed genes.
    """

    t: FloatArray
    p_value: FloatArray
    log_odds: FloatArray
    df_total: FloatArray
    variance: FloatArray
    prior: VariancePrior
    coefficient_prior: FloatArray


def squeeze_var(
    variances: FloatArray,
    df: FloatArray,
    covariate: FloatArray | None = None,
    *,
    robust: bool = False,
    limma: LimmaVersion = "3.63",
) -> tuple[FloatArray, VariancePrior]:
    """Posterior variances and their prior (Smyth 2004, doi:10.2202/1544-6115.1027).

    Args:
        variances: (G,) residual variances; ignored where df is 0.
        df: (G,) residual degrees of freedom.
        covariate: (G,) mean expression for a trended prior.
        robust: hypervariable genes get fewer prior degrees of freedom (Phipson et al. 2016, doi:10.1214/16-AOAS920).
        limma: version whose estimator is used; they differ only when degrees of freedom differ between genes.

    Returns:
        (G,) posterior variances, NaN where neither the gene nor the prior has degrees of freedom; and the prior.

    Raises:
        ValueError: no gene has a residual variance; a missing covariate.
    """
    variances, df = np.asarray(variances, dtype=np.float64), np.asarray(df, dtype=np.float64)
    prior = _prior(variances, df, covariate, robust, limma)
    known = np.where(df > 0, variances, 0.0)
    infinite = np.isinf(prior.df)
    d0 = np.where(infinite, 0.0, prior.df)
    posterior = (df * known + d0 * prior.scale) / np.where(df + d0 > 0, df + d0, np.nan)
    return np.where(infinite, prior.scale, posterior), prior


def _prior(
    variances: FloatArray, df: FloatArray, covariate: FloatArray | None, robust: bool, limma: LimmaVersion
) -> VariancePrior:
    if limma not in ("3.63", "3.54"):
        raise ValueError(f"unknown limma version {limma!r}: expected 3.63 or 3.54")
    positive = df[df > 0]
    unequal = positive.size > 0 and positive.min() != positive.max()
    if unequal and limma == "3.63":
        return (fit_f_dist_unequal_robust if robust else fit_f_dist_unequal)(variances, df, covariate)
    return (fit_f_dist_robust if robust else fit_f_dist)(variances, df, covariate)


def moderated_t(
    fit: LinearFit,
    *,
    trend: bool = False,
    robust: bool = False,
    limma: LimmaVersion = "3.63",
    proportion: float = 0.01,
) -> ModeratedT:
    """Moderated t-statistics of every gene and coefficient, as `limma::eBayes`.

    Smyth 2004, doi:10.2202/1544-6115.1027.

    Args:
        fit: least-squares fit of G genes.
        trend: the prior variance follows mean expression.
        robust: the prior is protected from hypervariable genes.
        limma: "3.63" or "3.54"; they differ where genes have different residual degrees of freedom.
        proportion: assumed share of differentially expressed genes, for B only.

    Raises:
        ValueError: no gene has a residual variance; with a trend, a gene without any value.
    """
    covariate = fit.ave_expr if trend else None
    variance, prior = squeeze_var(fit.sigma**2, fit.df_residual, covariate, robust=robust, limma=limma)
    t = fit.coefficients / fit.stdev_unscaled / np.sqrt(variance)[:, None]
    df_total = total_df(fit.df_residual, prior)
    p_value = two_sided_p(t, df_total[:, None])
    limits = np.square(_STDEV_LIMITS) / np.median(prior.scale)
    coefficient_prior = np.array(
        [_coefficient_prior(t[:, k], fit.stdev_unscaled[:, k], df_total, proportion, limits) for k in range(t.shape[1])]
    )
    log_odds = _log_odds(t, fit.stdev_unscaled, df_total, prior, coefficient_prior, proportion)
    return ModeratedT(t, p_value, log_odds, df_total, variance, prior, coefficient_prior)


def total_df(df_residual: FloatArray, prior: VariancePrior) -> FloatArray:
    """(G,) degrees of freedom of a moderated statistic: at most those of all genes pooled."""
    return np.minimum(df_residual + prior.df, df_residual.sum())


def _coefficient_prior(
    t: FloatArray, stdev_unscaled: FloatArray, df: FloatArray, proportion: float, limits: FloatArray
) -> float:
    """Unscaled variance of the true coefficients, from the largest |t| (Smyth 2004, section 6.3)."""
    known = ~np.isnan(t)
    t, stdev, df = np.abs(t[known]), stdev_unscaled[known], df[known]
    n = len(t)
    n_target = int(np.ceil(proportion / 2 * n))
    if n_target < 1:
        return float("nan")
    share = max(n_target / n, proportion)
    most = float(df.max())
    t = _equivalent_t(t, df, most)
    top = np.argsort(-t, kind="stable")[:n_target]
    t, variance = t[top], stdev[top] ** 2
    p = two_sided_p(t, np.full(n_target, most))
    target = ((np.arange(n_target) + 0.5) / n - (1 - share) * p) / share
    above = target > p
    estimate = np.zeros(n_target)
    quantile = t_upper_quantile(target[above] / 2, most)
    estimate[above] = variance[above] * ((t[above] / quantile) ** 2 - 1)
    return float(np.clip(estimate, *limits).mean())


def _equivalent_t(t: FloatArray, df: FloatArray, most: float) -> FloatArray:
    """|t| with the same tail probability at `most` degrees of freedom, so that genes are comparable."""
    fewer = df < most
    if not fewer.any():
        return t
    tail = two_sided_p(t[fewer], df[fewer]) / 2
    result = t.copy()
    # A tail that underflows is far beyond every threshold; its t is kept unchanged.
    result[fewer] = np.where(tail > 1e-300, t_upper_quantile(np.maximum(tail, 1e-300), most), t[fewer])
    return result


def _log_odds(
    t: FloatArray,
    stdev_unscaled: FloatArray,
    df_total: FloatArray,
    prior: VariancePrior,
    coefficient_prior: FloatArray,
    proportion: float,
) -> FloatArray:
    """B of every gene and coefficient (Smyth 2004, section 5)."""
    square, v = np.square(t), np.square(stdev_unscaled)
    ratio = (v + coefficient_prior) / v
    df = df_total[:, None]
    kernel = (1 + df) / 2 * np.log((square + df) / (square / ratio + df))
    normal = np.broadcast_to(np.asarray(prior.df) > 1e6, df_total.shape)[:, None]
    kernel = np.where(normal, square * (1 - 1 / ratio) / 2, kernel)
    return np.log(proportion / (1 - proportion)) - np.log(ratio) / 2 + kernel
