"""Firth's regression, profile limits and FLIC against R's answers, and bad input."""

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize

from dmicc_assets.stats.firth import fit_firth, fit_firth_resamples, flic_intercepts
from dmicc_assets.stats.firth_profile import deviance_of_zero, profile_problem
from dmicc_assets.stats.logistic import fit_logistic
from dmicc_assets.stats.penalised_likelihood import penalised_log_likelihood
from dmicc_assets.stats.probability import chi_squared_quantile, expit, normal_two_sided
from dmicc_assets.stats.separation import is_separated
from dmicc_assets_tests.oracle import MADE_UP
from dmicc_assets_tests.oracle.model import golden


def _data(case):
    rows = golden("firth_input.tsv").filter(pl.col("case") == case).drop("case")
    rows = rows.select(name for name in rows.columns if rows[name].null_count() == 0)
    return rows.drop("y").to_numpy().astype(float), rows["y"].to_numpy() == 1, rows.columns[1:]


@pytest.mark.parametrize("case", ["sep", "quasi", "rare"])
def test_fit_equals_r(case):
    x, is_case, terms = _data(case)
    fit = fit_firth(x, is_case, terms)
    expected = golden("firth.tsv").filter(pl.col("case") == case)
    np.testing.assert_allclose(fit.coefficients, expected["coefficient"], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(fit.std_error, expected["std_error"], rtol=1e-8)
    # The limits and p-values come from R's root finder and optimiser.
    np.testing.assert_allclose(fit.ci_low, expected["low"], rtol=1e-6)
    np.testing.assert_allclose(fit.ci_high, expected["high"], rtol=1e-6)
    np.testing.assert_allclose(fit.p_value, expected["p"], rtol=1e-6)
    assert fit.log_likelihood == pytest.approx(expected["log_likelihood"][0], rel=1e-9)
    assert fit.flic_intercept == pytest.approx(expected["flic"][0], rel=1e-8)


@pytest.mark.parametrize("case", ["sep", "quasi", "rare"])
def test_a_limit_is_zero_at_the_level_of_its_own_p_value(case):
    x, is_case, terms = _data(case)
    fit = fit_firth(x, is_case, terms)
    for k in range(1, len(fit.terms)):
        at = fit_firth(x, is_case, terms, level=1 - float(fit.p_value[k]))
        nearer = at.ci_low[k] if fit.coefficients[k] > 0 else at.ci_high[k]
        assert nearer == pytest.approx(0, abs=1e-5 * fit.std_error[k])


def test_limits_are_of_the_higher_of_two_modes():
    x = np.array(
        [
            [1.7, 3.4, 3.1, 2.2, 4.6, 1.8, 4.6, 1.3, 1.8, -0.5, 0.6, -0.6, 0.8],
            [2.8, 4.1, 2.4, 3.7, 3.3, 2.0, 3.2, 2.9, 2.4, -0.7, -0.1, 0.4, -1.6],
        ]
    ).T
    n, is_case = len(x), np.arange(len(x)) < 9
    fit = fit_firth(x, is_case, ["a", "b"])
    design, steps = np.column_stack([np.ones(n), x]), np.linspace(-12, 40, 261)
    a, b = (axis.ravel() for axis in np.meshgrid(steps, steps))

    def drop(intercept):
        """Twice the fall of the profile, by looking everywhere and going up from the best place."""
        grid = np.column_stack([np.full(len(a), intercept), a, b])
        height = penalised_log_likelihood(design, is_case, np.ones((len(grid), n)), grid)
        lower = lambda v: -penalised_log_likelihood(design, is_case, np.ones((1, n)), np.array([[intercept, *v]]))[0]  # noqa: E731
        best = minimize(lower, grid[height.argmax(), 1:], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
        return 2 * (fit.log_likelihood + best.fun)

    assert drop(fit.ci_low[0]) == pytest.approx(chi_squared_quantile(0.95), rel=1e-6)
    assert drop((fit.ci_low[0] + fit.coefficients[0]) / 2) < chi_squared_quantile(0.95)


def test_score_is_zero_at_the_estimate():
    x, is_case, terms = _data("quasi")
    fit = fit_firth(x, is_case, terms)
    design = np.column_stack([np.ones(len(x)), x])
    p = expit(design @ fit.coefficients)
    leverage = p * (1 - p) * np.einsum("ij,jk,ik->i", design, fit.covariance, design)
    score = design.T @ (is_case - p + leverage * (0.5 - p))
    assert np.abs(score).max() < 1e-10


def test_mean_probability_is_the_share_of_cases():
    x, is_case, terms = _data("rare")
    fit = fit_firth(x, is_case, terms)
    design = np.column_stack([np.ones(len(x)), x])
    assert expit(design @ fit.probability_coefficients).mean() == pytest.approx(is_case.mean(), abs=1e-12)
    assert expit(design @ fit.coefficients).mean() != pytest.approx(is_case.mean(), abs=1e-3)


def test_estimate_is_shrunk_from_maximum_likelihood_and_exists_under_separation():
    x, is_case, terms = _data("rare")
    ml, firth = fit_logistic(x, is_case, terms), fit_firth(x, is_case, terms)
    assert abs(firth.coefficients[1]) < abs(ml.coefficients[1])
    x, is_case, terms = _data("sep")
    with pytest.raises(ValueError, match="classes separate"):
        fit_logistic(x, is_case, terms)
    assert np.isfinite(fit_firth(x, is_case, terms).ci_high).all()


def test_resamples_equal_single_fits():
    x, is_case, terms = _data("quasi")
    rng = np.random.default_rng(3)
    indices = rng.integers(0, len(x), size=(6, len(x)))
    counts = np.stack([np.bincount(row, minlength=len(x)) for row in indices]).astype(float)
    design = np.column_stack([np.ones(len(x)), x])
    shared_design = fit_firth_resamples(design, is_case, counts)
    own_design = fit_firth_resamples(np.broadcast_to(design, (6, *design.shape)), is_case, counts)
    np.testing.assert_allclose(own_design, shared_design, rtol=1e-7)
    for row, found in zip(indices, shared_design, strict=True):
        expected = fit_firth(x[row], is_case[row], terms).probability_coefficients
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


def test_resample_without_a_class_has_no_estimate():
    x, is_case, _ = _data("sep")
    counts = np.stack([np.where(is_case, 1.0, 0.0), np.ones(len(x))])
    found = fit_firth_resamples(np.column_stack([np.ones(len(x)), x]), is_case, counts)
    assert np.isnan(found).any(axis=1).tolist() == [True, False]


def test_flic_with_far_log_odds():
    part = np.array([-700.0, -5, 0, 5, 700])
    is_case = np.array([False, False, True, True, True])
    intercept = flic_intercepts(part, is_case, np.ones((1, 5)))[0]
    assert expit(intercept + part).sum() == pytest.approx(3, abs=1e-10)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="MT1M: has the same value"):
        fit_firth(np.ones((4, 1)), np.array([True, False, True, False]), ["MT1M"])
    with pytest.raises(ValueError, match="got 0 and 4"):
        fit_firth(np.arange(4.0)[:, None], np.zeros(4, dtype=bool), ["MT1M"])


@pytest.mark.parametrize("name", ["arrays3", "synthetic2", "separated"])
def test_fit_profile_limits_and_tests_equal_rs(name):
    """Of `separated` the intercept's profile has two modes."""
    assert_firth(MADE_UP, name)


def assert_firth(answers, name):
    """Coefficients, errors, profile limits, likelihood-ratio and Wald tests equal R's."""
    table, expected = answers.table("firth", f"{name}__input"), answers.table("firth", f"{name}__coef")
    fit = fit_firth(table.drop("y").to_numpy().astype(float), table["y"].to_numpy() == 1, table.columns[1:])
    np.testing.assert_allclose(fit.coefficients, expected["firth"], rtol=1e-8)
    np.testing.assert_allclose(fit.p_value, expected["plr_p"], rtol=1e-7)
    np.testing.assert_allclose(fit.ci_low, expected["plr_lo"], rtol=1e-6)
    np.testing.assert_allclose(fit.ci_high, expected["plr_hi"], rtol=1e-6)
    # brglm stops early; brglm2 solves the same score.
    np.testing.assert_allclose(fit.coefficients, expected["brglm2_AS_mean"], rtol=1e-8)
    np.testing.assert_allclose(fit.coefficients, expected["brglm"], rtol=1e-4)
    for column in ("se", "brglm2_se"):
        np.testing.assert_allclose(fit.std_error, expected[column], rtol=1e-8)
    np.testing.assert_allclose(normal_two_sided(fit.z), expected["wald_p"], rtol=1e-7)
    x, is_case = table.drop("y").to_numpy().astype(float), table["y"].to_numpy() == 1
    design = np.column_stack([np.ones(len(x)), x])
    deviances = deviance_of_zero(profile_problem(design, is_case, fit.coefficients))
    np.testing.assert_allclose(deviances, expected["plr_chi2"], rtol=1e-7)
    model = answers.summary("firth", f"{name}__model")
    assert fit.log_likelihood == pytest.approx(model["penalised_loglik"], rel=1e-9)
    assert is_separated(x, is_case) is not model["ml_converged"]
    if model["ml_converged"]:
        ml = fit_logistic(x, is_case, table.columns[1:])
        np.testing.assert_allclose(ml.coefficients, expected["ml"], rtol=1e-5)  # glm stops at 1e-8 of the deviance


def _alike(seed: int):
    """Five separated genes of 16 samples that follow one factor nearly exactly."""
    rng = np.random.default_rng(seed)
    is_case = np.arange(16) < 8
    factor = rng.normal(size=16) + 10.0 * is_case
    return factor[:, None] + 0.001 * rng.normal(size=(16, 5)) + 8, is_case, rng


def test_separated_genes_that_are_nearly_alike_are_solved_in_every_resample():
    for seed in range(6):
        x, is_case, rng = _alike(seed)
        counts = rng.multinomial(16, np.full(16, 1 / 16), size=60).astype(float)
        fits = fit_firth_resamples(np.column_stack([np.ones(16), x]), is_case, counts)
        # A resample of fewer samples than it takes to tell five genes apart has no estimate.
        assert np.isfinite(fits).all(axis=1).mean() > 0.9


def test_slopes_do_not_depend_on_how_alike_the_genes_look():
    x, is_case, _ = _alike(1)
    apart = np.column_stack([x[:, 0], (x[:, 1:] - x[:, :1]) * 1000])
    once = np.ones((1, 16))
    alike, parted = (fit_firth_resamples(np.column_stack([np.ones(16), v]), is_case, once)[0] for v in (x, apart))
    log_odds = np.column_stack([np.ones(16), x]) @ alike
    np.testing.assert_allclose(log_odds, np.column_stack([np.ones(16), apart]) @ parted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shift", [0.0, 5.0])
def test_limits_do_not_depend_on_how_alike_the_genes_look(shift: float):
    rng = np.random.default_rng(51)
    is_case = np.arange(40) < 12
    x = 8 + rng.normal(size=(40, 3)) + shift * is_case[:, None]
    x[:, 1] = x[:, 0] + 1e-4 * rng.normal(size=40)
    apart = np.column_stack([x[:, 0], (x[:, 1] - x[:, 0]) * 1e4, x[:, 2]])
    alike, parted = (fit_firth(v, is_case, ["MT1M", "MT1X", "SPP1"]) for v in (x, apart))
    for name in ("ci_low", "ci_high", "p_value"):
        own, expected = getattr(alike, name), getattr(parted, name)
        scale = 1e4 if name != "p_value" else 1.0
        np.testing.assert_allclose(own[[2, 3]], expected[[2, 3]] * [scale, 1.0], rtol=1e-5)


def test_an_intercept_far_from_the_data_is_profiled_to_the_bound():
    rng = np.random.default_rng(6)
    is_case = np.arange(20) < 7
    x = (8 + rng.normal(size=20) + 5 * is_case)[:, None]
    fit = fit_firth(x, is_case, ["SPP1"])
    design, once = np.column_stack([np.ones(20), x]), np.ones((2001, 20))
    for limit in (fit.ci_low[0], fit.ci_high[0]):
        best, profile = fit.coefficients[1], -np.inf
        for width in (20.0, 0.04):  # looked for everywhere, then near the best place
            slopes = np.linspace(best - width, best + width, 2001)
            height = penalised_log_likelihood(design, is_case, once, np.column_stack([np.full(2001, limit), slopes]))
            best, profile = slopes[height.argmax()], height.max()
        assert 2 * (fit.log_likelihood - profile) == pytest.approx(3.841458820694124, abs=1e-5)
