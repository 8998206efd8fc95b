"""Means over the values that are there; a row or column without any has none, which is no mistake.

Values that are missing in every sample are a finding of `checks/data.py`.
"""

import numpy as np

from dmicc_assets.types import FloatArray


def mean_of_observed(values: FloatArray, axis: int, *, keepdims: bool = False) -> FloatArray:
    """The mean over the values that are not NaN; NaN where there are none.

    Args:
        values: of any shape, NaN missing.
        axis: over which the mean is taken.
        keepdims: whether the axis stays with length 1.
    """
    missing = np.isnan(values)
    n = (~missing).sum(axis=axis, keepdims=keepdims)
    total = np.where(missing, 0.0, values).sum(axis=axis, keepdims=keepdims)
    return np.divide(total, n, out=np.full(np.shape(total), np.nan), where=n > 0)
