"""lowess against R's, curve by curve."""

import numpy as np
import polars as pl
import pytest

from dmicc_assets.stats.calibration import lowess_at
from dmicc_assets.stats.tricube import Windows, tricube_moments
from dmicc_assets_tests.oracle.model import golden


@pytest.mark.parametrize("curve", range(1, 13))
def test_curve_equals_r(curve):
    rows = golden("lowess.tsv.gz").filter(pl.col("curve") == curve)
    points, fits = rows.filter(pl.col("kind") == "point"), rows.filter(pl.col("kind") == "fit")
    expected = fits["y"].to_numpy().astype(float)
    found = lowess_at(points["x"].to_numpy()[None, :], points["y"].to_numpy()[None, :], fits["x"].to_numpy())[0]
    assert np.array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)


def test_many_samples_at_once_equal_one_by_one():
    rng = np.random.default_rng(1)
    x, at = rng.random((300, 60)), np.linspace(0, 1, 30)
    y = (rng.random((300, 60)) < x).astype(float)
    together = lowess_at(x, y, at)
    alone = np.concatenate([lowess_at(x[b : b + 1], y[b : b + 1], at) for b in range(300)])
    np.testing.assert_allclose(together, alone, rtol=1e-12)


def test_straight_line_is_kept():
    x = np.sort(np.random.default_rng(2).random((1, 50)))
    found = lowess_at(x, 3 - 2 * x, x[0, 5:40])
    np.testing.assert_allclose(found[0], 3 - 2 * x[0, 5:40], rtol=1e-10)


def test_a_clump_wider_than_the_span_is_its_mean():
    x = np.array([[0.1] * 8 + [0.6, 0.9]])
    y = np.array([[1.0, 0, 0, 0, 1, 0, 0, 0, 1, 1]])
    assert lowess_at(x, y, np.array([0.1]))[0, 0] == pytest.approx(2 / 8)


def test_points_in_one_place_give_their_mean():
    found = lowess_at(np.full((1, 6), 0.5), np.array([[0.0, 1, 1, 0, 1, 1]]), np.array([0.4, 0.5, 0.6]))
    assert np.isnan(found[0, [0, 2]]).all()
    assert found[0, 1] == pytest.approx(4 / 6)


def test_running_sums_lose_no_digits_in_narrow_windows():
    rng = np.random.default_rng(3)
    # Two thirds of the points within a small part of the range, in the last row within a billionth.
    log_odds = rng.normal([[-3], [-16], [-30]], [[1], [6], [14]], size=(3, 90))
    probability = np.sort(1 / (1 + np.exp(-log_odds)), axis=1)
    x = probability - probability[:, 45:46]
    y = rng.normal(size=x.shape)
    row, place = np.divmod(np.arange(x.size), 90)
    first = np.clip(place - 30, 0, 30)
    centre = x[row, place]
    reach = np.maximum(centre - x[row, first], x[row, first + 59] - centre)
    found = tricube_moments(x, y, Windows(row, first, place, first + 60, centre, reach))
    assert reach.min() < 1e-9 < 0.3 < reach.max()
    for i, r in enumerate(row):
        own = slice(first[i], first[i] + 60)
        weight = (1 - (np.abs(x[r, own] - centre[i]) / reach[i]) ** 3) ** 3
        assert found.weight[i] == pytest.approx(weight.sum(), rel=1e-11)
        assert found.y[i] == pytest.approx(weight @ y[r, own], abs=1e-11 * weight.sum())
        assert found.xx[i] == pytest.approx(weight @ x[r, own] ** 2, abs=1e-10 * weight.sum() * reach[i] ** 2)
        assert found.xy[i] == pytest.approx(weight @ (x[r, own] * y[r, own]), abs=1e-10 * weight.sum() * reach[i])
