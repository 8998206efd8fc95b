"""Each dataset of a merged cohort is left out of choice and fit, and scored by what the others gave."""

from dataclasses import replace

import numpy as np
import pytest

from dmicc_assets.resampling.internal_external import internal_external
from dmicc_assets.resampling.selection import StudyData
from dmicc_assets_tests.worlds.noise_study import cohort_of, data_of, study_of

DATASETS = ("X", "Y", "Z")


def merged(planted: int, shift: float = 3.0) -> StudyData:
    """The model's cohort merges three datasets that a batch moves far apart; the other shares the planted genes."""
    study = study_of("a", "b", differential={"log_fc": 1.0, "p_value": 0.05, "adjust": "BH"})
    subjects = [cohort_of(name, 30, 30, 60, seed, planted, shift) for seed, name in enumerate(("a", "b"))]
    target = subjects[1]
    names = tuple(DATASETS[i % 3] for i in range(60))
    batch = np.array([5.0 * DATASETS.index(name) for name in names]) * np.linspace(-1, 1, 60)[:, None]
    moved = replace(target.matrix, values=target.matrix.values + batch)
    return data_of(study, [subjects[0], replace(target, matrix=moved, dataset=names)])


def test_planted_genes_are_found_without_each_dataset_and_work_there() -> None:
    table = internal_external(merged(planted=8))
    assert table["dataset"].to_list() == [*DATASETS, "all"]
    assert table["n_case"].to_list() == [10, 10, 10, 30]
    for genes in table["biomarkers"].to_list()[:3]:
        assert genes
        assert set(genes) <= {f"G{i:05d}" for i in range(8)}
    assert all(auc > 0.9 for auc in table["auc"][:3])
    assert table["q_p_value"][:3].null_count() == 3


def test_noise_has_no_model_in_any_dataset() -> None:
    table = internal_external(merged(planted=0))
    assert table["auc"].null_count() == 4
    assert table["biomarkers"].list.len().to_list() == [0, 0, 0, 0]


def test_weak_genes_are_pooled_with_their_heterogeneity() -> None:
    row = internal_external(merged(planted=8, shift=1.2)).row(3, named=True)
    assert row["ci_low"] < row["auc"] < row["ci_high"]
    assert 0 <= row["i_squared"] < 1
    assert row["q_p_value"] == pytest.approx(row["q_p_value"])


def test_a_cohort_of_one_dataset_has_no_rows() -> None:
    data = merged(planted=8)
    target = data.merged["b"]
    alone = replace(data, merged={**data.merged, "b": replace(target, dataset=("X",) * 60)})
    assert internal_external(alone).is_empty()
