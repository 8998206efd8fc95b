"""A pointwise confidence band of an empirical ROC curve, from the curve and the group sizes alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from dmicc_assets.types import FloatArray


@dataclass(frozen=True, slots=True)
class RocBand:
    """Limits of the sensitivity at each of T false positive rates."""

    fpr: FloatArray
    low: FloatArray
    high: FloatArray


def roc_band(
    fpr: ArrayLike,
    tpr: ArrayLike,
    n_case: int,
    n_control: int,
    seed: int,
    n_resamples: int = 1000,
    level: float = 0.95,
    points: int = 101,
) -> RocBand:
    """Bootstrap band of the sensitivity at fixed specificities, cases and controls resampled apart (as pROC's `ci.se`).

    The steps of the empirical curve give the numbers of cases and controls at each score, which are sufficient for a
    ROC bootstrap (Robin 2011, doi:10.1186/1471-2105-12-77).

    Args:
        fpr: (P,) false positive rates of the curve's points, in either order.
        tpr: (P,) their sensitivities.
        n_case: number of cases behind the curve.
        n_control: number of controls behind it.
        seed: seed of the resampling.
        n_resamples: bootstrap resamples.
        level: pointwise confidence level.
        points: false positive rates at which the band is given, from 0 to 1.

    Raises:
        ValueError: the curve's steps are not whole numbers of cases and controls.
    """
    x, y = np.asarray(fpr, dtype=np.float64), np.asarray(tpr, dtype=np.float64)
    order = np.lexsort((y, x))
    cases = _steps(y[order], n_case, "cases")
    controls = _steps(x[order], n_control, "controls")
    generator = np.random.default_rng(seed)
    grid = np.linspace(0, 1, points)
    true_rate = np.cumsum(generator.multinomial(n_case, cases / n_case, size=n_resamples), axis=1) / n_case
    false_rate = np.cumsum(generator.multinomial(n_control, controls / n_control, size=n_resamples), axis=1) / n_control
    start = np.zeros((n_resamples, 1))
    true_rate, false_rate = np.hstack([start, true_rate]), np.hstack([start, false_rate])
    at_grid = _sensitivity_at(grid, false_rate, true_rate)
    low, high = np.quantile(at_grid, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return RocBand(grid, low, high)


def _steps(rate: FloatArray, n: int, group: str) -> FloatArray:
    """Number of samples of a group between each point of the curve and the one before."""
    steps = np.diff(rate, prepend=0.0) * n
    whole = np.rint(steps)
    if np.abs(steps - whole).max(initial=0.0) > 1e-6 or whole.min(initial=0.0) < 0 or whole.sum() != n:
        raise ValueError(f"the curve is not one of {n} {group}")
    return whole


def _sensitivity_at(grid: FloatArray, false_rate: FloatArray, true_rate: FloatArray) -> FloatArray:
    """Each curve's highest sensitivity at each false positive rate, linear between its points.

    Args:
        grid: (T,) false positive rates from 0 to 1.
        false_rate: (B, P) ascending in each curve.
        true_rate: (B, P).

    Returns:
        (B, T); all curves are interpolated at once, each moved to an interval of its own.
    """
    last = np.diff(false_rate, axis=1, append=2.0) > 0
    own = 2.0 * np.arange(len(false_rate))[:, None]
    at = np.interp((grid + own).ravel(), (false_rate + own)[last], true_rate[last])
    return at.reshape(len(false_rate), len(grid))
