"""The risk model fitted to every training part of a cross-validation at once, its genes given.

By the rule of `model/many_models.py`, which fits many sets of genes on the same samples: maximum likelihood, or Firth's
where the classes separate (design section 8.10).
"""

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.firth import fit_firth_resamples
from dmicc_assets.stats.logistic import fit_resamples
from dmicc_assets.stats.separation import is_separated

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def fit_training_parts(x: FloatArray, is_case: BoolArray, training: BoolArray) -> FloatArray:
    """(B, p + 1) coefficients of each part's model, intercept first; NaN where nothing can be fitted.

    Args:
        x: (N, p) predictors, complete.
        is_case: (N,) True for cases.
        training: (B, N) which samples each part trains on.
    """
    design = np.column_stack([np.ones(len(x)), x])
    counts = training.astype(np.float64)
    fits = fit_resamples(design, is_case, counts)
    coefficients = fits.coefficients.copy()
    separated = fits.may_separate.copy()
    for b in np.flatnonzero(fits.may_separate):
        separated[b] = _separates(x[training[b]], is_case[training[b]], fits.coefficients[b, 1:])
    if separated.any():
        coefficients[separated] = fit_firth_resamples(design, is_case, counts[separated])
    return coefficients


def _separates(x: FloatArray, is_case: BoolArray, direction: FloatArray) -> bool:
    """Whether a hyperplane separates the classes: the fitted one may show it, else a linear programme decides."""
    along = x @ direction
    return bool(along[is_case].min() > along[~is_case].max()) or is_separated(x, is_case)
