"""What gene sets score and gene lists hold when a cohort's labels are permuted: a null that keeps genes correlated.

Permuting labels and testing genes under them is `resampling/relabelled_genes.py`'s.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dmicc_assets.enrichment.set_scores import AT_ONCE, scores_of_hits
from dmicc_assets.types import BoolArray, FloatArray

_LABELLINGS = 20  # that are scored at a time, at least
_ROWS = 100  # scores of a size at a time, if there are as many labellings


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
        last = np.partition(score, -n, axis=1)[:, [-n]]
        result |= score > last
        # Of genes that are as good as the last one, the first ones.
        is_last = score == last
        return result | (is_last & (is_last.cumsum(axis=1) <= n - result.sum(axis=1, keepdims=True)))


def scores_under_labels(t: FloatArray, sets: Sequence[NDArray[np.intp]]) -> FloatArray:
    """Enrichment scores (L, S) of sets along the genes ranked by each labelling's t, as `enrichment_scores` has them.

    Args:
        t: (L, G) moderated t; ties go by the order of the columns.
        sets: for each size the columns (M, k) of the genes of its M sets, S in all: at least one gene, fewer than all.
    """
    many, n_genes = t.shape
    position = np.empty(t.shape, dtype=np.uint16 if n_genes <= 1 << 16 else np.int32)
    weight = np.empty(t.shape)
    for row, ranked, at in zip(t, weight, position, strict=True):
        order = _ranking(row)
        ranked[:], at[order] = np.abs(row[order]), np.arange(n_genes)
    scores = np.empty((many, sum(map(len, sets))))
    first = 0
    for some in _together(sets):
        last = first + sum(map(len, some))
        at_once = max(_LABELLINGS, _ROWS // min(map(len, some), default=_ROWS))
        for rows in (slice(start, start + at_once) for start in range(0, many, at_once)):
            scores[rows, first:last] = _scores(position[rows], weight[rows], some)
        first = last
    return scores


def _together(sets: Sequence[NDArray[np.intp]]) -> Iterator[list[NDArray[np.intp]]]:
    """Sizes whose sets have together about as many hits as are scored at a time."""
    some: list[NDArray[np.intp]] = []
    for each in sets:
        some.append(each)
        if sum(one.size for one in some) >= AT_ONCE:
            yield some
            some = []
    yield some


def _ranking(t: FloatArray) -> NDArray[np.intp]:
    """The order of descending t, ties by column."""
    order = np.argsort(-t)
    has_ties = bool((t[order[1:]] == t[order[:-1]]).any())
    return np.argsort(-t, kind="stable") if has_ties else order  # the stable sort takes five times as long


def _scores(position: NDArray[np.integer], weight: FloatArray, sets: Sequence[NDArray[np.intp]]) -> FloatArray:
    """Scores (L, S) of sets of a few sizes, by each gene's position in each labelling's order (L, G) and weight there.

    A labelling's genes are looked up together, while they are in the processor's cache.
    """
    genes = np.concatenate([np.empty(0, dtype=np.intp), *(each.ravel() for each in sets)])
    hits = np.empty((len(position), genes.size), dtype=position.dtype)
    for row, found in zip(position, hits, strict=True):
        row.take(genes, out=found, mode="clip")  # which is written without a copy
    ends = np.cumsum([0, *(each.size for each in sets)]).tolist()
    for each, start, end in zip(sets, ends, ends[1:], strict=False):
        hits[:, start:end].reshape(-1, *each.shape).sort(axis=-1)
    share = np.empty(hits.shape)
    for ranked, row, found in zip(weight, hits, share, strict=True):
        ranked.take(row, out=found, mode="clip")
    scores = [np.empty((len(hits), 0))]
    for (n_sets, size), start, end in zip((each.shape for each in sets), ends, ends[1:], strict=False):
        own, found = hits[:, start:end].reshape(-1, size), share[:, start:end].reshape(-1, size)
        scores.append(scores_of_hits(own, found, weight.shape[1])[0].reshape(-1, n_sets))
    return np.hstack(scores)
