"""The sets of a library within the measured genes, as positions among these.

Reading a library is in `gene_sets.py`; the tests are in `camera.py`, `gsea.py` and `ora.py`.
"""

# scipy has no stubs: what it returns is declared here.
# pyright: reportMissingTypeStubs=false

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dmicc_assets.enrichment.gene_sets import GeneSetLibrary, SetsByTerm
from dmicc_assets.expression.symbols import find_symbols
from dmicc_assets.types import BoolArray

IntArray = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class MeasuredSets:
    """A library within G measured genes.

    Attributes:
        measured: the G genes.
        terms: the S terms with a measured gene, in the library's order.
        size: (S,) their measured genes.
        hits: (H,) positions of these genes among the measured ones: set after set, ascending in each.
        by_previous: library symbol to measured symbol, where the two differ.
    """

    measured: tuple[str, ...]
    terms: tuple[str, ...]
    size: IntArray
    hits: IntArray
    by_previous: dict[str, str]

    @property
    def ends(self) -> IntArray:
        """(S + 1,) where each set's hits begin, and where the last one's end."""
        return np.concatenate([[0], np.cumsum(self.size)])

    @property
    def covered(self) -> IntArray:
        """Positions of the measured genes that are in any set, ascending."""
        return np.flatnonzero(np.bincount(self.hits, minlength=len(self.measured)))

    @property
    def genes(self) -> frozenset[str]:
        """The measured genes that are in any set."""
        positions: list[int] = self.covered.tolist()
        return frozenset(self.measured[i] for i in positions)

    @property
    def sets(self) -> dict[str, frozenset[str]]:
        """The measured genes of each term, named as measured."""
        positions: list[int] = self.hits.tolist()
        names = [self.measured[i] for i in positions]
        return {
            term: frozenset(names[start:end])
            for term, (start, end) in zip(self.terms, pairwise(self.ends.tolist()), strict=True)
        }

    def incidence(self) -> Any:
        """(S, G) sparse array: 1.0 where a set has a gene."""
        from scipy.sparse import csr_array  # only here: runs that compute nothing load this module

        shape = (len(self.terms), len(self.measured))
        return csr_array((np.ones(len(self.hits)), self.hits.astype(np.int32), self.ends), shape=shape)

    def counts(self, lists: BoolArray) -> IntArray:
        """(S, L) genes of each set that are in each of L lists (G, L) of measured genes."""
        return np.asarray(self.incidence().astype(np.float32) @ lists.astype(np.float32), dtype=np.intp)

    def of_size(self, least: int, most: int) -> Self:
        """Those of the sets that have as many measured genes."""
        return self._only((self.size >= least) & (self.size <= most))

    def that_hold(self, genes: BoolArray) -> Self:
        """Those of the sets that have any of some measured genes (G,)."""
        held = np.repeat(np.arange(len(self.terms)), self.size)[genes[self.hits]]
        return self._only(np.bincount(held, minlength=len(self.terms)) > 0)

    def _only(self, kept: BoolArray) -> Self:
        terms = tuple(term for term, one in zip(self.terms, kept.tolist(), strict=True) if one)
        return replace(self, terms=terms, size=self.size[kept], hits=self.hits[np.repeat(kept, self.size)])


def gene_lists(genes: Sequence[str], positions: IntArray, size: IntArray) -> pl.Series:
    """Lists of genes (S,) by their positions (H,), list after list, and how many each has (S,): at least one."""
    names = pl.Series("genes", genes, pl.String).gather(positions)
    lists = pl.DataFrame([pl.Series("list", np.repeat(np.arange(len(size)), size)).set_sorted(), names])
    return lists.group_by("list", maintain_order=True).agg("genes")["genes"]


def measured_sets(library: GeneSetLibrary, measured: Sequence[str]) -> MeasuredSets:
    """The library's sets within different measured genes; genes are also found under earlier symbols."""
    sets = library.sets if isinstance(library.sets, SetsByTerm) else SetsByTerm(library.sets)
    genes, of_gene, sizes = sets.coded
    match = find_symbols(genes, frozenset(measured))
    position = {gene: i for i, gene in enumerate(measured)}
    found = match.found
    at = np.array([position[found[gene]] if gene in found else -1 for gene in genes], dtype=np.intp)
    hits, of_set = at[of_gene], np.repeat(np.arange(len(sizes)), sizes)
    # A gene that a set has under two symbols counts once.
    every = np.sort((of_set * len(measured) + hits)[hits >= 0])
    of_set, hits = np.divmod(every[np.flatnonzero(np.diff(every, prepend=-1))], max(len(measured), 1))
    size = np.bincount(of_set, minlength=len(sizes))
    terms = tuple(term for term, n in zip(library.sets, size.tolist(), strict=True) if n)
    return MeasuredSets(tuple(measured), terms, size[size > 0], hits, match.by_previous)
