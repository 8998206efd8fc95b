"""A cohort's statistics and the genes that count, as the R script of the study gives them."""

import dataclasses
import gzip
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dmicc_assets.differential.statistics import differential_design, differential_genes, differential_statistics
from dmicc_assets.expression.collapse import collapse_probes
from dmicc_assets.expression.scale import log2_decision, to_log2
from dmicc_assets.stats.duplicate_correlation import duplicate_correlation
from dmicc_assets.stats.linear_model import fit_linear_model
from dmicc_assets.stats.moderation import moderated_t
from dmicc_assets.stats.quantile_normalisation import quantile_normalise
from dmicc_assets.study.schema import Differential
from dmicc_assets.types import CaseControl, ExpressionMatrix
from dmicc_assets_tests.oracle.linear import assert_equal_to_r, designs, expression, golden, numbers

GENES, VALUES = expression("missing")
SAMPLES = designs()[2]


def _subject(**changes: object) -> CaseControl:
    subject = CaseControl(
        name="ra",
        kind="cohort",
        matrix=ExpressionMatrix(VALUES, tuple(GENES), tuple(SAMPLES["sample"])),
        is_case=(SAMPLES["group"] == "case").to_numpy(),
        dataset=tuple(SAMPLES["batch"]),
        patient=tuple(str(p) for p in SAMPLES["patient"]),
    )
    return dataclasses.replace(subject, **changes)


def test_statistics_equal_limma_and_say_how_many_values_they_stand_on() -> None:
    table = differential_statistics(_subject(), Differential(limma="3.54"), "none")
    theirs = golden("statistics").filter(variant="missing")
    assert table.columns == [
        *("gene", "log_fc", "ave_expr", "t", "p_value", "adj_p_value", "b"),
        *("ci_low", "ci_high", "sigma", "df_total", "n_case", "n_control"),
    ]
    assert table["gene"].to_list() == GENES
    pairs = {"log_fc": "logFC", "t": "t", "b": "B", "ci_low": "CI.L", "sigma": "sigma", "df_total": "df.total"}
    for ours, column in pairs.items():
        assert_equal_to_r(numbers(table, ours), numbers(theirs, column))
    assert_equal_to_r(numbers(table, "p_value"), numbers(theirs, "P.Value"), is_p=True)
    lacking = table.filter(gene="G226").row(0, named=True)
    assert (lacking["log_fc"], lacking["p_value"], lacking["n_case"], lacking["n_control"]) == (None, None, 15, 0)


def test_datasets_are_covariates_only_when_asked_for() -> None:
    assert differential_design(_subject(), Differential(), "none")[1] == ["(Intercept)", "case"]
    assert differential_design(_subject(), Differential(), "combat")[1] == ["(Intercept)", "case"]
    names = differential_design(_subject(), Differential(), "covariate")[1]
    assert names == ["(Intercept)", "case", "dataset b", "dataset c"]


def test_a_fixed_block_compares_within_patients() -> None:
    # Twelve patients, each with a case and a control sample: the paired t-test's estimate.
    paired = np.repeat(np.arange(12), 2)
    subject = _subject(is_case=np.tile([True, False], 12), dataset=("d",) * 24, patient=tuple(f"p{i}" for i in paired))
    table = differential_statistics(subject, Differential(block="fixed"), "covariate")
    differences = VALUES[:, ::2] - VALUES[:, 1::2]
    complete = ~np.isnan(differences).any(axis=1)
    ours = table["log_fc"].to_numpy()[complete]
    np.testing.assert_allclose(ours, differences[complete].mean(axis=1), atol=1e-9)


@pytest.mark.parametrize("values", ["complete", "missing"])
def test_a_fixed_block_equals_limmas(values: str) -> None:
    matrix = ExpressionMatrix(expression(values)[1], tuple(GENES), tuple(SAMPLES["sample"]))
    patient = tuple(str(i) for i in np.repeat(np.arange(12), 2))
    subject = _subject(is_case=np.tile([True, False], 12), dataset=("d",) * 24, patient=patient, matrix=matrix)
    table = differential_statistics(subject, Differential(block="fixed", limma="3.54"), "covariate")
    theirs = golden("blocked").filter(values=values)
    assert table["gene"].to_list() == theirs["gene"].to_list()
    for column in ("log_fc", "ci_low", "ci_high", "ave_expr", "t", "b", "p_value", "adj_p_value"):
        is_p = column in ("p_value", "adj_p_value")
        assert_equal_to_r(numbers(table, column), numbers(theirs, column), is_p=is_p)


def test_a_patient_is_one_within_its_dataset_only() -> None:
    subject = _subject(dataset=("x",) * 12 + ("y",) * 12, patient=("p",) * 24, is_case=np.tile([True, False], 12))
    names = differential_design(subject, Differential(block="fixed"), "covariate")[1]
    assert names == ["(Intercept)", "case", "patient y/p"]


def test_duplicate_correlation_is_generalised_least_squares_with_the_consensus() -> None:
    subject = _subject(dataset=("d",) * 24)
    table = differential_statistics(subject, Differential(block="duplicate_correlation"), "covariate")
    design, _ = differential_design(subject, Differential(), "covariate")
    block = [f"d/{p}" for p in subject.patient]
    correlation = duplicate_correlation(VALUES, design, block).matrix(block)
    expected = moderated_t(fit_linear_model(VALUES, design, correlation=correlation))
    np.testing.assert_allclose(numbers(table, "t")[:, 0], expected.t[:, 1], rtol=1e-12)


def test_sample_weights_reach_the_fit() -> None:
    weights = SAMPLES["weight"].to_numpy()
    table = differential_statistics(_subject(), Differential(limma="3.54"), "none", weights=weights)
    theirs = golden("statistics").filter(variant="missing_sample_weights")
    assert_equal_to_r(numbers(table, "t"), numbers(theirs, "t"))


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="cohort ra has no control sample"):
        differential_statistics(_subject(is_case=np.ones(24, dtype=bool)), Differential(), "none")
    is_a = np.array([b == "a" for b in SAMPLES["batch"]])
    two = tuple("x" if a else "y" for a in is_a)
    with pytest.raises(ValueError, match="'dataset y' is confounded"):
        differential_statistics(_subject(is_case=is_a, dataset=two), Differential(), "covariate")
    with pytest.raises(ValueError, match="sample S01 of ra has no patient"):
        differential_statistics(_subject(patient=(None,) * 24), Differential(block="fixed"), "none")
    values = VALUES.copy()
    values[4] = np.nan
    empty = _subject(matrix=ExpressionMatrix(values, tuple(GENES), tuple(SAMPLES["sample"])))
    with pytest.raises(ValueError, match="gene G005 has no value in ra"):
        differential_statistics(empty, Differential(trend=True), "none")


def test_thresholds_choose_the_genes_and_directions() -> None:
    table = pl.DataFrame(
        {
            "gene": ["up", "down", "weak", "edge", "vague", "none"],
            "log_fc": [2.0, -1.5, 0.9, 1.0, 3.0, None],
            "p_value": [0.001, 0.01, 0.001, 0.049, 0.05, None],
            "adj_p_value": [0.006, 0.03, 0.003, 0.06, 0.06, None],
        }
    )
    chosen = differential_genes(table, Differential())
    assert chosen.select("gene", "direction").rows() == [("up", "up"), ("down", "down"), ("edge", "up")]
    assert differential_genes(table, Differential(adjust="BH"))["gene"].to_list() == ["up", "down"]
    assert chosen.columns == ["gene", "log_fc", "p_value", "adj_p_value", "direction"]


def _series(path: Path) -> tuple[list[list[str]], pl.DataFrame]:
    lines = gzip.decompress(path.read_bytes()).decode().split("\n")
    start, stop = lines.index("!series_matrix_table_begin"), lines.index("!series_matrix_table_end")
    texts = [line for line in lines[:start] if line.startswith("!Sample_characteristics_ch1")]
    table = pl.read_csv(
        "\n".join(lines[start + 1 : stop]).encode(),
        separator="\t",
        null_values=["null", "NA", ""],
        infer_schema_length=None,
    )
    return [[text.strip('"') for text in line.split("\t")[1:]] for line in texts], table


def _probe_genes(path: Path) -> pl.DataFrame:
    lines = gzip.decompress(path.read_bytes()).decode("latin-1").split("\n")
    start, stop = lines.index("!platform_table_begin"), lines.index("!platform_table_end")
    rows = [line.split("\t") for line in lines[start + 1 : stop]]
    at = rows[0].index("Gene symbol")
    symbols = [sorted({s.strip() for s in row[at].split("///")} - {"", "---"}) for row in rows[1:]]
    return pl.DataFrame(
        {
            "probe": [row[0] for row in rows[1:]],
            "gene": [s[0] if len(s) == 1 else None for s in symbols],
            "n_symbols": [len(s) for s in symbols],
        }
    )


@pytest.mark.parametrize("limma", ["3.54", "3.63"])
def test_the_real_hcc_cohort_equals_r_from_the_series_matrix_to_the_genes(shared: Path, limma: str) -> None:
    name = "GSE14520-GPL571"
    text, table = _series(shared / f"geo/series/GSE14nnn/GSE14520/matrix/{name}_series_matrix.txt.gz")
    values = numbers(table[:, 1:])
    values = to_log2(values, log2_decision(values))
    genes = _probe_genes(shared / "geo/platforms/GPLnnn/GPL571/annot/GPL571.annot.gz")
    matrix = ExpressionMatrix(values, tuple(table[:, 0]), tuple(table.columns[1:]))
    matrix = collapse_probes(matrix, genes, "mean").matrix
    case = np.array(["Tissue: Liver Tumor Tissue" in t for t in text[0]])
    control = np.array(["Liver Non-Tumor Tissue" in t for t in text[0]])
    kept = [s for s, used in zip(matrix.samples, case | control, strict=True) if used]
    n = len(kept)
    subject = CaseControl("hcc", "cohort", matrix.take_samples(kept), case[case | control], (name,) * n, (None,) * n)
    settings = Differential(log_fc=1.5, adjust="BH", limma="3.54" if limma == "3.54" else "3.63")
    ours = differential_statistics(subject, settings, "covariate")
    folder = shared / "oracle" / ("study_ra_hcc" if limma == "3.54" else "study_ra_hcc_limma_3.63")
    theirs = pl.read_csv(folder / "statistics_hcc.tsv.gz", separator="\t", infer_schema_length=None).sort("gene")
    assert ours["gene"].to_list() == theirs["gene"].to_list()
    for column in ("log_fc", "ave_expr", "t", "b"):
        assert_equal_to_r(numbers(ours, column), numbers(theirs, column))
    for column in ("p_value", "adj_p_value"):
        assert_equal_to_r(numbers(ours, column), numbers(theirs, column), is_p=True)
    assert len(differential_genes(ours, settings)) == 414


def test_quantile_normalised_merged_cohort_equals_r(shared: Path) -> None:
    """GSE55235 and GSE55457: raw intensities, three missing cells after log2, two datasets as covariates."""
    parts, genes = [], _probe_genes(shared / "geo/platforms/GPLnnn/GPL96/annot/GPL96.annot.gz")
    config = json.loads((shared / "oracle/R/study_ra_hcc.json").read_text())
    for name, row in (("GSE55235", 0), ("GSE55457", 2)):
        text, table = _series(shared / f"geo/series/GSE55nnn/{name}/matrix/{name}_series_matrix.txt.gz")
        values = numbers(table[:, 1:])
        values = quantile_normalise(to_log2(values, log2_decision(values)))
        matrix = ExpressionMatrix(values, tuple(table[:, 0]), tuple(table.columns[1:]))
        matrix = collapse_probes(matrix, genes, "mean").matrix
        rules = {rule["label"]: rule["pattern"] for rule in config["datasets"][name]["labels"]}
        case = np.array([rules["rheumatoid_arthritis"] in t for t in text[row]])
        parts.append((name, matrix, case, case | np.array([rules["healthy"] in t for t in text[row]])))
    assert parts[0][1].features == parts[1][1].features
    matrix = ExpressionMatrix(
        np.hstack([m.values[:, used] for _, m, _, used in parts]),
        parts[0][1].features,
        tuple(s for _, m, _, used in parts for s, u in zip(m.samples, used, strict=True) if u),
    )
    case = np.concatenate([c[used] for _, _, c, used in parts])
    datasets = tuple(name for name, _, _, used in parts for _ in range(int(used.sum())))
    subject = CaseControl("ra", "cohort", matrix, case, datasets, (None,) * len(case))
    assert np.isnan(matrix.values).sum() == 3
    for limma, folder in (("3.54", "study_ra_hcc"), ("3.63", "study_ra_hcc_limma_3.63")):
        settings = Differential(log_fc=1.5, adjust="BH", limma="3.54" if limma == "3.54" else "3.63")
        ours = differential_statistics(subject, settings, "covariate")
        path = shared / "oracle" / folder / "statistics_ra.tsv.gz"
        theirs = pl.read_csv(path, separator="\t", infer_schema_length=None).sort("gene")
        for column in ("log_fc", "ave_expr", "t", "b"):
            assert_equal_to_r(numbers(ours, column), numbers(theirs, column))
        assert_equal_to_r(numbers(ours, "p_value"), numbers(theirs, "p_value"), is_p=True)
        assert len(differential_genes(ours, settings)) == 267
