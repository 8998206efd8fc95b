"""Forests: scikit-learn's trees exactly, and what cannot be grown.

Agreement with R's randomForest, over many seeds, is in `statistical/`.
"""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold  # pyright: ignore[reportMissingTypeStubs]

from dmicc_assets.signature.forest import case_votes, cv_error, importance, importances, ranks
from dmicc_assets.signature.grown_forest import grow
from dmicc_assets_tests.oracle import ORACLE

GOLDEN = ORACLE / "sets"
Input = tuple[NDArray[np.float64], NDArray[np.bool_], list[str]]


def read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, separator="\t", infer_schema_length=None)


def golden_input(name: str) -> Input:
    table = read(GOLDEN / f"forest_{name}_input.tsv")
    is_case = (table["is_case"].cast(pl.String).str.to_lowercase() == "true").to_numpy()
    genes = table.columns[1:]
    return np.ascontiguousarray(table.select(genes).to_numpy().T), is_case, genes


def named_input(table: pl.DataFrame, label: str) -> Input:
    """Values, cases and genes of a table of samples, their group in the second column."""
    genes = table.columns[2:]
    values = np.ascontiguousarray(table.select(genes).to_numpy().T, dtype=np.float64)
    return values, (table["y"] == label).to_numpy(), genes


def test_trees_are_scikit_learns() -> None:
    from sklearn.tree import DecisionTreeRegressor

    values, is_case, _ = golden_input("balanced")
    n = is_case.size
    for seed in (1, 7):
        tree = DecisionTreeRegressor(max_features="sqrt", random_state=np.random.RandomState(seed))
        tree.fit(values.T, is_case.astype(float), sample_weight=drawn(n, 1, seed)[0])
        expected = 2 * tree.tree_.compute_feature_importances(normalize=False) * n
        assert_allclose(importance(values, is_case, 1, [seed])[0], expected, rtol=1e-12)
        votes = case_votes(values, is_case, values, 1, seed)[0]
        assert_array_equal(votes, tree.predict(values.T).astype(int))


@pytest.mark.parametrize("name", ["balanced", "unbalanced"])
def test_trees_are_those_that_gini_grows(name: str) -> None:
    """Of the variance and of Gini the best split is the same one, but where splits tie and rounding decides."""
    from sklearn.tree import DecisionTreeClassifier

    values, is_case, _ = golden_input(name)
    n = is_case.size
    ours = importances(values, is_case, 1, range(100)).gini
    same = 0
    for seed in range(100):
        tree = DecisionTreeClassifier(max_features="sqrt", random_state=np.random.RandomState(seed))
        tree.fit(values.T, is_case, sample_weight=drawn(n, 1, seed)[0])
        theirs = tree.tree_.compute_feature_importances(normalize=False) * n
        same += np.allclose(ours[seed], theirs, rtol=1e-9, atol=1e-9)
        assert_allclose(ours[seed].sum(), theirs.sum(), rtol=0.05)
    assert same >= 95


def drawn(n: int, trees: int, seed: int) -> NDArray[np.float64]:
    """How often each tree draws each sample."""
    samples = np.random.default_rng(seed).integers(0, n, size=(trees, n))
    return np.array([np.bincount(row, minlength=n) for row in samples], dtype=np.float64)


@pytest.mark.parametrize("name", ["balanced", "unbalanced"])
def test_permutation_importance_is_what_asking_every_tree_again_gives(name: str) -> None:
    from dmicc_assets.signature.grown_forest import flatten

    values, is_case, _ = golden_input(name)
    x = np.ascontiguousarray(values, dtype=np.float32).T
    grown = list(grow(x, is_case.astype(float)[:, np.newaxis], 30, 5))
    out_of_bag = np.array([times for _, times in grown]) == 0
    forest = flatten([tree for tree, _ in grown])
    ours = forest.accuracy_loss(x, is_case, out_of_bag, np.random.default_rng(8))

    tree_of, sample_of = np.nonzero(out_of_bag)
    donor_of = sample_of[np.argsort(tree_of + np.random.default_rng(8).random(tree_of.size))]
    expected = np.zeros(len(values))
    for index, (tree, _) in enumerate(grown):
        sample, donor = sample_of[tree_of == index], donor_of[tree_of == index]
        right = (tree.predict(x[sample])[:, 0] > 0.5) == is_case[sample]
        for gene in range(len(values)):
            permuted = x[sample].copy()
            permuted[:, gene] = x[donor, gene]
            still_right = (tree.predict(permuted)[:, 0] > 0.5) == is_case[sample]
            expected[gene] += (right.mean() - still_right.mean()) if sample.size else 0.0
    assert_allclose(ours, expected, atol=1e-12)
    assert np.abs(expected).max() > 0.1


def test_votes_are_counted_tree_by_tree() -> None:
    values, is_case, _ = golden_input("balanced")
    votes = case_votes(values[:, ::2], is_case[::2], values[:, 1::2], 40, 3)
    assert votes.shape == (40, 30)
    steps = np.diff(votes, axis=0)
    assert set(np.unique(steps)) <= {0, 1}
    assert_array_equal(votes[:10], case_votes(values[:, ::2], is_case[::2], values[:, 1::2], 10, 3))


def test_a_sample_is_a_case_by_more_than_half_of_the_votes() -> None:
    rng = np.random.default_rng(2)
    values, is_case = rng.normal(size=(4, 24)), np.arange(24) < 10
    votes = np.empty((6, 24))
    for train, test in StratifiedKFold(4, shuffle=True, random_state=7).split(is_case, is_case):
        votes[:, test] = case_votes(values[:, train], is_case[train], values[:, test], 6, 7)
    trees = np.arange(1, 7)[:, np.newaxis]
    assert (2 * votes == trees).any()
    curve = cv_error(values, is_case, 6, 4, 7)
    assert curve is not None
    assert_array_equal(curve, ((2 * votes > trees) != is_case).mean(axis=1))


def test_a_leaf_of_both_classes_alike_is_no_case() -> None:
    # One sample measured twice under both labels cannot be split, so that every leaf is mixed or drawn from one.
    values, is_case = np.ones((1, 4)), np.array([True, True, False, False])
    votes = np.diff(case_votes(values, is_case, np.ones((1, 1)), 60, 1)[:, 0], prepend=0)
    drawn = [weights for _, weights in grow(np.ones((4, 1), dtype=np.float32), is_case[:, None].astype(float), 60, 1)]
    expected = [int(weights[:2].sum() > 2) for weights in drawn]
    assert any(weights[:2].sum() == 2 for weights in drawn)
    assert votes.tolist() == expected


def test_forests_are_seeded() -> None:
    values, is_case, _ = golden_input("balanced")
    one = importances(values, is_case, 20, [4, 5])
    again = importances(values, is_case, 20, [5, 4])
    assert_array_equal(one.gini, again.gini[::-1])
    assert_array_equal(one.permutation, again.permutation[::-1])
    assert_array_equal(one.gini, importance(values, is_case, 20, [4, 5]))
    assert not np.array_equal(one.gini[0], one.gini[1])
    side_by_side = importances(values, is_case, 20, [4, 5], threads=2)
    assert_array_equal(side_by_side.gini, one.gini)
    assert_array_equal(side_by_side.permutation, one.permutation)


def test_noise_matters_less_than_signal() -> None:
    values, is_case, genes = golden_input("balanced")
    first = importances(values, is_case, 200, [1])
    assert genes[int(first.gini[0].argmax())] == "GENE01"
    assert genes[int(first.permutation[0].argmax())] == "GENE01"


def test_folds_are_never_more_than_the_smaller_class() -> None:
    values, is_case, _ = golden_input("unbalanced")
    curve = cv_error(values, is_case, 5, 10, 1)
    assert curve is not None
    assert curve.shape == (5,)
    keep = np.concatenate([np.flatnonzero(is_case)[:5], np.flatnonzero(~is_case)[:1]])
    assert cv_error(values[:, keep], is_case[keep], 5, 10, 1) is None


def test_class_of_one_and_gene_of_one_have_importance() -> None:
    values, is_case, _ = golden_input("balanced")
    keep = np.concatenate([np.flatnonzero(is_case)[:8], np.flatnonzero(~is_case)[:1]])
    measured = importances(values[:1, keep], is_case[keep], 30, [1])
    assert measured.gini.shape == measured.permutation.shape == (1, 1)
    assert measured.gini[0, 0] > 0


def test_constant_gene_has_none() -> None:
    values, is_case, _ = golden_input("balanced")
    values[0] = 3.0
    measured = importances(values, is_case, 30, [1])
    assert measured.gini[0, 0] == measured.permutation[0, 0] == 0.0
    assert_array_equal(importance(values[:1], is_case, 5, [1]), [[0.0]])


def test_ranks_give_ties_to_the_first() -> None:
    gini = np.array([[0.1, 0.5, 0.1, 0.9], [0.0, 0.0, 0.0, 0.0]])
    assert_array_equal(ranks(gini), [[3, 2, 4, 1], [1, 2, 3, 4]])
    assert_array_equal(ranks(gini[0]), [3, 2, 4, 1])


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_bad_values_name_the_row(bad: float) -> None:
    values, is_case, _ = golden_input("balanced")
    values[3, 5] = bad
    with pytest.raises(ValueError, match="gene in row 3 has a missing or infinite value"):
        importance(values, is_case, 1, [1])


def test_what_cannot_be_grown_is_refused() -> None:
    values, is_case, _ = golden_input("balanced")
    with pytest.raises(ValueError, match="0 genes and 5 trees"):
        importance(values[:0], is_case, 5, [1])
    with pytest.raises(ValueError, match="12 genes and 0 trees"):
        importances(values, is_case, 0, [1])
    with pytest.raises(ValueError, match="both classes, got 60 cases of 60"):
        importance(values, np.ones(60, dtype=bool), 5, [1])
    with pytest.raises(ValueError, match="both classes, got 0 cases of 60"):
        cv_error(values, np.zeros(60, dtype=bool), 5, 10, 1)
    with pytest.raises(ValueError, match="does not fit 59 samples"):
        importance(values, is_case[:59], 5, [1])
