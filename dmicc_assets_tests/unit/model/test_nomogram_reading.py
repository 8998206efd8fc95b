"""Reading a nomogram gives the model's own probability."""

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from dmicc_assets.model.nomogram import nomogram, nomogram_table
from dmicc_assets.model.nomogram_reading import probability_axis, read_nomogram

COEFFICIENTS = np.array([-4.0, 0.9, -0.5])


def _table() -> pl.DataFrame:
    x = np.random.default_rng(1).normal(6, 1.5, (40, 2))
    return nomogram_table(nomogram(["A", "B"], x, COEFFICIENTS))


@pytest.mark.parametrize("values", [(6.0, 7.0), (4.2, 5.1), (20.0, 1.0)])
def test_a_reading_is_the_model_s_probability(values: tuple[float, float]) -> None:
    found = read_nomogram(_table(), {"A": values[0], "B": values[1]})
    expected = expit(COEFFICIENTS[0] + COEFFICIENTS[1:] @ np.array(values))
    assert found.probability == pytest.approx(expected, rel=1e-9)
    assert found.total == sum(found.points.values())
    assert found.is_out_of_range == (values[0] == 20.0)


def test_points_and_probability_invert_each_other() -> None:
    axis = probability_axis(_table())
    assert axis.points(axis.probability(55.0)) == pytest.approx(55.0)


def test_what_cannot_be_read_is_refused() -> None:
    table = _table()
    with pytest.raises(ValueError, match="B of the nomogram has no value"):
        read_nomogram(table, {"A": 1.0, "B": float("nan")})
    with pytest.raises(ValueError, match="is empty"):
        read_nomogram(table.head(0), {"A": 1.0})
    flat = table.with_columns(probability=pl.when(pl.col("variable") == "total").then(0.5))
    with pytest.raises(ValueError, match="no two probabilities"):
        read_nomogram(flat, {"A": 1.0, "B": 2.0})
