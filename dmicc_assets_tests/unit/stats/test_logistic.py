"""Logistic regression against rms's answers, resamples against single fits, and bad input."""

import numpy as np
import pytest

from dmicc_assets.stats.logistic import fit_logistic, fit_resamples
from dmicc_assets.stats.separation import is_separated
from dmicc_assets_tests.oracle import MADE_UP
from dmicc_assets_tests.oracle.model import golden


def _data(name):
    table = golden(f"{name}_input.tsv")
    return table.drop("y").to_numpy().astype(float), table["y"].to_numpy() == 1, table.columns[1:]


@pytest.mark.parametrize("name", ["two", "three"])
def test_fit_equals_lrm(name):
    fit = fit_logistic(*_data(name))
    expected = golden(f"{name}_coefficients.tsv")
    np.testing.assert_allclose(fit.coefficients, expected["coefficient"], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(fit.std_error, expected["std_error"], rtol=1e-8)
    np.testing.assert_allclose(fit.p_value, expected["p"], rtol=1e-7)
    assert fit.log_likelihood == pytest.approx(expected["log_likelihood"][0], rel=1e-10)
    assert (fit.estimator, fit.flic_intercept, fit.terms[0]) == ("ml", None, "(Intercept)")
    assert np.array_equal(fit.probability_coefficients, fit.coefficients)


def test_fit_equals_statsmodels():
    from statsmodels.discrete.discrete_model import Logit

    x, is_case, terms = _data("three")
    fit = fit_logistic(x, is_case, terms)
    other = Logit(is_case.astype(float), np.column_stack([np.ones(len(x)), x])).fit(disp=0, tol=1e-12, maxiter=100)
    np.testing.assert_allclose(fit.coefficients, other.params, rtol=1e-8)
    np.testing.assert_allclose(fit.covariance, other.cov_params(), rtol=1e-6)
    np.testing.assert_allclose(np.column_stack([fit.ci_low, fit.ci_high]), other.conf_int(), rtol=1e-7)


def test_units_far_from_one_do_not_matter():
    x, is_case, terms = _data("two")
    fit = fit_logistic(x, is_case, terms)
    moved = fit_logistic(x * [1e6, 1e-6] + [1e7, 0], is_case, terms)
    np.testing.assert_allclose(moved.coefficients[1:] * [1e6, 1e-6], fit.coefficients[1:], rtol=1e-6)
    assert moved.log_likelihood == pytest.approx(fit.log_likelihood)


def test_resamples_equal_single_fits_to_the_tolerance_that_rms_has():
    x, is_case, _ = _data("two")
    rng = np.random.default_rng(0)
    indices = rng.integers(0, len(x), size=(40, len(x)))
    counts = np.stack([np.bincount(row, minlength=len(x)) for row in indices]).astype(float)
    design = np.column_stack([np.ones(len(x)), x])
    fits = fit_resamples(design, is_case, counts)
    assert not fits.may_separate.any()
    for row, found in zip(indices, fits.coefficients, strict=True):
        exact = fit_logistic(x[row], is_case[row], ["a", "b"]).coefficients
        np.testing.assert_allclose(found, exact, rtol=1e-3, atol=1e-3)
    own = fit_resamples(np.broadcast_to(design, (40, *design.shape)), is_case, counts)
    np.testing.assert_allclose(own.coefficients, fits.coefficients, rtol=1e-12)


def test_no_separated_resample_is_proved_to_overlap():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(200, 14, 2))
    is_case = np.arange(14) < 6
    x[:, is_case, 0] += 1.5
    design = np.concatenate([np.ones((200, 14, 1)), x], axis=2)
    fits = fit_resamples(design, is_case, np.ones((200, 14)))
    truth = np.array([is_separated(row, is_case) for row in x])
    assert 40 < truth.sum() < 160
    assert fits.may_separate[truth].all()
    # A proof may fail where the classes all but separate, and only there.
    assert (fits.may_separate & ~truth).sum() <= 3


def test_resample_without_a_class_or_with_a_constant_gene_has_no_estimate():
    design = np.column_stack([np.ones(6), [1.0, 2, 2, 2, 4, 3]])
    is_case = np.array([True, False, True, False, True, False])
    counts = np.array([[3, 0, 3, 0, 0, 0], [0, 2, 2, 2, 0, 0], [1, 1, 1, 1, 1, 1]], dtype=float)
    fits = fit_resamples(design, is_case, counts)
    assert np.isnan(fits.coefficients).any(axis=1).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([1.0, 1, 1, 1, 1, 1], "MT1M: has the same value in every sample"),
        ([1.0, np.nan, 3, 1, 2, 1], r"MT1M: the value of sample 1 \(counted from 0\) is nan"),
        ([1.0, 2, np.inf, 1, 2, 1], "MT1M: the value of sample 2 .* is inf"),
        ([2.0, 4, 6, 5, 1, 3], r"MT1M: is a linear combination of the predictors before it \(PARP12\)"),
    ],
)
def test_bad_predictors_are_named(column, message):
    x = np.column_stack([[1.0, 2, 3, 2.5, 0.5, 1.5], column])
    with pytest.raises(ValueError, match=message):
        fit_logistic(x, np.array([True, False, True, False, True, False]), ["PARP12", "MT1M"])


def test_other_bad_input_is_named():
    x, is_case = np.array([[1.0], [2], [3], [4]]), np.array([False, False, True, True])
    with pytest.raises(ValueError, match="classes separate"):
        fit_logistic(x, is_case, ["MT1M"])
    with pytest.raises(ValueError, match="got 4 and 0"):
        fit_logistic(x, np.ones(4, dtype=bool), ["MT1M"])
    with pytest.raises(ValueError, match="expected 4 samples x 2 predictors"):
        fit_logistic(x, is_case, ["MT1M", "PARP12"])


def _assert_coefficients(fit, expected):
    np.testing.assert_allclose(fit.coefficients, expected["coef"], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(fit.std_error, expected["se"], rtol=1e-8)


@pytest.mark.parametrize("name", ["arrays2", "arrays5"])
def test_fit_tests_and_limits_equal_lrm(name):
    assert_logistic(MADE_UP, name, "case")


def assert_logistic(answers, name, label):
    """Coefficients, tests, limits and likelihood of a model equal lrm's."""
    table, expected = answers.table("nomogram", f"{name}__input"), answers.table("nomogram", f"{name}__coef")
    fit = fit_logistic(table.drop("y").to_numpy(), (table["y"] == label).to_numpy(), table.columns[1:])
    _assert_coefficients(fit, expected)
    np.testing.assert_allclose(fit.z, expected["z"], rtol=1e-8)
    np.testing.assert_allclose(fit.p_value, expected["p"], rtol=1e-7)
    np.testing.assert_allclose(np.exp(fit.coefficients), expected["or"], rtol=1e-8)
    wald = answers.table("nomogram", f"{name}__anova")["Chi.Square"][:-1]
    np.testing.assert_allclose(fit.z[1:] ** 2, wald, rtol=1e-8)
    limits = np.log(expected.select("or_lo", "or_hi").to_numpy())
    np.testing.assert_allclose(np.column_stack([fit.ci_low, fit.ci_high]), limits, rtol=1e-8)
    stats = answers.summary("nomogram", f"{name}__model")["stats"]
    share = (table["y"] == label).mean()
    null = len(table) * (share * np.log(share) + (1 - share) * np.log(1 - share))
    assert 2 * (fit.log_likelihood - null) == pytest.approx(stats["Model L.R."], rel=1e-8)


def test_separated_classes_have_no_estimate_where_lrm_reports_success():
    assert not MADE_UP.summary("nomogram", "separation_lrm")["fail"]
    separated = MADE_UP.table("firth", "separated__input")
    with pytest.raises(ValueError, match="classes separate"):
        fit_logistic(separated["x"].to_numpy()[:, None], separated["y"].to_numpy() == 1, ["x"])


def test_nearly_dependent_columns_equal_lrm():
    assert_spline(MADE_UP, "case")


def assert_spline(answers, label):
    """A gene, sex and a restricted cubic spline of age, whose columns are nearly dependent."""
    table, knots = answers.table("nomogram", "mixed__input"), answers.summary("nomogram", "mixed__model")["rcs_knots"]
    age, last, before = table["age"].to_numpy().astype(float), knots[-1], knots[-2]
    cube = lambda knot: np.maximum(age - knot, 0.0) ** 3  # noqa: E731 (short)
    bends = [
        (cube(k) - cube(before) * (last - k) / (last - before) + cube(last) * (before - k) / (last - before))
        / (last - knots[0]) ** 2
        for k in knots[:-2]
    ]
    columns = [table["g1"].to_numpy(), age, *bends, (table["sex"] == "M").to_numpy()]
    fit = fit_logistic(np.column_stack(columns).astype(float), (table["y"] == label).to_numpy(), list("gabcs"))
    _assert_coefficients(fit, answers.table("nomogram", "mixed__coef"))
