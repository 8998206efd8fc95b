"""Decision curves: the net benefit of acting by a model's probability, at every threshold.

The correction for optimism is in `internal_validation.py`.
"""

import numpy as np

from dmicc_assets.stats.probability import logit
from dmicc_assets.types import BoolArray, FloatArray

THRESHOLDS = np.arange(1, 100) / 100


def net_benefit(
    linear_predictor: FloatArray, is_case: BoolArray, counts: FloatArray, thresholds: FloatArray = THRESHOLDS
) -> FloatArray:
    """Net benefit of acting when the probability is at least the threshold.

    Vickers & Elkin 2006, doi:10.1177/0272989X06295361.

    Args:
        linear_predictor: (B, N) or (N,) log-odds.
        is_case: (N,) True for cases.
        counts: (B, N) or (N,) how often each sample counts.
        thresholds: (T,) probabilities between 0 and 1, ascending.

    Returns:
        (B, T): the share of true positives less the share of false positives times the odds of the threshold.

    Raises:
        ValueError: a threshold is not between 0 and 1, or they do not ascend.
    """
    if not ((thresholds > 0) & (thresholds < 1)).all() or (np.diff(thresholds) <= 0).any():
        raise ValueError("expected thresholds between 0 and 1 in ascending order")
    predictor, count = np.atleast_2d(linear_predictor), np.atleast_2d(counts)
    n_rows, n_bins = len(predictor), len(thresholds) + 1
    # Compared as log-odds: the probability of a far sample is rounded to 1.
    reached = np.searchsorted(logit(thresholds), predictor, side="right")
    cell = (reached + n_bins * np.arange(n_rows)[:, None]).ravel()
    positive = np.bincount(cell, (count * is_case).ravel(), n_rows * n_bins).reshape(n_rows, n_bins)
    negative = np.bincount(cell, (count * ~is_case).ravel(), n_rows * n_bins).reshape(n_rows, n_bins)
    true_positives = np.cumsum(positive[:, ::-1], axis=1)[:, ::-1][:, 1:]
    false_positives = np.cumsum(negative[:, ::-1], axis=1)[:, ::-1][:, 1:]
    odds = thresholds / (1 - thresholds)
    return (true_positives - false_positives * odds) / count.sum(axis=1, keepdims=True)


def net_benefit_of_all(prevalence: float, thresholds: FloatArray = THRESHOLDS) -> FloatArray:
    """(T,) net benefit of acting on everybody, for a share of cases."""
    return prevalence - (1 - prevalence) * thresholds / (1 - thresholds)


def weights_at(prevalence: float, is_case: BoolArray, counts: FloatArray) -> FloatArray:
    """(B, N) sample weights that give a share of cases; zero where a class is absent.

    Args:
        prevalence: share of cases, between 0 and 1.
        is_case: (N,) True for cases.
        counts: (B, N) how often each sample counts.
    """
    n_case, n_control = counts @ is_case, counts @ ~is_case
    known = (n_case > 0) & (n_control > 0)
    of_case = np.divide(prevalence, n_case, out=np.zeros_like(n_case, dtype=np.float64), where=known)
    of_control = np.divide(1 - prevalence, n_control, out=np.zeros_like(of_case), where=known)
    return counts * np.where(is_case, of_case[:, None], of_control[:, None])
