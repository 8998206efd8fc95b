"""A grown forest as flat arrays: growing its trees, asking all of them at once, and permuting genes out of bag.

Trees are scikit-learn's, grown by its engine without the estimator around it: of the 1.2 ms that a
`DecisionTreeClassifier` takes for a tree of 43 samples the engine takes 0.06 ms, and rigor grows millions. A test holds
the two to identical trees. What the importances and votes are for is `forest.py`'s.
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
SingleMatrix = NDArray[np.float32]
BoolVector = NDArray[np.bool_]
IntVector = NDArray[np.intp]


def grow(x: SingleMatrix, y: FloatMatrix, trees: int, seed: int) -> Iterator[tuple[Any, FloatMatrix]]:
    """Each tree of scikit-learn's engine, with how often it drew each sample.

    Bootstrap, floor(sqrt(p)) features a split, Gini, fully grown. The engine is compiled and private to scikit-learn,
    but its signatures have stood since 1.4, and a change is a TypeError here.

    Args:
        x: (N, p) values, each gene contiguous.
        y: (N, 1) class, 0 or 1.
        trees: how many.
        seed: of the bootstrap and of the features tried.
    """
    from sklearn.tree._criterion import Gini
    from sklearn.tree._splitter import BestSplitter
    from sklearn.tree._tree import DepthFirstTreeBuilder, Tree

    n, p = x.shape
    n_classes = np.array([2], dtype=np.intp)
    splitter = BestSplitter(Gini(1, n_classes), max(1, int(np.sqrt(p))), 1, 0.0, _Seeds(seed, trees), None)
    builder = DepthFirstTreeBuilder(splitter, 2, 1, 0.0, np.iinfo(np.int32).max, 0.0)
    for drawn in _bootstrap(n, trees, seed):
        tree = Tree(p, n_classes, 1)
        builder.build(tree, x, y, drawn)
        yield tree, drawn


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
        left, right: (nodes,) a node's children.
        is_case: (nodes,) whether most samples at the node are cases.
    """

    root: IntVector
    feature: IntVector
    threshold: FloatMatrix
    left: IntVector
    right: IntVector
    is_case: BoolVector

    def votes(self, x: SingleMatrix) -> BoolVector:
        """(T, N) which trees take which of the N samples for a case."""
        tree, sample = (index.ravel() for index in np.indices((self.root.size, x.shape[0])))
        leaf, _, _ = self._descend(x, tree, sample)
        return self.is_case[leaf].reshape(self.root.size, x.shape[0])

    def accuracy_loss(
        self, x: SingleMatrix, is_case: BoolVector, out_of_bag: BoolVector, rng: np.random.Generator
    ) -> FloatMatrix:
        """Accuracy that trees lose on their out-of-bag samples when a gene is permuted among these, summed over trees.

        A sample's vote can only change by a gene that its way down the tree was asked for: only those are tried. A tree
        permutes its samples once, and so alike for all genes.

        Args:
            x: (N, p) values.
            is_case: (N,) class.
            out_of_bag: (T, N) samples that a tree has not seen.
            rng: of the permutations.

        Returns:
            (p,) sum over trees; a tree without an out-of-bag sample adds nothing.
        """
        tree, sample = np.nonzero(out_of_bag)
        # Samples are in order of their tree, so sorting by tree and a random key permutes within trees.
        donor = sample[np.lexsort((rng.random(sample.size), tree))]
        leaf, item, asked = self._descend(x, tree, sample)
        right = self.is_case[leaf] == is_case[sample]
        tried = np.sort(item * x.shape[1] + asked)
        tried = tried[np.diff(tried, prepend=-1) > 0]
        item, gene = tried // x.shape[1], tried % x.shape[1]
        leaf, _, _ = self._descend(x, tree[item], sample[item], gene, donor[item])
        loss = right[item] * 1.0 - (self.is_case[leaf] == is_case[sample[item]])
        n_samples = out_of_bag.sum(axis=1)
        lost = loss / n_samples[tree[item]]
        return np.asarray(np.bincount(gene, lost, minlength=x.shape[1]), dtype=np.float64)

    def _descend(
        self,
        x: SingleMatrix,
        tree: IntVector,
        sample: IntVector,
        gene: IntVector | None = None,
        donor: IntVector | None = None,
    ) -> tuple[IntVector, IntVector, IntVector]:
        """Leaves that samples reach in trees, with every (item, gene) asked for; `gene` is read from `donor`."""
        node = self.root[tree]
        active = np.arange(node.size)
        items: list[IntVector] = []
        genes: list[IntVector] = []
        while True:
            inner = self.feature[node[active]] >= 0
            active = active[inner]
            if active.size == 0:
                break
            at = node[active]
            asked = self.feature[at]
            row = sample[active]
            if gene is not None and donor is not None:
                row = np.where(asked == gene[active], donor[active], row)
            node[active] = np.where(x[row, asked] <= self.threshold[at], self.left[at], self.right[at])
            items.append(active)
            genes.append(asked)
        none = np.empty(0, dtype=np.intp)
        return node, np.concatenate([none, *items]), np.concatenate([none, *genes])


def flatten(trees: Sequence[Any]) -> GrownForest:
    """Trees of scikit-learn's engine as one forest."""
    root = np.cumsum([0] + [tree.node_count for tree in trees[:-1]], dtype=np.intp)
    value = np.concatenate([tree.value[:, 0, :] for tree in trees])
    return GrownForest(
        root=root,
        feature=np.concatenate([tree.feature for tree in trees]),
        threshold=np.concatenate([tree.threshold for tree in trees]),
        left=np.concatenate([tree.children_left + first for tree, first in zip(trees, root, strict=True)]),
        right=np.concatenate([tree.children_right + first for tree, first in zip(trees, root, strict=True)]),
        is_case=value[:, 1] > value[:, 0],
    )


def _bootstrap(n: int, trees: int, seed: int) -> FloatMatrix:
    """(trees, n) how often each tree draws each sample, with replacement."""
    drawn = np.random.default_rng(seed).integers(0, n, size=(trees, n))
    flat = (drawn + n * np.arange(trees)[:, np.newaxis]).ravel()
    return np.bincount(flat, minlength=trees * n).reshape(trees, n).astype(np.float64)
