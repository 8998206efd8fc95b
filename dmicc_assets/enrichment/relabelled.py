"""What gene sets score and gene lists hold when a cohort's labels are permuted: a null that keeps genes correlated.

Permuting labels and testing genes under them is `resampling/relabelled_genes.py`'s.
"""

# scipy has no stubs: what it returns is declared here.
# pyright: reportMissingTypeStubs=false

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.enrichment.random_sets import IntArray
from dmicc_assets.types import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class RelabelledGenes:
    """Statistics of G genes under L permuted labellings of a cohort.

    Attributes:
        genes: the G names.
        log_fc: (L, G) log2 fold change; NaN where a labelling does not determine it.
        t: (L, G) moderated t.
    """

    genes: tuple[str, ...]
    log_fc: FloatArray
    t: FloatArray

    def t_of(self, genes: Sequence[str]) -> FloatArray:
        """(L, G') moderated t of these genes, 0 where it is not determined."""
        position = {gene: i for i, gene in enumerate(self.genes)}
        return np.nan_to_num(self.t[:, [position[gene] for gene in genes]])

    def lists(self, listed: Sequence[str], statistics: pl.DataFrame) -> BoolArray:
        """(L, G) which genes each labelling's list holds; every list is as long as the disease's.

        The smallest abs(log_fc) and abs(t) of the disease's genes are thresholds that are loosened alike, by one
        factor a labelling, until the list is long enough. The study's own thresholds would give lists of other lengths,
        and a short list has few genes of any set.

        Args:
            listed: the disease's differentially expressed genes.
            statistics: columns gene, log_fc and t under the true labels.
        """
        n, true = len(listed), statistics.filter(pl.col("gene").is_in(list(listed)))
        result = np.zeros(self.t.shape, dtype=np.bool_)
        if not n:
            return result
        score = np.full(self.t.shape, np.inf)
        for under, name in ((self.log_fc, "log_fc"), (self.t, "t")):
            if (least := float(np.abs(true[name].to_numpy()).min())) > 0:
                score = np.minimum(score, np.nan_to_num(np.abs(under)) / least)
        longest = np.argsort(-score, axis=1, kind="stable")[:, :n]
        np.put_along_axis(result, longest, True, axis=1)
        return result


def scores_under_labels(t: FloatArray, sets: Sequence[Sequence[int]]) -> Iterator[FloatArray]:
    """Enrichment scores of every set along the genes ranked by each labelling's t; yields (S,) a labelling.

    The same score as `random_sets.enrichment_scores`, of sets of any size at once.

    Args:
        t: (L, G) moderated t; ties go by the order of the columns.
        sets: columns of each set's genes: at least one, fewer than all.
    """
    from scipy.sparse import csr_array  # only here: runs that compute nothing load this module

    n_genes = t.shape[1]
    size = np.array([len(hits) for hits in sets], dtype=np.int64)
    start = np.concatenate([[0], np.cumsum(size)])
    genes = np.concatenate([np.asarray(hits, dtype=np.int32) for hits in sets])
    member: Any = csr_array((np.ones(len(genes), dtype=np.int8), genes, start), shape=(len(size), n_genes)).tocsc()
    start, fall = start[:-1], np.repeat(1.0 / (n_genes - size), size)
    fall_to_first = (np.arange(len(genes)) - np.repeat(start, size)) * fall
    for row in t:
        order = np.argsort(-row, kind="stable")
        # A matrix by columns in the order of the ranking, turned into one by rows: each set's positions, ascending.
        position: IntArray = member[:, order].tocsr().indices
        share: FloatArray = np.abs(row[order])[position]
        total = np.add.reduceat(share, start)
        if (even := total == 0).any():
            share, total = np.where(np.repeat(even, size), 1.0, share), np.where(even, size, total)
        share /= np.repeat(total, size)
        at_hit: FloatArray = np.cumsum(share)
        at_hit -= np.repeat(at_hit[start] - share[start], size)
        at_hit -= position * fall - fall_to_first
        highest = np.maximum.reduceat(at_hit, start)
        at_hit -= share
        lowest = np.minimum.reduceat(at_hit, start)
        yield np.where(highest >= -lowest * (1 - 1e-12), highest, lowest)
