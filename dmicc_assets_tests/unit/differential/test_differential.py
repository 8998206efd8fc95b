"""A cohort's statistics and the genes that count, as the R script of the study gives them."""

import dataclasses
import gzip
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dmicc_assets.differential.statistics import (
    cohort_statistics,
    differential_design,
    differential_genes,
    differential_statistics,
    treat_statistics,
)
from dmicc_assets.expression.collapse import collapse_probes
from dmicc_assets.expression.scale import log2_decision, to_log2
from dmicc_assets.stats.duplicate_correlation import duplicate_correlation
from dmicc_assets.stats.linear_model import fit_linear_model
from dmicc_assets.stats.moderation import LimmaVersion, moderated_t
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.stats.quantile_normalisation import quantile_normalise
from dmicc_assets.study.schema import Differential
from dmicc_assets.types import CaseControl, ExpressionMatrix
from dmicc_assets_tests.oracle import ORACLE, read_table
from dmicc_assets_tests.oracle.linear import assert_equal_to_r, designs, expression, golden, numbers, treat_of
from dmicc_assets_tests.worlds.noise_study import cohort_of

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
    table = differential_statistics(_subject(), Differential(limma="3.54", block="none"), "none")
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
    design, _ = differential_design(subject, Differential(block="duplicate_correlation"), "covariate")
    block = [f"d/{p}" for p in subject.patient]
    correlation = duplicate_correlation(VALUES, design, block).matrix(block)
    expected = moderated_t(fit_linear_model(VALUES, design, correlation=correlation))
    np.testing.assert_allclose(numbers(table, "t")[:, 0], expected.t[:, 1], rtol=1e-12)


def test_sample_weights_reach_the_fit() -> None:
    weights = SAMPLES["weight"].to_numpy()
    table = differential_statistics(_subject(), Differential(limma="3.54", block="none"), "none", weights=weights)
    theirs = golden("statistics").filter(variant="missing_sample_weights")
    assert_equal_to_r(numbers(table, "t"), numbers(theirs, "t"))


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="cohort ra has no control sample"):
        differential_statistics(_subject(is_case=np.ones(24, dtype=bool)), Differential(), "none")
    is_a = np.array([b == "a" for b in SAMPLES["batch"]])
    two = tuple("x" if a else "y" for a in is_a)
    with pytest.raises(ValueError, match="'dataset y' is confounded"):
        differential_statistics(_subject(is_case=is_a, dataset=two), Differential(), "covariate")
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


def log2_genes(matrix: Path, annotation: Path, *, normalise: bool) -> tuple[list[list[str]], ExpressionMatrix]:
    """The characteristics of a series' samples, and its genes by log2, quantile normalisation and mean of probes."""
    text, table = _series(matrix)
    values = numbers(table[:, 1:])
    values = to_log2(values, log2_decision(values))
    values = quantile_normalise(values) if normalise else values
    probes = ExpressionMatrix(values, tuple(table[:, 0]), tuple(table.columns[1:]))
    return text, collapse_probes(probes, _probe_genes(annotation), "mean").matrix


def grouped(name: str, matrix: ExpressionMatrix, case: np.ndarray, control: np.ndarray) -> CaseControl:
    """The samples of either group of one dataset."""
    kept = [s for s, used in zip(matrix.samples, case | control, strict=True) if used]
    return CaseControl(
        name, "cohort", matrix.take_samples(kept), case[case | control], (name,) * len(kept), (None,) * len(kept)
    )


def assert_statistics(ours: pl.DataFrame, theirs: pl.DataFrame) -> None:
    """Every gene's statistics equal R's."""
    theirs = theirs.sort("gene")
    assert ours["gene"].to_list() == theirs["gene"].to_list()
    for column in ("log_fc", "ave_expr", "t", "b"):
        assert_equal_to_r(numbers(ours, column), numbers(theirs, column))
    for column in ("p_value", "adj_p_value"):
        assert_equal_to_r(numbers(ours, column), numbers(theirs, column), is_p=True)


def merged(subjects: list[CaseControl]) -> CaseControl:
    """Several datasets of the same genes as one cohort."""
    assert len({subject.matrix.features for subject in subjects}) == 1
    samples = tuple(sample for subject in subjects for sample in subject.matrix.samples)
    values = np.hstack([subject.matrix.values for subject in subjects])
    matrix = ExpressionMatrix(values, subjects[0].matrix.features, samples)
    case = np.concatenate([subject.is_case for subject in subjects])
    datasets = tuple(dataset for subject in subjects for dataset in subject.dataset)
    return CaseControl("merged", "cohort", matrix, case, datasets, (None,) * len(case))


STUDY = ORACLE / "study"


def _made(name: str, platform: str, case: str, control: str, *, normalise: bool) -> CaseControl:
    matrix = STUDY / f"geo/series/GSE71nnn/{name}/matrix/{name}_series_matrix.txt.gz"
    annotation = STUDY / f"geo/platforms/GPLnnn/{platform}/annot/{platform}.annot.gz"
    text, genes = log2_genes(matrix, annotation, normalise=normalise)
    is_case, is_control = (np.array([t.endswith(f": {label}") for t in text[0]]) for label in (case, control))
    return grouped(name, genes, is_case, is_control)


@pytest.mark.parametrize("limma", ["3.54", "3.63"])
def test_a_log2_cohort_equals_r_from_the_series_matrix_to_the_genes(limma: LimmaVersion) -> None:
    """No value is missing, so that both versions of limma agree."""
    cohort = _made("GSE71003", "GPL72", "carcinoma", "non-tumor tissue", normalise=False)
    settings = Differential(log_fc=1, adjust="BH", limma=limma)
    ours, theirs = differential_statistics(cohort, settings, "covariate"), STUDY / "statistics_carcinoma.tsv.gz"
    assert_statistics(ours, read_table(theirs))
    assert set(differential_genes(ours, settings)["gene"]) == set(read_table(theirs).filter("is_deg")["gene"])


def test_a_quantile_normalised_merged_cohort_equals_r() -> None:
    """Two raw series as covariates; a value without a logarithm is missing."""
    parts = [_made(name, "GPL71", "arthritis", "healthy", normalise=True) for name in ("GSE71001", "GSE71002")]
    cohort = merged(parts)
    assert np.isnan(cohort.matrix.values).sum() == json.loads((STUDY / "summary.json").read_text())["missing"] == 1
    settings = Differential(log_fc=1, adjust="BH", limma="3.54")
    ours, theirs = differential_statistics(cohort, settings, "covariate"), STUDY / "statistics_arthritis.tsv.gz"
    assert_statistics(ours, read_table(theirs))
    assert set(differential_genes(ours, settings)["gene"]) == set(read_table(theirs).filter("is_deg")["gene"])


def test_treat_from_the_table_is_that_of_the_fit() -> None:
    subject = cohort_of("a", 9, 7, 200, 1, planted=20, shift=1.2)
    design = np.column_stack([np.ones(16), subject.is_case.astype(float)])
    statistics = differential_statistics(subject, Differential(), "none")
    fit = fit_linear_model(subject.matrix.values, design, names=["one", "case"])
    t, p = treat_of(fit, 0.4)
    found = treat_statistics(statistics, 0.4)
    np.testing.assert_allclose(found["t"], t[:, 1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found["p_value"], p[:, 1], rtol=1e-9)
    np.testing.assert_allclose(found["adj_p_value"], adjust_p_values(p[:, 1]), rtol=1e-9)


def test_counts_that_combat_adjusted_are_not_weighted() -> None:
    """The adjusted values are tested: weights of the counts are not theirs."""
    subject = cohort_of("a", 8, 8, 50, 1, planted=5)
    counts = dataclasses.replace(subject.matrix, values=np.round(np.exp2(subject.matrix.values)))
    ours = cohort_statistics(subject, counts, Differential(), "combat")
    assert ours.equals(differential_statistics(subject, Differential(), "combat"))
    assert not ours["t"].equals(cohort_statistics(subject, counts, Differential(), "none")["t"])
