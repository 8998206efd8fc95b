"""Optimism of the risk model by the bootstrap: performance as `rms::validate`, calibration as `rms::calibrate`.

Only the training samples are used; `validation.py` has other cohorts and datasets.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.model.decision_curve import net_benefit, weights_at
from dmicc_assets.model.performance import (
    RankedScores,
    brier,
    deviance,
    discrimination,
    fit_indexes,
    largest_miscalibration,
    null_deviance,
    rank_scores,
)
from dmicc_assets.stats.calibration import lowess_at, lowess_of_counts
from dmicc_assets.stats.firth import fit_firth_resamples
from dmicc_assets.stats.probability import expit, logit
from dmicc_assets.stats.resampled_logistic import refit_models
from dmicc_assets.types import BoolArray, FloatArray

IntArray = NDArray[np.int64]
Estimator = Literal["ml", "firth"]

# Samples of one block of resamples: its arrays stay in the cache.
_CELLS = 1 << 16

INDEXES = ("dxy", "r2", "intercept", "slope", "d", "u", "q", "brier", "g", "gp")


@dataclass(frozen=True, slots=True)
class Refits:
    """The model refitted in B resamples.

    Attributes:
        coefficients: (B, K) for probabilities; NaN where a resample cannot be fitted.
        counts: (B, N) how often each sample is in each resample.
        is_firth: (B,) True where Firth's estimate was used.
    """

    coefficients: FloatArray
    counts: FloatArray
    is_firth: BoolArray

    @property
    def usable(self) -> "Refits":
        """True for resamples that could be fitted."""
        fitted = ~np.isnan(self.coefficients[:, 0])
        return self if fitted.all() else self._rows(fitted)

    def blocks(self) -> "Iterator[Refits]":
        """All refits, in blocks that fit the cache."""
        for rows in _blocks(*self.counts.shape):
            yield self._rows(rows)

    def _rows(self, rows: BoolArray | slice) -> "Refits":
        return Refits(self.coefficients[rows], self.counts[rows], self.is_firth[rows])


@dataclass(frozen=True, slots=True)
class Optimism:
    """One index: on the training samples, its optimism, the difference, and the resamples that count."""

    apparent: float
    training: float
    test: float
    n_resamples: int

    @property
    def optimism(self) -> float:
        """Mean index in the resample minus mean index of the same refit in all samples."""
        return self.training - self.test

    @property
    def corrected(self) -> float:
        """Apparent index minus optimism (Efron 1983; Harrell 1996)."""
        return self.apparent - self.optimism


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """Observed against predicted probability, (P,) each.

    Attributes:
        predicted: where the curve is read, from the fifth lowest to the fifth highest prediction.
        apparent: smoothed share of cases.
        corrected: less optimism; NaN without resamples.
        n_resamples: (P,) number of resamples whose curve reaches the point.
    """

    predicted: FloatArray
    apparent: FloatArray
    corrected: FloatArray
    n_resamples: IntArray


def _blocks(n_rows: int, n_samples: int) -> Iterator[slice]:
    step = max(1, _CELLS // max(1, n_samples))
    for start in range(0, n_rows, step):
        yield slice(start, start + step)


def bootstrap_indices(n_drawn: int, n_resamples: int, seed: int) -> IntArray:
    """(B, P) numbers of the patients of each resample, drawn with replacement; of the samples where each is one's."""
    return np.random.default_rng(seed).integers(0, n_drawn, size=(n_resamples, n_drawn))


def _times_drawn(indices: IntArray, n_drawn: int) -> FloatArray:
    """(B, P) how often each patient is in each resample."""
    flat = indices + n_drawn * np.arange(len(indices))[:, None]
    counts = np.bincount(flat.ravel(), minlength=len(indices) * n_drawn).astype(np.float64)
    return counts.reshape(len(indices), n_drawn)


def refit(
    design: FloatArray,
    is_case: BoolArray,
    indices: IntArray,
    estimator: Estimator,
    patients: NDArray[np.intp] | None = None,
) -> Refits:
    """Refits the model in every resample.

    Under "firth" every refit is Firth's with FLIC's intercept; under "ml" that is used only for the resamples whose
    classes separate.

    Args:
        design: (N, K) with the intercept first.
        is_case: (N,) True for cases.
        indices: (B, P) numbers of the patients in each resample, from `bootstrap_indices`.
        estimator: of the model itself.
        patients: (N,) number of each sample's patient; None when each sample is of another.
    """
    n_resamples, n_samples = len(indices), len(is_case)
    counts = _times_drawn(indices, n_samples if patients is None else int(patients.max(initial=-1)) + 1)
    counts = counts if patients is None else counts[:, patients]
    if estimator == "firth":
        everywhere = np.ones(n_resamples, dtype=bool)
        return Refits(fit_firth_resamples(design, is_case, counts), counts, everywhere)
    coefficients = np.empty((n_resamples, design.shape[1]))
    separated = np.zeros(n_resamples, dtype=bool)
    for rows in _blocks(n_resamples, n_samples):
        fitted = refit_models(design, is_case, counts[rows])
        coefficients[rows], separated[rows] = fitted.coefficients, fitted.is_firth
    return Refits(coefficients, counts, separated)


def validate(
    design: FloatArray, is_case: BoolArray, coefficients: FloatArray, refits: Refits, estimator: Estimator
) -> dict[str, Optimism]:
    """Optimism of each performance index, as `rms::validate` (Harrell 2015, doi:10.1007/978-3-319-19425-7).

    Dxy, Nagelkerke's R2, calibration intercept and slope, Emax, D, U, Q, Brier score, g and gp. Indexes of a refit in
    all samples are of the refit after recalibration where rms has it so (R2, D, g, gp). A Firth refit is recalibrated
    by Firth too, in its own resample as well, since its log-odds are not the most likely ones there.

    Args:
        design: (N, K) with the intercept first.
        is_case: (N,) True for cases.
        coefficients: (K,) the model's, for probabilities.
        refits: the model refitted in resamples.
        estimator: of the model.
    """
    own = (design @ coefficients)[None, :]
    once, firth = np.ones_like(own), np.array([estimator == "firth"])
    apparent = _indexes_in_sample(own, rank_scores(own, is_case), is_case, once, firth)
    miscalibrated = largest_miscalibration(float(apparent["intercept"][0]), float(apparent["slope"][0]))
    drawn = refits.usable
    n_resamples = len(drawn.coefficients)
    if n_resamples == 0:
        nothing = float("nan")
        result = {name: Optimism(float(apparent[name][0]), nothing, nothing, 0) for name in INDEXES}
        return result | {"emax": Optimism(miscalibrated, nothing, nothing, 0)}
    training, test = _mean_indexes(design, is_case, drawn)
    result = {name: Optimism(float(apparent[name][0]), training[name], test[name], n_resamples) for name in INDEXES}
    # Emax is not averaged but taken from the corrected calibration line.
    corrected = largest_miscalibration(result["intercept"].corrected, result["slope"].corrected)
    result["emax"] = Optimism(miscalibrated, miscalibrated, corrected, n_resamples)
    return result


def _mean_indexes(design: FloatArray, is_case: BoolArray, refits: Refits) -> tuple[dict[str, float], dict[str, float]]:
    """Means of the indexes over refits: in their own resamples, and in all samples."""
    training: dict[str, float] = dict.fromkeys(INDEXES, 0.0)
    test: dict[str, float] = dict.fromkeys(INDEXES, 0.0)
    for part in refits.blocks():
        predictor = part.coefficients @ design.T
        scores = rank_scores(predictor, is_case)
        within = _indexes_in_sample(predictor, scores, is_case, part.counts, part.is_firth)
        elsewhere = _indexes_elsewhere(predictor, scores, is_case, np.ones_like(part.counts), part.is_firth)
        for total, values in ((training, within), (test, elsewhere)):
            for name in INDEXES:
                total[name] += float(values[name].sum()) / len(refits.coefficients)
    return training, test


def _indexes_in_sample(
    predictor: FloatArray, scores: RankedScores, is_case: BoolArray, counts: FloatArray, firth: BoolArray
) -> dict[str, FloatArray]:
    """Indexes (B,) of fits in the samples they were fitted on: by maximum likelihood they are calibrated there."""
    result = _indexes(predictor, scores, is_case, counts, None)
    if firth.any():
        own = predictor[firth]
        of_firth = _indexes_elsewhere(own, rank_scores(own, is_case), is_case, counts[firth], firth[firth])
        for name, values in of_firth.items():
            result[name][firth] = values
    return result


def _indexes_elsewhere(
    predictor: FloatArray, scores: RankedScores, is_case: BoolArray, counts: FloatArray, firth: BoolArray
) -> dict[str, FloatArray]:
    """Indexes (B,) of fits in samples on which they may be miscalibrated."""
    return _indexes(predictor, scores, is_case, counts, recalibrate(predictor, is_case, counts, firth))


def _indexes(
    predictor: FloatArray,
    scores: RankedScores,
    is_case: BoolArray,
    counts: FloatArray,
    line: tuple[FloatArray, FloatArray] | None,
) -> dict[str, FloatArray]:
    """Indexes (B,) of log-odds (B, N) and their ranking; `line` recalibrates them, None leaves them as they are."""
    n = counts.sum(axis=1)
    own_deviance = recalibrated_deviance = deviance(predictor, is_case, counts)
    intercept, slope = (np.zeros(len(n)), np.ones(len(n))) if line is None else line
    if line is not None:
        recalibrated_deviance = deviance(intercept[:, None] + slope[:, None] * predictor, is_case, counts)
    fit = fit_indexes(recalibrated_deviance, null_deviance(is_case, counts), n)
    unreliability = (own_deviance - recalibrated_deviance - 2) / n
    apart = discrimination(scores, counts, *(line or ()))
    return {
        "dxy": apart.dxy,
        "r2": fit.r2,
        "intercept": intercept,
        "slope": slope,
        "d": fit.d,
        "u": unreliability,
        "q": fit.d - unreliability,
        "brier": brier(predictor, is_case, counts),
        "g": apart.g,
        "gp": apart.gp,
    }


def recalibrate(
    predictor: FloatArray, is_case: BoolArray, counts: FloatArray, firth: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Calibration intercepts and slopes (B,): the logistic regression of the outcome on the log-odds (Cox 1958).

    Args:
        predictor: (B, N) log-odds.
        is_case: (N,) True for cases.
        counts: (B, N) how often each sample counts.
        firth: (B,) True where it is fitted by Firth's penalised likelihood, the intercept then by FLIC.
    """
    # Each column is contiguous in memory, so that products with it run along samples.
    design = np.stack([np.ones_like(predictor), predictor], axis=1).transpose(0, 2, 1)
    result = np.empty((len(predictor), 2))
    if not firth.any():
        result[:] = refit_models(design, is_case, counts).coefficients
    else:
        likely = ~firth
        result[likely] = refit_models(design[likely], is_case, counts[likely]).coefficients
        result[firth] = fit_firth_resamples(design[firth], is_case, counts[firth])
    return result[:, 0], result[:, 1]


def calibrate(
    design: FloatArray, is_case: BoolArray, coefficients: FloatArray, refits: Refits, n_points: int = 50
) -> CalibrationCurve:
    """The calibration curve and its correction for optimism, as `rms::calibrate` with its defaults.

    The smoother is lowess without robustness iterations. A refit counts at a point when both its curve in the
    resample and its curve in all samples reach it.

    Args:
        design: (N, K) with the intercept first.
        is_case: (N,) True for cases.
        coefficients: (K,) the model's, for probabilities.
        refits: the model refitted in resamples.
        n_points: points at which the curve is read.
    """
    probability = expit(design @ coefficients)
    ordered = np.sort(probability)
    low, high = (ordered[4], ordered[-5]) if len(ordered) >= 10 else (ordered[0], ordered[-1])
    at = np.asarray(np.linspace(low, high, n_points), dtype=np.float64)
    outcome = is_case.astype(np.float64)
    apparent = lowess_at(probability[None, :], outcome[None, :], at)[0]
    drawn = refits.usable
    if len(drawn.coefficients) == 0:
        return CalibrationCurve(at, apparent, np.full(n_points, np.nan), np.zeros(n_points, dtype=np.int64))
    total, n_reached = np.zeros(n_points), np.zeros(n_points, dtype=np.int64)
    for part in drawn.blocks():
        difference = _optimism_at(design, outcome, part, at)
        reached = ~np.isnan(difference)
        total += np.where(reached, difference, 0.0).sum(axis=0)
        n_reached += reached.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        optimism = total / n_reached
    return CalibrationCurve(at, apparent, apparent - optimism, n_reached)


def _optimism_at(design: FloatArray, outcome: FloatArray, refits: Refits, at: FloatArray) -> FloatArray:
    """(B, P) curve of each refit in its own resample minus its curve in all samples; NaN outside either range."""
    everywhere = expit(refits.coefficients @ design.T)
    training = lowess_of_counts(everywhere, outcome, refits.counts, at)
    return training - lowess_of_counts(everywhere, outcome, np.ones_like(refits.counts), at)


def corrected_net_benefit(
    design: FloatArray,
    is_case: BoolArray,
    coefficients: FloatArray,
    refits: Refits,
    thresholds: FloatArray,
    *,
    prevalence: float | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Net benefit (T,) of the model at the thresholds, apparent and corrected for optimism; NaN without resamples.

    For another share of cases than that of the samples the log-odds are moved by the difference of the shares' and
    the classes are weighted.
    """
    moved = 0.0 if prevalence is None else float(logit(prevalence) - logit(is_case.mean()))

    def at_prevalence(predictor: FloatArray, counts: FloatArray) -> FloatArray:
        weights = counts if prevalence is None else weights_at(prevalence, is_case, counts)
        return net_benefit(predictor + moved, is_case, weights, thresholds)

    apparent = at_prevalence((design @ coefficients)[None], np.ones((1, len(is_case))))[0]
    drawn = refits.usable
    if len(drawn.coefficients) == 0:
        return apparent, np.full(len(thresholds), np.nan)
    predictor = drawn.coefficients @ design.T
    training = at_prevalence(predictor, drawn.counts)
    test = at_prevalence(predictor, np.ones_like(drawn.counts))
    return apparent, apparent - (training - test).mean(axis=0)
