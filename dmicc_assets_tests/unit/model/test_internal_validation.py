"""Optimism and calibration against rms::validate and rms::calibrate on the resamples that rms drew."""

import numpy as np
import pytest

from dmicc_assets.model.decision_curve import THRESHOLDS
from dmicc_assets.model.internal_validation import (
    bootstrap_indices,
    calibrate,
    corrected_net_benefit,
    recalibrate,
    refit,
    validate,
)
from dmicc_assets.stats.firth import fit_firth
from dmicc_assets.stats.logistic import fit_logistic
from dmicc_assets.stats.roc import roc
from dmicc_assets.stats.separation import is_separated
from dmicc_assets_tests.oracle import MADE_UP
from dmicc_assets_tests.oracle.model import golden

NAMES = {"Dxy": "dxy", "R2": "r2", "Intercept": "intercept", "Slope": "slope", "Emax": "emax", "B": "brier"}
NAMES |= {"D": "d", "U": "u", "Q": "q", "g": "g", "gp": "gp"}


def _check(x, is_case, terms, indices, expected_validate, expected_calibrate):
    design = np.column_stack([np.ones(len(x)), x])
    coefficients = fit_logistic(x, is_case, terms).coefficients
    refits = refit(design, is_case, indices, "ml")
    assert not refits.is_firth.any()
    found = validate(design, is_case, coefficients, refits, "ml")
    assert set(found) == set(NAMES.values())
    for row in expected_validate.iter_rows(named=True):
        index = found[NAMES[row["index"]]]
        assert index.apparent == pytest.approx(row["index.orig"], rel=1e-8, abs=1e-9)
        numbers = (index.training, index.test, index.optimism, index.corrected)
        # rms prints Emax's optimism without its sign; here corrected is apparent less optimism in every row.
        sign = -1 if row["index"] == "Emax" else 1
        expected = (row["training"], row["test"], sign * row["optimism"], row["index.corrected"])
        # Emax's row differs by rms's own grid; the others are equal to the last digits.
        assert numbers == pytest.approx(expected, abs=1e-6 if row["index"] == "Emax" else 1e-9), row["index"]
        assert index.n_resamples == row["n"]
    curve = calibrate(design, is_case, coefficients, refits)
    np.testing.assert_allclose(curve.predicted, expected_calibrate["predy"], rtol=1e-8)
    np.testing.assert_allclose(curve.apparent, expected_calibrate["calibrated.orig"], rtol=1e-8)
    np.testing.assert_allclose(curve.corrected, expected_calibrate["calibrated.corrected"], rtol=0, atol=1e-8)
    if "optimism" in expected_calibrate.columns:
        # rms's index is the curve less the diagonal.
        for ours, column in (
            (curve.apparent - curve.predicted, "index.orig"),
            (curve.corrected - curve.predicted, "index.corrected"),
            (curve.apparent - curve.corrected, "optimism"),
        ):
            np.testing.assert_allclose(ours, expected_calibrate[column], rtol=0, atol=1e-8)
    difference = expected_calibrate["training"] - expected_calibrate["test"]
    np.testing.assert_allclose(curve.apparent - curve.corrected, difference, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", ["two", "three"])
def test_equal_to_rms(name):
    table, indices = golden(f"{name}_input.tsv"), golden(f"{name}_indices.tsv.gz").to_numpy() - 1
    x, is_case = table.drop("y").to_numpy().astype(float), table["y"].to_numpy() == 1
    expected = golden(f"{name}_validate.tsv"), golden(f"{name}_calibrate.tsv")
    _check(x, is_case, table.columns[1:], indices, *expected)


@pytest.mark.parametrize("name", ["arrays2", "arrays5"])
def test_optimism_indexes_and_calibration_equal_rms(name):
    assert_validated(MADE_UP, name, "case")


def assert_validated(answers, name, label):
    """Validation, calibration and summary on the resamples that rms drew equal rms's."""
    read = lambda part: answers.table("nomogram", f"{name}__{part}")  # noqa: E731 (short)
    table, indices = read("input"), read("boot_indices").to_numpy() - 1
    x, is_case = table.drop("y").to_numpy(), (table["y"] == label).to_numpy()
    _check(x, is_case, table.columns[1:], indices, read("validate"), read("calibrate"))
    _check_summary(x, is_case, indices, answers.summary("nomogram", f"{name}__model"))


def _check_summary(x, is_case, indices, summary):
    """Indexes of lrm, and what the oracle reports of the validation."""
    design = np.column_stack([np.ones(len(x)), x])
    fit = fit_logistic(x, is_case, [f"x{j}" for j in range(x.shape[1])])
    found = validate(design, is_case, fit.coefficients, refit(design, is_case, indices, "ml"), "ml")
    stats, area = summary["stats"], roc(design @ fit.coefficients, is_case).auc
    lrm = {"Dxy": "dxy", "R2": "r2", "Brier": "brier", "g": "g", "gp": "gp"}
    ours = [area, *(found[index].apparent for index in lrm.values()), np.exp(found["g"].apparent)]
    np.testing.assert_allclose(ours, [stats["C"], *(stats[index] for index in lrm), stats["gr"]], rtol=1e-8)
    assert area == pytest.approx(summary["c_index"], rel=1e-8)
    corrected = {index: found[index].corrected for index in ("brier", "slope", "intercept", "emax")}
    ours = [(found["dxy"].corrected + 1) / 2, *corrected.values(), found["dxy"].optimism, found["dxy"].optimism]
    names = ("c_corrected", "brier_corrected", "slope_corrected", "intercept_corrected", "emax")
    names += ("byhand_optimism_Dxy", "rms_optimism_Dxy")
    np.testing.assert_allclose(ours, [summary[name] for name in names], rtol=0, atol=1e-6)
    assert len(indices) - found["dxy"].n_resamples == summary["n_failed"]


def _separated_data(n_case=8, n_control=20, gap=0.3):
    rng = np.random.default_rng(3)
    is_case = np.arange(n_case + n_control) < n_case
    x = rng.normal(size=(len(is_case), 1))
    x[is_case] += x[~is_case].max() - x[is_case].min() + gap
    return np.column_stack([np.ones(len(is_case)), x]), is_case


def test_separated_model_is_firth_in_every_refit():
    design, is_case = _separated_data()
    fit = fit_firth(design[:, 1:], is_case, ["MT1M"])
    indices = bootstrap_indices(len(is_case), 50, seed=1)
    refits = refit(design, is_case, indices, "firth")
    assert refits.is_firth.all()
    found = validate(design, is_case, fit.probability_coefficients, refits, "firth")
    assert all(np.isfinite([v.apparent, v.optimism, v.corrected]).all() for v in found.values())
    assert found["dxy"].apparent == 1
    curve = calibrate(design, is_case, fit.probability_coefficients, refits)
    assert np.isfinite(curve.apparent).all()
    for row, coefficients in zip(indices[:5], refits.coefficients[:5], strict=True):
        alone = fit_firth(design[row, 1:], is_case[row], ["MT1M"]).probability_coefficients
        np.testing.assert_allclose(coefficients, alone, rtol=1e-6)


def test_separated_resamples_of_a_model_that_is_not_are_firth_and_counted():
    rng = np.random.default_rng(4)
    is_case = np.arange(16) < 5
    x = rng.normal(size=(16, 1)) + 2.0 * is_case[:, None]
    assert not is_separated(x, is_case)
    design = np.column_stack([np.ones(16), x])
    indices = bootstrap_indices(16, 200, seed=1)
    refits = refit(design, is_case, indices, "ml")
    expected = [len(set(is_case[row])) == 2 and is_separated(x[row], is_case[row]) for row in indices]
    assert refits.is_firth.tolist() == expected
    assert 10 < sum(expected) < 190
    kept = refits.usable
    assert np.isfinite(kept.coefficients).all()
    assert len(kept.coefficients) == sum(len(set(is_case[row])) == 2 for row in indices)


def test_class_of_one_drops_the_resamples_without_it():
    rng = np.random.default_rng(6)
    is_case = np.arange(12) < 1
    design = np.column_stack([np.ones(12), rng.normal(size=12)])
    indices = bootstrap_indices(12, 300, seed=2)
    refits = refit(design, is_case, indices, "firth")
    without = ~(indices == 0).any(axis=1)
    assert 60 < without.sum() < 160
    # A resample of that sample alone has no control and cannot be fitted either, nor can one of a single value.
    assert np.isnan(refits.coefficients[without]).all()
    assert np.isfinite(refits.usable.coefficients).all()
    coefficients = fit_firth(design[:, 1:], is_case, ["MT1M"]).probability_coefficients
    found = validate(design, is_case, coefficients, refits, "firth")
    assert found["brier"].n_resamples == len(refits.usable.coefficients)


def test_without_resamples_nothing_is_corrected():
    design, is_case = _separated_data()
    coefficients = fit_firth(design[:, 1:], is_case, ["MT1M"]).probability_coefficients
    refits = refit(design, is_case, bootstrap_indices(len(is_case), 0, seed=1), "firth")
    found = validate(design, is_case, coefficients, refits, "firth")
    assert all(np.isfinite(v.apparent) and np.isnan(v.corrected) for v in found.values())
    assert np.isnan(calibrate(design, is_case, coefficients, refits).corrected).all()
    apparent, corrected = corrected_net_benefit(design, is_case, coefficients, refits, THRESHOLDS)
    assert np.isfinite(apparent).all()
    assert np.isnan(corrected).all()


def test_resamples_draw_patients_with_all_of_their_samples():
    # Four copies of every sample are four times the rows and no more people: the optimism is that of one copy.
    rng = np.random.default_rng(9)
    is_case = np.arange(30) < 15
    design = np.column_stack([np.ones(30), rng.normal(size=(30, 4)) + 0.3 * is_case[:, None]])
    indices = bootstrap_indices(30, 200, seed=3)
    patients = np.repeat(np.arange(30), 4)
    patients[:4] = 1  # patient 0 has no sample of its own, patient 1 eight
    coefficients = fit_logistic(design[:, 1:], is_case, list("abcd")).coefficients
    once = validate(design, is_case, coefficients, refit(design, is_case, indices, "ml"), "ml")
    many, labels = np.repeat(design, 4, axis=0), np.repeat(is_case, 4)
    uneven = refit(many, labels, indices, "ml", patients)
    assert len(set(uneven.counts.sum(axis=1).tolist())) > 1
    curve = calibrate(many, labels, coefficients, uneven)
    assert np.isfinite(curve.corrected[10:40]).all()
    drawn = refit(many, labels, indices, "ml", np.repeat(np.arange(30), 4))
    found = validate(many, labels, coefficients, drawn, "ml")
    for index in ("dxy", "brier", "slope"):
        assert found[index].optimism == pytest.approx(once[index].optimism, abs=0.01)
    rows = validate(many, labels, coefficients, refit(many, labels, bootstrap_indices(120, 200, seed=3), "ml"), "ml")
    assert rows["dxy"].optimism < 0.5 * found["dxy"].optimism


def test_noise_is_found_optimistic():
    rng = np.random.default_rng(7)
    is_case = np.arange(60) < 30
    x = rng.normal(size=(60, 8))
    design = np.column_stack([np.ones(60), x])
    coefficients = fit_logistic(x, is_case, [f"g{j}" for j in range(8)]).coefficients
    refits = refit(design, is_case, bootstrap_indices(60, 200, seed=1), "ml")
    found = validate(design, is_case, coefficients, refits, "ml")
    assert found["dxy"].optimism > 0.1
    assert found["slope"].corrected < 0.8
    apparent, corrected = corrected_net_benefit(design, is_case, coefficients, refits, THRESHOLDS)
    assert (apparent - corrected)[40:60].mean() > 0


@pytest.mark.parametrize("gap", [0.3, -1.5])
def test_recalibration_of_firth_is_firths(gap):
    design, is_case = _separated_data(gap=gap)
    assert is_separated(design[:, 1:], is_case) == (gap > 0)
    log_odds = (design @ np.array([-1.0, 2.0]))[None, :]
    intercept, slope = recalibrate(log_odds, is_case, np.ones_like(log_odds), np.array([True]))
    fit = fit_firth(log_odds[0][:, None], is_case, ["log-odds"])
    assert slope[0] == pytest.approx(fit.coefficients[1], rel=1e-7)
    assert intercept[0] == pytest.approx(fit.flic_intercept, rel=1e-6)
