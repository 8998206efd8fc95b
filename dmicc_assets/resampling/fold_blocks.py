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
from dmicc_assets.resampling.arrays import CountedArrays, FoldValues, LogArrays, Ranks
from dmicc_assets.types import BoolArray, FloatArray

Rows = NDArray[np.intp]

# Values of a block, few enough to stay in the cache; folds whose distributions are learnt at a time.
_CELLS_PER_BLOCK, _FOLDS_AT_ONCE = 1 << 17, 32


@dataclass(frozen=True)
class _Part:
    """The cohort's genes as one dataset measures them: their probes in the genes' order, each gene's side by side.

    Attributes:
        arrays: the dataset, if its values depend on the fold.
        first: (G + 1,) the first probe of each gene.
        measured: ranks, or (R, n) values, of the probes in the columns.
        columns: (n,) the dataset's arrays: those of the cohort, or all where a choice of probes looks at all.
        inside: which of the columns are the cohort's samples.
        places: where these are in the cohort.
    """

    arrays: LogArrays | None
    first: Rows
    measured: Ranks | FloatArray
    columns: Rows
    inside: Rows
    places: Rows

    @classmethod
    def of(cls, source: FoldValues, name: str, probes: Sequence[Rows]) -> "_Part":
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
        rows, first = np.concatenate(probes), np.cumsum([0, *map(len, probes)])
        ranks = None if arrays is None else arrays.ranks
        taken = measured.values[np.ix_(rows, columns)] if ranks is None else ranks.take(rows, columns)
        return cls(arrays, first, taken, columns, inside, np.array(places, dtype=np.intp))

    def learnt(self, held_out: BoolArray) -> BoolArray:
        """(B, M) which of the dataset's arrays folds learn from that hold out these of the cohort's samples (B, N)."""
        n = 0 if self.arrays is None else len(self.arrays.matrix.samples)
        keeps = np.ones((len(held_out), n), dtype=np.bool_)
        if n:
            keeps[:, self.columns[self.inside]] = ~held_out[:, self.places]
        return keeps

    def block(self, genes: slice, target: FloatArray | None, learnt: BoolArray) -> FloatArray:
        """(g, n) values of genes with equally many probes; `target` (P,) is the distribution that the fold learnt."""
        start, stop = int(self.first[genes.start]), int(self.first[genes.stop])
        if isinstance(self.measured, Ranks):
            assert target is not None
            values = self.measured.part(start, stop).quantiles(target)
        else:
            values = self.measured[start:stop]
        if self.arrays is not None and self.arrays.probe_genes is not None:
            grouped = values.reshape(genes.stop - genes.start, -1, values.shape[1])
            values = collapse_groups(grouped, self.arrays.spec.collapse, learnt[self.columns])
        return values if len(self.inside) == values.shape[1] else values[:, self.inside]


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
        self._parts = [_Part.of(source, name, [own[gene] for gene in ordered]) for name, own in probes.items()]
        bounds = [0, *(np.flatnonzero((np.diff(sizes, axis=0) != 0).any(axis=1)) + 1).tolist(), len(order)]
        self._blocks: list[slice] = []
        for start, stop in pairwise(bounds):
            step = max(1, _CELLS_PER_BLOCK // (held_out.shape[1] * int(sizes[start].max())))
            self._blocks += [slice(at, min(at + step, stop)) for at in range(start, stop, step)]
        self._place = {int(gene): place for place, gene in enumerate(self._genes)}
        self._folds, self._fold = range(0), -1
        self._learnt: list[BoolArray] = []
        self._targets: list[FloatArray] = []

    def _learn(self, fold: int) -> list[FloatArray | None]:
        """The distributions (P,) that a fold learns, one a dataset; those of many folds by one product."""
        if fold not in self._folds:
            start = fold // _FOLDS_AT_ONCE * _FOLDS_AT_ONCE
            self._folds = range(start, min(start + _FOLDS_AT_ONCE, len(self._held_out)))
            self._targets = []
            for part in self._parts:
                keeps = part.learnt(self._held_out[self._folds]).astype(np.float64)
                ordered = part.arrays.ordered if part.arrays is not None else np.empty((0, 0))
                total = keeps @ ordered.T if ordered.size else np.empty((len(keeps), 0))
                self._targets.append(total / np.maximum(keeps.sum(axis=1, keepdims=True), 1.0))
        return [each[fold - self._folds.start] if each.shape[1] else None for each in self._targets]

    def of_fold(self, fold: int) -> Iterator[tuple[Rows, FloatArray]]:
        """Rows of genes, and their values (g, N) without a fold's held-out arrays, block by block."""
        for block in self._blocks:
            yield self._genes[block], self._values(fold, block)

    def of_genes(self, fold: int, genes: Rows) -> FloatArray:
        """(g, N) the values of some genes without a fold's held-out arrays, in their order."""
        each = [self._values(fold, slice(self._place[gene], self._place[gene] + 1)) for gene in genes.tolist()]
        return np.vstack(each) if each else np.empty((0, self._held_out.shape[1]))

    def whole(self, fold: int) -> FloatArray:
        """(G, N) the values of all genes, in the order in which they were given."""
        values = np.empty((len(self._genes), self._held_out.shape[1]))
        for block in self._blocks:
            values[self._order[block]] = self._values(fold, block)
        return values

    def _values(self, fold: int, block: slice) -> FloatArray:
        targets = self._learn(fold)
        if fold != self._fold:
            held = self._held_out[fold : fold + 1]
            self._fold, self._learnt = fold, [part.learnt(held)[0] for part in self._parts]
        each = zip(self._parts, targets, self._learnt, strict=True)
        if len(self._parts) == 1:
            return next(part.block(block, target, learnt) for part, target, learnt in each)
        values = np.empty((block.stop - block.start, self._held_out.shape[1]))
        for part, target, learnt in each:
            values[:, part.places] = part.block(block, target, learnt)
        return values
