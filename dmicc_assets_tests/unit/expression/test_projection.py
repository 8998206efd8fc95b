"""Principal components as R's prcomp, t-SNE seeded."""

import numpy as np
import pytest

from dmicc_assets.expression.projection import can_project, principal_components, tsne
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


def test_tsne_is_seeded_and_keeps_groups_apart() -> None:
    generator = np.random.default_rng(1)
    values = generator.normal(size=(50, 20))
    values[:, :10] += 4
    first = tsne(values, 1)
    np.testing.assert_array_equal(first, tsne(values, 1))
    distance = np.linalg.norm(first[:, None] - first[None], axis=2)
    nearest = (distance + np.diag(np.full(20, np.inf))).argmin(axis=1)
    assert ((nearest < 10) == (np.arange(20) < 10)).all()
    with pytest.raises(ValueError, match="four samples"):
        tsne(values[:, :3], 1)
