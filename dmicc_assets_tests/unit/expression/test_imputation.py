"""Missing values filled in from the nearest training samples."""

import numpy as np
import pytest

from dmicc_assets.expression.imputation import NEIGHBOURS, fill_in

VALUES = np.array([[1.0] * 10 + [5.0] * 10, [2.0] * 10 + [8.0] * 10, [0.0] * 10 + [3.0] * 10])


def test_a_missing_value_is_the_mean_of_the_nearest_samples_that_have_the_gene() -> None:
    values = VALUES.copy()
    values[1, 1], values[1, 15] = np.nan, np.nan
    values[1, 2] = 2.9
    filled = fill_in(values, values)
    # Nine near samples have the gene; the tenth is the nearest of the far.
    assert filled[1, 1] == pytest.approx((8 * 2.0 + 2.9 + 8.0) / NEIGHBOURS)
    assert filled[1, 15] == pytest.approx((9 * 8.0 + 2.9) / NEIGHBOURS)
    np.testing.assert_array_equal(filled[~np.isnan(values)], values[~np.isnan(values)])


def test_a_new_sample_is_filled_in_from_the_training_samples() -> None:
    new = np.array([[5.2], [np.nan], [3.1]])
    assert fill_in(new, VALUES)[1, 0] == 8.0
    without = VALUES.copy()
    without[1] = np.nan
    assert fill_in(new, without)[1, 0] == 0.0


def test_what_cannot_be_filled_in_is_refused() -> None:
    infinite = VALUES.copy()
    infinite[2, 0] = np.inf
    with pytest.raises(ValueError, match="the gene in row 2 has an infinite value"):
        fill_in(infinite, VALUES)
    with pytest.raises(ValueError, match="2 genes, but the training samples have 3"):
        fill_in(VALUES[:2], VALUES)
