"""Statistics of out-of-fold predictions: each of one repeat, meaned, with patients resampled; the tables they fill."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from dmicc_assets.model.decision_curve import THRESHOLDS
from dmicc_assets.model.risk_model import fit_risk_model, risk_model_tables
from dmicc_assets.resampling.fold_tables import cross_validated, fold_numbers, read_out_of_fold
from dmicc_assets.resampling.model_tables import with_nested
from dmicc_assets.resampling.nested import OutOfFold, nested_cv
from dmicc_assets.resampling.nested_performance import OutOfFoldScores
from dmicc_assets.stats.calibration import lowess_at, lowess_of_counts
from dmicc_assets.stats.logistic import fit_logistic
from dmicc_assets.stats.probability import expit, logit
from dmicc_assets.stats.roc import roc
from dmicc_assets.types import CaseControl
from dmicc_assets_tests.worlds.noise_study import cohort_of, data_of, fold_values, study_of

N = 60
CASE = np.arange(N) < 36


def subject_of(patient: tuple[str | None, ...] = (None,) * N) -> CaseControl:
    return replace(cohort_of("a", 36, 24, 3, 1), patient=patient)


def predictions(n_repeats: int = 3) -> OutOfFold:
    """Predictors of medium worth; the last twelve samples of every repeat are of a fold without a model."""
    scores = np.random.default_rng(5).normal(1.2 * CASE, 1.0, (n_repeats, N))
    has_model = np.ones(scores.shape, dtype=bool)
    scores[:, -12:], has_model[:, -12:] = np.log(36 / 24), False
    return OutOfFold(scores, has_model, np.full_like(scores, np.nan), ())


def of(predicted: OutOfFold, subject: CaseControl | None = None) -> OutOfFoldScores:
    return OutOfFoldScores.of(predicted, subject or subject_of(), 1)


@pytest.mark.parametrize("only_models", [False, True])
def test_slope_and_intercept_are_the_mean_of_one_regression_a_repeat(only_models: bool) -> None:
    predicted = predictions()
    lines = []
    for row, has_model in zip(predicted.scores, predicted.has_model, strict=True):
        use = has_model if only_models else np.ones(N, dtype=bool)
        lines.append(fit_logistic(row[use, None], CASE[use], ["score"]).coefficients)
    found = of(predicted).slope_and_intercept(only_models=only_models)
    np.testing.assert_allclose(found.value, np.mean(lines, axis=0), atol=1e-4)
    assert (found.low < found.value).all()
    assert (found.value < found.high).all()


def test_brier_score_by_hand_and_missing_scores_left_out() -> None:
    predicted = predictions(1)
    predicted.scores[0, :5] = np.nan
    expected = np.mean((expit(predicted.scores[0, 5:]) - CASE[5:]) ** 2)
    assert of(predicted).brier().value == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("prevalence", [0.6, 0.02, 0.5])
def test_net_benefit_is_that_of_sensitivity_and_specificity_at_the_prevalence(prevalence: float) -> None:
    predicted = predictions(1)
    probability = expit(predicted.scores[0] + logit(prevalence) - logit(0.6))
    called = probability >= THRESHOLDS[:, None]
    odds = THRESHOLDS / (1 - THRESHOLDS)
    expected = prevalence * called[:, CASE].mean(axis=1) - (1 - prevalence) * called[:, ~CASE].mean(axis=1) * odds
    np.testing.assert_allclose(of(predicted).net_benefit(prevalence).value, expected, atol=1e-12)


def test_the_interval_draws_patients() -> None:
    # Every sample three times under one patient: three times the samples, the same interval.
    once, names = subject_of(), tuple(f"p{i}" for i in range(N))
    thrice = cohort_of("a", 3 * 36, 3 * 24, 3, 1)
    thrice = replace(thrice, patient=tuple(np.repeat(names, 3)), is_case=np.repeat(CASE, 3))
    predicted = predictions(2)
    scores, cut_offs = (np.repeat(each, 3, axis=1) for each in (predicted.scores, predicted.cut_offs))
    repeated = OutOfFold(scores, np.repeat(predicted.has_model, 3, axis=1), cut_offs, ())
    for statistic in ("brier", "auc", "slope_and_intercept"):
        alone = getattr(of(predicted, once), statistic)()
        together = getattr(of(repeated, thrice), statistic)()
        np.testing.assert_allclose(together.low, alone.low, atol=2e-3)
        np.testing.assert_allclose(together.high, alone.high, atol=2e-3)


def test_area_given_that_genes_are_chosen_is_the_mean_over_the_folds_with_a_model() -> None:
    predicted = predictions(2)
    folds = np.tile(np.arange(N) % 4, (2, 1)).astype(float)
    folds[:, -12:] = 9
    areas = [
        roc(row[fold == k], CASE[fold == k]).auc
        for row, fold in zip(predicted.scores, folds, strict=True)
        for k in range(4)
    ]
    found = of(predicted).auc_within_folds(folds)
    assert found.value == pytest.approx(np.mean(areas), abs=1e-12)
    assert found.low < found.value < found.high


def test_smooth_curves_of_counted_points_are_those_of_repeated_points() -> None:
    rng = np.random.default_rng(2)
    x, y, counts = (
        rng.normal(size=(6, 40)),
        rng.integers(0, 2, 40).astype(float),
        rng.integers(0, 4, (6, 40)).astype(float),
    )
    counts[5] = 0
    at = np.linspace(-1, 1, 9)
    found = lowess_of_counts(x, y, counts, at)
    for i in range(5):
        index = np.repeat(np.arange(40), counts[i].astype(int))
        np.testing.assert_allclose(found[i], lowess_at(x[i, index][None], y[index][None], at)[0], atol=1e-12)
    assert np.isnan(found[5]).all()


def test_without_any_model_there_is_no_slope_and_no_curve_of_models() -> None:
    nothing = OutOfFold(np.full((2, N), 0.4), np.zeros((2, N), dtype=bool), np.full((2, N), np.nan), ())
    scores = of(nothing)
    assert np.isnan(scores.slope_and_intercept().value).all()
    assert len(scores.curve(only_models=True)[0]) == 0
    assert np.isnan(scores.auc_within_folds(np.zeros((2, N))).value)
    assert scores.auc().value == 0.5


def test_tables_hold_what_the_folds_chose_and_predicted() -> None:
    study = study_of("a", differential={"log_fc": 0.5, "p_value": 0.05, "adjust": "BH"}, ranking={"top": 3, "folds": 4})
    subject = cohort_of("a", 16, 14, 80, 3, planted=4, shift=2.0)
    data = data_of(study, [subject], ("G00000", "G00001"))
    predicted, tables = nested_cv(data, fold_values(data)), cross_validated(data, fold_values(data))
    back = read_out_of_fold(tables.out_of_fold, subject.matrix.samples)
    np.testing.assert_array_equal(back.scores, predicted.scores)
    np.testing.assert_array_equal(back.has_model, predicted.has_model)
    np.testing.assert_array_equal(back.cut_offs, predicted.cut_offs)
    assert tables.folds["biomarkers"].to_list() == [list(fold.biomarkers) for fold in predicted.folds]
    assert tables.folds.select("repeat", "fold").rows() == [(r, f) for r in (1, 2) for f in (1, 2, 3, 4)]
    model = fit_risk_model(subject, data.biomarkers, study.model)
    fit_only = risk_model_tables(model, subject, study.model, 1, prevalence=0.1)
    numbers = fold_numbers(tables.out_of_fold, subject.matrix.samples)
    made = with_nested(fit_only, fit_only.coefficients, subject, of(back, subject), tables.folds, numbers, 0.1)
    rows = {row["metric"]: row for row in made.performance.iter_rows(named=True)}
    assert made.performance["metric"][0] == "c_statistic"
    assert rows["c_statistic"]["apparent"] - rows["c_statistic"]["nested"] == pytest.approx(
        rows["c_statistic_drop"]["nested"]
    )
    assert rows["n_folds"]["nested"] == 8
    assert made.calibration["kind"][0] == made.decision_curve["kind"][0] == "nested"
    assert made.decision_curve["prevalence"].unique().to_list() == [0.1]
    unchanged = made.performance.filter(pl.col("apparent").is_not_null()).select("metric", "apparent", "corrected")
    expected = fit_only.performance.filter(pl.col("apparent").is_not_null()).select("metric", "apparent", "corrected")
    assert unchanged.sort("metric").equals(expected.sort("metric"))


def test_a_fold_with_more_genes_than_training_samples_is_counted_as_one_without_a_model() -> None:
    study = study_of("a", differential={"log_fc": 0.0, "p_value": 1.0}, ranking={"top": 20, "folds": 3})
    subject = cohort_of("a", 8, 7, 30, 1, planted=5)
    data = data_of(study, [subject], ("G00000",))
    tables = cross_validated(data, fold_values(data))
    assert tables.folds["biomarkers"].list.len().min() == 20
    assert not tables.folds["has_model"].any()
    assert tables.folds["auc"].null_count() == len(tables.folds)


def test_a_missing_value_in_training_costs_the_sample_and_not_the_model() -> None:
    study = study_of("a", differential={"log_fc": 1.0, "p_value": 0.01}, ranking={"missing": "knn"})
    subject = cohort_of("a", 14, 14, 30, 2, planted=3)
    values = subject.matrix.values.copy()
    values[0, 3] = np.nan
    data = data_of(study, [replace(subject, matrix=replace(subject.matrix, values=values))], ("G00000",))
    predicted = nested_cv(data, fold_values(data))
    assert predicted.has_model.all()
    missing = np.isnan(predicted.scores)
    assert set(np.flatnonzero(missing.any(axis=0))) <= {3}
