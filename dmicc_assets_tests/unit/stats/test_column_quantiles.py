"""Quantiles of columns that are sorted once equal numpy's, to the last bit."""

import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dmicc_assets.stats.column_quantiles import column_quantiles, contiguous_columns

PROBABILITIES = (0.0, 0.05, 0.25, 0.5, 0.6, 0.99, 1.0)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 35), st.floats(0, 1), st.integers(0, 999))
def test_quantiles_are_those_of_numpy(rows: int, columns: int, missing: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(7, 2, (rows, columns)), 1 + seed % 2)
    values[rng.random(values.shape) < missing] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy warns of a column without values
        expected = np.nanquantile(values, PROBABILITIES, axis=0)
    np.testing.assert_array_equal(column_quantiles(values, PROBABILITIES), expected)
    assert [column.tolist() for column in contiguous_columns(np.nan_to_num(values))] == np.nan_to_num(values).T.tolist()
