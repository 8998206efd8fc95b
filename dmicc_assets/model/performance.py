"""Performance indexes of log-odds against outcomes, for many resamples at once, with the definitions of rms.

Nothing is refitted or corrected here: that is `internal_validation.py`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.logistic import log_likelihood
from dmicc_assets.stats.probability import expit, logit

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Discrimination:
    """Somers' Dxy and Gini's mean differences of B score vectors, (B,) each.

    Attributes:
        dxy: concordance less discordance of case-control pairs; C is (dxy + 1) / 2.
        g: Gini's mean difference of the log-odds.
        gp: Gini's mean difference of the probabilities.
    """

    dxy: FloatArray
    g: FloatArray
    gp: FloatArray


@dataclass(frozen=True, slots=True)
class Fit:
    """Likelihood-based indexes of B score vectors, (B,) each: Nagelkerke's R2 and the discrimination index D."""

    r2: FloatArray
    d: FloatArray


def discrimination(
    linear_predictor: FloatArray, is_case: BoolArray, counts: FloatArray, spread_of: FloatArray | None = None
) -> Discrimination:
    """Dxy and Gini's mean differences (as `Hmisc::somers2` and `rms::lrm`), samples counted `counts` times.

    Args:
        linear_predictor: (B, N) log-odds.
        is_case: (N,) True for cases.
        counts: (B, N) how often each sample counts.
        spread_of: (B, N) log-odds in the same order, of which g and gp are taken; None takes `linear_predictor`.
    """
    order = np.argsort(linear_predictor, axis=1, kind="stable")
    row = np.arange(len(order))[:, None]
    value, count = linear_predictor[row, order], counts[row, order]
    case_count = count * is_case[order]
    controls = count - case_count
    below = np.cumsum(controls, axis=1)
    is_first = np.column_stack([np.ones(len(value), dtype=bool), value[:, 1:] != value[:, :-1]])
    if is_first.all():
        midrank = below - controls / 2
    else:
        is_last = np.column_stack([is_first[:, 1:], np.ones(len(value), dtype=bool)])
        before = np.maximum.accumulate(np.where(is_first, below - controls, 0.0), axis=1)
        until = np.minimum.accumulate(np.where(is_last, below, np.inf)[:, ::-1], axis=1)[:, ::-1]
        midrank = (before + until) / 2
    n_case, n_control = case_count.sum(axis=1), controls.sum(axis=1)
    concordance = (case_count * midrank).sum(axis=1) / (n_case * n_control)
    if spread_of is not None:
        value = spread_of[row, order]
    n = n_case + n_control
    lower = np.cumsum(count, axis=1)
    # In sorted order each value is added once for every smaller sample and taken off once for every larger one.
    weight = count * (2 * lower - count - n[:, None]) * (2 / (n * (n - 1)))[:, None]
    return Discrimination(
        dxy=2 * concordance - 1,
        g=np.abs((weight * value).sum(axis=1)),
        gp=np.abs((weight * expit(value)).sum(axis=1)),
    )


def deviance(linear_predictor: FloatArray, is_case: BoolArray, counts: FloatArray) -> FloatArray:
    """(B,) -2 log-likelihood of the log-odds (B, N)."""
    return -2 * log_likelihood(linear_predictor, is_case, counts)


def null_deviance(is_case: BoolArray, counts: FloatArray) -> FloatArray:
    """(B,) -2 log-likelihood of the share of cases."""
    cases, n = counts @ is_case, counts.sum(axis=1)
    return -2 * (cases * np.log(cases / n) + (n - cases) * np.log(1 - cases / n))


def fit_indexes(model_deviance: FloatArray, null: FloatArray, n: FloatArray) -> Fit:
    """R2 (Nagelkerke 1991, doi:10.1093/biomet/78.3.691) and D = (likelihood ratio - 1) / n (Harrell, `rms`)."""
    ratio = null - model_deviance
    return Fit(r2=(1 - np.exp(-ratio / n)) / (1 - np.exp(-null / n)), d=(ratio - 1) / n)


def brier(linear_predictor: FloatArray, is_case: BoolArray, counts: FloatArray) -> FloatArray:
    """(B,) mean squared difference of probability and outcome (Brier 1950)."""
    return (counts * (expit(linear_predictor) - is_case) ** 2).sum(axis=1) / counts.sum(axis=1)


def largest_miscalibration(intercept: float, slope: float) -> float:
    """Emax: the largest distance of the recalibrated probability from any predicted one between 0 and 1.

    Args:
        intercept: calibration intercept.
        slope: calibration slope.
    """
    if intercept == 0 and slope == 1:
        return 0.0
    predicted = np.linspace(0, 1, 4001, dtype=np.float64)[1:-1]
    return float(np.abs(expit(intercept + slope * logit(predicted)) - predicted).max())
