"""Performance indexes of log-odds against outcomes, for many resamples at once, with the definitions of rms.

`internal_validation.py` refits and corrects.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.logistic import log_likelihood
from dmicc_assets.stats.probability import expit, logit
from dmicc_assets.types import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Discrimination:
    """Somers' Dxy and Gini's mean differences of B score vectors, (B,) each.

    Attributes:
        dxy: concordance minus discordance of case-control pairs; C is (dxy + 1) / 2.
        g: Gini's mean difference of the log-odds.
        gp: Gini's mean difference of the probabilities.
    """

    dxy: FloatArray
    g: FloatArray
    gp: FloatArray


@dataclass(frozen=True, slots=True)
class RankedScores:
    """B score vectors of the same N samples, each sorted.

    Attributes:
        place: (B, N) where the sorted scores stood, counted through all rows.
        value: (B, N) the scores, ascending in each row.
        is_case: (B, N) whose they are.
        has_ties: whether two scores of a row are equal.
    """

    place: NDArray[np.intp]
    value: FloatArray
    is_case: BoolArray
    has_ties: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """Likelihood-based indexes of B score vectors, (B,) each: Nagelkerke's R2 and the discrimination index D."""

    r2: FloatArray
    d: FloatArray


def rank_scores(linear_predictor: FloatArray, is_case: BoolArray) -> RankedScores:
    """Sorts the log-odds (B, N) of samples with outcomes (N,) within each row."""
    order = np.argsort(linear_predictor, axis=1)
    n_rows, n_samples = linear_predictor.shape
    offset: NDArray[np.intp] = n_samples * np.arange(n_rows, dtype=np.intp)
    place = order + offset[:, None]
    value = np.take(linear_predictor.ravel(), place)
    return RankedScores(place, value, is_case[order], bool((value[:, 1:] == value[:, :-1]).any()))


def discrimination(
    scores: RankedScores, counts: FloatArray, intercept: FloatArray | None = None, slope: FloatArray | None = None
) -> Discrimination:
    """Dxy (as `Hmisc::somers2`) and Gini's mean differences (as `rms::lrm`), samples counted `counts` times.

    Dxy is exact, as in the resamples of `rms::validate`; what lrm prints of the model itself, and validate calls
    index.orig, can differ in the fourth digit from 150 samples on, since lrm ranks probabilities that it has grouped.

    Args:
        scores: B score vectors of N samples.
        counts: (B, N) how often each sample counts, in the samples' own order.
        intercept: (B,) of the recalibrated log-odds, of which g and gp are taken; None takes the scores themselves.
        slope: (B,) of them, likewise.
    """
    count = np.take(counts.ravel(), scores.place)
    case_count = count * scores.is_case
    controls = count - case_count
    below = np.cumsum(controls, axis=1)
    lower = np.cumsum(count, axis=1)
    n, n_control = lower[:, -1].copy(), below[:, -1]
    midrank = _midranks(scores.value, below, controls) if scores.has_ties else below
    concordance = np.einsum("bn,bn->b", case_count, midrank) / ((n - n_control) * n_control)
    # In sorted order each value is added once for every smaller sample and subtracted once for every larger one.
    weight = lower
    weight *= 2
    weight -= count
    weight -= n[:, None]
    weight *= count
    value = scores.value
    if intercept is not None and slope is not None:
        value = intercept[:, None] + slope[:, None] * value
    pairs = n * (n - 1) / 2
    return Discrimination(
        dxy=2 * concordance - 1,
        g=np.abs(np.einsum("bn,bn->b", weight, value)) / pairs,
        gp=np.abs(np.einsum("bn,bn->b", weight, expit(value))) / pairs,
    )


def _midranks(value: FloatArray, below: FloatArray, controls: FloatArray) -> FloatArray:
    """(B, N) controls below each sorted value, those equal to it counted half."""
    edge = np.ones((len(value), 1), dtype=bool)
    is_new = value[:, 1:] != value[:, :-1]
    before = np.maximum.accumulate(np.where(np.hstack([edge, is_new]), below - controls, 0.0), axis=1)
    reached = np.where(np.hstack([is_new, edge]), below, np.inf)
    return (before + np.minimum.accumulate(reached[:, ::-1], axis=1)[:, ::-1]) / 2


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
    if slope < 0:
        # With a negative slope a certain prediction becomes impossible.
        return 1.0
    predicted = np.linspace(0, 1, 2001, dtype=np.float64)[1:-1]
    return float(np.abs(expit(intercept + slope * logit(predicted)) - predicted).max())
