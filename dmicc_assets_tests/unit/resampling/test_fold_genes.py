"""Folds whose genes are found from sums, and from blocks of values, equal folds that are computed one by one."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from dmicc_assets.expression.cohort import merge_cohort
from dmicc_assets.resampling.arrays import FoldValues, log_arrays
from dmicc_assets.resampling.fold_models import Fold
from dmicc_assets.resampling.nested import FoldWork, fold_tests, run_folds, run_work
from dmicc_assets.resampling.resamples import bootstrap_counts
from dmicc_assets.resampling.selection import BiomarkerChoice, StudyData
from dmicc_assets.resampling.trivial import best_gene_fold, best_gene_folds
from dmicc_assets.stats.quantile_normalisation import quantile_normalise
from dmicc_assets.study.schema import Dataset
from dmicc_assets.types import CaseControl, ExpressionMatrix
from dmicc_assets_tests.worlds.noise_study import data_of, study_of

N_PROBES, GENES = 130, 60


def raw(n: int, seed: int) -> np.ndarray:
    """Probes of n samples, cases first: ten probes are planted, some values are missing or tied."""
    rng = np.random.default_rng(seed)
    patients = np.repeat(rng.normal(0, 0.7, (N_PROBES, n // 2)), 2, axis=1)
    values = rng.normal(8, 0.6, (N_PROBES, n)) + patients + rng.normal(0, 1, (N_PROBES, 1))
    values[:10, : n // 2] += 1.5
    values[20:40] = values[20:40].round(1)
    values[50, 3] = values[51, [1, 5]] = np.nan
    return values


def measured(collapse: str, datasets: Sequence[str], normalise: str = "quantile") -> tuple[StudyData, FoldValues]:
    """A study whose only cohort merges the given datasets; A is measured by probes, B by genes."""
    rule = [{"label": "sick", "where": {"any": "sick"}}, {"label": "well", "where": {"any": "well"}}]
    given = {"source": "file", "matrix": "m", "labels": rule, "scale": "log2", "normalise": normalise}
    spec = Dataset.model_validate(given | {"collapse": collapse})
    study = study_of("a", differential={"log_fc": 0.3, "p_value": 0.05, "trend": True}, ranking={"top": 3, "folds": 4})
    cohort = study.cohorts["a"].model_copy(update={"datasets": list(datasets)})
    study = study.model_copy(update={"cohorts": {"a": cohort}})
    probes = tuple(f"p{i:03d}" for i in range(N_PROBES))
    genes = [f"G{i % GENES:02d}" if i % 13 else None for i in range(N_PROBES)]
    annotation = pl.DataFrame({"probe": probes, "gene": genes, "n_symbols": 1})
    arrays, samples = {}, {}
    for name, n in (("A", 20), ("B", 16)):
        names = tuple(f"{name}{i:02d}" for i in range(n + 2))
        of_gene = name == "B"
        features = tuple(f"G{i:02d}" for i in reversed(range(N_PROBES))) if of_gene else probes
        matrix = ExpressionMatrix(raw(n + 2, len(arrays)), features, names)
        arrays[name] = log_arrays(matrix, None if of_gene else annotation, spec)
        labels = ["sick"] * (n // 2) + ["well"] * (n // 2) + ["other"] * 2
        samples[name] = pl.DataFrame({"sample": names, "label": labels}).with_columns(patient=pl.lit(None, pl.String))
    matrices = {name: arrays[name].genes() for name in datasets}
    merged = merge_cohort("a", cohort, matrices, samples, finds_people=False)
    is_case, n = merged.samples["is_case"].to_numpy(), len(merged.samples)
    subject = CaseControl("a", "cohort", merged.value, is_case, tuple(merged.samples["dataset"]), (None,) * n)
    source = FoldValues("a", cohort, subject, {name: arrays[name] for name in datasets}, matrices, samples)
    return data_of(study, [subject], ("G00",)), source


def assert_equal_folds(data: StudyData, source: FoldValues) -> None:
    subject = source.subject
    tests = np.array(fold_tests(subject, 4, 1, 1))
    drawn = bootstrap_counts(subject, 4, np.random.default_rng(5))
    counts, held_out = np.vstack([~tests, drawn]).astype(np.int64), np.vstack([tests, drawn == 0])
    choice = BiomarkerChoice(data, "a")
    works = [FoldWork(choice, source, row, test) for row, test in zip(counts, held_out, strict=True)]
    found = run_folds(choice, source, counts, held_out, 1)
    assert any(fold.biomarkers for fold in found)
    same_folds(found, [run_work(work) for work in works])
    same_folds(best_gene_folds(data, source, list(tests), 1), [best_gene_fold(work) for work in works[: len(tests)]])


def same_folds(found: list[Fold], expected: list[Fold]) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours.signature, ours.biomarkers) == (theirs.signature, theirs.biomarkers)
        assert ours.cut_off == pytest.approx(theirs.cut_off, rel=1e-6)
        np.testing.assert_allclose(ours.scores, theirs.scores, rtol=1e-6, atol=1e-8)
        np.testing.assert_array_equal(ours.test, theirs.test)


@pytest.mark.parametrize("collapse", ["mean", "median", "max_mean"])
@pytest.mark.parametrize("datasets", [("A",), ("A", "B")])
def test_values_learnt_in_each_fold_are_made_in_blocks(collapse: str, datasets: Sequence[str]) -> None:
    assert_equal_folds(*measured(collapse, datasets))


def test_the_probe_with_the_highest_mean_is_chosen_in_each_fold_without_normalisation_too() -> None:
    assert_equal_folds(*measured("max_mean", ("A",), "none"))


@pytest.mark.parametrize("block", ["none", "fixed", "duplicate_correlation"])
@pytest.mark.parametrize("is_learnt", [True, False])
def test_patients_of_one_two_and_three_samples_are_modelled_in_each_fold(block: str, is_learnt: bool) -> None:
    data, source = measured("mean", ("A",))
    # Samples 0 to 9 are cases, 10 to 19 controls; the last are of patients with one sample.
    patients = [*range(6), 0, 20, 21, 22, *range(6), 23, 24, 25, 26]
    subject = replace(source.subject, patient=tuple(f"p{i}" for i in patients))
    differential = data.study.differential.model_copy(update={"block": block})
    study = data.study.model_copy(update={"differential": differential})
    data = replace(data, study=study, merged={"a": subject}, adjusted={"a": subject})
    assert data.settings("a").block == block
    arrays = source.arrays if is_learnt else {}
    assert_equal_folds(data, replace(source, subject=subject, arrays=arrays))


def test_arrays_sorted_once_have_the_ranks_and_quantiles_of_the_plain_normalisation() -> None:
    values = raw(8, 3)
    spec = Dataset.model_validate({"source": "file", "matrix": "m", "labels": [{"label": "x", "where": {"any": "."}}]})
    names = tuple(f"s{i}" for i in range(8))
    probes = tuple(f"p{i:03d}" for i in range(N_PROBES))
    arrays = log_arrays(ExpressionMatrix(values, probes, names), None, spec)
    assert arrays.ranks is not None
    np.testing.assert_allclose(arrays.genes().values, quantile_normalise(values), rtol=1e-12)
