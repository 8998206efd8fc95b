"""The nomogram of a logistic model as a table: points of each variable's values, probabilities of total points.

Axes and points are those of `rms::nomogram`. `nomogram_reading.py` reads a patient's points from the table.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from dmicc_assets.stats.probability import expit, logit
from dmicc_assets.tables import TABLES
from dmicc_assets.types import FloatArray

TOTAL = "total"
RISK_TICKS = np.array([0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99])
# rms draws a variable with this many values or fewer at its values.
_DISCRETE = 10


@dataclass(frozen=True, slots=True)
class Nomogram:
    """Axes of a nomogram.

    Attributes:
        variables: names of the p variables.
        values: for each variable, where its axis is marked.
        points: for each variable, the points there; the widest variable spans 0 to 100.
        points_per_log_odds: scale of the points.
        log_odds_at_zero: log-odds of zero points.
        total_ticks: marks of the axis of total points.
        log_odds_ticks: marks of the axis of log-odds.
        risk_ticks: probabilities marked, within the range of the log-odds' axis.
    """

    variables: tuple[str, ...]
    values: tuple[FloatArray, ...]
    points: tuple[FloatArray, ...]
    points_per_log_odds: float
    log_odds_at_zero: float
    total_ticks: FloatArray
    log_odds_ticks: FloatArray
    risk_ticks: FloatArray

    def total_points(self, log_odds: FloatArray) -> FloatArray:
        """Total points at these log-odds."""
        return (log_odds - self.log_odds_at_zero) * self.points_per_log_odds

    def probability(self, total_points: FloatArray) -> FloatArray:
        """Probability at these total points."""
        return expit(self.log_odds_at_zero + np.asarray(total_points) / self.points_per_log_odds)


def nomogram(variables: Sequence[str], x: FloatArray, coefficients: FloatArray, max_points: float = 100) -> Nomogram:
    """Axes, points and totals of a logistic model's nomogram, as `rms::nomogram` with its defaults.

    A variable's axis covers its range in the data at R's `pretty` marks, or its values when there are ten or fewer. The
    axis of total points runs from 0 to the last mark of the log-odds, or, with one variable, over that one's points.

    Args:
        variables: names of the p variables.
        x: (N, p) their values in the training data.
        coefficients: (p + 1,) intercept first.
        max_points: points of the widest variable.

    Raises:
        ValueError: no variable, a value is not finite (names it), or every coefficient is zero.
    """
    if not len(variables):
        raise ValueError("a nomogram needs at least one variable")
    for j, name in enumerate(variables):
        if not np.isfinite(x[:, j]).all():
            sample = int(np.argmin(np.isfinite(x[:, j])))
            raise ValueError(f"{name}: the value of sample {sample} (counted from 0) is {x[sample, j]}")
    values = tuple(_marks(x[:, j]) for j in range(len(variables)))
    parts = [slope * marks for slope, marks in zip(coefficients[1:], values, strict=True)]
    widest = max(float(np.ptp(part)) for part in parts)
    log_odds = coefficients[0] + x @ coefficients[1:]
    # Slopes that are rounding noise do not change the log-odds.
    if not widest > 1e-12 * max(1.0, float(np.abs(log_odds).max())):
        raise ValueError(
            f"every coefficient of {', '.join(variables)} is zero, or its values are equal, so there are no points"
        )
    scale = max_points / widest
    at_zero = float(coefficients[0]) + sum(float(part.min()) for part in parts)
    log_odds_ticks = pretty(float(log_odds.min()), float(log_odds.max()), 10)
    end = float(log_odds_ticks[-1] - at_zero) * scale if len(variables) > 1 else float(max_points)
    wanted = logit(RISK_TICKS)
    return Nomogram(
        variables=tuple(variables),
        values=values,
        points=tuple((part - part.min()) * scale for part in parts),
        points_per_log_odds=scale,
        log_odds_at_zero=at_zero,
        total_ticks=pretty(0.0, end, 10),
        log_odds_ticks=log_odds_ticks,
        risk_ticks=RISK_TICKS[(wanted >= log_odds_ticks[0]) & (wanted <= log_odds_ticks[-1])],
    )


def nomogram_table(drawn: Nomogram) -> pl.DataFrame:
    """The nomogram as rows: variable, value, points, probability (the table `model/nomogram`).

    The rows of 'total' stand at the marks of the axis of total points and at those of the probability, by points.
    """
    table = TABLES["model/nomogram"]
    rows = [
        table.frame({"variable": name, "value": value, "points": points, "probability": None})
        for name, value, points in zip(drawn.variables, drawn.values, drawn.points, strict=True)
    ]
    totals = np.union1d(drawn.total_ticks, drawn.total_points(logit(drawn.risk_ticks)))
    at_totals = {"variable": TOTAL, "value": totals, "points": totals, "probability": drawn.probability(totals)}
    return pl.concat([*rows, table.frame(at_totals)])


def _marks(values: FloatArray) -> FloatArray:
    distinct = np.unique(values)
    return distinct if len(distinct) <= _DISCRETE else pretty(float(distinct[0]), float(distinct[-1]), 10)


def pretty(low: float, high: float, n: int = 5) -> FloatArray:
    """About n + 1 equally spaced round values that cover [low, high], as R's `pretty` with its defaults.

    The step is 1, 2, 5 or 10 times a power of ten, larger ones preferred by the biases that R documents.

    Raises:
        ValueError: low is not below high, or one is not finite.
    """
    if not (np.isfinite(high - low) and high > low):
        raise ValueError(f"expected a lower end below the upper, got {low} and {high}")
    bias, bias_of_five = 1.5, 0.5 + 1.5 * 1.5
    cell = (high - low) / n
    base = 10.0 ** np.floor(np.log10(cell))
    unit = base
    for factor, preference in ((2, bias), (5, bias_of_five), (10, bias)):
        if factor * base - cell < preference * (cell - unit):
            unit = factor * base
        else:
            break
    first, last = np.floor(low / unit + 1e-10), np.ceil(high / unit - 1e-10)
    return np.asarray(np.arange(first, last + 1) * unit, dtype=np.float64)
