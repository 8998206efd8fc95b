"""Quantiles and densities of samples before and after normalisation."""

import numpy as np
import polars as pl
import pytest

from dmicc_assets.expression.distribution import sample_distributions


def _distributions() -> tuple[np.ndarray, np.ndarray, pl.DataFrame]:
    generator = np.random.default_rng(1)
    before, after = generator.normal(6, 2, (900, 2)), generator.normal(7, 1, (400, 2))
    before[0, 0] = np.nan
    return before, after, sample_distributions(before, after, ("S1", "S2"))


def test_quantiles_are_those_of_the_measured_values() -> None:
    before, _, found = _distributions()
    rows = found.filter(pl.col("sample") == "S1", pl.col("stage") == "before", pl.col("quantity") == "quantile")
    assert rows["x"].to_list() == [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]
    np.testing.assert_allclose(rows["y"], np.quantile(before[1:, 0], rows["x"]))


def test_densities_integrate_to_one_on_one_grid_and_are_near_the_truth() -> None:
    _, _, found = _distributions()
    densities = found.filter(pl.col("quantity") == "density")
    grids = {tuple(rows["x"]) for _, rows in densities.group_by("sample", "stage")}
    assert len(grids) == 1
    for (_, stage), rows in densities.group_by("sample", "stage"):
        x, y = rows["x"].to_numpy(), rows["y"].to_numpy()
        assert np.trapezoid(y, x) == pytest.approx(1, abs=0.01)
        mean, sd = (6, 2) if stage == "before" else (7, 1)
        truth = np.exp(-(((x - mean) / sd) ** 2) / 2) / (sd * np.sqrt(2 * np.pi))
        assert np.abs(y - truth).max() < 0.25 * truth.max()


def test_a_constant_sample_and_one_without_values() -> None:
    values = np.column_stack([np.full(50, 4.0), np.full(50, np.nan)])
    found = sample_distributions(values, values, ("constant", "nothing"))
    assert found["sample"].unique().to_list() == ["constant"]
    assert np.isfinite(found["y"].to_numpy()).all()
    assert sample_distributions(values[:, 1:], values[:, 1:], ("nothing",)).is_empty()
