"""A cohort's values without a fold's held-out arrays, made in small blocks of genes and never as a whole matrix.

The distribution that a fold learns is a mean of sorted arrays, so that a fold's values are look-ups at ranks that do
not change. `arrays.py` has the ranks, and makes whole matrices; `fold_genes.py` reduces the blocks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.expression.cohort import genes_in_cohort
from dmicc_assets.expression.collapse import collapse_groups, gene_rows
from dmicc_assets.resampling.arrays import CountedArrays, FoldValues, LogArrays, look_up
from dmicc_assets.types import BoolArray, FloatArray

Rows = NDArray[np.intp]

# Values of a block, few enough to stay in the cache; folds whose distributions are learnt at a time.
_CELLS_PER_BLOCK, _FOLDS_AT_ONCE = 1 << 17, 32


@dataclass(frozen=True)
class _Part:
    """The cohort's genes as one dataset measures them: in each block the genes' first probes, then their second, ...

    Attributes:
        arrays: the dataset, if its values depend on the fold.
        first: (G + 1,) how many probes the genes before have.
        measured: (n, R) entries of the probes in the tables of folds, or their values.
        columns: (n,) the dataset's arrays: those of the cohort, or all where a choice of probes looks at all.
        inside: which of the columns are the cohort's samples.
        places: where these are in the cohort.
    """

    arrays: LogArrays | None
    first: Rows
    measured: NDArray[np.uint32 | np.float64]
    columns: Rows
    inside: Rows
    places: Rows

    @classmethod
    def of(cls, source: FoldValues, name: str, probes: Sequence[Rows], blocks: Sequence[slice]) -> "_Part":
        """Genes as a dataset measures them, by the rows of each gene's probes."""
        subject, arrays = source.subject.matrix.samples, _arrays(source, name)
        measured = source.matrices[name] if arrays is None else arrays.matrix
        column = {sample: i for i, sample in enumerate(measured.samples)}
        places = [i for i, sample in enumerate(subject) if sample in column]
        inside = np.array([column[subject[i]] for i in places], dtype=np.intp)
        columns = inside
        if arrays is not None and arrays.spec.collapse == "max_mean":
            columns = np.arange(len(measured.samples))
        else:
            inside = np.arange(len(columns))
        rows = np.concatenate([np.array(probes[block]).T.ravel() for block in blocks])
        by_array = measured.values.T if arrays is None or arrays.ranks is None else arrays.ranks.entry
        taken, first = np.ascontiguousarray(by_array[np.ix_(columns, rows)]), np.cumsum([0, *map(len, probes)])
        return cls(arrays, first, taken, columns, inside, np.array(places, dtype=np.intp))

    def learnt(self, held_out: BoolArray) -> BoolArray:
        """(B, M) which of the dataset's arrays folds learn from that hold out these of the cohort's samples (B, N)."""
        n = 0 if self.arrays is None else len(self.arrays.matrix.samples)
        keeps = np.ones((len(held_out), n), dtype=np.bool_)
        if n:
            keeps[:, self.columns[self.inside]] = ~held_out[:, self.places]
        return keeps

    def table(self, target: FloatArray) -> FloatArray | None:
        """What entries stand for in a fold, by the distribution (P,) that it learnt; None for a dataset of values."""
        return None if self.arrays is None or self.arrays.ranks is None else self.arrays.ranks.table(target)

    def block(
        self, block: slice, genes: slice, used: BoolArray, table: FloatArray | None, learnt: BoolArray
    ) -> FloatArray:
        """(g, n) values of some genes of a block in a fold, of the dataset's samples among those used (N,)."""
        rows = np.flatnonzero(used[self.places])
        looks_at_all = self.arrays is not None and self.arrays.spec.collapse == "max_mean"
        of_block = slice(int(self.first[block.start]), int(self.first[block.stop]))
        cells = self.measured[:, of_block] if looks_at_all else self.measured[rows, of_block]
        cells = cells.reshape(len(cells), -1, block.stop - block.start)[:, :, genes]
        if table is not None:
            cells = look_up(table, cells.astype(np.uint32, copy=False))
        values = cells.astype(np.float64, copy=False).transpose(2, 1, 0)
        if self.arrays is None:
            return values[:, 0]
        values = collapse_groups(values, self.arrays.spec.collapse, learnt[self.columns])
        return values[:, self.inside[rows]] if looks_at_all else values


def _arrays(source: FoldValues, name: str) -> LogArrays | None:
    arrays = source.arrays.get(name)
    if isinstance(arrays, CountedArrays):
        raise TypeError(f"the values of {name} are made from counts, of which no block can be made")
    return arrays


def _probes(source: FoldValues, name: str) -> list[Rows]:
    """Rows in a dataset of the probes of each gene of the cohort."""
    arrays = _arrays(source, name)
    features = source.matrices[name].features if arrays is None else arrays.matrix.features
    if arrays is None or arrays.probe_genes is None:
        rows, genes, starts = np.arange(len(features)), features, np.arange(1, len(features))
    else:
        rows, of_rows = gene_rows(arrays.matrix, arrays.probe_genes)
        names, begins = np.unique(of_rows, return_index=True)
        genes, starts = tuple(map(str, names)), begins[1:]
    named = dict(zip(genes_in_cohort(genes, source.cohort), np.split(rows, starts), strict=True))
    return [named[gene] for gene in source.subject.matrix.features]


class FoldBlocks:
    """Blocks of a cohort's values for each of many folds.

    Args:
        source: the cohort, whose datasets are arrays of intensities or do not depend on the fold.
        held_out: (B, N) which samples each fold holds out.
        genes: rows of the cohort's genes; None for all.
    """

    def __init__(self, source: FoldValues, held_out: BoolArray, genes: Rows | None = None) -> None:
        self._held_out = held_out
        given = np.arange(len(source.subject.matrix.features)) if genes is None else genes
        probes = {name: _probes(source, name) for name in source.matrices}
        sizes = np.array([[len(own[gene]) for gene in given.tolist()] for own in probes.values()])
        # Genes with equally many probes in every dataset stand together.
        order = np.lexsort(sizes)
        self._order, self._genes, sizes = order, given[order], sizes.T[order]
        ordered: list[int] = self._genes.tolist()
        bounds = [0, *(np.flatnonzero((np.diff(sizes, axis=0) != 0).any(axis=1)) + 1).tolist(), len(order)]
        self._blocks: list[slice] = []
        for start, stop in pairwise(bounds):
            step = max(1, _CELLS_PER_BLOCK // (held_out.shape[1] * int(sizes[start].max())))
            self._blocks += [slice(at, min(at + step, stop)) for at in range(start, stop, step)]
        self._parts = [
            _Part.of(source, name, [own[gene] for gene in ordered], self._blocks) for name, own in probes.items()
        ]
        self._at = {gene: (block, i) for block in self._blocks for i, gene in enumerate(ordered[block])}
        self._folds, self._fold = range(0), -1
        self._targets: list[FloatArray] = []
        self._tables: list[FloatArray | None] = []
        self._learnt: list[BoolArray] = []

    def _learn(self, fold: int) -> None:
        """The tables of a fold, one a dataset; the distributions of many folds are learnt by one product."""
        if fold not in self._folds:
            start = fold // _FOLDS_AT_ONCE * _FOLDS_AT_ONCE
            self._folds = range(start, min(start + _FOLDS_AT_ONCE, len(self._held_out)))
            self._targets = []
            for part in self._parts:
                keeps = part.learnt(self._held_out[self._folds]).astype(np.float64)
                ordered = part.arrays.ordered if part.arrays is not None else np.empty((0, 0))
                total = keeps @ ordered if ordered.size else np.empty((len(keeps), 0))
                self._targets.append(total / np.maximum(keeps.sum(axis=1, keepdims=True), 1.0))
        held = self._held_out[fold : fold + 1]
        self._fold, self._learnt = fold, [part.learnt(held)[0] for part in self._parts]
        each = zip(self._parts, self._targets, strict=True)
        self._tables = [part.table(targets[fold - self._folds.start]) for part, targets in each]

    def of_fold(self, fold: int, used: BoolArray) -> Iterator[tuple[Rows, FloatArray]]:
        """Rows of genes, and values (g, n) of the samples used (N,) without a fold's held-out arrays, block by block.

        The values are the caller's to overwrite.
        """
        for block in self._blocks:
            yield self._genes[block], self._values(fold, block, used)

    def of_genes(self, fold: int, genes: Rows) -> FloatArray:
        """(g, N) the values of some genes without a fold's held-out arrays, in their order."""
        places, n = [self._at[gene] for gene in genes.tolist()], self._held_out.shape[1]
        every = np.ones(n, dtype=np.bool_)
        each = [self._values(fold, block, every, slice(i, i + 1)) for block, i in places]
        return np.vstack(each) if each else np.empty((0, n))

    def whole(self, fold: int, used: BoolArray) -> FloatArray:
        """(G, n) the values of all genes, in the order in which they were given, of the samples used (N,)."""
        values = np.empty((len(self._genes), int(used.sum())))
        for block in self._blocks:
            values[self._order[block]] = self._values(fold, block, used)
        return values

    def _values(self, fold: int, block: slice, used: BoolArray, genes: slice = slice(None)) -> FloatArray:
        if fold != self._fold:
            self._learn(fold)
        each = zip(self._parts, self._tables, self._learnt, strict=True)
        found = [part.block(block, genes, used, table, learnt) for part, table, learnt in each]
        if len(found) == 1:
            return found[0]
        values, place = np.empty((int(used.sum()), len(found[0]))).T, np.cumsum(used) - 1
        for part, own in zip(self._parts, found, strict=True):
            values[:, place[part.places[used[part.places]]]] = own
        return values
