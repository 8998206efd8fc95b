"""Every kind of fit and moderation against limma 3.54, and the newer prior of missing values against 3.62 and 3.63."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import f as f_distribution

from dmicc_assets.stats.linear_model import fit_contrasts, fit_linear_model
from dmicc_assets.stats.moderation import moderated_t, squeeze_var
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.stats.variance_prior import fit_f_dist_unequal
from dmicc_assets_tests.oracle.linear import assert_equal_to_r, designs, expression, golden, numbers, treat_of

SMALL, FULL, SAMPLES = designs()
COMPLETE, (GENES, MISSING) = expression("complete")[1], expression("missing")
WEIGHTS, SAMPLE_WEIGHTS = numbers(golden("weights")), SAMPLES["weight"].to_numpy()
PATIENT = SAMPLES["patient"].to_numpy()


def _correlation(rho: float) -> np.ndarray:
    return np.where(np.eye(len(PATIENT)) == 1, 1.0, rho * (PATIENT[:, None] == PATIENT[None, :]))


# variant: values, design, arguments of the fit, arguments of the moderation
VARIANTS: dict[str, tuple[np.ndarray, np.ndarray, dict[str, Any], dict[str, Any]]] = {
    "complete": (COMPLETE, SMALL, {}, {}),
    "full": (COMPLETE, FULL, {}, {}),
    "missing": (MISSING, SMALL, {}, {}),
    "missing_full": (MISSING, FULL, {}, {}),
    "trend": (COMPLETE, FULL, {}, {"trend": True}),
    "robust": (COMPLETE, FULL, {}, {"robust": True}),
    "both": (COMPLETE, FULL, {}, {"trend": True, "robust": True}),
    "missing_trend": (MISSING, SMALL, {}, {"trend": True}),
    "missing_robust": (MISSING, SMALL, {}, {"robust": True}),
    "missing_both": (MISSING, SMALL, {}, {"trend": True, "robust": True}),
    "sample_weights": (COMPLETE, FULL, {"weights": SAMPLE_WEIGHTS}, {}),
    "missing_sample_weights": (MISSING, SMALL, {"weights": SAMPLE_WEIGHTS}, {}),
    "weights": (MISSING, FULL, {"weights": WEIGHTS}, {}),
    "correlated": (COMPLETE, FULL, {"correlation": _correlation(0.3)}, {}),
    "correlated_missing": (MISSING, FULL, {"correlation": _correlation(0.3)}, {}),
    "correlated_weights": (MISSING, SMALL, {"correlation": _correlation(-0.2), "weights": WEIGHTS}, {}),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_fit_and_its_moderation_equal_limma(variant: str) -> None:
    values, design, fitting, moderating = VARIANTS[variant]
    fit = fit_linear_model(values, design, **fitting)
    moderated = moderated_t(fit, limma="3.54", **moderating)
    theirs = golden("statistics").filter(pl.col("variant") == variant)
    ours = {
        "logFC": fit.coefficients[:, 1],
        "AveExpr": fit.ave_expr,
        "sigma": fit.sigma,
        "df.residual": fit.df_residual,
        "t": moderated.t[:, 1],
        "B": moderated.log_odds[:, 1],
        "df.total": moderated.df_total,
        "s2.post": moderated.variance,
    }
    # limma's root finder stops at 1e-8 of its own scale, behind a lowess: 1e-6 for trend with robust.
    both = variant in ("both", "missing_both")
    for column, value in ours.items():
        np.testing.assert_allclose(
            value, numbers(theirs, column)[:, 0], atol=1e-6 if both else 1e-9, rtol=1e-6 if both else 1e-8
        )
    assert_equal_to_r(moderated.p_value[:, 1], numbers(theirs, "P.Value")[:, 0], is_p=True)
    prior = golden("priors").filter(pl.col("variant") == variant)
    ours = (moderated.coefficient_prior[1], np.ravel(moderated.prior.df)[0], np.ravel(moderated.prior.scale)[0])
    theirs = [float(prior[column][0]) for column in ("var_prior", "df_prior", "s2_prior")]
    np.testing.assert_allclose(ours, theirs, rtol=1e-6 if both else 1e-8)


def test_contrasts_with_missing_values_are_limmas_approximation() -> None:
    batch = SAMPLES["batch"].to_numpy()
    design = np.column_stack([batch == "a", batch == "b", batch == "c", SAMPLES["age"]]).astype(float)
    contrasts = np.array([[-1, -1, 0], [1, 0, -1], [0, 1, 1], [0, 0, 0]], dtype=float)
    fit = fit_contrasts(fit_linear_model(MISSING, design), contrasts, ("ab", "ac", "bc"))
    theirs = numbers(golden("contrasts_missing"))
    assert_equal_to_r(fit.coefficients, theirs[:, :3])
    assert_equal_to_r(fit.stdev_unscaled, theirs[:, 3:])


NEWER_FITS: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
    "missing": (SMALL, {}),
    "missing_full": (FULL, {}),
    "weights": (FULL, {"weights": WEIGHTS}),
}
MODERATIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "trend": {"trend": True},
    "robust": {"robust": True},
    "both": {"trend": True, "robust": True},
}


@pytest.mark.parametrize("moderation", MODERATIONS)
@pytest.mark.parametrize("name", NEWER_FITS)
def test_missing_values_are_moderated_as_by_the_newer_limma(name: str, moderation: str) -> None:
    design, fitting = NEWER_FITS[name]
    fit = fit_linear_model(MISSING, design, **fitting)
    moderated = moderated_t(fit, limma="3.63", **MODERATIONS[moderation])
    theirs = golden("newer").filter(fit=name, moderation=moderation)
    at = [GENES.index(gene) for gene in theirs["gene"]]
    n = len(MISSING)
    ours = {
        "t": moderated.t[:, 1],
        "b": moderated.log_odds[:, 1],
        "df_total": moderated.df_total,
        "variance": moderated.variance,
        "df_prior": np.broadcast_to(moderated.prior.df, n),
        "s2_prior": np.broadcast_to(moderated.prior.scale, n),
    }
    for column, value in ours.items():
        assert_equal_to_r(value[at], numbers(theirs, column)[:, 0])
    t, p = treat_of(fit, 0.3, **MODERATIONS[moderation])
    # limma gives t = 0, without a p, to a gene that lacks the coefficient; here t is missing too.
    known = ~np.isnan(fit.coefficients[at, 1])
    assert np.isnan(t[at, 1]).tolist() == (~known).tolist()
    assert_equal_to_r(t[at, 1][known], numbers(theirs, "treat_t")[known, 0])
    assert_equal_to_r(moderated.p_value[at, 1], numbers(theirs, "p")[:, 0], is_p=True)
    assert_equal_to_r(p[at, 1], numbers(theirs, "treat_p")[:, 0], is_p=True)


@pytest.mark.parametrize("moderation", MODERATIONS)
@pytest.mark.parametrize("case", [1, 2])
def test_genes_that_tell_nothing_move_the_newer_prior_as_in_limma(case: int, moderation: str) -> None:
    table = golden("squeezed").filter(case=case)
    variance, df, mean = numbers(table, "variance", "df", "mean").T
    options = MODERATIONS[moderation]
    covariate = mean if "trend" in options else None
    prior = squeeze_var(variance, df, covariate, robust="robust" in options)[1]
    kept = np.arange(0, len(table), 10)
    for ours, column in ((prior.scale, "s"), (prior.df, "d")):
        theirs = numbers(table, f"{column}_{moderation}")[kept, 0]
        np.testing.assert_allclose(np.broadcast_to(ours, variance.shape)[kept], theirs, rtol=1e-8)


def test_an_outlier_weighs_its_two_sided_false_discovery_rate() -> None:
    rng = np.random.default_rng(5)
    df = rng.integers(4, 9, 200).astype(float)
    variances = 0.3 * rng.chisquare(df) / df * 12 / rng.chisquare(12, 200)
    variances[:4] *= [12, 18, 1 / 40, 1 / 90]
    plain = fit_f_dist_unequal(variances, df)
    tails = f_distribution(df, float(plain.df))
    ratio = variances / plain.scale
    rate = adjust_p_values(np.minimum(1, 2 * np.minimum(tails.sf(ratio), tails.cdf(ratio))))
    assert ((rate > 0.01) & (rate < 0.3)).any()
    expected = fit_f_dist_unequal(variances, df, weights=np.where(rate <= 0.3, rate, 1.0))
    robust = squeeze_var(variances, df, robust=True)[1]
    np.testing.assert_allclose(robust.scale, expected.scale, rtol=1e-9)
    np.testing.assert_allclose(np.max(robust.df), expected.df, rtol=1e-9)


def test_the_versions_agree_on_complete_data_and_differ_on_missing() -> None:
    complete = [moderated_t(fit_linear_model(COMPLETE, FULL), limma=v).t for v in ("3.54", "3.63")]
    missing = [moderated_t(fit_linear_model(MISSING, FULL), limma=v).t for v in ("3.54", "3.63")]
    np.testing.assert_array_equal(complete[0], complete[1])
    assert np.nanmax(np.abs(missing[0] - missing[1])) > 1e-3


def test_a_prior_of_equal_variances_is_infinite_and_its_statistics_normal() -> None:
    variance = np.ones(50)
    posterior, prior = squeeze_var(variance, np.full(50, 10.0))
    assert prior.df == np.inf
    np.testing.assert_array_equal(posterior, variance)


def test_variances_that_differ_by_rounding_are_as_tied() -> None:
    variance = np.concatenate([np.random.default_rng(3).chisquare(4, 80) / 4, [60.0, 9.0], np.full(3, 5.0)])
    df = np.full(85, 4.0)
    tied = squeeze_var(variance, df, robust=True)[1].df
    assert len(np.unique(tied)) > 2
    variance[-3:] *= 1 + np.array([0.0, 1.0, -1.0]) * 1e-15
    np.testing.assert_allclose(squeeze_var(variance, df, robust=True)[1].df, tied, rtol=1e-12)


def test_no_variance_is_refused() -> None:
    with pytest.raises(ValueError, match="no gene has a residual variance"):
        squeeze_var(np.array([1.0, np.nan]), np.array([0.0, 0.0]))


def test_a_trend_refuses_a_gene_without_any_value() -> None:
    values = MISSING.copy()
    values[5] = np.nan
    with pytest.raises(ValueError, match="gene 6 has no value"):
        moderated_t(fit_linear_model(values, SMALL), trend=True)


def test_degrees_of_freedom_are_at_most_those_of_all_genes_pooled() -> None:
    """Genes of one variance have a prior of infinitely many; limma then takes the residual ones of all genes."""
    noise = np.array([1.0, -1.0, 0.5, -0.5, 0.0, 0.0])
    design = np.column_stack([np.ones(12), np.arange(12) < 6]).astype(float)
    values = np.array([np.concatenate([np.roll(noise, i), np.roll(noise, -i)]) for i in range(5)])
    moderated = moderated_t(fit_linear_model(values, design))
    assert np.isinf(moderated.prior.df).all()
    np.testing.assert_array_equal(moderated.df_total, np.full(5, 5 * 10.0))
