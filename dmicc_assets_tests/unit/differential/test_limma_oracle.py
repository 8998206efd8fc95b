"""Every limma table of the development oracle: fits, moderation, TREAT, weights and counts on real and made-up data.

Those of data with missing values are there twice, of limma 3.54 and of 3.63, which differ.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from dmicc_assets.expression.scale import log2_decision, to_log2
from dmicc_assets.stats.array_weights import array_weights
from dmicc_assets.stats.contrast_tests import treat
from dmicc_assets.stats.library_size import filter_by_expression, log_cpm, tmm_factors
from dmicc_assets.stats.linear_model import LinearFit, fit_contrasts, fit_linear_model, non_estimable
from dmicc_assets.stats.moderation import LimmaVersion, moderated_t
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.stats.top_table import top_table
from dmicc_assets.stats.voom import voom, voom_with_quality_weights
from dmicc_assets_tests.oracle.linear import assert_equal_to_r, numbers

TABLES = {
    "all_bcrabl": [
        *("group_default", "group_trend", "group_robust", "cov_default", "cov_trend", "cov_robust", "aw_default"),
    ],
    "synthetic": ["clean_default", "clean_trend", "clean_robust", "batch_contrast_approx_default"],
    "gse781": ["log2_default"],
    "counts": ["limmatrend", "voom_raw_default", "voom_tmm_default", "voom_qw_default", "voom_quantile_default"],
}
WITH_MISSING = [f"{model}_default" for model in ("noallna", "intercept", "batch", "group", "batch_contrast_approx")]
# A trend needs a mean for every gene, which `group` lacks.
WITH_MISSING += ["noallna_trend", "noallna_robust", "batch_trend", "batch_robust", "group_robust"]
FOLDERS: dict[LimmaVersion, str] = {"3.54": "golden/limma", "3.63": "golden_limma_3.63/limma"}
ANSWERS: list[tuple[LimmaVersion, str, str]] = [("3.54", of, table) for of in TABLES for table in TABLES[of]]
ANSWERS.extend((version, "synthetic", table) for version in FOLDERS for table in WITH_MISSING)
FITS = [("all_bcrabl", name) for name in ("group", "cov", "aw")]
FITS += [("synthetic", n) for n in ("group", "noallna", "intercept", "clean", "batch", "batch_contrast_approx")]


def read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, separator="\t", null_values=["NA", "NaN"], infer_schema_length=None)


def expression(shared: Path, case: str, file: str = "expression") -> tuple[list[str], np.ndarray]:
    table = read(shared / f"oracle/cases/{case}/{file}.tsv.gz")
    return table[:, 0].to_list(), numbers(table[:, 1:])


def difference(
    values: np.ndarray, is_case: np.ndarray, *others: np.ndarray, weights: np.ndarray | None = None
) -> LinearFit:
    """Case less control as a contrast of the two groups' means, as the oracle has it."""
    fit = fit_linear_model(values, np.column_stack([~is_case, is_case, *others]).astype(float), weights=weights)
    contrast = np.array([[-1.0], [1.0], *([0.0] for _ in others)])
    return fit_contrasts(fit, contrast, ("difference",))


def leukaemia(shared: Path, model: str) -> tuple[list[str], LinearFit, int]:
    genes, values = expression(shared, "all_bcrabl")
    samples = read(shared / "oracle/cases/all_bcrabl/samples.tsv")
    is_case = (samples["group"] == "BCR_ABL").to_numpy()
    if model == "cov":
        kept = samples.select(pl.all_horizontal(pl.col("sex", "age").is_not_null())).to_series().to_numpy()
        columns = [np.ones(len(kept)), is_case, samples["sex"] == "M", samples["age"].fill_null(0)]
        return genes, fit_linear_model(values[:, kept], np.column_stack(columns)[kept].astype(float)), 1
    design = np.column_stack([~is_case, is_case]).astype(float)
    weights = array_weights(values, design) if model == "aw" else None
    return genes, difference(values, is_case, weights=weights), 0


def made_up(shared: Path, model: str) -> tuple[list[str], LinearFit, int]:
    genes, values = expression(shared, "synthetic")
    samples = read(shared / "oracle/cases/synthetic/samples.tsv")
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


def kidney(shared: Path, model: str) -> tuple[list[str], LinearFit, int]:
    assert model == "log2"
    genes, values = expression(shared, "gse781", "expression_raw")
    # GSE781: titles of three normal samples say carcinoma, their source name is right
    is_case = ~read(shared / "oracle/cases/gse781/samples.tsv")["source"].str.contains("normal").to_numpy()
    values = to_log2(values, log2_decision(values))
    return genes, fit_linear_model(values, np.column_stack([np.ones(len(is_case)), is_case]).astype(float)), 1


def counted(shared: Path, model: str) -> tuple[list[str], LinearFit, int]:
    genes, counts = expression(shared, "counts", "counts")
    group = read(shared / "oracle/cases/counts/samples.tsv")["group"]
    is_case = (group != group[0]).to_numpy()
    design = np.column_stack([np.ones(len(is_case)), is_case]).astype(float)
    if model in ("voom_raw", "voom_quantile"):
        logs = voom(counts, design, normalise=model == "voom_quantile")
        return genes, fit_linear_model(logs.values, design, weights=logs.weights), 1
    kept = filter_by_expression(counts, is_case)
    names, factors = [gene for gene, keep in zip(genes, kept, strict=True) if keep], tmm_factors(counts[kept])
    if model == "limmatrend":
        return names, fit_linear_model(log_cpm(counts[kept], factors=factors, prior_count=3), design), 1
    logs = (voom if model == "voom_tmm" else voom_with_quality_weights)(counts[kept], design, factors=factors)
    return names, fit_linear_model(logs.values, design, weights=logs.weights), 1


CASES = {"all_bcrabl": leukaemia, "synthetic": made_up, "gse781": kidney, "counts": counted}


@pytest.mark.parametrize(("limma", "case", "name"), ANSWERS)
def test_tables_equal_limma(shared: Path, limma: LimmaVersion, case: str, name: str) -> None:
    folder = shared / "oracle" / FOLDERS[limma]
    model, _, moderation = name.rpartition("_") if name != "limmatrend" else ("limmatrend", "", "trend")
    genes, fit, k = CASES[case](shared, model)
    moderated = moderated_t(fit, limma=limma, trend=moderation == "trend", robust=moderation == "robust")
    theirs = read(folder / f"{case}__{name}.tsv.gz")
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
        assert_equal_to_r(ours, numbers(theirs, column)[:, 0], is_p=column in ("P.Value", "adj.P.Val"))
    summary = json.loads((folder / f"{case}__{name}.json").read_text())
    extremes = [[np.min(v), np.max(v)] for v in (moderated.prior.df, moderated.prior.scale)]
    np.testing.assert_allclose(extremes, [summary["df.prior.range"], summary["s2.prior.range"]], rtol=1e-8)
    np.testing.assert_allclose(moderated.coefficient_prior, np.atleast_1d(summary["var.prior"]), rtol=1e-8)
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
def test_fits_equal_limma(shared: Path, case: str, name: str) -> None:
    genes, fit, k = CASES[case](shared, name)
    newer = shared / f"oracle/golden_limma_3.63/limma/{case}__{name}__fit.tsv.gz"
    for path in (shared / f"oracle/golden/limma/{case}__{name}__fit.tsv.gz", newer):
        if not path.exists() and path == newer:
            continue
        theirs = read(path)
        assert genes == theirs["id"].to_list()
        ours = (fit.coefficients[:, k], fit.stdev_unscaled[:, k], fit.sigma, fit.df_residual, fit.ave_expr)
        columns = ("coefficient", "stdev.unscaled", "sigma", "df.residual", "Amean")
        for value, column in zip(ours, columns, strict=True):
            assert_equal_to_r(value, numbers(theirs, column)[:, 0])


def test_array_weights_equal_limma(shared: Path) -> None:
    _, values = expression(shared, "all_bcrabl")
    is_case = (read(shared / "oracle/cases/all_bcrabl/samples.tsv")["group"] == "BCR_ABL").to_numpy()
    design = np.column_stack([~is_case, is_case]).astype(float)
    theirs = read(shared / "oracle/golden/limma/all_bcrabl__arrayweights.tsv")
    # limma takes REML by itself when no value is missing.
    for column in ("weight", "weight_reml"):
        assert_equal_to_r(array_weights(values, design), theirs[column].to_numpy())


def test_treat_equals_limma(shared: Path) -> None:
    genes, fit, _ = leukaemia(shared, "group")
    theirs = read(shared / "oracle/golden/limma/all_bcrabl__group_treat.tsv.gz")
    t, p = (found[:, 0] for found in treat(fit, float(np.log2(1.2)), limma="3.54"))
    at = [genes.index(gene) for gene in theirs["id"]]
    assert_equal_to_r(fit.coefficients[at, 0], theirs["logFC"].to_numpy())
    assert_equal_to_r(fit.ave_expr[at], theirs["AveExpr"].to_numpy())
    assert_equal_to_r(t[at], theirs["t"].to_numpy())
    assert_equal_to_r(p[at], theirs["P.Value"].to_numpy(), is_p=True)
    assert_equal_to_r(adjust_p_values(p)[at], theirs["adj.P.Val"].to_numpy(), is_p=True)


def test_counts_equal_edger_and_voom(shared: Path) -> None:
    folder = shared / "oracle/golden/voom"
    _, counts = expression(shared, "counts", "counts")
    group = read(shared / "oracle/cases/counts/samples.tsv")["group"]
    is_case = (group != group[0]).to_numpy()
    design = np.column_stack([np.ones(len(is_case)), is_case]).astype(float)
    kept, samples = filter_by_expression(counts, is_case), read(folder / "samples.tsv")
    assert (
        kept.tolist() == read(folder / "filterByExpr.tsv.gz")["keep"].cast(str).str.to_lowercase().eq("true").to_list()
    )
    assert_equal_to_r(log_cpm(counts), numbers(read(folder / "logcpm_prior2_nonorm.tsv.gz")[:, 1:]))
    factors = tmm_factors(counts[kept])
    assert_equal_to_r(factors, samples["norm.factors"].to_numpy())
    quality = voom_with_quality_weights(counts[kept], design, factors=factors)
    np.testing.assert_allclose(quality.sample_weights, samples["qw"], rtol=1e-7)
    for ours, name in ((voom(counts, design), "v0"), (voom(counts[kept], design, factors=factors), "v")):
        assert_equal_to_r(ours.values, numbers(read(folder / f"{name}_E.tsv.gz")[:, 1:]))
        np.testing.assert_allclose(ours.weights, numbers(read(folder / f"{name}_weights.tsv.gz")[:, 1:]), rtol=1e-7)


@pytest.mark.parametrize("limma", FOLDERS)
def test_what_limma_refuses_is_refused(shared: Path, limma: LimmaVersion) -> None:
    folder = shared / "oracle" / FOLDERS[limma]
    _, fit, _ = made_up(shared, "group")
    assert json.loads((folder / "synthetic__group_trend_error.json").read_text())["trend_with_all_NA_row"] != "ok"
    with pytest.raises(ValueError, match="a trend needs the mean expression of every gene: gene"):
        moderated_t(fit, trend=True, limma=limma)
    samples = read(shared / "oracle/cases/synthetic/samples.tsv")
    one, batch = np.ones(len(samples)), samples["batch"] == "GSEb"
    design = np.column_stack([one, samples["group"] == "disease", batch, batch]).astype(float)
    theirs = json.loads((folder / "synthetic__rankdef.json").read_text())["nonEstimable"]
    assert non_estimable(design, ("(Intercept)", "gdisease", "bGSEb", "dup")) == [theirs]
    with pytest.raises(ValueError, match="'x4' is confounded with the other columns"):
        fit_linear_model(np.ones((3, len(samples))), design)
