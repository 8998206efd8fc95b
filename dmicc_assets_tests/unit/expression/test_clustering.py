"""Heights as R's hclust, brackets that fit the order."""

from itertools import pairwise

import numpy as np

from dmicc_assets.expression.clustering import cluster_rows, standardise_rows
from dmicc_assets_tests.oracle import ORACLE

GOLDEN = ORACLE / "projection"


def test_heights_are_hclust_s() -> None:
    found = cluster_rows(np.loadtxt(GOLDEN / "input.tsv"))
    np.testing.assert_allclose(found.branches[:, 1, 1], np.loadtxt(GOLDEN / "average_heights.tsv"), rtol=1e-12)


def test_order_is_a_permutation_that_keeps_clusters_together() -> None:
    generator = np.random.default_rng(3)
    values = generator.normal(size=(9, 5)) + np.repeat([0, 10, 20], 3)[generator.permutation(9)][:, None]
    found = cluster_rows(values)
    assert sorted(found.order.tolist()) == list(range(9))
    centres = np.rint(values[found.order].mean(axis=1) / 10).tolist()
    assert sum(a != b for a, b in pairwise(centres)) == 2


def test_leaves_stand_at_their_places_and_brackets_rise() -> None:
    found = cluster_rows(np.random.default_rng(4).normal(size=(6, 4)))
    leaves = found.branches[:, [0, 3]][found.branches[:, [0, 3], 1] == 0][:, 0]
    assert sorted(leaves.tolist()) == [0, 1, 2, 3, 4, 5]
    assert (np.diff(found.branches[:, 1, 1]) >= 0).all()


def test_one_row_and_no_row_have_no_branch() -> None:
    for n in (0, 1):
        found = cluster_rows(np.ones((n, 3)))
        assert found.order.tolist() == list(range(n))
        assert found.branches.shape == (0, 4, 2)


def test_z_scores_leave_missing_values_out() -> None:
    z = standardise_rows(np.array([[1.0, 2.0, 3.0, np.nan], [5.0, 5.0, 5.0, np.nan], [np.nan] * 4]))
    np.testing.assert_allclose(z[0], [-1, 0, 1, np.nan])
    np.testing.assert_allclose(z[1], [0, 0, 0, np.nan])
    assert np.isnan(z[2]).all()


def test_a_missing_value_is_its_row_s_mean() -> None:
    values = np.random.default_rng(5).normal(size=(5, 4))
    filled = values.copy()
    filled[2, 1] = np.delete(values[2], 1).mean()
    values[2, 1] = np.nan
    np.testing.assert_array_equal(cluster_rows(values).branches, cluster_rows(filled).branches)
