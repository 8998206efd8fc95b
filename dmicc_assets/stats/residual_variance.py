"""Which genes have residual variance: more than rounding errors is left of them when the design is taken out.

The fits whose residuals are judged are in `linear_model.py` and `duplicate_correlation.py`.
"""

import numpy as np

from dmicc_assets.types import BoolArray, FloatArray

# A residual sum of squares below this share of the total (about the mean) counts as none.
_LEAST_SHARE = 1e-12
# A residual below this share of the gene's values is their rounding error.
_ROUNDING = 1e-12


def has_residual_variance(residual_squares: FloatArray, values: FloatArray, level: FloatArray) -> BoolArray:
    """Whether each of M genes has residual variance.

    Args:
        residual_squares: (M,) residual sums of squares.
        values: (M, N) values on the scale of the residuals (weighted, whitened), 0 where missing.
        level: (N,), (1, N) or (M, N) what a constant value of 1 is on that scale, 0 where missing.

    Returns:
        (M,) False where the residual sum of squares is below 1e-12 of the total sum of squares about the mean, or
        where the residuals are below 1e-12 of the values: both are relative, so that the unit does not matter.
    """
    level = np.atleast_2d(level)
    size = np.einsum("mn,mn->m", values, values)
    length = np.einsum("mn,mn->m", level, level)
    mean = (values * level).sum(axis=1) / np.where(length > 0, length, 1.0)
    about_mean = values - mean[:, None] * level
    total = np.einsum("mn,mn->m", about_mean, about_mean)
    return np.asarray((residual_squares > _LEAST_SHARE * total) & (residual_squares > _ROUNDING**2 * size))
