"""Reading of a nomogram: a value on each axis, its points, their total, and the probability."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from dmicc_assets.model.nomogram import TOTAL
from dmicc_assets.stats.probability import expit, logit

# probabilities nearer to 0 or 1 are too imprecise to locate them on the line
_READABLE = 1e-9


@dataclass(frozen=True, slots=True)
class NomogramReading:
    """One patient on the nomogram.

    Attributes:
        values: log2 expression of each variable, as measured.
        points: points of each variable; beyond its axis the line is continued.
        total: sum of the points.
        probability: at that total; None where no absolute risk may be stated.
        is_out_of_range: a value lies beyond its axis.
    """

    values: dict[str, float]
    points: dict[str, float]
    total: float
    probability: float | None
    is_out_of_range: bool


@dataclass(frozen=True, slots=True)
class ProbabilityAxis:
    """The linear relation between total points and log-odds."""

    log_odds_at_zero: float
    log_odds_per_point: float

    def probability(self, points: float) -> float:
        """Probability at total points."""
        return float(expit(self.log_odds_at_zero + self.log_odds_per_point * points))

    def points(self, probability: float) -> float:
        """Total points at a probability between 0 and 1."""
        return float((logit(probability) - self.log_odds_at_zero) / self.log_odds_per_point)


def probability_axis(nomogram: pl.DataFrame) -> ProbabilityAxis:
    """The probability axis of the table `model/nomogram`, from its two usable marks that are furthest apart.

    Raises:
        ValueError: the table has no two different probabilities for 'total'.
    """
    marks = nomogram.filter(
        pl.col("variable") == TOTAL, pl.col("probability").is_between(_READABLE, 1 - _READABLE)
    ).sort("value")
    if marks["probability"].n_unique() < 2:
        raise ValueError("the nomogram has no two probabilities that differ")
    points, odds = marks["value"].to_numpy(), logit(marks["probability"].to_numpy())
    slope = float((odds[-1] - odds[0]) / (points[-1] - points[0]))
    return ProbabilityAxis(float(odds[0] - slope * points[0]), slope)


def read_nomogram(nomogram: pl.DataFrame, values: Mapping[str, float]) -> NomogramReading:
    """Read one patient's points and probability from the table `model/nomogram`.

    Args:
        nomogram: columns variable, value, points, probability; variable 'total' maps points to probability.
        values: log2 expression of each variable.

    Raises:
        ValueError: the nomogram is empty, or a variable of it has no value.
    """
    axes = nomogram.filter(pl.col("variable") != TOTAL)
    if axes.is_empty():
        raise ValueError("the nomogram is empty")
    points: dict[str, float] = {}
    is_outside = False
    for (variable,), axis in axes.group_by("variable", maintain_order=True):
        name = str(variable)
        if name not in values or np.isnan(values[name]):
            raise ValueError(f"{name} of the nomogram has no value")
        drawn = axis.sort("value")
        at, given = drawn["value"].to_numpy(), drawn["points"].to_numpy()
        slope = (given[-1] - given[0]) / (at[-1] - at[0]) if at[-1] > at[0] else 0.0
        points[name] = float(given[0] + slope * (values[name] - at[0]))
        is_outside |= not at[0] <= values[name] <= at[-1]
    total = sum(points.values())
    return NomogramReading(dict(values), points, total, probability_axis(nomogram).probability(total), is_outside)
