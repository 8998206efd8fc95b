"""Random forests of two classes: importance of genes over many seeds, and the error against the number of trees.

Trees are scikit-learn's, grown by its engine without the estimator around it: of the 1.2 ms that a
`DecisionTreeClassifier` takes for a tree of 43 samples the engine takes 0.06 ms, and rigor grows millions. A test
holds the two to identical trees. The algorithm is that of Breiman's forest (doi:10.1023/A:1010933404324) as in R's
randomForest: bootstrap, floor(sqrt(p)) features a split, Gini, fully grown. Which genes go in, and what is made of
the ranks, is `ranking.py`'s.
"""

# scikit-learn has no stubs and its engine is compiled: what they return is declared by the functions of this module.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatMatrix = NDArray[np.float64]
BoolVector = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Importances:
    """Importance of G genes in S forests.

    Attributes:
        gini: (S, G) mean decrease of Gini impurity, on randomForest's scale (decrease times samples, mean over trees).
        permutation: (S, G) mean decrease of accuracy on a tree's out-of-bag samples when the gene is permuted among
            them, mean over trees, not divided by its standard deviation.
    """

    gini: FloatMatrix
    permutation: FloatMatrix


def importance(values: FloatMatrix, is_case: BoolVector, trees: int, seeds: Sequence[int]) -> FloatMatrix:
    """Gini importance of each gene in one forest a seed, on randomForest's scale.

    Args:
        values: (G, N) expression, complete.
        is_case: (N,) the class of each sample.
        trees: trees a forest.
        seeds: one forest each.

    Returns:
        (len(seeds), G).

    Raises:
        ValueError: no gene, no tree, a value is missing or infinite, or a class is empty.
    """
    x, y = _engine_input(values, is_case, trees)
    out = np.zeros((len(seeds), x.shape[1]))
    for row, seed in enumerate(seeds):
        for tree, _ in _grow(x, y, trees, seed):
            out[row] += tree.compute_feature_importances(normalize=False)
    return out * (x.shape[0] / trees)


def importances(values: FloatMatrix, is_case: BoolVector, trees: int, seeds: Sequence[int]) -> Importances:
    """Gini importance as `importance` gives it, and permutation importance, of the same forests; arguments as there."""
    x, y = _engine_input(values, is_case, trees)
    gini, permutation = np.zeros((len(seeds), x.shape[1])), np.zeros((len(seeds), x.shape[1]))
    for row, seed in enumerate(seeds):
        rng = np.random.default_rng([seed, 1])
        for tree, drawn in _grow(x, y, trees, seed):
            gini[row] += tree.compute_feature_importances(normalize=False)
            _add_accuracy_loss(permutation[row], tree, x, y, drawn == 0, rng)
    return Importances(gini * (x.shape[0] / trees), permutation / trees)


def case_votes(train: FloatMatrix, is_case: BoolVector, test: FloatMatrix, trees: int, seed: int) -> NDArray[np.int32]:
    """Votes for "case" that the first 1, 2, ... trees of a forest cast for each test sample.

    Args:
        train: (G, N) expression of the training samples, complete.
        is_case: (N,) their class.
        test: (G, M) expression of the test samples, complete.
        trees: trees in the forest.
        seed: of the forest.

    Returns:
        (trees, M); row i has the votes of trees 0 to i.

    Raises:
        ValueError: as `importance`.
    """
    x, y = _engine_input(train, is_case, trees)
    x_test = _single(test)
    votes = np.empty((trees, x_test.shape[0]), dtype=np.int32)
    for i, (tree, _) in enumerate(_grow(x, y, trees, seed)):
        votes[i] = _votes_case(tree, x_test)
    return np.cumsum(votes, axis=0, dtype=np.int32)


def cv_error(values: FloatMatrix, is_case: BoolVector, trees: int, folds: int, seed: int) -> FloatMatrix | None:
    """Misclassification in stratified cross-validation for every number of trees from 1 to `trees`.

    One forest a fold is grown, and its votes are counted tree by tree; a sample is a case when more than half the
    trees say so.

    Args:
        values: (G, N) expression, complete.
        is_case: (N,) the class of each sample.
        trees: the largest number of trees.
        folds: at most; never more than the smaller class has samples.
        seed: of the folds and of the forests.

    Returns:
        (trees,) share of the N samples that are misclassified; None when the smaller class has one sample, which
        cannot be both learned from and tested on.

    Raises:
        ValueError: as `importance`.
    """
    from sklearn.model_selection import StratifiedKFold

    is_case = np.asarray(is_case, dtype=np.bool_)
    folds = min(folds, int(is_case.sum()), int((~is_case).sum()))
    if folds == 1:
        return None
    _engine_input(values, is_case, trees)
    half = np.arange(1, trees + 1)[:, np.newaxis] / 2
    wrong = np.zeros(trees)
    split = StratifiedKFold(folds, shuffle=True, random_state=seed).split(is_case, is_case)
    for train, test in split:
        votes = case_votes(values[:, train], is_case[train], values[:, test], trees, seed)
        wrong += ((votes > half) != is_case[test]).sum(axis=1)
    return wrong / is_case.size


def ranks(gini: FloatMatrix) -> NDArray[np.int64]:
    """Rank of each gene, 1 for the most important, along the last axis; of equal ones the first comes first."""
    order = np.argsort(-gini, axis=-1, kind="stable")
    out = np.empty(gini.shape, dtype=np.int64)
    np.put_along_axis(out, order, np.broadcast_to(np.arange(1, gini.shape[-1] + 1), gini.shape), axis=-1)
    return out


def _engine_input(values: FloatMatrix, is_case: BoolVector, trees: int) -> tuple[NDArray[np.float32], FloatMatrix]:
    y = np.ascontiguousarray(is_case, dtype=np.float64)
    if values.ndim != 2 or y.shape != (values.shape[1],):
        raise ValueError(f"expression of shape {values.shape} does not fit {y.size} samples")
    if values.shape[0] == 0 or trees < 1:
        raise ValueError(f"a forest needs a gene and a tree, got {values.shape[0]} genes and {trees} trees")
    if not 0 < y.sum() < y.size:
        raise ValueError(f"a forest needs both classes, got {int(y.sum())} cases of {y.size} samples")
    return _single(values), y[:, np.newaxis]


def _single(values: FloatMatrix) -> NDArray[np.float32]:
    """Samples by genes in the engine's type, each gene contiguous."""
    with np.errstate(over="ignore"):
        x = np.ascontiguousarray(values, dtype=np.float32)
    if not np.isfinite(x).all():
        row = int(np.flatnonzero(~np.isfinite(x).all(axis=1))[0])
        raise ValueError(f"gene in row {row} has a missing or infinite value")
    return x.T


def _grow(x: NDArray[np.float32], y: FloatMatrix, trees: int, seed: int) -> Iterator[tuple[Any, FloatMatrix]]:
    """Each tree with how often it drew each sample.

    The engine is compiled and private to scikit-learn, but its signatures have stood since 1.4, and a change is a
    TypeError here.
    """
    from sklearn.tree._criterion import Gini
    from sklearn.tree._splitter import BestSplitter
    from sklearn.tree._tree import DepthFirstTreeBuilder, Tree

    n, p = x.shape
    n_classes = np.array([2], dtype=np.intp)
    random_state = np.random.RandomState(seed)
    splitter = BestSplitter(Gini(1, n_classes), max(1, int(np.sqrt(p))), 1, 0.0, random_state, None)
    builder = DepthFirstTreeBuilder(splitter, 2, 1, 0.0, np.iinfo(np.int32).max, 0.0)
    for drawn in _bootstrap(n, trees, seed):
        tree = Tree(p, n_classes, 1)
        builder.build(tree, x, y, drawn)
        yield tree, drawn


def _bootstrap(n: int, trees: int, seed: int) -> FloatMatrix:
    """(trees, n) how often each tree draws each sample, with replacement."""
    drawn = np.random.default_rng(seed).integers(0, n, size=(trees, n))
    flat = (drawn + n * np.arange(trees)[:, np.newaxis]).ravel()
    return np.bincount(flat, minlength=trees * n).reshape(trees, n).astype(np.float64)


def _votes_case(tree: Any, x: NDArray[np.float32]) -> BoolVector:
    value = tree.value[:, 0, :]
    return (value[:, 1] > value[:, 0])[tree.apply(x)]


def _add_accuracy_loss(
    total: FloatMatrix,
    tree: Any,
    x: NDArray[np.float32],
    y: FloatMatrix,
    out_of_bag: BoolVector,
    rng: np.random.Generator,
) -> None:
    """Add, for each gene that the tree splits on, the out-of-bag accuracy lost when it is permuted there."""
    genes = np.unique(tree.feature[tree.feature >= 0])
    rows = x[out_of_bag]
    if rows.shape[0] == 0 or genes.size == 0:
        return
    batch = np.empty((genes.size + 1, *rows.shape), dtype=np.float32)
    batch[:] = rows
    batch[np.arange(1, genes.size + 1), :, genes] = rng.permuted(rows[:, genes].T, axis=1)
    votes = _votes_case(tree, batch.reshape(-1, x.shape[1])).reshape(genes.size + 1, -1)
    accuracy = (votes == y[out_of_bag, 0]).mean(axis=1)
    total[genes] += accuracy[0] - accuracy[1:]
