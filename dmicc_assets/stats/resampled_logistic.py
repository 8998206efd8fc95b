"""Logistic models refitted in many resamples, by maximum likelihood or, where the classes separate, Firth's method.

Resamples, folds and null models all use this rule; a single model with its statistics is in `model/risk_model.py`.
"""

from dataclasses import dataclass

import numpy as np

from dmicc_assets.stats.firth import fit_firth_resamples
from dmicc_assets.stats.logistic import fit_resamples, linear_predictors, most_likely
from dmicc_assets.stats.separation import is_separated
from dmicc_assets.types import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class RefittedModels:
    """B refitted models.

    Attributes:
        coefficients: (B, K) log-odds coefficients, intercept first, as used for probabilities; NaN where no fit exists.
        is_firth: (B,) True where the classes separate: Firth's slopes with FLIC's intercept.
    """

    coefficients: FloatArray
    is_firth: BoolArray

    def linear_predictor(self, predictors: FloatArray) -> FloatArray:
        """(B, N) log-odds of predictors (B, p, N)."""
        return linear_predictors(_designs(predictors), self.coefficients)


def refit_models(design: FloatArray, is_case: BoolArray, counts: FloatArray) -> RefittedModels:
    """Fits each resample by maximum likelihood, or by Firth's method if a linear programme finds separation.

    Where the first rounds did not prove an overlap that there is, iteration goes on to the maximum; maximum-likelihood
    coefficients else are good to about 1e-5, since iteration stops as rms stops in its refits.

    Args:
        design: (N, K) with the intercept first, shared by the resamples, or (B, N, K).
        is_case: (N,) True for cases.
        counts: (B, N) how often each sample is in each resample, whole numbers.
    """
    fits = fit_resamples(design, is_case, counts)
    coefficients, separated = fits.coefficients.copy(), np.zeros(len(counts), dtype=bool)
    for b in np.flatnonzero(fits.may_separate):
        part, drawn = design if design.ndim == 2 else design[b], counts[b] > 0
        separated[b] = _separates(part[drawn], is_case[drawn], fits.coefficients[b])
        if not separated[b]:
            coefficients[b] = _likely_or_nothing(part, is_case, counts[b])
    if separated.any():
        own = design if design.ndim == 2 else design[separated]
        coefficients[separated] = fit_firth_resamples(own, is_case, counts[separated])
    return RefittedModels(coefficients, separated)


def fit_training_parts(x: FloatArray, is_case: BoolArray, training: BoolArray) -> FloatArray:
    """(B, p + 1) coefficients of each part's model, intercept first; NaN where nothing can be fitted.

    Args:
        x: (N, p) predictors, complete.
        is_case: (N,) True for cases.
        training: (B, N) which samples each part trains on.
    """
    return refit_models(np.column_stack([np.ones(len(x)), x]), is_case, training.astype(np.float64)).coefficients


def fit_models(predictors: FloatArray, is_case: BoolArray) -> RefittedModels:
    """Fits B models as `fit_risk_model` fits one: by maximum likelihood, by Firth where the classes separate.

    Maximum-likelihood coefficients are good to about 1e-5: iteration stops as rms stops in its refits.

    Args:
        predictors: (B, p, N) log2 expression of each model's genes, without missing values.
        is_case: (N,) True for cases.

    Raises:
        ValueError: a value is missing or infinite, or the shapes do not fit.
    """
    if predictors.ndim != 3 or predictors.shape[2] != len(is_case):
        raise ValueError(f"predictors of shape {predictors.shape}: expected (models, genes, {len(is_case)} samples)")
    if not np.isfinite(predictors).all():
        model, gene, sample = np.argwhere(~np.isfinite(predictors))[0]
        raise ValueError(f"model {model}, gene {gene}: the value of sample {sample} (counted from 0) is not finite")
    return refit_models(_designs(predictors), is_case, np.ones((len(predictors), len(is_case))))


def _designs(predictors: FloatArray) -> FloatArray:
    """(B, N, p + 1) designs with the intercept first, of predictors (B, p, N)."""
    return np.concatenate([np.ones_like(predictors[:, :1]), predictors], axis=1).transpose(0, 2, 1)


def _separates(design: FloatArray, is_case: BoolArray, coefficients: FloatArray) -> bool:
    """Whether a hyperplane separates the classes, by the fitted one or else by a linear programme."""
    along = design @ coefficients
    return bool(along[is_case].min() > along[~is_case].max()) or is_separated(design[:, 1:], is_case)


def _likely_or_nothing(design: FloatArray, is_case: BoolArray, count: FloatArray) -> FloatArray:
    """(K,) maximum-likelihood coefficients of a resample whose classes overlap; NaN without convergence."""
    drawn = np.repeat(np.arange(len(count)), count.astype(np.intp))
    try:
        return most_likely(design[drawn], is_case[drawn])
    except ValueError:
        return np.full_like(design[0], np.nan)
