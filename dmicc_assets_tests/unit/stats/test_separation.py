"""The linear-programming test for separation: separated and overlapping classes."""

import numpy as np
import pytest

from dmicc_assets.stats.separation import is_separated, separation

CASE = np.array([False, False, False, True, True, True])


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([1, 2, 3, 4, 5, 6], "complete"),
        ([6, 5, 4, 3, 2, 1], "complete"),
        ([1, 2, 3, 3, 4, 5], "quasi"),
        ([0, 0, 0, 0, 1, 1], "quasi"),
        ([1, 2, 4, 3, 5, 6], "none"),
        ([1, 1, 1, 1, 1, 1], "none"),
        ([1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4, 1e9 + 5, 1e9 + 6], "complete"),
        ([1e-9, 2e-9, 4e-9, 3e-9, 5e-9, 6e-9], "none"),
    ],
)
def test_one_predictor(x, expected):
    assert separation(np.array(x, dtype=float)[:, None], CASE) == expected


def test_a_combination_separates_where_neither_predictor_does():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    is_case = x[:, 0] - 2 * x[:, 1] > 0.1
    assert not is_separated(x[:, :1], is_case)
    assert not is_separated(x[:, 1:], is_case)
    assert separation(x, is_case) == "complete"


def test_one_class_counts_as_separated():
    assert separation(np.ones((4, 1)), np.ones(4, dtype=bool)) == "complete"


def test_a_copy_of_a_predictor_changes_nothing():
    x = np.array([1.0, 2, 4, 3, 5, 6])[:, None]
    assert separation(np.hstack([x, x]), CASE) == "none"


def test_more_predictors_than_samples_separate():
    rng = np.random.default_rng(1)
    assert separation(rng.normal(size=(6, 9)), CASE) == "complete"
