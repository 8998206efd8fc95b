"""Performance of out-of-fold predictions: discrimination, calibration, Brier score and decision curve.

Predictors are pooled within a repeat, a statistic is of a repeat, its mean over the repeats is what is given. The
interval is of resampled patients, each under one repeat. The model's own samples are `model/internal_validation.py`'s.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.model.decision_curve import THRESHOLDS, net_benefit, weights_at
from dmicc_assets.model.internal_validation import recalibrate
from dmicc_assets.model.performance import brier
from dmicc_assets.resampling.nested import OutOfFold
from dmicc_assets.resampling.pairwise_auc import (
    pair_matrix,
    patient_draws,
    percentile_interval,
    repeats_in_turn,
    resampled_auc,
)
from dmicc_assets.resampling.resamples import patient_index
from dmicc_assets.stats.calibration import lowess_of_counts
from dmicc_assets.stats.probability import expit, logit
from dmicc_assets.types import BoolArray, CaseControl, FloatArray

RESAMPLES = 1000
POINTS = 50
# (B, N) log-odds and how often each sample counts -> (B,) or (B, P) statistics; NaN where there is none.
Statistic = Callable[[FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Mean over the repeats of a statistic or of a curve, with the limits of its 95 % interval, shaped alike."""

    value: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class OutOfFoldScores:
    """Out-of-fold predictions with whose they are.

    Attributes:
        predicted: linear predictors, and which of them a model made.
        is_case: (N,) True for cases.
        patients: (N,) number of each sample's patient.
        draws: (B, P) how often each patient is in each resample.
    """

    predicted: OutOfFold
    is_case: BoolArray
    patients: NDArray[np.intp]
    draws: NDArray[np.int64]

    @classmethod
    def of(cls, predicted: OutOfFold, subject: CaseControl, seed: int) -> "OutOfFoldScores":
        """The predictions for a subject's samples, with 1,000 resamples of its patients."""
        patients = patient_index(subject)
        draws = patient_draws(patients, RESAMPLES, np.random.default_rng([seed, 1000]))
        return cls(predicted, subject.is_case, patients, draws)

    def estimate(self, statistic: Statistic, *, only_models: bool = False) -> Estimate:
        """A statistic of every repeat, their mean, and its interval over resamples of patients, repeats in turn.

        Args:
            statistic: of log-odds and how often each sample counts.
            only_models: leaves out the samples of folds without a model.
        """
        scores, has_model = self.predicted.scores, self.predicted.has_model
        known = np.isfinite(scores) & (has_model if only_models else True)
        predictor = np.where(known, scores, 0.0)
        value = _mean(statistic(predictor, known.astype(np.float64)))
        turn = np.arange(len(self.draws)) % max(len(scores), 1)
        drawn = statistic(predictor[turn], (self.draws[:, self.patients] * known[turn]).astype(np.float64))
        low, high = _limits(drawn)
        return Estimate(value, low, high)

    def slope_and_intercept(self, *, only_models: bool = False) -> Estimate:
        """Calibration intercept and slope, (2,): the logistic regression of the group on the log-odds (Cox 1958)."""
        return self.estimate(self._line, only_models=only_models)

    def _line(self, predictor: FloatArray, counts: FloatArray) -> FloatArray:
        maximum_likelihood = np.zeros(len(predictor), dtype=np.bool_)
        return np.column_stack(recalibrate(predictor, self.is_case, counts, maximum_likelihood))

    def brier(self) -> Estimate:
        """Brier score."""
        return self.estimate(lambda predictor, counts: brier(predictor, self.is_case, counts))

    def net_benefit(self, prevalence: float) -> Estimate:
        """Net benefit (T,) at the thresholds of the decision curve, for a share of cases."""
        moved = float(logit(prevalence) - logit(self.is_case.mean()))

        def at_prevalence(predictor: FloatArray, counts: FloatArray) -> FloatArray:
            weights = weights_at(prevalence, self.is_case, counts)
            both = weights.any(axis=1)
            result = np.full((len(predictor), len(THRESHOLDS)), np.nan)
            result[both] = net_benefit(predictor[both] + moved, self.is_case, weights[both], THRESHOLDS)
            return result

        return self.estimate(at_prevalence)

    def curve(self, *, only_models: bool = False) -> tuple[FloatArray, Estimate]:
        """Probabilities of the smooth calibration curve, (P,), and the observed shares at these.

        From the fifth lowest to the fifth highest prediction of a repeat, in the mean over the repeats.
        """
        scores, has_model = self.predicted.scores, self.predicted.has_model
        known = np.isfinite(scores) & (has_model if only_models else True)
        lows, highs = np.full(len(scores), np.nan), np.full(len(scores), np.nan)
        for i, use in enumerate(known):
            ordered = np.sort(expit(scores[i, use]))
            if len(ordered):
                lows[i], highs[i] = ordered[min(4, len(ordered) - 1)], ordered[max(-5, -len(ordered))]
        low, high = float(_mean(lows)), float(_mean(highs))
        if not low < high:
            return np.empty(0), Estimate(np.empty(0), np.empty(0), np.empty(0))
        at = np.asarray(np.linspace(low, high, POINTS), dtype=np.float64)

        def smooth(predictor: FloatArray, counts: FloatArray) -> FloatArray:
            return lowess_of_counts(expit(predictor), self.is_case.astype(np.float64), counts, at)

        return at, self.estimate(smooth, only_models=only_models)

    def auc(self) -> Estimate:
        """Area under the curve of the pooled predictors."""
        return self._areas(None)

    def drop(self, apparent: FloatArray) -> Estimate:
        """Area of the frozen model on its own samples (N,) minus the area of the pooled predictors, paired."""
        return self._areas(apparent)

    def better_than(self, other: "OutOfFoldScores") -> Estimate:
        """Area of these pooled predictors less that of others of the same samples, paired by repeat and resample."""
        areas = [pair_matrix(each.predicted.scores, self.is_case, self.patients).auc for each in (self, other)]
        resampled = [
            repeats_in_turn(each.predicted.scores, self.is_case, self.patients, self.draws) for each in (self, other)
        ]
        low, high = percentile_interval(resampled[0] - resampled[1])
        return Estimate(np.array(areas[0] - areas[1]), np.array(low), np.array(high))

    def _areas(self, apparent: FloatArray | None) -> Estimate:
        scores = self.predicted.scores
        nested = pair_matrix(scores, self.is_case, self.patients).auc
        resampled = repeats_in_turn(scores, self.is_case, self.patients, self.draws)
        if apparent is not None:
            own = pair_matrix(apparent[None], self.is_case, self.patients)
            nested, resampled = own.auc - nested, resampled_auc(own, self.draws) - resampled
        low, high = percentile_interval(resampled)
        return Estimate(np.array(nested), np.array(low), np.array(high))

    def auc_within_folds(self, folds: FloatArray) -> Estimate:
        """Mean area within those folds that have a model and hold out both classes: given that genes are chosen.

        Args:
            folds: (R, N) the fold of its repeat that held each sample out.
        """
        areas: list[float] = []
        resampled = np.full(len(self.draws), np.nan)
        for repeat, (score, fold, has_model) in enumerate(
            zip(self.predicted.scores, folds, self.predicted.has_model, strict=True)
        ):
            own = slice(repeat, None, len(folds))
            drawn: list[FloatArray] = []
            for number in np.unique(fold[has_model & np.isfinite(score)]):
                inside = np.where((fold == number) & has_model, score, np.nan)
                pairs = pair_matrix(inside[None], self.is_case, self.patients)
                if np.isfinite(pairs.auc):
                    areas.append(pairs.auc)
                    drawn.append(resampled_auc(pairs, self.draws[own]))
            if drawn:
                resampled[own] = _mean(np.array(drawn))
        low, high = percentile_interval(resampled)
        return Estimate(np.array(np.mean(areas) if areas else np.nan), np.array(low), np.array(high))


def _mean(values: FloatArray) -> FloatArray:
    """Mean over the first axis without missing values; NaN where all are missing."""
    known = np.isfinite(values)
    n = known.sum(axis=0, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=0) / n, dtype=np.float64)


def _limits(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The 2.5 and 97.5 % quantiles over the first axis without missing values; NaN where all are missing."""
    columns = values.reshape(len(values), -1).T
    limits = np.array([percentile_interval(column) for column in columns])
    return limits[:, 0].reshape(values.shape[1:]), limits[:, 1].reshape(values.shape[1:])
