"""Samples of two files that have one name, as S1: two samples, unless their arrays say otherwise."""

import numpy as np
import polars as pl
import pytest

from dmicc_assets.checks.identity import refuse_training_samples
from dmicc_assets.checks.registry import CHECKS
from dmicc_assets.errors import DataError
from dmicc_assets.types import CaseControl, ExpressionMatrix
from dmicc_assets_tests.worlds.sound_study import DATASETS, sound, with_frame, with_matrix

GENES = tuple(f"G{i}" for i in range(60))


def counted(name: str, dataset: str, seed: int, prefix: str = "S") -> CaseControl:
    """Six samples, S1 to S6."""
    values = np.random.default_rng(seed).normal(size=(60, 6))
    matrix = ExpressionMatrix(values, GENES, tuple(f"{prefix}{i}" for i in range(1, 7)))
    kind = "cohort" if name == "a" else "dataset"
    return CaseControl(name, kind, matrix, np.arange(6) < 3, (dataset,) * 6, (None,) * 6)


def test_samples_of_one_name_in_two_files_are_not_samples_of_training() -> None:
    refuse_training_samples([counted("a", "mine/centre 1", 1)], [counted("yours", "yours", 2)])


@pytest.mark.parametrize(
    ("other", "prefix", "seed"),
    [("mine/centre 2", "S", 2), ("yours", "GSM", 2), ("yours", "TCGA-A1-", 2), ("v", "S", 1)],
)
def test_the_same_samples_are_refused_by_dataset_accession_or_array(other: str, prefix: str, seed: int) -> None:
    training = counted("a", "mine/centre 1", 1, prefix)
    with pytest.raises(DataError, match=f"validation v: 6 of its samples are also in cohort a \\({prefix}1"):
        refuse_training_samples([training], [counted("v", other, seed, prefix)])


def test_findings_tell_files_of_one_naming_apart_and_know_an_accession() -> None:
    for name, severity in (("S{}", "ok"), ("GSM{}", "error")):
        evidence = sound()
        renamed = pl.format(name, pl.int_range(pl.len()).over("dataset"))
        for dataset in DATASETS:
            matrix = evidence.matrices[dataset]
            samples = tuple(name.replace("{}", str(i)) for i in range(len(matrix.samples)))
            evidence = with_matrix(evidence, dataset, ExpressionMatrix(matrix.values, matrix.features, samples))
        evidence = with_frame(evidence, "source/samples", evidence.rows("source/samples").with_columns(sample=renamed))
        found = {code: {each.subject: each for each in CHECKS[code](evidence)}["SIM3"] for code in ("I6", "R12")}
        assert found["I6"].severity == severity, found["I6"].message
        assert found["R12"].severity == ("ok" if severity == "ok" else "warning"), found["R12"].message
