"""Missing values filled in from the nearest training samples."""

import numpy as np
import pytest

from dmicc_assets.expression.imputation import apply_knn_imputation, fit_knn_imputation

VALUES = np.array([[1.0, 1.1, 5.0, 5.1], [2.0, np.nan, 8.0, 8.2], [0.0, 0.0, 3.0, 3.0]])
GENES = ("A", "B", "C")


def test_a_missing_value_comes_from_the_nearest_sample_that_has_the_gene() -> None:
    filled = apply_knn_imputation(fit_knn_imputation(VALUES, GENES, neighbours=1), VALUES)
    assert filled[1, 1] == 2.0
    np.testing.assert_array_equal(filled[~np.isnan(VALUES)], VALUES[~np.isnan(VALUES)])


def test_a_new_sample_is_filled_in_from_the_training_samples() -> None:
    fit = fit_knn_imputation(VALUES[:, :3], GENES, neighbours=1)
    new = np.array([[5.2], [np.nan], [3.1]])
    assert apply_knn_imputation(fit, new)[1, 0] == 8.0


def test_what_cannot_be_filled_in_is_refused() -> None:
    empty, infinite = VALUES.copy(), VALUES.copy()
    empty[1], infinite[2, 0] = np.nan, np.inf
    with pytest.raises(ValueError, match="gene B has no value in any sample"):
        fit_knn_imputation(empty, GENES)
    with pytest.raises(ValueError, match="gene C has an infinite value"):
        fit_knn_imputation(infinite, GENES)
    with pytest.raises(ValueError, match="0 neighbours"):
        fit_knn_imputation(VALUES, GENES, neighbours=0)
    with pytest.raises(ValueError, match="2 genes, but the training samples have 3"):
        apply_knn_imputation(fit_knn_imputation(VALUES, GENES), VALUES[:2])
