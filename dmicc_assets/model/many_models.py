"""Many risk models on the same samples at once, for null distributions: coefficients only, no errors and no limits.

One model with everything about it is `risk_model.py`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.logistic import linear_predictors
from dmicc_assets.stats.resampled_logistic import refit_models

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ManyModels:
    """B logistic models on p predictors each.

    Attributes:
        coefficients: (B, p + 1) for probabilities, intercept first; NaN where nothing can be fitted.
        is_firth: (B,) True where the classes separate: Firth's slopes with FLIC's intercept.
    """

    coefficients: FloatArray
    is_firth: BoolArray

    def linear_predictor(self, predictors: FloatArray) -> FloatArray:
        """(B, N) log-odds of predictors (B, p, N)."""
        design = np.concatenate([np.ones_like(predictors[:, :1]), predictors], axis=1).transpose(0, 2, 1)
        return linear_predictors(design, self.coefficients)


def fit_models(predictors: FloatArray, is_case: BoolArray) -> ManyModels:
    """Fits B models as `fit_risk_model` fits one: by maximum likelihood, by Firth where the classes separate.

    Maximum-likelihood coefficients are good to about 1e-5: iteration stops as rms stops in its refits.

    Args:
        predictors: (B, p, N) log2 expression of each model's genes, without missing values.
        is_case: (N,) True for cases.

    Raises:
        ValueError: a value is missing or infinite, or the shapes do not fit.
    """
    if predictors.ndim != 3 or predictors.shape[2] != len(is_case):
        raise ValueError(f"expected models x genes x {len(is_case)} samples, got {predictors.shape}")
    if not np.isfinite(predictors).all():
        model, gene, sample = np.argwhere(~np.isfinite(predictors))[0]
        raise ValueError(f"model {model}, gene {gene}: the value of sample {sample} (counted from 0) is not finite")
    design = np.concatenate([np.ones_like(predictors[:, :1]), predictors], axis=1).transpose(0, 2, 1)
    counts = np.ones((len(predictors), len(is_case)))
    fitted = refit_models(design, is_case, counts)
    return ManyModels(fitted.coefficients, fitted.is_firth)
