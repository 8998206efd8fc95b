"""Random forests of two classes: importance of genes over many seeds, and the error against the number of trees.

The algorithm is that of Breiman's forest (doi:10.1023/A:1010933404324) as in R's randomForest. `grown_forest.py` grows
and evaluates trees; `ranking.py` chooses the genes and uses the ranks.
"""

# scikit-learn has no stubs: what it returns is declared by the functions of this module.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.expression.imputation import fill_in
from dmicc_assets.signature.grown_forest import flatten, gini, grow
from dmicc_assets.types import BoolArray, FloatArray

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Importances:
    """Importance of G genes in S forests.

    Attributes:
        gini: (S, G) mean decrease of Gini impurity, on randomForest's scale (decrease times samples, mean over trees).
        permutation: (S, G) mean decrease of accuracy on a tree's out-of-bag samples when the gene is permuted among
            them, mean over trees, not divided by its standard deviation.
    """

    gini: FloatArray
    permutation: FloatArray


def importance(
    values: FloatArray, is_case: BoolArray, trees: int, seeds: Sequence[int], threads: int = 1
) -> FloatArray:
    """Gini importance of each gene in one forest a seed, on randomForest's scale.

    Args:
        values: (G, N) expression, complete.
        is_case: (N,) the class of each sample.
        trees: trees a forest.
        seeds: one forest each.
        threads: forests grown in parallel, useful from a few hundred samples on; results do not depend on it.

    Returns:
        (len(seeds), G).

    Raises:
        ValueError: no gene, no tree, a value is missing or infinite, or a class is empty.
    """
    x, y = _engine_input(values, is_case, trees)

    def of_seed(seed: int) -> FloatArray:
        return gini(tree for tree, _ in grow(x, y, trees, seed))

    return np.array(_each(of_seed, seeds, threads)).reshape(len(seeds), x.shape[1]) * (x.shape[0] / trees)


def importances(
    values: FloatArray, is_case: BoolArray, trees: int, seeds: Sequence[int], threads: int = 1
) -> Importances:
    """Gini importance as `importance` gives it, and permutation importance, of the same forests; arguments as there."""
    x, y = _engine_input(values, is_case, trees)

    def of_seed(seed: int) -> tuple[FloatArray, FloatArray]:
        grown, drawn = zip(*grow(x, y, trees, seed), strict=True)
        rng = np.random.default_rng([seed, 1])
        return gini(grown), flatten(grown).accuracy_loss(x, y[:, 0] == 1.0, np.array(drawn) == 0, rng)

    both = np.array(_each(of_seed, seeds, threads)).reshape(len(seeds), 2, x.shape[1])
    return Importances(both[:, 0] * (x.shape[0] / trees), both[:, 1] / trees)


def case_votes(train: FloatArray, is_case: BoolArray, test: FloatArray, trees: int, seed: int) -> NDArray[np.int32]:
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
    forest = flatten([tree for tree, _ in grow(x, y, trees, seed)])
    return np.cumsum(forest.votes(x_test), axis=0, dtype=np.int32)


def cv_error(
    values: FloatArray, is_case: BoolArray, trees: int, folds: int, seed: int, fills_in: bool = False
) -> FloatArray | None:
    """Misclassification in stratified cross-validation for every number of trees from 1 to `trees`.

    One forest a fold is grown, and its votes are counted tree by tree; a sample is a case when more than half of the
    trees vote for it.

    Args:
        values: (G, N) expression, complete unless missing values are filled in.
        is_case: (N,) the class of each sample.
        trees: the largest number of trees.
        folds: at most; never more than the smaller class has samples.
        seed: of the folds and of the forests.
        fills_in: a fold fills missing values in from its training samples.

    Returns:
        (trees,) share of the N samples that are misclassified; None when the smaller class has one sample, which cannot
        be in both training and test.

    Raises:
        ValueError: as `importance`.
    """
    from sklearn.model_selection import StratifiedKFold

    is_case = np.asarray(is_case, dtype=np.bool_)
    folds = min(folds, int(is_case.sum()), int((~is_case).sum()))
    if folds == 1:
        return None
    _engine_input(fill_in(values, values) if fills_in else values, is_case, trees)
    half = np.arange(1, trees + 1)[:, np.newaxis] / 2
    wrong = np.zeros(trees)
    split = StratifiedKFold(folds, shuffle=True, random_state=seed).split(is_case, is_case)
    for train, test in split:
        known, unseen = values[:, train], values[:, test]
        if fills_in:
            known, unseen = fill_in(known, known), fill_in(unseen, known)
        votes = case_votes(known, is_case[train], unseen, trees, seed)
        wrong += ((votes > half) != is_case[test]).sum(axis=1)
    return wrong / is_case.size


def ranks(gini: FloatArray) -> NDArray[np.int64]:
    """Rank of each gene along the last axis, 1 for the most important; equal genes keep their order."""
    order = np.argsort(-gini, axis=-1, kind="stable")
    out = np.empty(gini.shape, dtype=np.int64)
    np.put_along_axis(out, order, np.broadcast_to(np.arange(1, gini.shape[-1] + 1), gini.shape), axis=-1)
    return out


def _each(work: Callable[[int], Result], seeds: Sequence[int], threads: int) -> list[Result]:
    if threads == 1:
        return [work(seed) for seed in seeds]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, seeds))


def _engine_input(values: FloatArray, is_case: BoolArray, trees: int) -> tuple[NDArray[np.float32], FloatArray]:
    y = np.ascontiguousarray(is_case, dtype=np.float64)
    if values.ndim != 2 or y.shape != (values.shape[1],):
        raise ValueError(f"expression of shape {values.shape} does not fit {y.size} samples")
    if values.shape[0] == 0 or trees < 1:
        raise ValueError(f"a forest needs a gene and a tree, got {values.shape[0]} genes and {trees} trees")
    if not 0 < y.sum() < y.size:
        raise ValueError(f"a forest needs both classes, got {int(y.sum())} cases of {y.size} samples")
    return _single(values), y[:, np.newaxis]


def _single(values: FloatArray) -> NDArray[np.float32]:
    """Samples by genes in the engine's type, each gene contiguous."""
    with np.errstate(over="ignore"):
        x = np.ascontiguousarray(values, dtype=np.float32)
    if not np.isfinite(x).all():
        row = int(np.flatnonzero(~np.isfinite(x).all(axis=1))[0])
        raise ValueError(f"gene in row {row} has a missing or infinite value")
    return x.T
