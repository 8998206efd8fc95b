"""Means over values that are there, without a word of numpy where there are none."""

import numpy as np
import pytest

from dmicc_assets.stats.observed import mean_of_observed


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_the_mean_is_numpys_and_nothing_has_none(axis: int, keepdims: bool) -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(7, 2, (40, 30))
    values[rng.random(values.shape) < 0.3] = np.nan
    expected = np.nanmean(values, axis=axis, keepdims=keepdims)
    np.testing.assert_array_equal(mean_of_observed(values, axis, keepdims=keepdims), expected)
    values[:, 3], values[5] = np.nan, np.nan
    empty = mean_of_observed(values, axis)[3 if axis == 0 else 5]
    assert np.isnan(empty)
