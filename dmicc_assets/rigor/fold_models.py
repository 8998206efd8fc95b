"""The risk model fitted to every training part of a cross-validation at once, its genes given.

The rule by which each is fitted is that of `stats/resampled_logistic.py`.
"""

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.resampled_logistic import refit_models

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def fit_training_parts(x: FloatArray, is_case: BoolArray, training: BoolArray) -> FloatArray:
    """(B, p + 1) coefficients of each part's model, intercept first; NaN where nothing can be fitted.

    Args:
        x: (N, p) predictors, complete.
        is_case: (N,) True for cases.
        training: (B, N) which samples each part trains on.
    """
    return refit_models(np.column_stack([np.ones(len(x)), x]), is_case, training.astype(np.float64)).coefficients
