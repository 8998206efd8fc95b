"""The risk model fitted to many resamples: maximum likelihood, or Firth's where the classes separate (design 8.10).

Coefficients only: intervals and p-values of the one model that is reported are `model/risk_model.py`'s.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.logistic import fit_resamples, linear_predictors, weighted_gram
from dmicc_assets.stats.penalised_likelihood import maximise
from dmicc_assets.stats.probability import expit
from dmicc_assets.stats.separation import is_separated

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_NEWTON_STEPS = 25


@dataclass(frozen=True, slots=True)
class ManyModels:
    """Logistic models of B resamples.

    Attributes:
        coefficients: (B, K), intercept first; NaN where nothing can be fitted.
        is_firth: (B,) True where the classes separate and Firth's estimate is used.
    """

    coefficients: FloatArray
    is_firth: BoolArray


def fit_many(x: FloatArray, is_case: BoolArray, counts: FloatArray) -> ManyModels:
    """Fits the model of each resample.

    Args:
        x: (N, p) predictors shared by the resamples, or (B, N, p).
        is_case: (N,) True for cases.
        counts: (B, N) how often each sample counts, 0 for one held out.
    """
    counts = counts.astype(np.float64)
    design = np.concatenate([np.ones((*x.shape[:-1], 1)), x], axis=-1)
    centre = design.reshape(-1, design.shape[-1]).mean(axis=0)
    spread = design.reshape(-1, design.shape[-1]).std(axis=0)
    centre[0], spread = 0.0, np.where(spread > 0, spread, 1.0)
    scaled = (design - centre) / spread
    fits = fit_resamples(scaled, is_case, counts)
    coefficients = fits.coefficients.copy()
    separated = np.array(
        [
            doubtful and _separates(*_drawn(x, is_case, counts, b), fits.coefficients[b, 1:] / spread[1:])
            for b, doubtful in enumerate(fits.may_separate)
        ],
        dtype=np.bool_,
    )
    overlapping = ~separated & ~fits.has_no_estimate
    coefficients[overlapping] = _settled(
        _of(scaled, overlapping), is_case, counts[overlapping], coefficients[overlapping]
    )
    if separated.any():
        start = np.zeros((int(separated.sum()), design.shape[-1]))
        coefficients[separated] = maximise(
            _of(scaled, separated), is_case, counts[separated], start, tolerance=1e-8
        ).coefficients
    return ManyModels(_unscaled(coefficients, centre, spread), separated)


def _of(design: FloatArray, chosen: BoolArray) -> FloatArray:
    return design if design.ndim == 2 else design[chosen]


def _drawn(x: FloatArray, is_case: BoolArray, counts: FloatArray, resample: int) -> tuple[FloatArray, BoolArray]:
    """The samples that a resample holds, each once: separation does not ask how often."""
    held = counts[resample] > 0
    return (x if x.ndim == 2 else x[resample])[held], is_case[held]


def _separates(x: FloatArray, is_case: BoolArray, direction: FloatArray) -> bool:
    """Whether a hyperplane separates the classes: the fitted one may show it, else the linear programme decides."""
    along = x @ direction
    return bool(along[is_case].min() > along[~is_case].max()) or is_separated(x, is_case)


def _settled(design: FloatArray, is_case: BoolArray, counts: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Newton's method from estimates close to the maximum until the steps vanish."""
    if not len(coefficients):
        return coefficients
    for _ in range(_NEWTON_STEPS):
        probability = expit(linear_predictors(design, coefficients))
        residual = counts * (is_case - probability)
        score = residual @ design if design.ndim == 2 else np.einsum("bn,bnk->bk", residual, design)
        step = np.linalg.solve(weighted_gram(design, counts * probability * (1 - probability)), score[:, :, None])[
            :, :, 0
        ]
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-9:
            break
    return coefficients


def _unscaled(coefficients: FloatArray, centre: FloatArray, spread: FloatArray) -> FloatArray:
    raw = coefficients / spread
    raw[:, 0] -= (raw[:, 1:] * centre[1:]).sum(axis=1)
    return raw
