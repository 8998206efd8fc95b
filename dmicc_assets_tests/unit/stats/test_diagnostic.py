"""Quantiles of moderated t and the mean-variance trend."""

import numpy as np
from scipy import stats

from dmicc_assets.stats.diagnostic import mean_variance_trend, moderated_t_quantiles


def test_each_t_becomes_the_normal_quantile_of_its_own_tail() -> None:
    t, df = np.array([-2.0, 3.5, 0.0, np.nan, 1.0]), np.array([5.0, 40.0, 7.0, 7.0, np.inf])
    expected, observed = moderated_t_quantiles(t, df)
    np.testing.assert_allclose(
        observed, sorted(stats.norm.ppf(stats.t.cdf(t[[0, 1, 2, 4]], df[[0, 1, 2, 4]]))), atol=1e-9
    )
    np.testing.assert_allclose(expected, stats.norm.ppf((np.arange(1, 5) - 0.375) / 4.25))


def test_t_statistics_of_nothing_lie_on_the_line() -> None:
    df = np.tile([4.0, 30.0], 4000)
    expected, observed = moderated_t_quantiles(np.random.default_rng(1).standard_t(df), df)
    inner = np.abs(expected) < 2
    assert np.abs(expected - observed)[inner].max() < 0.12


def test_an_extreme_t_stays_finite() -> None:
    _, observed = moderated_t_quantiles([-1e6, 1e6], [1e12, 1e12])
    assert np.isfinite(observed).all()
    assert observed[0] == -observed[1]


def test_the_trend_follows_a_planted_curve() -> None:
    x = np.random.default_rng(2).uniform(2, 12, 3000)
    at, trend = mean_variance_trend(x, (1.2 - 0.05 * x) ** 2)
    assert (np.diff(at) > 0).all()
    np.testing.assert_allclose(trend, 1.2 - 0.05 * at, atol=1e-3)
    assert all(len(part) == 0 for part in mean_variance_trend([1.0] * 5, [1.0] * 5))
