"""A grown forest as flat arrays: growing its trees, asking all of them at once, and permuting genes out of bag.

Trees are scikit-learn's, grown by its engine without the estimator around it: of the 1.2 ms that a
`DecisionTreeRegressor` takes for a tree of 43 samples the engine takes 0.03 ms, and rigor grows millions. A test holds
the two to identical trees. What the importances and votes are for is `forest.py`'s.
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


def grow(x: SingleMatrix, y: FloatArray, trees: int, seed: int) -> Iterator[tuple[Any, FloatArray]]:
    """Each tree of scikit-learn's engine, with how often it drew each sample.

    Bootstrap, floor(sqrt(p)) features a split, Gini, fully grown. The engine is asked for the variance of the class,
    p(1 - p), which is half of its Gini impurity and chooses the same splits in two thirds of the time; `gini` doubles
    it. The engine is compiled and private to scikit-learn, but its signatures have stood since 1.4, and a change is a
    TypeError here.

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
    """(p,) decrease of Gini impurity by each gene's splits, a share of a tree's samples, summed over `grow`'s trees."""
    return 2 * np.sum([tree.compute_feature_importances(normalize=False) for tree in trees], axis=0)


class _Seeds:
    """The one random number that the engine asks for a tree, as RandomState would give it, drawn at once."""

    def __init__(self, seed: int, trees: int) -> None:
        self._seeds = iter(np.random.RandomState(seed).randint(0, np.iinfo(np.int32).max, size=trees).tolist())

    def randint(self, low: int, high: int) -> int:
        """The next one; the engine's bounds are those that they were drawn with."""
        if (low, high) != (0, np.iinfo(np.int32).max):
            raise TypeError(f"scikit-learn's tree engine asks for another seed than it did: {low} to {high}")
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
        """(T, N) which trees take which of the N samples for a case."""
        tree, sample = (index.ravel() for index in np.indices((self.root.size, x.shape[0])))
        return self.is_case[self._leaves(x, self.root[tree], sample)].reshape(self.root.size, x.shape[0])

    def accuracy_loss(
        self, x: SingleMatrix, is_case: BoolArray, out_of_bag: BoolArray, rng: np.random.Generator
    ) -> FloatArray:
        """Accuracy that trees lose on their out-of-bag samples when a gene is permuted among these, summed over trees.

        A tree permutes its samples once, and so alike for all genes.

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
        """Leaves that samples reach from their nodes, and where a gene of their donor would first send them elsewhere.

        Returns:
            (items,) leaves; of each item and gene that strays: the item, the gene, the node that it strays to.
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
        """Leaves that samples reach from their nodes; `gene` is read from `donor`."""
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
    """(trees, n) how often each tree draws each sample, with replacement."""
    drawn = np.random.default_rng(seed).integers(0, n, size=(trees, n))
    flat = (drawn + n * np.arange(trees)[:, np.newaxis]).ravel()
    return np.bincount(flat, minlength=trees * n).reshape(trees, n).astype(np.float64)
