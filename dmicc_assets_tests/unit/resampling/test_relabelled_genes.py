"""Genes tested under permuted labels: the study's own tests, with the cohort's structure kept."""

from dataclasses import replace

import numpy as np
import pytest

from dmicc_assets.differential.statistics import (
    Batch,
    cohort_model,
    cohort_statistics,
    differential_design,
    model_statistics,
)
from dmicc_assets.differential.within_patients import consensus_of
from dmicc_assets.expression.counts import no_counts
from dmicc_assets.resampling.relabelled_genes import relabelled_genes
from dmicc_assets.resampling.resamples import permuted_labels
from dmicc_assets.study.schema import Differential
from dmicc_assets.types import CaseControl, ExpressionMatrix

N = 16
DATASET = ("A",) * 10 + ("B",) * 6
IS_CASE = np.array([True, False] * 8)
PAIRS = tuple(f"p{j // 2}" for j in range(N))


def cohort(counted: bool = False) -> CaseControl:
    rng = np.random.default_rng(3)
    values = rng.normal(8, 1, (40, N)) + np.where(np.array(DATASET) == "B", 1.5, 0.0)
    if counted:
        values = rng.poisson(150, (40, N)).astype(float)
    else:
        values[2, :2] = np.nan
    genes, samples = tuple(f"G{i:02}" for i in range(40)), tuple(f"s{j:02}" for j in range(N))
    return CaseControl("c", "cohort", ExpressionMatrix(values, genes, samples), IS_CASE, DATASET, PAIRS)


@pytest.mark.parametrize(
    ("settings", "batch", "counted"),
    [
        ({}, "covariate", False),
        ({"trend": True, "robust": True}, "none", False),
        ({"block": "fixed"}, "none", False),
        ({"block": "duplicate_correlation"}, "covariate", False),
        ({}, "covariate", True),
    ],
)
def test_each_labelling_is_tested_as_the_study_tests(settings: dict[str, object], batch: Batch, counted: bool) -> None:
    subject, asked = cohort(counted), Differential.model_validate(settings)
    counts = subject.matrix if counted else no_counts(subject.matrix)
    found = relabelled_genes(subject, counts, asked, batch, 3, seed=5)
    labels = permuted_labels(subject, 3, np.random.default_rng([5, 7]))
    # The correlation within patients is that of the cohort itself under every labelling.
    consensus = None
    if asked.block == "duplicate_correlation":
        consensus = consensus_of(subject, differential_design(subject, asked, batch)[0])
    for i, row in enumerate(labels):
        relabelled = replace(subject, is_case=row)
        expected = cohort_statistics(relabelled, counts, asked, batch)
        if consensus is not None:
            model = cohort_model(relabelled, asked, batch, consensus=consensus)
            expected = model_statistics(relabelled, model, asked)
        np.testing.assert_allclose(found.t[i], expected["t"].to_numpy(), rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(found.log_fc[i], expected["log_fc"].to_numpy(), rtol=1e-7, atol=1e-9)
    # In a pair one sample is a case, whatever the labelling.
    assert (labels.reshape(3, -1, 2).sum(axis=2) == 1).all()


def test_combat_is_fitted_anew_to_every_labelling() -> None:
    subject = cohort()
    subject = replace(subject, patient=(None,) * N, matrix=subject.matrix.take_features(subject.matrix.features[3:]))
    found = relabelled_genes(subject, no_counts(subject.matrix), Differential(), "combat", 2, seed=1)
    assert np.isfinite(found.t).all()
    assert not np.array_equal(found.t[0], found.t[1])


def test_no_labelling_is_no_row() -> None:
    for batch in ("none", "combat"):
        assert relabelled_genes(cohort(), no_counts(cohort().matrix), Differential(), batch, 0, 1).t.shape[0] == 0
