"""Firth's logistic regression, which has an estimate even when the classes separate, and FLIC's probabilities.

Maximum likelihood is `logistic.py`; limits and tests of the coefficients are in `firth_profile.py`.
"""

from collections.abc import Sequence

import numpy as np

from dmicc_assets.stats.firth_profile import deviance_of_zero, profile_limits, profile_problem
from dmicc_assets.stats.logistic import (
    INTERCEPT,
    LogisticFit,
    checked_design,
    linear_predictors,
    scaling,
    weighted_gram,
)
from dmicc_assets.stats.penalised_likelihood import information, maximise, penalised_log_likelihood
from dmicc_assets.stats.probability import chi_squared_tail, expit
from dmicc_assets.types import BoolArray, FloatArray


def fit_firth(x: FloatArray, is_case: BoolArray, terms: Sequence[str], level: float = 0.95) -> LogisticFit:
    """Logistic regression with intercept by Firth's penalised likelihood, as R's logistf.

    Estimates maximise the likelihood times Jeffreys' prior (Firth 1993, doi:10.1093/biomet/80.1.27). P-values are of
    the penalised likelihood ratio and limits of the profile penalised likelihood (Heinze & Schemper 2002,
    doi:10.1002/sim.1047). `flic_intercept` makes the mean probability the share of cases (FLIC; Puhr 2017,
    doi:10.1002/sim.7273).

    Args:
        x: (N, p) predictors.
        is_case: (N,) True for cases.
        terms: names of the p predictors.
        level: confidence level of the limits.

    Raises:
        ValueError: as `checked_design`, or the iterations did not converge.
    """
    design = checked_design(x, is_case, terms)
    once = np.ones((1, len(is_case)))
    to_scaled = scaling(design)
    white, to_white = _whitened(design @ to_scaled)
    to_scaled = to_scaled @ np.linalg.inv(to_white)
    fitted = maximise(white, is_case, once, np.zeros((1, design.shape[1])))
    if not fitted.has_converged[0]:
        raise ValueError(
            f"Firth's logistic regression on {', '.join(terms)} did not converge: with {len(is_case)} samples these "
            "predictors cannot be separated; use fewer, or less correlated ones"
        )
    estimate = to_scaled @ fitted.coefficients[0]
    inverse = np.asarray(np.linalg.inv(information(white, fitted.coefficients, once)[0]), dtype=np.float64)
    covariance: FloatArray = to_scaled @ inverse @ to_scaled.T
    problem = profile_problem(design, is_case, estimate)
    low, high = profile_limits(problem, np.sqrt(np.diag(covariance)), level)
    return LogisticFit(
        terms=(INTERCEPT, *terms),
        coefficients=estimate,
        covariance=covariance,
        estimator="firth",
        p_value=chi_squared_tail(np.maximum(deviance_of_zero(problem), 0.0)),
        ci_low=low,
        ci_high=high,
        interval="profile",
        log_likelihood=float(penalised_log_likelihood(design, is_case, once, estimate[None, :])[0]),
        flic_intercept=float(flic_intercepts(x @ estimate[1:], is_case, once)[0]),
        n_case=int(is_case.sum()),
        n_control=int((~is_case).sum()),
    )


def _whitened(design: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A design (N, K) or (B, N, K) of orthogonal columns and the (..., K, K) matrix that makes the design of them.

    Firth's estimate is the same in any basis; this one keeps precision for nearly collinear genes.
    """
    orthonormal, triangular = np.linalg.qr(design)
    root = np.sqrt(design.shape[-2])
    return np.asarray(orthonormal * root, dtype=np.float64), np.asarray(triangular / root, dtype=np.float64)


def flic_intercepts(slope_part: FloatArray, is_case: BoolArray, counts: FloatArray) -> FloatArray:
    """(B,) intercepts at which the mean probability is the share of cases (FLIC; Puhr 2017, doi:10.1002/sim.7273).

    Args:
        slope_part: (B, N) or (N,) log-odds without the intercept.
        is_case: (N,) True for cases; every resample must hold both classes.
        counts: (B, N) how often each sample counts.
    """
    cases = counts @ is_case
    part = np.broadcast_to(slope_part, counts.shape)
    # The mean probability rises with the intercept; between these two it crosses the share of cases.
    log_odds = np.log(cases / (counts.sum(axis=1) - cases))
    low: FloatArray = log_odds - part.max(axis=1)
    high: FloatArray = log_odds - part.min(axis=1)
    middle = (low + high) / 2
    for _ in range(200):
        probability = expit(middle[:, None] + part)
        excess: FloatArray = (counts * probability).sum(axis=1) - cases
        low, high = np.where(excess < 0, middle, low), np.where(excess < 0, high, middle)
        slope: FloatArray = (counts * probability * (1 - probability)).sum(axis=1)
        newton = middle - excess / np.maximum(slope, 1e-300)
        following = np.where((newton > low) & (newton < high), newton, (low + high) / 2)
        moved = np.abs(following - middle) > 1e-13 * np.maximum(1.0, np.abs(middle))
        middle = following
        if not moved.any():
            break
    return middle


def fit_firth_resamples(design: FloatArray, is_case: BoolArray, counts: FloatArray) -> FloatArray:
    """(B, K) coefficients for probabilities of every resample: Firth's slopes with FLIC's intercept.

    A resample in which a class is absent, the design is singular or the iterations do not converge gives NaN.

    Args:
        design: (N, K) with the intercept first, shared by the resamples, or (B, N, K).
        is_case: (N,) True for cases.
        counts: (B, N) how often each sample is in each resample.
    """
    predictors = design[..., 1:]
    centre, spread = predictors.mean(axis=-2, keepdims=True), predictors.std(axis=-2, keepdims=True)
    scaled = np.concatenate([design[..., :1], (predictors - centre) / np.where(spread > 0, spread, 1.0)], axis=-1)
    values = np.linalg.eigvalsh(weighted_gram(scaled, counts))
    cases = counts @ is_case
    able = np.flatnonzero((cases > 0) & (cases < counts.sum(axis=1)) & (values[:, 0] > 1e-12 * values[:, -1]))
    slopes = np.full((len(counts), design.shape[-1] - 1), np.nan)
    if len(able):
        white, to_white = _whitened(scaled if scaled.ndim == 2 else scaled[able])
        fitted = maximise(white, is_case, counts[able], np.zeros((len(able), design.shape[-1])), tolerance=1e-9)
        found = np.where(fitted.has_converged[:, None], fitted.coefficients, np.nan)
        slopes[able] = np.linalg.solve(np.broadcast_to(to_white, (len(able), *to_white.shape[-2:])), found[:, :, None])[
            :, 1:, 0
        ]
    slopes /= spread[..., 0, :]
    kept = np.flatnonzero(~np.isnan(slopes).any(axis=1))
    result = np.full((len(counts), design.shape[-1]), np.nan)
    result[kept, 1:] = slopes[kept]
    slope_part = linear_predictors(predictors if predictors.ndim == 2 else predictors[kept], slopes[kept])
    result[kept, 0] = flic_intercepts(slope_part, is_case, counts[kept])
    return result
