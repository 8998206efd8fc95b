"""The risk model as the assets use it: fit, tables, table and back, scoring, edge cases and bad input."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from dmicc_assets.model.risk_model import (
    empty_risk_model_tables,
    fit_risk_model,
    risk_model_from_table,
    risk_model_tables,
    score_patients,
)
from dmicc_assets.stats.logistic import fit_logistic
from dmicc_assets.stats.resampled_logistic import fit_models
from dmicc_assets.study.schema import Model
from dmicc_assets.types import ExpressionMatrix
from dmicc_assets_tests.worlds.simulated_cohort import cohort, with_values

SETTINGS = Model(bootstrap=40, seed=1)
TABLES = ("coefficients", "nomogram", "calibration", "performance", "decision_curve")
METRICS = ("c_statistic", "dxy", "r2", "intercept", "slope", "emax", "brier", "d", "u", "q")


def _value(performance, metric, column):
    return performance.filter(pl.col("metric") == metric)[column][0]


def test_two_biomarkers_that_do_not_separate():
    subject = cohort()
    model = fit_risk_model(subject, ["PARP12", "MT1M"], SETTINGS)
    x = subject.matrix.take_features(["PARP12", "MT1M"]).values
    expected = fit_logistic(x.T, subject.is_case, ["PARP12", "MT1M"])
    assert model.estimator == "ml"
    np.testing.assert_allclose(model.coefficients, expected.coefficients)
    np.testing.assert_allclose(model.training_mean, x.mean(axis=1))
    np.testing.assert_allclose(model.training_sd, x.std(axis=1, ddof=1))
    assert (model.training_min <= model.training_mean).all()
    assert model.prevalence == pytest.approx(30 / 55)
    assert model.probability(x).mean() == pytest.approx(30 / 55)
    z = (x - model.training_mean[:, None]) / model.training_sd[:, None]
    np.testing.assert_allclose(model.linear_predictor_of_z(z), model.linear_predictor(x))


def test_tables_of_a_model():
    subject = cohort()
    model = fit_risk_model(subject, ["PARP12", "MT1M"], SETTINGS)
    tables = risk_model_tables(model, subject, SETTINGS, seed=1)
    assert tables.coefficients["term"].to_list() == ["(Intercept)", "PARP12", "MT1M"]
    assert set(tables.coefficients["estimator"]) == {"ml"}
    np.testing.assert_allclose(
        tables.coefficients["z"], tables.coefficients["coefficient"] / tables.coefficients["std_error"]
    )
    assert set(METRICS) <= set(tables.performance["metric"])
    assert tables.performance["metric"].is_unique().all()
    corrected = tables.performance.drop_nulls()
    np.testing.assert_allclose(corrected["corrected"], corrected["apparent"] - corrected["optimism"], atol=1e-12)
    assert _value(tables.performance, "slope", "apparent") == 1
    assert _value(tables.performance, "n_resamples", "apparent") == 40
    assert _value(tables.performance, "c_statistic", "optimism") == pytest.approx(
        _value(tables.performance, "dxy", "optimism") / 2
    )
    assert tables.calibration.height == 50
    assert tables.calibration["predicted"].is_sorted()
    assert tables.calibration["observed_corrected"].null_count() == 0
    assert set(tables.decision_curve["kind"]) == {"apparent", "corrected"}
    assert tables.decision_curve["net_benefit_none"].sum() == 0
    assert set(tables.nomogram["variable"]) == {"PARP12", "MT1M", "total"}


def test_the_seed_decides_the_resamples_and_nothing_else():
    subject = cohort()
    model = fit_risk_model(subject, ["MT1M"], SETTINGS)
    first, again, other = (risk_model_tables(model, subject, SETTINGS, seed=seed) for seed in (1, 1, 2))
    for name in TABLES:
        assert getattr(first, name).equals(getattr(again, name))
    assert not first.performance.equals(other.performance)
    assert first.performance["apparent"].equals(other.performance["apparent"])
    assert first.nomogram.equals(other.nomogram)


def test_separated_classes_are_fitted_by_firth_and_said_so():
    subject = cohort(n_case=22, n_control=6, shift=(9.0, 0.5, 0, 0))
    model = fit_risk_model(subject, ["MT1M", "PARP12"], SETTINGS)
    tables = risk_model_tables(model, subject, SETTINGS, seed=1)
    assert set(tables.coefficients["estimator"]) == {"firth"}
    assert _value(tables.performance, "c_statistic", "apparent") == 1
    refits = _value(tables.performance, "n_firth_refits", "apparent")
    assert refits == _value(tables.performance, "n_resamples", "apparent") > 30
    values = subject.matrix.take_features(["MT1M", "PARP12"]).values
    assert model.probability(values).mean() == pytest.approx(22 / 28, abs=1e-10)
    flic = tables.coefficients.filter(pl.col("term") == "(Intercept)")
    assert flic["probability_coefficient"][0] != flic["coefficient"][0]
    assert tables.coefficients["ci_high"].is_finite().all()


@pytest.mark.parametrize(("n_case", "n_control"), [(149, 6), (30, 2), (12, 1), (1, 12)])
def test_small_classes_give_tables(n_case, n_control):
    subject = cohort(n_case, n_control)
    model = fit_risk_model(subject, ["MT1M"], SETTINGS)
    tables = risk_model_tables(model, subject, SETTINGS, seed=1)
    assert np.isfinite(model.coefficients).all()
    assert 0.4 < _value(tables.performance, "c_statistic", "apparent") <= 1
    assert 0 < _value(tables.performance, "n_resamples", "apparent") <= 40
    assert tables.nomogram.height > 10


def test_no_bootstrap_leaves_the_correction_null():
    subject = cohort()
    settings = Model(bootstrap=0)
    tables = risk_model_tables(fit_risk_model(subject, ["MT1M"], settings), subject, settings, seed=1)
    assert tables.performance.filter(pl.col("metric").is_in(METRICS))["corrected"].is_null().all()
    assert tables.performance.filter(pl.col("metric").is_in(METRICS))["apparent"].null_count() == 0
    assert tables.calibration["observed_corrected"].is_null().all()
    assert set(tables.decision_curve["kind"]) == {"apparent"}


def test_empty_tables_have_the_same_columns():
    subject = cohort()
    full, empty = (
        risk_model_tables(fit_risk_model(subject, ["MT1M"], SETTINGS), subject, SETTINGS, 1),
        empty_risk_model_tables(),
    )
    for name in TABLES:
        assert getattr(empty, name).is_empty()
        assert getattr(empty, name).schema == getattr(full, name).schema


def test_a_model_survives_its_table():
    subject = cohort(n_case=22, n_control=6, shift=(9.0, 0.5, 0, 0))
    model = fit_risk_model(subject, ["MT1M", "PARP12"], SETTINGS)
    table = risk_model_tables(model, subject, SETTINGS, seed=1).coefficients
    again = risk_model_from_table(table.sort("term", descending=True))
    values = subject.matrix.take_features(list(again.genes)).values
    expected = model.linear_predictor(subject.matrix.take_features(list(model.genes)).values)
    np.testing.assert_allclose(again.linear_predictor(values), expected)
    assert (again.estimator, again.n_case, again.n_control) == ("firth", 22, 6)
    with pytest.raises(ValueError, match="read from its table"):
        risk_model_tables(again, subject, SETTINGS, seed=1)
    with pytest.raises(ValueError, match="a row for"):
        risk_model_from_table(table.filter(pl.col("term") != "(Intercept)"))


def test_samples_with_a_missing_biomarker_are_left_out_as_rms_does():
    subject = cohort()
    values = subject.matrix.values[0].copy()
    values[[2, 40]] = np.nan
    model = fit_risk_model(with_values(subject, "MT1M", values), ["MT1M", "PARP12"], SETTINGS)
    assert (model.n_case, model.n_control) == (29, 24)


def test_scoring_new_patients():
    subject = cohort()
    model = fit_risk_model(subject, ["MT1M", "PARP12"], SETTINGS)
    new = ExpressionMatrix(
        np.array([[7.0, 30.0, np.nan, 7.5], [7.0, 7.0, 7.0, 6.5]]), ("MT1M", "PARP12"), ("a", "b", "c", "d")
    )
    scores = score_patients(model, new)
    assert scores["sample"].to_list() == ["a", "b", "c", "d"]
    expected = model.linear_predictor(np.array([[7.0], [7.0]]))[0]
    assert scores["linear_predictor"][0] == pytest.approx(expected)
    assert scores["probability"][0] == pytest.approx(1 / (1 + np.exp(-expected)))
    assert scores["is_out_of_range"].to_list() == [False, True, None, False]
    assert scores["linear_predictor"].is_null().to_list() == [False, False, True, False]
    assert scores["missing_genes"].to_list() == [[], [], ["MT1M"], []]
    alone = score_patients(model, new.take_samples(["d"]))
    assert alone.equals(scores[3:])


def test_scoring_without_a_gene_or_with_its_earlier_symbol():
    subject = cohort(genes=("CYR61", "MT1M"), shift=(1.0, -0.8))
    model = fit_risk_model(subject, ["CYR61", "MT1M"], SETTINGS)
    renamed = ExpressionMatrix(subject.matrix.values, ("CCN1", "MT1M"), subject.matrix.samples)
    by_today = score_patients(model, renamed)
    assert by_today.equals(score_patients(model, subject.matrix))
    lacking = score_patients(model, renamed.take_features(["CCN1"]))
    assert lacking["probability"].is_null().all()
    assert lacking["missing_genes"].to_list() == [["MT1M"]] * 55


@pytest.mark.parametrize(
    ("gene", "values", "message"),
    [
        ("MT1M", 4.0, "MT1M: has the same value in every sample"),
        ("MT1M", np.nan, "MT1M: is missing in every sample of cohort icc"),
        ("MT1M", np.inf, "MT1M: the value of sample 0"),
    ],
)
def test_bad_genes_are_named(gene, values, message):
    with pytest.raises(ValueError, match=message):
        fit_risk_model(with_values(cohort(), gene, values), ["PARP12", gene], SETTINGS)


def test_other_bad_input_is_named():
    subject = cohort()
    with pytest.raises(ValueError, match="NOTCH9: is not in the matrix of cohort icc"):
        fit_risk_model(subject, ["NOTCH9"], SETTINGS)
    with pytest.raises(ValueError, match="needs a biomarker"):
        fit_risk_model(subject, [], SETTINGS)
    with pytest.raises(ValueError, match="got 10 and 0"):
        fit_risk_model(cohort(10, 0), ["MT1M"], SETTINGS)
    copied = with_values(subject, "PARP12", subject.matrix.values[0] * 2 + 1)
    with pytest.raises(ValueError, match=r"PARP12: is a linear combination of the predictors before it \(MT1M\)"):
        fit_risk_model(copied, ["MT1M", "PARP12"], SETTINGS)
    model = fit_risk_model(subject, ["MT1M"], SETTINGS)
    with pytest.raises(ValueError, match="its groups differ"):
        risk_model_tables(model, cohort(20, 20), SETTINGS, seed=1)
    with pytest.raises(ValueError, match="expected rows for MT1M, got 2"):
        model.linear_predictor(np.ones((2, 3)))


def test_many_models_equal_single_ones():
    rng = np.random.default_rng(8)
    is_case = np.arange(40) < 15
    predictors = rng.normal(size=(30, 2, 40)) + np.linspace(0, 5, 30)[:, None, None] * is_case
    found = fit_models(predictors, is_case)
    assert 3 < found.is_firth.sum() < 27
    scores = found.linear_predictor(predictors)
    for b in range(0, 30, 3):
        values = predictors[b]
        subject = cohort(15, 25, genes=("A", "B"))
        single = fit_risk_model(with_values(with_values(subject, "A", values[0]), "B", values[1]), ["A", "B"], SETTINGS)
        assert found.is_firth[b] == (single.estimator == "firth")
        np.testing.assert_allclose(found.coefficients[b], single.coefficients, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(scores[b], single.linear_predictor(values), rtol=1e-3, atol=1e-3)
    predictors[2, 1, 5] = np.nan
    with pytest.raises(ValueError, match="model 2, gene 1: the value of sample 5"):
        fit_models(predictors, is_case)
    with pytest.raises(ValueError, match="models, genes, 40 samples"):
        fit_models(predictors[0], is_case)


@pytest.mark.parametrize(("is_apart", "interval"), [(False, "clustered"), (True, "not estimable")])
def test_errors_allow_for_patients_with_several_samples(is_apart: bool, interval: str) -> None:
    """Two samples of each patient: the same coefficients, other errors; none when the classes separate."""
    subject = cohort()
    if is_apart:
        subject = with_values(subject, "MT1M", subject.matrix.values[0] + 40 * subject.is_case)
    pairs = replace(subject, patient=tuple(f"p{i // 2}" for i in range(len(subject.patient))))
    alone, clustered = (fit_risk_model(each, ["MT1M"], SETTINGS) for each in (subject, pairs))
    tables = [risk_model_tables(model, subject, SETTINGS, 1).coefficients for model in (alone, clustered)]
    assert tables[0]["interval"].unique().to_list() == ["profile" if is_apart else "wald"]
    assert tables[1]["interval"].unique().to_list() == [interval]
    assert tables[0]["coefficient"].equals(tables[1]["coefficient"])
    for column in ("std_error", "z", "p_value", "ci_low", "ci_high"):
        assert not tables[0][column].equals(tables[1][column])
        assert tables[1][column].is_null().all() == is_apart
