"""The model's area under the curve without the samples that chose it: rows and curves of `validation.roc`.

Kinds `nested_cv`, `leaky_cv` and `bootstrap_632plus`; `model/validation.py` has `apparent` and `external`.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dmicc_assets.model.validation import RocTables
from dmicc_assets.resampling.arrays import FoldValues
from dmicc_assets.resampling.fold_models import log_odds_of
from dmicc_assets.resampling.nested import OutOfFold, bootstrap_cv, fold_tests, nested_cv
from dmicc_assets.resampling.nested_performance import OutOfFoldScores
from dmicc_assets.resampling.pairwise_auc import pair_matrix
from dmicc_assets.resampling.resamples import patient_index
from dmicc_assets.resampling.selection import StudyData
from dmicc_assets.stats.resampled_logistic import fit_models, fit_training_parts
from dmicc_assets.stats.roc import roc, youden
from dmicc_assets.tables import TABLES
from dmicc_assets.types import CaseControl, FloatArray

PREDICTOR = "model"
# Columns of `validation/roc` that are empty for an average over many models.
_OF_ONE_MODEL = dict.fromkeys(("direction", "n_case", "n_control", "measured_as"))
_INTERVAL = {"interval": "patient_bootstrap"}


def resampled_roc(
    data: StudyData,
    source: FoldValues,
    n_jobs: int = 1,
    nested: OutOfFold | None = None,
    bootstraps: OutOfFold | None = None,
) -> RocTables:
    """The nested, the leaky and the .632+ estimate of the model's AUC in its cohort.

    AUC: mean over the repeats of the pooled out-of-fold linear predictors, with the percentile interval of 1,000
    resamples of patients, each under one repeat's predictions. Sensitivity and specificity are of cut-offs chosen by
    Youden's index on each fold's training samples; `threshold` is their mean. No rows without a biomarker, none of
    cross-validation where a class has fewer than two patients.

    Args:
        data: the study on all samples; its biomarkers are those of the leaky estimate.
        source: the target's values, computed again for each fold if they depend on all arrays.
        n_jobs: number of processes; results do not depend on it.
        nested: the predictions of `nested_cv`, when they are at hand.
        bootstraps: those of `bootstrap_cv`, likewise.
    """
    rows, curves = [TABLES["validation/roc"].frame()], [TABLES["validation/roc_curve"].frame()]
    if data.biomarkers:
        nested = nested_cv(data, source, n_jobs) if nested is None else nested
        for kind, predicted in (("nested_cv", nested), ("leaky_cv", leaky_cv(data))):
            if np.isfinite(predicted.scores).any():
                rows.append(_row(data, kind, predicted))
                curves.append(_curve(data, kind, predicted))
        if data.study.rigor.bootstraps:
            bootstraps = bootstrap_cv(data, source, n_jobs) if bootstraps is None else bootstraps
            rows.append(bootstrap_632plus(data, bootstraps))
    return RocTables(pl.concat(rows), pl.concat(curves))


def leaky_cv(data: StudyData) -> OutOfFold:
    """Cross-validation of only the fit, with genes chosen on all samples, as in most papers; its AUC is too high."""
    subject = data.adjusted[data.target]
    settings = data.study.rigor
    tests = fold_tests(subject, data.study.ranking.folds, settings.repeats, settings.seed)
    return leaky_scores(subject, data.biomarkers, subject.is_case, tests, settings.repeats)


def leaky_scores(
    subject: CaseControl,
    genes: tuple[str, ...],
    is_case: NDArray[np.bool_],
    tests: list[NDArray[np.bool_]],
    repeats: int,
) -> OutOfFold:
    """Out-of-fold predictions of models on the given genes.

    Args:
        subject: the cohort, batch adjusted.
        genes: of the model.
        is_case: (N,) the labels to learn.
        tests: which samples each fold holds out, the folds of a repeat together.
        repeats: how many repeats the folds are of.
    """
    x = np.ascontiguousarray(subject.matrix.take_features(genes).values.T)
    present = ~np.isnan(x).any(axis=1)
    scores, cut_offs = np.full((max(repeats, 1), len(x)), np.nan), np.full((max(repeats, 1), len(x)), np.nan)
    has_model = np.zeros_like(scores, dtype=np.bool_)
    if not tests:
        return OutOfFold(scores, has_model, cut_offs, ())
    held, everywhere = np.array(tests), log_odds_of(is_case)
    models = fit_training_parts(x[present], is_case[present], ~held[:, present])
    for i, (test, model) in enumerate(zip(held, models, strict=True)):
        row, training = i * len(scores) // len(tests), ~test & present
        if np.isnan(model).any():
            scores[row, test & present] = everywhere
            continue
        # At one share of cases, as the nested scores are.
        predicted = model[0] + x @ model[1:] + (everywhere - log_odds_of(is_case[training]))
        scores[row, test & present] = predicted[test & present]
        cut_offs[row, test] = youden(roc(predicted[training], is_case[training])).threshold
        has_model[row, test] = True
    return OutOfFold(scores, has_model, cut_offs, ())


def pooled_auc(subject: CaseControl, predicted: OutOfFold, seed: int) -> tuple[float, float, float]:
    """The area of `OutOfFoldScores.auc` with the limits of its 95 % interval, as plain numbers."""
    area = OutOfFoldScores.of(predicted, subject, seed).auc()
    return float(area.value), float(area.low), float(area.high)


def _row(data: StudyData, kind: str, predicted: OutOfFold) -> pl.DataFrame:
    """The estimate of one kind with its interval."""
    subject = data.adjusted[data.target]
    auc, low, high = pooled_auc(subject, predicted, data.study.rigor.seed)
    # A fold without genes predicts the majority class of its training samples for everybody.
    known = np.isfinite(predicted.scores)
    called = predicted.scores >= np.where(np.isnan(predicted.cut_offs), 0.0, predicted.cut_offs)
    cases, controls = known & subject.is_case, known & ~subject.is_case
    row = {
        "auc": auc,
        "ci_low": low,
        "ci_high": high,
        "threshold": float(np.nanmean(predicted.cut_offs)) if np.isfinite(predicted.cut_offs).any() else None,
        "sensitivity": float(called[cases].mean()),
        "specificity": float((~called[controls]).mean()),
    }
    return TABLES["validation/roc"].frame(
        _named(subject, kind) | row | _OF_ONE_MODEL | _INTERVAL | {"chosen_here": kind == "leaky_cv"}
    )


def bootstrap_632plus(data: StudyData, predicted: OutOfFold) -> pl.DataFrame:
    """The .632+ estimate from out-of-bag predictions (Efron & Tibshirani 1997, doi:10.1080/01621459.1997.10474007).

    For the AUC as Sahiner 2008 (doi:10.1118/1.2868757), no information being an area of 0.5. Out of bag it is the mean
    over pairs of a case and a control that were out of bag together. It has no interval: resampling patients under
    these predictions held the true area in 46 to 71 % of simulated studies.
    """
    subject = data.adjusted[data.target]
    patients = patient_index(subject)
    x = np.ascontiguousarray(subject.matrix.take_features(data.biomarkers).values.T)
    present = ~np.isnan(x).any(axis=1)
    model = fit_models(x[present].T[None], subject.is_case[present]).coefficients[0]
    apparent = pair_matrix((model[0] + x @ model[1:])[None], subject.is_case, patients)
    out_of_bag = pair_matrix(predicted.scores, subject.is_case, patients)
    row = {
        "auc": float(combine_632plus(np.array([apparent.auc]), np.array([out_of_bag.auc]))[0]),
        "ci_low": None,
        "ci_high": None,
        "threshold": None,
        "sensitivity": None,
        "specificity": None,
    }
    return TABLES["validation/roc"].frame(
        _named(subject, "bootstrap_632plus") | row | _OF_ONE_MODEL | {"interval": None, "chosen_here": False}
    )


def _named(subject: CaseControl, kind: str) -> dict[str, object]:
    """The key of an estimate of this kind, and of its curve."""
    return {"subject": subject.name, "subject_kind": subject.kind, "predictor": PREDICTOR, "kind": kind}


def combine_632plus(apparent: FloatArray, out_of_bag: FloatArray) -> FloatArray:
    """The .632+ mixture of apparent and out-of-bag areas, elementwise."""
    floor = np.maximum(out_of_bag, 0.5)
    with np.errstate(invalid="ignore", divide="ignore"):
        overfitting = np.clip((apparent - floor) / (apparent - 0.5), 0.0, 1.0)
    overfitting = np.where(apparent > 0.5, overfitting, 0.0)
    weight = 0.632 / (1 - 0.368 * overfitting)
    return (1 - weight) * apparent + weight * np.where(np.isnan(out_of_bag), np.nan, floor)


def _curve(data: StudyData, kind: str, predicted: OutOfFold) -> pl.DataFrame:
    """The mean of the repeats' ROC curves; its area is the mean of their areas."""
    subject = data.adjusted[data.target]
    fpr, tpr = mean_curve(predicted.scores, subject.is_case)
    columns = {"point": np.arange(len(fpr)), "threshold": None, "fpr": fpr, "tpr": tpr}
    return TABLES["validation/roc_curve"].frame(_named(subject, kind) | columns)


def mean_curve(scores: FloatArray, is_case: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Vertical mean of the ROC curves of many repeats at the false positive rates that controls can have.

    At each of them a curve climbs: its lower and its upper end are averaged apart, so that the area is the mean area.

    Args:
        scores: (R, N) linear predictors, NaN for samples that a repeat did not score.
        is_case: (N,) True for cases.
    """
    grid = np.linspace(0, 1, int((~is_case).sum()) + 1)
    lower, upper = np.zeros(len(grid)), np.zeros(len(grid))
    n = 0
    for score in scores:
        known = np.isfinite(score)
        if not (known & is_case).any() or not (known & ~is_case).any():
            continue
        curve = roc(score[known], is_case[known])
        fpr, tpr = 1 - curve.specificity[::-1], curve.sensitivity[::-1]
        first, last = np.searchsorted(fpr, grid - 1e-12), np.searchsorted(fpr, grid + 1e-12, "right") - 1
        between = np.interp(grid, fpr, tpr)
        hit = first <= last
        lower += np.where(hit, tpr[np.minimum(first, len(tpr) - 1)], between)
        upper += np.where(hit, tpr[np.maximum(last, 0)], between)
        n += 1
    return np.repeat(grid, 2), np.column_stack([lower, upper]).ravel() / max(n, 1)


def all_estimates(measured: RocTables, resampled: RocTables) -> RocTables:
    """Both ROC tables with the rows of the measured and the resampled estimates."""
    return RocTables(pl.concat([measured.roc, resampled.roc]), pl.concat([measured.roc_curve, resampled.roc_curve]))
