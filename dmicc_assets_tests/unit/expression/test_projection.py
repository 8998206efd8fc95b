"""Principal components as R's prcomp, t-SNE, and their tables."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from dmicc_assets.expression.projection import (
    can_project,
    cohort_projection,
    dataset_projection,
    principal_components,
    tsne,
)
from dmicc_assets.types import CaseControl, ExpressionMatrix, FloatArray
from dmicc_assets_tests.oracle import ORACLE

GOLDEN = ORACLE / "projection"


def test_components_are_prcomp_s() -> None:
    found = principal_components(np.loadtxt(GOLDEN / "input.tsv"))
    expected = np.loadtxt(GOLDEN / "pca_scores.tsv")
    signs = np.sign((found.scores * expected).sum(axis=0))
    np.testing.assert_allclose(found.scores * signs, expected, atol=1e-10)
    np.testing.assert_allclose(found.explained, np.loadtxt(GOLDEN / "pca_explained.tsv"), rtol=1e-10)


def test_a_gene_with_a_missing_value_is_left_out_and_the_sign_is_fixed() -> None:
    values = np.loadtxt(GOLDEN / "input.tsv")
    longer = np.vstack([values, np.full(values.shape[1], np.nan)])
    np.testing.assert_array_equal(principal_components(longer).scores, principal_components(values).scores)
    scores = principal_components(values, 5).scores
    assert (scores[np.abs(scores).argmax(axis=0), np.arange(5)] > 0).all()


def test_constant_samples_have_no_variance() -> None:
    found = principal_components(np.full((4, 3), 2.0))
    assert not found.scores.any()
    assert not found.explained.any()


@pytest.mark.parametrize("values", [np.ones((3, 1)), np.full((3, 4), np.nan), np.ones((0, 4))])
def test_components_need_samples_and_genes(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match="two samples and a complete gene"):
        principal_components(values)


def test_few_samples_or_genes_cannot_be_projected() -> None:
    values = np.loadtxt(GOLDEN / "input.tsv")
    assert can_project(values[:3, :4])
    assert not can_project(values[:, :3])
    assert not can_project(np.vstack([values[:2], np.ones((5, 7)), np.full((1, 7), np.nan)]))


def test_tsne_keeps_groups_apart_and_is_the_same_again() -> None:
    values = _two_groups()
    first = tsne(values)
    np.testing.assert_array_equal(first, tsne(values))
    distance = np.linalg.norm(first[:, None] - first[None], axis=2)
    nearest = (distance + np.diag(np.full(20, np.inf))).argmin(axis=1)
    assert ((nearest < 10) == (np.arange(20) < 10)).all()
    with pytest.raises(ValueError, match="four samples"):
        tsne(values[:, :3])


def test_a_dataset_s_table_has_components_and_neighbourhoods_with_labels() -> None:
    values = _two_groups()
    samples = tuple(f"S{i:02d}" for i in range(20))
    quality = pl.DataFrame({"sample": samples[:-1], "label": ["a"] * 10 + ["b"] * 9})
    table = dataset_projection(ExpressionMatrix(values, tuple(f"G{i}" for i in range(50)), samples), quality)
    pca, neighbours = (table.filter(pl.col("method") == method) for method in ("pca", "tsne"))
    expected = principal_components(values)
    np.testing.assert_array_equal(pca.select("x", "y").to_numpy(), expected.scores)
    assert pca.select("x_share", "y_share").row(3) == tuple(expected.explained)
    np.testing.assert_array_equal(neighbours.select("x", "y").to_numpy(), tsne(values))
    assert neighbours["x_share"].null_count() == 20
    assert pca["label"].to_list() == ["a"] * 10 + ["b"] * 9 + [None]


def test_too_few_samples_give_no_rows() -> None:
    matrix = ExpressionMatrix(_two_groups()[:, :3], tuple(f"G{i}" for i in range(50)), ("a", "b", "c"))
    assert dataset_projection(matrix, pl.DataFrame({"sample": ["a"], "label": ["x"]})).is_empty()
    subject = CaseControl("c", "cohort", matrix, np.array([True, False, False]), ("D",) * 3, (None,) * 3)
    assert cohort_projection(subject, subject).is_empty()


def test_a_cohort_whose_difference_is_all_between_its_datasets_gives_no_rows() -> None:
    values = np.repeat(np.arange(50.0)[:, None] * [0.0, 1.0], 10, axis=1)
    matrix = ExpressionMatrix(values, tuple(f"G{i}" for i in range(50)), tuple(f"S{i:02d}" for i in range(20)))
    datasets = ("D",) * 10 + ("E",) * 10
    merged = CaseControl("c", "cohort", matrix, np.arange(20) % 2 == 0, datasets, (None,) * 20)
    adjusted = replace(merged, matrix=replace(matrix, values=np.zeros_like(values)))
    assert not cohort_projection(merged, merged).is_empty()
    assert cohort_projection(merged, adjusted).is_empty()


def test_a_cohort_has_components_as_merged_only_where_it_has_several_datasets() -> None:
    values = _two_groups()
    matrix = ExpressionMatrix(values, tuple(f"G{i}" for i in range(50)), tuple(f"S{i:02d}" for i in range(20)))
    moved = replace(matrix, values=values + np.repeat([0.0, 3.0], 10))
    for datasets, stages in ((("D",) * 20, ["adjusted"]), (("D",) * 10 + ("E",) * 10, ["merged", "adjusted"])):
        subject = CaseControl("c", "cohort", matrix, np.arange(20) % 2 == 0, datasets, (None,) * 20)
        table = cohort_projection(replace(subject, matrix=moved), subject)
        components = table.filter(pl.col("method") == "pca")
        assert components["stage"].unique(maintain_order=True).to_list() == stages
        adjusted = components.filter(pl.col("stage") == "adjusted").select("x", "y").to_numpy()
        np.testing.assert_array_equal(adjusted, principal_components(values).scores)


def _two_groups() -> FloatArray:
    values = np.random.default_rng(1).normal(size=(50, 20))
    values[:, :10] += 4
    return values
