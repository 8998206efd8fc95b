"""Over-representation analysis: gene sets that contain more of a gene list than expected by chance.

Counts and the hypergeometric test; `gene_sets.py` reads sets, `gsea.py` tests ranked lists.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from dmicc_assets.enrichment.gene_sets import GeneSetLibrary, measured_sets
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.stats.overlap import hypergeometric_tail
from dmicc_assets.study.schema import Enrichment
from dmicc_assets.tables import TABLES
from dmicc_assets.types import BoolArray


def over_representation(
    query: Sequence[str],
    background: Sequence[str],
    library: GeneSetLibrary,
    settings: Enrichment,
    relabelled: BoolArray | None = None,
) -> pl.DataFrame:
    """Hypergeometric upper tail of every set of a library that the query hits (as R's `phyper`).

    It draws genes from an urn, as if they were independent: sets of correlated genes come out too often. The same
    with lists of permuted labels keeps them correlated.

    The background counted is the measured genes that are in any set of the library, before sets are left out by size
    (as in clusterProfiler, doi:10.1089/omi.2011.0118); the query is what of it lies there. Benjamini-Hochberg
    (doi:10.1111/j.2517-6161.1995.tb02031.x) runs over the sets of allowed size with at least one hit; the others are
    no rows.

    Args:
        query: gene list, up and down together.
        background: every measured gene, the query's included.
        library: the gene sets.
        settings: `min_size` and `max_size` of a set within the background.
        relabelled: (L, len(background)) which genes the list of each permuted labelling holds.

    Returns:
        Table `enrichment.terms` by p-value and term: library, term, term_name (NULL where the library has none),
        n_overlap, set_size, n_query, n_background, odds_ratio (infinite when only the query is in the set or the set
        holds all of the query; NULL when the set is the background), p_value, adj_p_value, label_p_value (share of
        the permuted lists that hold as many genes of the set, the query counted; NULL without any), genes (hits, as
        measured, sorted).

    Raises:
        ValueError: a gene of the query is not in the background.
    """
    strangers = sorted(set(query) - set(background))
    if strangers:
        raise ValueError(f"gene {strangers[0]!r} of the query is not among the measured genes")
    measured = measured_sets(library, background)
    drawn = measured.genes & set(query)
    hits = {
        term: sorted(genes & drawn)
        for term, genes in measured.sets.items()
        if settings.min_size <= len(genes) <= settings.max_size and not genes.isdisjoint(drawn)
    }
    k = np.array([len(genes) for genes in hits.values()], dtype=np.int64)
    m = np.array([len(measured.sets[term]) for term in hits], dtype=np.int64)
    p = hypergeometric_tail(k, m, len(measured.genes), len(drawn))
    table = {
        "library": library.name,
        "term": list(hits),
        "term_name": [library.sets[term].name for term in hits],
        "n_overlap": k,
        "set_size": m,
        "n_query": len(drawn),
        "n_background": len(measured.genes),
        "odds_ratio": _odds_ratio(k, m, len(measured.genes), len(drawn)),
        "p_value": p,
        "adj_p_value": adjust_p_values(p, "BH"),
        "label_p_value": _share_of_lists(k, [measured.sets[term] for term in hits], background, relabelled),
        "genes": list(hits.values()),
    }
    return TABLES["enrichment/terms"].frame(table).sort("p_value", "term")


def _share_of_lists(
    k: np.ndarray, sets: Sequence[frozenset[str]], background: Sequence[str], relabelled: BoolArray | None
) -> np.ndarray:
    """(1 + lists that hold at least k genes of the set) / (1 + lists); NaN without lists."""
    if relabelled is None or not len(relabelled):
        return np.full(len(k), np.nan)
    position = {gene: i for i, gene in enumerate(background)}
    share = np.empty(len(k))
    for i, genes in enumerate(sets):
        held = relabelled[:, [position[gene] for gene in sorted(genes)]].sum(axis=1)
        share[i] = (1 + (held >= k[i]).sum()) / (1 + len(relabelled))
    return share


def _odds_ratio(k: np.ndarray, m: np.ndarray, n_background: int, n_query: int) -> np.ndarray:
    """The sample odds ratio ad/bc of the 2 x 2 table of query against set; 0/0 is NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return k * (n_background - m - n_query + k) / ((n_query - k) * (m - k))
