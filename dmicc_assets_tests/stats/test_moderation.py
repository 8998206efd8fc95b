"""Every kind of fit and moderation against limma 3.54, priors against 3.63, and all of 3.63 on the development data."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from dmicc_assets.stats.linear_model import LinearFit, fit_contrasts, fit_linear_model
from dmicc_assets.stats.moderation import moderated_t, squeeze_var
from dmicc_assets_tests.golden.linear import assert_equal_to_r, designs, expression, golden, numbers

SMALL, FULL, SAMPLES = designs()
COMPLETE, MISSING = expression("complete")[1], expression("missing")[1]
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
    for column, value in ours.items():
        # limma's root finder stops at 1e-8 of its own scale, behind a lowess: 1e-6 for trend with robust.
        both = variant in ("both", "missing_both")
        np.testing.assert_allclose(
            value, numbers(theirs, column)[:, 0], atol=1e-6 if both else 1e-9, rtol=1e-6 if both else 1e-8
        )
    assert_equal_to_r(moderated.p_value[:, 1], numbers(theirs, "P.Value")[:, 0], is_p=True)
    prior = golden("priors").filter(pl.col("variant") == variant)
    np.testing.assert_allclose(moderated.coefficient_prior[1], prior["var_prior"][0], rtol=1e-8)


def test_contrasts_with_missing_values_are_limmas_approximation() -> None:
    batch = SAMPLES["batch"].to_numpy()
    design = np.column_stack([batch == "a", batch == "b", batch == "c", SAMPLES["age"]]).astype(float)
    contrasts = np.array([[-1, -1, 0], [1, 0, -1], [0, 1, 1], [0, 0, 0]], dtype=float)
    fit = fit_contrasts(fit_linear_model(MISSING, design), contrasts, ("ab", "ac", "bc"))
    theirs = numbers(golden("contrasts_missing"))
    assert_equal_to_r(fit.coefficients, theirs[:, :3])
    assert_equal_to_r(fit.stdev_unscaled, theirs[:, 3:])


# What limma answers: a trend needs a mean for every gene, which `group` lacks.
ORACLE = [(name, "default") for name in ("noallna", "intercept", "batch", "group", "batch_contrast_approx")]
ORACLE += [(name, "robust") for name in ("noallna", "batch", "group")] + [("noallna", "trend"), ("batch", "trend")]


def _oracle_fit(folder: Path, name: str) -> tuple[list[str], LinearFit, int]:
    table = pl.read_csv(
        folder / "cases/synthetic/expression.tsv.gz", separator="\t", null_values="NA", infer_schema_length=None
    )
    samples = pl.read_csv(folder / "cases/synthetic/samples.tsv", separator="\t")
    values = numbers(table[:, 1:])
    keep = ~np.isnan(values).all(axis=1) | (name == "group")
    case, batch = (samples["group"] == "disease").to_numpy(), (samples["batch"] == "GSEb").to_numpy()
    genes = [gene for gene, kept in zip(table["gene"].to_list(), keep, strict=True) if kept]
    one = np.ones(len(case))
    if name in ("intercept", "batch"):
        columns = [one, case] if name == "intercept" else [one, case, batch]
        return genes, fit_linear_model(values[keep], np.column_stack(columns).astype(float)), 1
    # The contrast beside a batch is limma's approximation where values are missing.
    columns = [~case, case, *([batch] if name == "batch_contrast_approx" else [])]
    fit = fit_linear_model(values[keep], np.column_stack(columns).astype(float))
    contrast = np.array([[-1.0], [1.0], [0.0]])[: len(columns)]
    return genes, fit_contrasts(fit, contrast, ("difference",)), 0


@pytest.mark.parametrize(("name", "moderation"), ORACLE)
@pytest.mark.parametrize("limma", ["3.54", "3.63"])
def test_unequal_degrees_of_freedom_follow_the_version_asked_for(
    shared: Path, name: str, moderation: str, limma: str
) -> None:
    oracle = shared / "oracle"
    path = oracle / ("golden" if limma == "3.54" else "golden_limma_3.63") / "limma"
    path = path / f"synthetic__{name}_{moderation}.tsv.gz"
    genes, fit, k = _oracle_fit(oracle, name)
    kind = {"default": {}, "trend": {"trend": True}, "robust": {"robust": True}}[moderation]
    moderated = moderated_t(fit, limma="3.54" if limma == "3.54" else "3.63", **kind)
    theirs = pl.read_csv(path, separator="\t", null_values=["NA", "NaN"], infer_schema_length=None)
    rows = [genes.index(gene) for gene in theirs["id"]]
    assert_equal_to_r(moderated.t[rows, k], numbers(theirs, "t")[:, 0])
    assert_equal_to_r(moderated.log_odds[rows, k], numbers(theirs, "B")[:, 0])
    assert_equal_to_r(moderated.p_value[rows, k], numbers(theirs, "P.Value")[:, 0], is_p=True)
    prior = json.loads(path.with_name(path.name.replace(".tsv.gz", ".json")).read_text())
    np.testing.assert_allclose(
        [np.min(moderated.prior.df), np.max(moderated.prior.df)], prior["df.prior.range"], rtol=1e-8
    )


@pytest.mark.parametrize("kind", ["default", "trend", "robust"])
def test_priors_of_unequal_degrees_of_freedom_equal_limma_3_63(kind: str) -> None:
    table, priors = golden("unequal_df"), golden("unequal_df_priors").filter(variant=kind)
    variances, df = numbers(table, "sigma")[:, 0] ** 2, numbers(table, "df")[:, 0]
    covariate = numbers(table, "mean")[:, 0] if kind == "trend" else None
    prior = squeeze_var(variances, df, covariate, robust=kind == "robust")[1]
    for ours, name in ((prior.df, "df"), (prior.scale, "scale")):
        theirs = numbers(priors, f"{name}_low", f"{name}_high")[0]
        np.testing.assert_allclose([np.min(ours), np.max(ours)], theirs, rtol=1e-8)
    for ours, name in ((prior.scale, "trend_scale"), (prior.df, "robust_df")):
        theirs = numbers(table, name)[:, 0]
        if name.startswith(kind):
            np.testing.assert_allclose(np.where(np.isnan(theirs), np.nan, ours), theirs, rtol=1e-8)


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
