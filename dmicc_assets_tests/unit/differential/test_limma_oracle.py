"""Every limma table of the made-up cases: fits, moderation, TREAT, weights and counts.

Those of data with missing values are there twice, of limma 3.54 and of 3.63, which differ. `real/` asks the same of
real data.
"""

from functools import partial
from typing import Any, Protocol

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from dmicc_assets.expression.scale import log2_decision, to_log2
from dmicc_assets.stats.array_weights import array_weights
from dmicc_assets.stats.library_size import filter_by_expression, log_cpm, tmm_factors
from dmicc_assets.stats.linear_model import LinearFit, fit_contrasts, fit_linear_model, non_estimable
from dmicc_assets.stats.moderation import LimmaVersion, moderated_t
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.stats.top_table import top_table
from dmicc_assets.stats.voom import voom, voom_with_quality_weights
from dmicc_assets_tests.oracle import MADE_UP, Answers
from dmicc_assets_tests.oracle.linear import assert_equal_to_r, numbers, treat_of

ARRAYS = ["group_default", "group_trend", "group_robust", "cov_default", "cov_trend", "cov_robust", "aw_default"]
TABLES = {
    "arrays": ARRAYS,
    "synthetic": ["clean_default", "clean_trend", "clean_robust", "batch_contrast_approx_default"],
    "intensities": ["log2_default"],
    "counts": ["limmatrend", "voom_raw_default", "voom_tmm_default", "voom_qw_default", "voom_quantile_default"],
}
WITH_MISSING = [f"{model}_default" for model in ("noallna", "intercept", "batch", "group", "batch_contrast_approx")]
# A trend needs a mean for every gene, which `group` lacks.
WITH_MISSING += ["noallna_trend", "noallna_robust", "batch_trend", "batch_robust", "group_robust"]
FOLDERS: dict[LimmaVersion, str] = {"3.54": "limma", "3.63": "limma_3.63"}
ANSWERS: list[tuple[LimmaVersion, str, str]] = [("3.54", of, table) for of in TABLES for table in TABLES[of]]
ANSWERS.extend((version, "synthetic", table) for version in FOLDERS for table in WITH_MISSING)
# limma's search for the robust prior stops at 1e-8, which here shows: 4e-8 in its degrees of freedom.
COARSE = ("arrays", "cov_robust")
FITS = [("arrays", name) for name in ("group", "cov", "aw")]
FITS += [("synthetic", n) for n in ("group", "noallna", "intercept", "clean", "batch", "batch_contrast_approx")]


class Model(Protocol):
    """Genes, fit and the column of the difference of one model of a case."""

    def __call__(self, answers: Answers, case: str, model: str) -> tuple[list[str], LinearFit, int]: ...


def difference(
    values: np.ndarray, is_case: np.ndarray, *others: np.ndarray, weights: np.ndarray | None = None
) -> LinearFit:
    """Case less control as a contrast of the two groups' means, as the oracle has it."""
    fit = fit_linear_model(values, np.column_stack([~is_case, is_case, *others]).astype(float), weights=weights)
    contrast = np.array([[-1.0], [1.0], *([0.0] for _ in others)])
    return fit_contrasts(fit, contrast, ("difference",))


def two_groups(answers: Answers, case: str, model: str, label: str = "case") -> tuple[list[str], LinearFit, int]:
    genes, values, _ = answers.expression(case)
    samples = answers.case(case, "samples")
    is_case = (samples["group"] == label).to_numpy()
    if model == "cov":
        kept = samples.select(pl.all_horizontal(pl.col("sex", "age").is_not_null())).to_series().to_numpy()
        columns = [np.ones(len(kept)), is_case, samples["sex"] == "M", samples["age"].fill_null(0)]
        return genes, fit_linear_model(values[:, kept], np.column_stack(columns)[kept].astype(float)), 1
    design = np.column_stack([~is_case, is_case]).astype(float)
    weights = array_weights(values, design) if model == "aw" else None
    return genes, difference(values, is_case, weights=weights), 0


def with_every_defect(answers: Answers, case: str, model: str) -> tuple[list[str], LinearFit, int]:
    genes, values, _ = answers.expression(case)
    samples = answers.case(case, "samples")
    is_case, batch = (samples["group"] == "disease").to_numpy(), (samples["batch"] == "GSEb").to_numpy()
    kept = np.ones(len(genes), dtype=bool) if model == "group" else ~np.isnan(values).all(axis=1)
    if model == "clean":
        kept &= ~np.isnan(values).any(axis=1) & (values.std(axis=1) > 0)
        # As the oracle: without ten of the rows that have some value.
        valued = np.flatnonzero(~np.isnan(values).all(axis=1))
        kept[valued[1910:1920]] = False
    names, values = [genes[i] for i in np.flatnonzero(kept)], values[kept]
    if model in ("intercept", "batch"):
        design = np.column_stack([np.ones(len(is_case)), is_case, *([batch] if model == "batch" else [])])
        return names, fit_linear_model(values, design.astype(float)), 1
    return names, difference(values, is_case, *([batch] if model == "batch_contrast_approx" else [])), 0


def raw_intensities(answers: Answers, case: str, model: str) -> tuple[list[str], LinearFit, int]:
    assert model == "log2"
    genes, values, _ = answers.expression(case, "expression" if case == "intensities" else "expression_raw")
    # GSE781: titles of three normal samples say carcinoma, their source name is right; the made-up case has the same.
    is_case = ~answers.case(case, "samples")["source"].str.contains("normal").to_numpy()
    values = to_log2(values, log2_decision(values))
    return genes, fit_linear_model(values, np.column_stack([np.ones(len(is_case)), is_case]).astype(float)), 1


def counts_of(answers: Answers) -> tuple[list[str], NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    """Genes, counts, which samples are cases, and the design."""
    genes, counts, _ = answers.expression("counts", "counts")
    group = answers.case("counts", "samples")["group"]
    is_case = (group != group[0]).to_numpy()
    return genes, counts, is_case, np.column_stack([np.ones(len(is_case)), is_case]).astype(float)


def counted(answers: Answers, case: str, model: str) -> tuple[list[str], LinearFit, int]:
    genes, counts, is_case, design = counts_of(answers)
    if model in ("voom_raw", "voom_quantile"):
        logs = voom(counts, design, normalise=model == "voom_quantile")
        return genes, fit_linear_model(logs.values, design, weights=logs.weights), 1
    kept = filter_by_expression(counts, is_case)
    names, factors = [gene for gene, keep in zip(genes, kept, strict=True) if keep], tmm_factors(counts[kept])
    if model == "limmatrend":
        return names, fit_linear_model(log_cpm(counts[kept], factors=factors, prior_count=3), design), 1
    logs = (voom if model == "voom_tmm" else voom_with_quality_weights)(counts[kept], design, factors=factors)
    return names, fit_linear_model(logs.values, design, weights=logs.weights), 1


CASES: dict[str, Model] = {
    "arrays": two_groups,
    "synthetic": with_every_defect,
    "intensities": raw_intensities,
    "counts": counted,
    "all_bcrabl": partial(two_groups, label="BCR_ABL"),
    "gse781": raw_intensities,
}


@pytest.mark.parametrize(("limma", "case", "name"), ANSWERS)
def test_tables_equal_limma(limma: LimmaVersion, case: str, name: str) -> None:
    assert_table(MADE_UP, FOLDERS[limma], limma, case, name)


def assert_table(answers: Answers, folder: str, limma: LimmaVersion, case: str, name: str) -> None:
    """A moderated table, its prior and its counts equal limma's."""
    model, _, moderation = name.rpartition("_") if name != "limmatrend" else ("limmatrend", "", "trend")
    genes, fit, k = CASES[case](answers, case, model)
    moderated = moderated_t(fit, limma=limma, trend=moderation == "trend", robust=moderation == "robust")
    theirs = answers.table(folder, f"{case}__{name}")
    at = rows_of(genes, theirs)
    table = top_table(fit, moderated, fit.names[k], genes, sort_by="none")
    pairs = {"logFC": "log_fc", "AveExpr": "ave_expr", "t": "t", "B": "b", "CI.L": "ci_low", "CI.R": "ci_high"}
    pairs |= {"P.Value": "p_value", "adj.P.Val": "adj_p_value"}
    wide = {"s2.prior": moderated.prior.scale, "df.prior": moderated.prior.df}
    wide |= {"s2.post": moderated.variance, "df.total": moderated.df_total}
    assert set(theirs.columns) <= {"id", *pairs, *wide}
    for column in theirs.columns[1:]:
        if column in pairs:
            ours = numbers(table, pairs[column])[at, 0]
        else:
            ours = np.broadcast_to(wide[column], len(genes))[at]
        expected = numbers(theirs, column)[:, 0]
        if (case, name) == COARSE:
            np.testing.assert_allclose(ours, expected, rtol=1e-6)
        else:
            assert_equal_to_r(ours, expected, is_p=column in ("P.Value", "adj.P.Val"))
    summary = answers.summary(folder, f"{case}__{name}")
    extremes = [[np.min(v), np.max(v)] for v in (moderated.prior.df, moderated.prior.scale)]
    rtol = 1e-6 if (case, name) == COARSE else 1e-8
    np.testing.assert_allclose(extremes, [summary["df.prior.range"], summary["s2.prior.range"]], rtol=rtol)
    np.testing.assert_allclose(moderated.coefficient_prior, np.atleast_1d(summary["var.prior"]), rtol=rtol)
    assert top_table(fit, moderated, fit.names[k], genes, number=20)["gene"].to_list() == summary["top20"]
    assert_counts(table, summary)


def rows_of(genes: list[str], theirs: pl.DataFrame) -> list[int]:
    row = {gene: i for i, gene in enumerate(genes)}
    return [row[gene] for gene in theirs["id"]]


def assert_counts(table: pl.DataFrame, summary: dict[str, Any]) -> None:
    """How many genes pass limma's usual thresholds."""
    tested = table.filter(pl.col("adj_p_value").is_not_null())
    adjusted, raw, size = tested["adj_p_value"] < 0.05, tested["p_value"] < 0.05, tested["log_fc"].abs()
    found = {
        "n_tested": len(tested),
        "n_adjp05": adjusted.sum(),
        "n_adjp05_lfc05": (adjusted & (size > 0.5)).sum(),
        "n_adjp05_lfc1": (adjusted & (size > 1)).sum(),
        "n_p05_lfc1": (raw & (size > 1)).sum(),
    }
    assert found == {key: summary[key] for key in found}


@pytest.mark.parametrize(("case", "name"), FITS)
def test_fits_equal_limma(case: str, name: str) -> None:
    assert_fit(MADE_UP, "limma", case, name)
    if case == "synthetic" and name != "clean":
        assert_fit(MADE_UP, "limma_3.63", case, name)


def assert_fit(answers: Answers, folder: str, case: str, name: str) -> None:
    """A fit before moderation equals limma's."""
    genes, fit, k = CASES[case](answers, case, name)
    theirs = answers.table(folder, f"{case}__{name}__fit")
    at = rows_of(genes, theirs)
    ours = (fit.coefficients[:, k], fit.stdev_unscaled[:, k], fit.sigma, fit.df_residual, fit.ave_expr)
    columns = ("coefficient", "stdev.unscaled", "sigma", "df.residual", "Amean")
    for value, column in zip(ours, columns, strict=True):
        assert_equal_to_r(value[at], numbers(theirs, column)[:, 0])


def test_array_weights_equal_limma() -> None:
    assert_array_weights(MADE_UP, "arrays", "case")


def assert_array_weights(answers: Answers, case: str, label: str) -> None:
    """Weights of arrays equal limma's."""
    _, values, _ = answers.expression(case)
    is_case = (answers.case(case, "samples")["group"] == label).to_numpy()
    design = np.column_stack([~is_case, is_case]).astype(float)
    theirs = answers.table("limma", f"{case}__arrayweights")
    # limma takes REML by itself when no value is missing.
    for column in ("weight", "weight_reml"):
        assert_equal_to_r(array_weights(values, design), theirs[column].to_numpy())


def test_treat_equals_limma() -> None:
    assert_treat(MADE_UP, "arrays")


def assert_treat(answers: Answers, case: str) -> None:
    """TREAT at a fold change of 1.2 equals limma's."""
    genes, fit, _ = CASES[case](answers, case, "group")
    theirs = answers.table("limma", f"{case}__group_treat")
    t, p = (found[:, 0] for found in treat_of(fit, float(np.log2(1.2)), limma="3.54"))
    at = rows_of(genes, theirs)
    assert_equal_to_r(fit.coefficients[at, 0], theirs["logFC"].to_numpy())
    assert_equal_to_r(fit.ave_expr[at], theirs["AveExpr"].to_numpy())
    assert_equal_to_r(t[at], theirs["t"].to_numpy())
    assert_equal_to_r(p[at], theirs["P.Value"].to_numpy(), is_p=True)
    assert_equal_to_r(adjust_p_values(p)[at], theirs["adj.P.Val"].to_numpy(), is_p=True)


def test_counts_equal_edger_and_voom() -> None:
    genes, counts, is_case, design = counts_of(MADE_UP)
    kept, samples = filter_by_expression(counts, is_case), MADE_UP.table("voom", "samples")
    assert kept.tolist() == MADE_UP.table("voom", "filterByExpr")["keep"].to_list()
    factors = tmm_factors(counts[kept])
    assert_equal_to_r(factors, samples["norm.factors"].to_numpy())
    quality = voom_with_quality_weights(counts[kept], design, factors=factors)
    np.testing.assert_allclose(quality.sample_weights, samples["qw"], rtol=1e-7)
    assert_rows(log_cpm(counts), genes, "logcpm_prior2_nonorm")
    names = [gene for gene, keep in zip(genes, kept, strict=True) if keep]
    raw, scaled = voom(counts, design), voom(counts[kept], design, factors=factors)
    for ours, rows, name in ((raw, genes, "v0"), (scaled, names, "v")):
        assert_rows(ours.values, rows, f"{name}_E")
        assert_rows(ours.weights, rows, f"{name}_weights", rtol=1e-7)


def assert_rows(ours: np.ndarray, genes: list[str], name: str, rtol: float = 1e-8) -> None:
    """The rows that R's answer keeps are equal."""
    theirs = MADE_UP.table("voom", name)
    row = {gene: i for i, gene in enumerate(genes)}
    at = [row[gene] for gene in theirs["gene"]]
    assert len(at) > 100
    np.testing.assert_allclose(ours[at], numbers(theirs[:, 1:]), rtol=rtol, atol=1e-9)


@pytest.mark.parametrize("limma", FOLDERS)
def test_what_limma_refuses_is_refused(limma: LimmaVersion) -> None:
    _, fit, _ = with_every_defect(MADE_UP, "synthetic", "group")
    error = MADE_UP.summary(FOLDERS[limma], "synthetic__group_trend_error")
    assert error["trend_with_all_NA_row"] != "ok"
    with pytest.raises(ValueError, match="a trend needs the mean expression of every gene: gene"):
        moderated_t(fit, trend=True, limma=limma)
    samples = MADE_UP.case("synthetic", "samples")
    one, batch = np.ones(len(samples)), samples["batch"] == "GSEb"
    design = np.column_stack([one, samples["group"] == "disease", batch, batch]).astype(float)
    theirs = MADE_UP.summary(FOLDERS[limma], "synthetic__rankdef")["nonEstimable"]
    assert non_estimable(design, ("(Intercept)", "gdisease", "bGSEb", "dup")) == [theirs]
    with pytest.raises(ValueError, match="'x4' is confounded with the other columns"):
        fit_linear_model(np.ones((3, len(samples))), design)
