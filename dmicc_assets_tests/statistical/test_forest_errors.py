"""Forests in R's folds, out of bag and with ever fewer genes: errors as randomForest counts them, over seeds.

Trees, importances and what cannot be grown are in `unit/signature/test_forest.py`.
"""

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from dmicc_assets.signature.forest import case_votes, importance
from dmicc_assets.signature.grown_forest import grow
from dmicc_assets.stats.roc import auc_of_rows
from dmicc_assets_tests.oracle import MADE_UP
from dmicc_assets_tests.unit.signature.test_forest import named_input

CASES = [("arrays", "case"), ("synthetic", "disease")]


@pytest.mark.parametrize(("case", "label"), CASES)
def test_errors_in_given_folds_are_randomforests(case: str, label: str) -> None:
    fold = MADE_UP.table("forest", f"{case}__folds")["fold"].to_numpy()
    table, theirs = MADE_UP.table("forest", f"{case}__input"), MADE_UP.table("forest", f"{case}__cv10_ntree")
    assert_errors_in_folds(table, label, fold, theirs, seeds=range(1, 4))


def assert_errors_in_folds(
    table: pl.DataFrame, label: str, fold: NDArray[np.int64], theirs: pl.DataFrame, seeds: range
) -> None:
    """Errors and areas of the votes in R's folds, by number of trees."""
    values, is_case, _ = named_input(table, label)
    n_trees = theirs["ntree"].unique().sort().to_numpy()
    wrong, share = np.zeros((len(seeds), len(n_trees))), np.zeros((len(seeds), is_case.size, len(n_trees)))
    for k in np.unique(fold):
        train, test = fold != k, fold == k
        for i, seed in enumerate(seeds):
            votes = case_votes(values[:, train], is_case[train], values[:, test], n_trees[-1], seed)[n_trees - 1]
            share[i, test] = (votes / n_trees[:, np.newaxis]).T
            wrong[i] += ((votes > n_trees[:, np.newaxis] / 2) != is_case[test]).sum(axis=1)
    areas = np.array([auc_of_rows(of_seed.T.astype(float), is_case) for of_seed in share])
    for ours, name, close in ((wrong / is_case.size, "error", 1 / is_case.size), (areas, "auc", 0.015)):
        expected = theirs.pivot(on="ntree", index="seed", values=name).drop("seed").to_numpy()
        assert_means_agree(ours, expected, close)


def assert_means_agree(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], close: float | NDArray[np.float64]
) -> None:
    """Means over seeds differ by less than `close`, or than 4.5 standard errors where seeds differ by more."""
    spread = np.nanstd(theirs, axis=0, ddof=1) * np.sqrt(1 / len(ours) + 1 / len(theirs))
    gap = np.abs(np.nanmean(ours, axis=0) - np.nanmean(theirs, axis=0))
    assert (gap <= np.maximum(close, 4.5 * spread)).all(), gap


@pytest.mark.parametrize(("case", "label"), CASES)
def test_errors_out_of_bag_are_randomforests(case: str, label: str) -> None:
    table, curves = MADE_UP.table("forest", f"{case}__input"), MADE_UP.table("forest", f"{case}__oob_curve")
    assert_errors_out_of_bag(table, label, curves, MADE_UP.table("forest", f"{case}__argmin_ntree"), range(1, 21))


def assert_errors_out_of_bag(
    table: pl.DataFrame, label: str, theirs: pl.DataFrame, minima: pl.DataFrame, seeds: range
) -> None:
    """What randomForest counts of the trees that have not seen a sample, counted of our trees.

    The mean error over seeds is within 1 sample from 50 trees on (2.5 below: the first tree has seen two thirds), in
    all and of each class; the number of trees at the minimum is noise, whose distribution over seeds is the same
    (Kolmogorov-Smirnov's p above 0.01), as is that of the smallest error.
    """
    from scipy.stats import ks_2samp

    values, is_case, _ = named_input(table, label)
    x = np.ascontiguousarray(values.T, dtype=np.float32)
    curves = np.array([out_of_bag_errors(x, is_case, 500, seed) for seed in seeds])
    n_trees = theirs["ntree"].unique().sort().to_numpy()
    for k, column in enumerate(theirs.columns[2:]):
        expected = theirs.pivot(on="ntree", index="seed", values=column).drop("seed").cast(pl.Float64).to_numpy()
        n = (is_case.size, (~is_case).sum(), is_case.sum())[k]
        close = np.where(n_trees < 50, 2.5 / n + 0.05, 1 / n)
        assert_means_agree(curves[:, n_trees - 1, k], expected, close)
    whole = curves[:, :, 0]
    assert whole[:, -1].mean() == pytest.approx(minima["oob500"].mean(), abs=1 / is_case.size)
    assert whole.min(axis=1).mean() == pytest.approx(minima["min_oob"].mean(), abs=1 / is_case.size)
    assert ks_2samp(whole.argmin(axis=1) + 1, minima["argmin_ntree"].to_numpy()).pvalue > 0.01


def out_of_bag_errors(x: NDArray[np.float32], is_case: NDArray[np.bool_], trees: int, seed: int) -> NDArray[np.float64]:
    """(trees, 3) share of the samples, the controls and the cases that the trees not grown on them call wrong."""
    for_case, voted, errors = np.zeros(len(x)), np.zeros(len(x)), []
    for tree, times in grow(x, is_case.astype(float)[:, np.newaxis], trees, seed):
        unseen = times == 0
        for_case[unseen] += tree.predict(x[unseen])[:, 0] > 0.5
        voted += unseen
        wrong = np.where(2 * for_case == voted, 0.5, (2 * for_case > voted) != is_case)
        counted = voted > 0
        groups = (counted, counted & ~is_case, counted & is_case)
        errors.append([wrong[group].mean() if group.any() else np.nan for group in groups])
    return np.array(errors)


@pytest.mark.parametrize(("case", "label"), CASES)
def test_errors_of_ever_fewer_genes_are_randomforests(case: str, label: str) -> None:
    table, theirs = MADE_UP.table("forest", f"{case}__input"), MADE_UP.table("forest", f"{case}__rfcv10")
    assert_errors_of_fewer_genes(table, label, theirs, range(1, 4))


def assert_errors_of_fewer_genes(table: pl.DataFrame, label: str, rfcv: pl.DataFrame, seeds: range) -> None:
    """As randomForest's rfcv: in each fold the training samples' first genes alone, ever fewer of them.

    Folds are drawn anew for every seed: the mean over seeds is within two and a half samples.
    """
    x, is_case, _ = named_input(table, label)
    theirs = rfcv.group_by("n_var").agg(pl.col("error").mean())
    n_genes = theirs["n_var"].sort().to_numpy()
    wrong = np.zeros(n_genes.size)
    for seed in seeds:
        rng, fold = np.random.default_rng(seed), np.zeros(is_case.size, dtype=int)
        for group in (is_case, ~is_case):
            fold[group] = rng.permutation(np.arange(group.sum()) % 10)
        for k in range(10):
            train, test = fold != k, fold == k
            order = np.argsort(-importance(x[:, train], is_case[train], 100, [seed])[0])
            for i, n in enumerate(n_genes):
                votes = case_votes(x[order[:n]][:, train], is_case[train], x[order[:n]][:, test], 100, seed)[-1]
                wrong[i] += ((votes > 50) != is_case[test]).sum()
    expected = theirs.sort("n_var")["error"].to_numpy()
    assert_allclose(wrong / len(seeds) / is_case.size, expected, atol=2.5 / is_case.size)
