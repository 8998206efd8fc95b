"""Standard errors of a logistic regression whose samples come in clusters (several samples of one patient).

The estimates are those of `logistic.py` and `firth.py`, which take samples as independent and are right on average.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.logistic import LogisticFit
from dmicc_assets.stats.probability import expit, normal_quantile, normal_two_sided
from dmicc_assets.types import BoolArray, FloatArray

# A cluster whose samples the others do not predict at all has an eigenvalue of 1 in its part of the hat matrix.
_DETERMINED = 1e-8


def with_clusters(fit: LogisticFit, x: FloatArray, is_case: BoolArray, cluster: NDArray[np.intp]) -> LogisticFit:
    """The fit with errors, p-values and limits that allow any correlation within clusters.

    Estimates stay: they are of the population, for which a new patient is scored, and a conditional regression within
    patients would estimate something else and has no intercept. Their covariance is the sandwich of Liang & Zeger
    (1986, doi:10.1093/biomet/73.1.13) for independence as working correlation, corrected for few clusters by Mancl &
    DeRouen (2001, doi:10.1111/j.0006-341X.2001.00126.x). In simulations of 6 to 40 patients its 95 % limits held the
    coefficient in 94 to 100 %; limits that take samples as independent in 82 to 100 %.

    Firth's estimate of separated classes gets none (NaN): the residuals of separated classes are too small to tell the
    errors, and no limits that allow for clusters are known to hold. The same when a cluster alone determines a
    coefficient.

    Args:
        fit: of these samples, as `fit_logistic` or `fit_firth` gave it.
        x: (N, p) predictors.
        is_case: (N,) True for cases.
        cluster: (N,) number of each sample's cluster.
    """
    covariance = np.full_like(fit.covariance, np.nan)
    if fit.estimator == "ml":
        covariance = _sandwich(fit, np.column_stack([np.ones(len(x)), x]), is_case, cluster)
    error = np.sqrt(np.diag(covariance))
    half = normal_quantile(0.975) * error
    return replace(
        fit,
        covariance=covariance,
        p_value=normal_two_sided(fit.coefficients / error),
        ci_low=fit.coefficients - half,
        ci_high=fit.coefficients + half,
        interval="clustered" if np.isfinite(error).all() else "not estimable",
    )


def _sandwich(fit: LogisticFit, design: FloatArray, is_case: BoolArray, cluster: NDArray[np.intp]) -> FloatArray:
    """(K, K) covariance; NaN where a cluster determines a coefficient."""
    probability = expit(design @ fit.coefficients)
    weight, residual = probability * (1 - probability), is_case - probability
    meat = np.zeros_like(fit.covariance)
    for number in np.unique(cluster):
        own = cluster == number
        part = design[own]
        left = np.eye(len(part)) - weight[own][:, None] * (part @ fit.covariance @ part.T)
        if abs(float(np.linalg.det(left))) < _DETERMINED:
            return np.full_like(meat, np.nan)
        score = part.T @ np.linalg.solve(left, residual[own])
        meat += np.outer(score, score)
    return fit.covariance @ meat @ fit.covariance
