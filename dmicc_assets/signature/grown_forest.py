"""A forest as flat arrays: its trees are grown, evaluated all at once, and tested with permuted out-of-bag genes.

Trees are grown by scikit-learn's engine without its estimator: the estimator takes 1.2 ms for a tree of 43 samples, the
engine 0.03 ms, and rigor grows millions. A test compares the trees of both. `forest.py` uses importances and votes.
"""

# scikit-learn has no stubs and its engine is compiled: what they return is declared by the functions of this module.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.types import BoolArray, FloatArray

SingleMatrix = NDArray[np.float32]
IntVector = NDArray[np.intp]

# The bounds of the seeds that the engine asks for.
_SEEDS = (0, int(np.iinfo(np.int32).max))


def grow(x: SingleMatrix, y: FloatArray, trees: int, seed: int) -> Iterator[tuple[Any, FloatArray]]:
    """Trees grown by scikit-learn's engine, each with the number of times it drew each sample.

    Bootstrap, floor(sqrt(p)) features a split, Gini, fully grown. The criterion is the variance of the class, p(1 - p),
    which is half of the Gini impurity and gives the same splits in two thirds of the time; `gini` doubles it. The
    engine is private to scikit-learn; its signatures are unchanged since 1.4, and a change raises a TypeError here.

    Args:
        x: (N, p) values, each gene contiguous.
        y: (N, 1) class, 0 or 1.
        trees: how many.
        seed: of the bootstrap and of the features tried.
    """
    from sklearn.tree._criterion import MSE
    from sklearn.tree._splitter import BestSplitter
    from sklearn.tree._tree import DepthFirstTreeBuilder, Tree

    n, p = x.shape
    one_value = np.ones(1, dtype=np.intp)
    splitter = BestSplitter(MSE(1, n), max(1, int(np.sqrt(p))), 1, 0.0, _Seeds(seed, trees), None)
    builder = DepthFirstTreeBuilder(splitter, 2, 1, 0.0, np.iinfo(np.int32).max, 0.0)
    for drawn in _bootstrap(n, trees, seed):
        tree = Tree(p, one_value, 1)
        builder.build(tree, x, y, drawn)
        yield tree, drawn


def gini(trees: Iterable[Any]) -> FloatArray:
    """(p,) decrease of Gini impurity by each gene's splits, per sample of a tree, summed over `grow`'s trees."""
    return 2 * np.sum([tree.compute_feature_importances(normalize=False) for tree in trees], axis=0)


class _Seeds:
    """Random numbers for the engine, one for each tree, drawn at once as RandomState draws them."""

    def __init__(self, seed: int, trees: int) -> None:
        self._seeds = iter(np.random.RandomState(seed).randint(*_SEEDS, size=trees).tolist())

    def randint(self, low: int, high: int) -> int:
        """The next number; the engine must ask with the bounds with which they were drawn."""
        if (low, high) != _SEEDS:
            raise TypeError(f"scikit-learn's tree engine asks for a seed with other bounds: {low} to {high}")
        return next(self._seeds)


@dataclass(frozen=True, slots=True)
class GrownForest:
    """The nodes of T trees, one after the other.

    Attributes:
        root: (T,) each tree's first node.
        feature: (nodes,) what a node splits on; negative at a leaf.
        threshold: (nodes,) a sample goes left when its value is at most this.
        children: (2 * nodes,) of each node the left and the right child.
        is_case: (nodes,) whether most samples at the node are cases.
    """

    root: IntVector
    feature: IntVector
    threshold: FloatArray
    children: IntVector
    is_case: BoolArray

    def votes(self, x: SingleMatrix) -> BoolArray:
        """(T, N) True where a tree classifies a sample as a case."""
        tree, sample = (index.ravel() for index in np.indices((self.root.size, x.shape[0])))
        return self.is_case[self._leaves(x, self.root[tree], sample)].reshape(self.root.size, x.shape[0])

    def accuracy_loss(
        self, x: SingleMatrix, is_case: BoolArray, out_of_bag: BoolArray, rng: np.random.Generator
    ) -> FloatArray:
        """Accuracy that trees lose on their out-of-bag samples when a gene is permuted among these, summed over trees.

        A tree permutes its samples once, in the same way for all genes.

        Args:
            x: (N, p) values.
            is_case: (N,) class.
            out_of_bag: (T, N) samples that a tree has not seen.
            rng: of the permutations.

        Returns:
            (p,) sum over trees; a tree without an out-of-bag sample adds nothing.
        """
        tree, sample = np.nonzero(out_of_bag)
        # Samples are in order of their tree, so sorting by tree and a random fraction permutes within trees.
        donor = sample[np.argsort(tree + rng.random(sample.size))]
        leaf, item, gene, aside = self._strayed(x, self.root[tree], sample, donor)
        permuted = self._leaves(x, aside, sample[item], gene, donor[item])
        loss = np.equal(self.is_case[leaf], is_case[sample])[item] * 1.0 - (
            self.is_case[permuted] == is_case[sample[item]]
        )
        lost = loss / out_of_bag.sum(axis=1)[tree[item]]
        return np.asarray(np.bincount(gene, lost, minlength=x.shape[1]), dtype=np.float64)

    def _strayed(
        self, x: SingleMatrix, node: IntVector, sample: IntVector, donor: IntVector
    ) -> tuple[IntVector, IntVector, IntVector, IntVector]:
        """Leaves that samples reach from their nodes, and where a donor's value of a gene first changes their path.

        Returns: (items,) leaves; for each changed path the item, the gene and the next node on the changed path.
        """
        value = x.T.ravel()
        n, p = x.shape
        has_strayed = np.zeros(node.size * p, dtype=np.bool_)
        active: IntVector = np.arange(node.size)
        node = node.copy()
        strays: list[tuple[IntVector, IntVector, IntVector]] = [(active[:0], active[:0], active[:0])]
        while True:
            at = node[active]
            is_inner = self.feature[at] >= 0
            active, at = active[is_inner], at[is_inner]
            if active.size == 0:
                break
            asked = self.feature[at]
            threshold, column = self.threshold[at], asked * n
            right = value[column + sample[active]] > threshold
            first = np.flatnonzero((value[column + donor[active]] > threshold) != right)
            first = first[~has_strayed[active[first] * p + asked[first]]]
            has_strayed[active[first] * p + asked[first]] = True
            strays.append((active[first], asked[first], self.children[2 * at[first] + ~right[first]]))
            node[active] = self.children[2 * at + right]
        item, gene, aside = (np.concatenate(parts) for parts in zip(*strays, strict=True))
        return node, item, gene, aside

    def _leaves(
        self,
        x: SingleMatrix,
        node: IntVector,
        sample: IntVector,
        gene: IntVector | None = None,
        donor: IntVector | None = None,
    ) -> IntVector:
        """Leaves that samples reach from their nodes, with the values of `gene` taken from `donor`."""
        value = x.T.ravel()
        node = node.copy()
        active: IntVector = np.arange(node.size)
        while True:
            at = node[active]
            is_inner = self.feature[at] >= 0
            active, at = active[is_inner], at[is_inner]
            if active.size == 0:
                return node
            asked = self.feature[at]
            row = sample[active]
            if gene is not None and donor is not None:
                row = np.where(asked == gene[active], donor[active], row)
            node[active] = self.children[2 * at + (value[asked * x.shape[0] + row] > self.threshold[at])]


def flatten(trees: Sequence[Any]) -> GrownForest:
    """Trees of `grow` as one forest."""
    root = np.cumsum([0] + [tree.node_count for tree in trees[:-1]], dtype=np.intp)
    first = np.repeat(root, [tree.node_count for tree in trees])
    left = np.concatenate([tree.children_left for tree in trees]) + first
    right = np.concatenate([tree.children_right for tree in trees]) + first
    return GrownForest(
        root=root,
        feature=np.concatenate([tree.feature for tree in trees]),
        threshold=np.concatenate([tree.threshold for tree in trees]),
        children=np.stack([left, right], axis=1).ravel(),
        is_case=np.concatenate([tree.value[:, 0, 0] for tree in trees]) > 0.5,
    )


def _bootstrap(n: int, trees: int, seed: int) -> FloatArray:
    """(trees, n) number of times that each tree draws each sample, with replacement."""
    drawn = np.random.default_rng(seed).integers(0, n, size=(trees, n))
    flat = (drawn + n * np.arange(trees)[:, np.newaxis]).ravel()
    return np.bincount(flat, minlength=trees * n).reshape(trees, n).astype(np.float64)
