"""The simulated mirror: equal bytes from equal seeds, a truth that can be found, nothing that could pass for GEO's."""

import gzip
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from scipy import stats

from dmicc_assets.expression.collapse import collapse_probes
from dmicc_assets.expression.labels import assign_labels, assign_patients
from dmicc_assets.expression.scale import log2_decision, to_log2
from dmicc_assets.expression.symbols import current_symbols
from dmicc_assets.geo.formats.platform import match_probes, read_platform
from dmicc_assets.geo.formats.series_matrix import read_series_matrix
from dmicc_assets.simulation.files import annotation_path, series_matrix_path
from dmicc_assets.simulation.mirror import XENA_MATRIX, simulate_mirror
from dmicc_assets.simulation.planted_truth import Truth
from dmicc_assets.stats.quantile_normalisation import quantile_normalise
from dmicc_assets.stats.separation import is_separated
from dmicc_assets.study.loading import load_study, study_files
from dmicc_assets.types import ExpressionMatrix

STUDY = load_study(study_files([])["demo"])
SERIES = {
    "SIM101": ("SIM101", None, "SIMP1"),
    "SIM102-SIMP2": ("SIM102", "SIMP2", "SIMP2"),
    "SIM201": ("SIM201", None, "SIMP3"),
}
SHAPES = {"SIM101": 52, "SIM102-SIMP2": 28, "SIM201": 155}


class Mirror(NamedTuple):
    folder: Path
    truth: Truth


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    folder = tmp_path_factory.mktemp("mirror")
    return Mirror(folder, simulate_mirror(folder, seed=1))


@pytest.fixture(scope="module")
def genes(mirror: Mirror) -> dict[str, ExpressionMatrix]:
    """Gene-level log2 expression of each series and of the external matrix."""
    matrices: dict[str, ExpressionMatrix] = {}
    for dataset, (accession, platform, annotated) in SERIES.items():
        served = read_series_matrix(series_matrix_path(mirror.folder / "geo", accession, platform)).matrix
        log2 = quantile_normalise(to_log2(served.values, log2_decision(served.values, "auto")))
        probes = match_probes(served.features, read_platform(annotation_path(mirror.folder / "geo", annotated)))
        matrix = ExpressionMatrix(log2, served.features, served.samples)
        matrices[dataset] = collapse_probes(matrix, probes, "mean").matrix
    external = pl.read_csv(mirror.folder / "xena" / f"{XENA_MATRIX}.gz", separator="\t")
    values = external.drop("sample").to_numpy()
    matrices["SIM-EXT"] = ExpressionMatrix(values, tuple(external["sample"]), tuple(external.columns[1:]))
    return matrices


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def is_case(mirror: Mirror, dataset: str, case: str, samples: tuple[str, ...]) -> np.ndarray:
    return np.array([mirror.truth.samples[dataset][sample] == case for sample in samples])


def cohort(
    mirror: Mirror, genes: dict[str, ExpressionMatrix], name: str
) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Genes without a missing value, their values (G, N), groups and series of a cohort."""
    spec = STUDY.cohorts[name]
    shared = sorted(set.intersection(*(set(genes[dataset].features) for dataset in spec.datasets)))
    blocks, groups, series = [], [], []
    for dataset in spec.datasets:
        labels = mirror.truth.samples[dataset]
        kept = tuple(s for s in genes[dataset].samples if labels[s] in {spec.case, spec.control})
        blocks.append(genes[dataset].take_features(shared).take_samples(kept).values)
        groups.append(is_case(mirror, dataset, spec.case, kept))
        series += [dataset] * len(kept)
    values = np.hstack(blocks)
    complete = ~np.isnan(values).any(axis=1)
    names = [gene for gene, keep in zip(shared, complete, strict=True) if keep]
    return names, values[complete], np.concatenate(groups), np.array(series)


def t_tests(values: np.ndarray, case: np.ndarray, series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log fold changes and p-values of the ordinary t-test with the series as covariates."""
    batches = [series == name for name in sorted(set(series))]
    design = np.column_stack([case, *batches]).astype(float)
    inverse = np.linalg.inv(design.T @ design)
    coefficients = values @ design @ inverse
    residuals = values - coefficients @ design.T
    df = values.shape[1] - design.shape[1]
    error = np.sqrt((residuals**2).sum(axis=1) / df * inverse[0, 0])
    return coefficients[:, 0], 2 * stats.t.sf(np.abs(coefficients[:, 0]) / error, df)


def test_equal_seeds_write_equal_bytes_and_others_do_not(mirror: Mirror, tmp_path: Path) -> None:
    again = simulate_mirror(tmp_path / "again", seed=1)
    other = simulate_mirror(tmp_path / "other", seed=2)
    assert content(tmp_path / "again") == content(mirror.folder)
    assert again == mirror.truth
    assert other.signature != again.signature
    first, second = content(mirror.folder), content(tmp_path / "other")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] == second[name]] == []


def test_the_truth_file_says_what_was_planted(mirror: Mirror) -> None:
    truth = mirror.truth
    written = json.loads((mirror.folder / "truth.json").read_text())
    assert {name: written[name] for name in asdict(truth)} == asdict(truth)
    assert len(truth.signature) == 10
    assert len(truth.concordant) == 7
    assert len(truth.discordant) == 3
    assert set(truth.biomarkers) < set(truth.signature)
    ways = {
        gene: (truth.directions["disease_a"][gene], truth.directions["disease_b"][gene]) for gene in truth.biomarkers
    }
    assert sorted(ways.values()) == [("up", "down"), ("up", "up")]


def test_nothing_in_the_mirror_can_be_taken_for_geo(mirror: Mirror) -> None:
    for name, packed in content(mirror.folder).items():
        text = (gzip.decompress(packed) if name.endswith(".gz") else packed).decode("utf-8")
        assert re.findall(r"\b(?:GSE|GSM|GPL)\d+", text + name) == [], name
        assert re.findall(r"\b(?:GO:\d+|hsa\d+)", text) == [], name


def test_no_gene_of_the_mirror_is_a_real_one(genes: dict[str, ExpressionMatrix]) -> None:
    for dataset, matrix in genes.items():
        assert all(re.fullmatch(r"SIMG\d{4}", gene) for gene in matrix.features), dataset
        assert all(old == new for old, new in current_symbols(matrix.features).items()), dataset


@pytest.mark.parametrize("dataset", SERIES)
def test_the_study_files_labels_are_the_planted_classes(mirror: Mirror, dataset: str) -> None:
    accession, platform, _ = SERIES[dataset]
    read = read_series_matrix(series_matrix_path(mirror.folder / "geo", accession, platform))
    samples = read.header.samples
    labels = assign_labels(dataset, samples, STUDY.datasets[dataset].labels)
    assert len(labels) == SHAPES[dataset]
    assert dict(zip(samples["sample"], labels, strict=True)) == mirror.truth.samples[dataset]
    patients = assign_patients(dataset, samples, STUDY.datasets[dataset].patient)
    assert len(set(patients)) == len(labels)
    assert None not in patients


def test_nine_patients_of_the_external_matrix_gave_two_samples(
    mirror: Mirror, genes: dict[str, ExpressionMatrix]
) -> None:
    samples = genes["SIM-EXT"].samples
    spec = STUDY.datasets["SIM-EXT"]
    frame = pl.DataFrame({"sample": samples, "title": "", "source_name": ""}).with_columns(
        characteristics=pl.lit([], pl.List(pl.Struct({"key": pl.String, "value": pl.String})))
    )
    labels = assign_labels("SIM-EXT", frame, spec.labels)
    assert dict(zip(samples, labels, strict=True)) == mirror.truth.samples["SIM-EXT"]
    patients = assign_patients("SIM-EXT", frame, spec.patient)
    normals = [patient for patient, label in zip(patients, labels, strict=True) if label == "normal"]
    tumours = {patient for patient, label in zip(patients, labels, strict=True) if label == "tumour"}
    assert len(tumours) == 36
    assert len(set(normals)) == len(normals) == 9
    assert set(normals) <= tumours


def test_one_series_is_linear_and_the_others_log2(mirror: Mirror) -> None:
    for dataset, (accession, platform, _) in SERIES.items():
        values = read_series_matrix(series_matrix_path(mirror.folder / "geo", accession, platform)).matrix.values
        assert log2_decision(values, "auto").took_log2 == (dataset == "SIM102-SIMP2")
        n_dark = int((values <= 0).sum())
        assert n_dark == (12 if dataset == "SIM102-SIMP2" else 0)
        n_missing = int(np.isnan(values).sum())
        assert n_missing == {"SIM101": 10, "SIM102-SIMP2": 0, "SIM201": 12}[dataset]


@pytest.mark.parametrize("name", ["disease_a", "disease_b"])
def test_a_t_test_finds_the_planted_genes(name: str, mirror: Mirror, genes: dict[str, ExpressionMatrix]) -> None:
    names, values, case, series = cohort(mirror, genes, name)
    planted = mirror.truth.log_fc[name]
    assert set(planted) <= set(names)
    log_fc, p_value = t_tests(values, case, series)
    found = {g for g, fc, p in zip(names, log_fc, p_value, strict=True) if abs(fc) >= 1 and p < 0.05}
    assert len(found & set(planted)) >= 0.8 * len(planted)
    assert len(found - set(planted)) <= 0.15 * len(found)
    at = {gene: i for i, gene in enumerate(names)}
    measured = np.array([log_fc[at[gene]] for gene in planted])
    truth = np.array(list(planted.values()))
    assert np.corrcoef(measured, truth)[0, 1] > 0.95
    assert all(np.sign(measured[np.abs(measured) >= 1]) == np.sign(truth[np.abs(measured) >= 1]))
    still = np.array([gene not in planted for gene in names])
    assert 0.03 < (p_value[still] < 0.05).mean() < 0.10


def test_the_biomarkers_tell_the_classes_apart_but_not_without_error(
    mirror: Mirror, genes: dict[str, ExpressionMatrix]
) -> None:
    for dataset, case in (("SIM201", "carcinoma"), ("SIM-EXT", "tumour")):
        matrix = genes[dataset]
        group = is_case(mirror, dataset, case, matrix.samples)
        values = matrix.take_features(mirror.truth.biomarkers).values
        for gene, row in zip(mirror.truth.biomarkers, values, strict=True):
            sign = np.sign(mirror.truth.log_fc["disease_b"][gene])
            u = stats.mannwhitneyu(sign * row[group], sign * row[~group]).statistic
            assert 0.9 < u / (group.sum() * (~group).sum()) < 1
    matrix = genes["SIM201"]
    group = is_case(mirror, "SIM201", "carcinoma", matrix.samples)
    assert not is_separated(matrix.take_features(mirror.truth.biomarkers).values.T, group)


def test_the_two_series_of_disease_a_differ_by_batch(mirror: Mirror, genes: dict[str, ExpressionMatrix]) -> None:
    names = sorted(set(genes["SIM101"].features) & set(genes["SIM102-SIMP2"].features))
    means = []
    for dataset in ("SIM101", "SIM102-SIMP2"):
        matrix = genes[dataset].take_features(names)
        means.append(np.nanmean(matrix.values[:, ~is_case(mirror, dataset, "simulosis", matrix.samples)], axis=1))
    assert np.median(np.abs(means[0] - means[1])) > 0.5


def test_genes_are_correlated(genes: dict[str, ExpressionMatrix]) -> None:
    values = genes["SIM201"].values
    complete = values[~np.isnan(values).any(axis=1)]
    correlation = np.corrcoef(complete)
    above = correlation[np.triu_indices_from(correlation, 1)]
    # Independent genes in 155 samples would have 0.02 % of their correlations above 0.3.
    assert (np.abs(above) > 0.3).mean() > 0.004
