"""Reading a nomogram as a person does: a value on each axis, its points, their total, the probability below."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl


@dataclass(frozen=True, slots=True)
class NomogramReading:
    """One patient on the nomogram.

    Attributes:
        values: log2 expression of each variable, as measured.
        points: points of each variable; beyond the axis the line is continued.
        total: sum of the points.
        probability: at that total; the end of the axis when the total is beyond it.
        is_out_of_range: a value or the total lies beyond its axis.
    """

    values: dict[str, float]
    points: dict[str, float]
    total: float
    probability: float
    is_out_of_range: bool


def read_nomogram(nomogram: pl.DataFrame, values: Mapping[str, float]) -> NomogramReading:
    """Read one patient off the table `model/nomogram`.

    Args:
        nomogram: columns variable, value, points, probability; variable 'total' maps points to probability.
        values: log2 expression of each variable.

    Raises:
        ValueError: the nomogram is empty, or a variable of it has no value.
    """
    axes = nomogram.filter(pl.col("variable") != "total")
    total_axis = nomogram.filter(pl.col("variable") == "total").sort("value")
    if axes.is_empty() or total_axis.is_empty():
        raise ValueError("the nomogram is empty")
    points: dict[str, float] = {}
    outside = False
    for (variable,), axis in axes.group_by("variable", maintain_order=True):
        name = str(variable)
        if name not in values or np.isnan(values[name]):
            raise ValueError(f"{name} of the nomogram has no value")
        drawn = axis.sort("value")
        at, value = drawn["value"].to_numpy(), values[name]
        ends = drawn["points"].to_numpy()[[0, -1]]
        slope = (ends[1] - ends[0]) / (at[-1] - at[0]) if at[-1] > at[0] else 0.0
        points[name] = float(ends[0] + slope * (value - at[0]))
        outside |= not at[0] <= value <= at[-1]
    total = sum(points.values())
    at = total_axis["value"].to_numpy()
    outside |= not at[0] <= total <= at[-1]
    probability = float(np.interp(total, at, total_axis["probability"].to_numpy()))
    return NomogramReading(dict(values), points, total, probability, outside)
