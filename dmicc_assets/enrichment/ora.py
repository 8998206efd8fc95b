"""Over-representation analysis: gene sets that contain more of a gene list than expected by chance.

Counts and the hypergeometric test; `gene_sets.py` reads sets, `gsea.py` tests ranked lists.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from dmicc_assets.enrichment.gene_sets import GeneSetLibrary
from dmicc_assets.enrichment.measured_sets import IntArray, MeasuredSets, gene_lists, measured_sets
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.stats.overlap import hypergeometric_tail
from dmicc_assets.study.schema import Enrichment
from dmicc_assets.tables import TABLES
from dmicc_assets.types import BoolArray, FloatArray


def over_representation(
    query: Sequence[str],
    background: Sequence[str],
    library: GeneSetLibrary,
    settings: Enrichment,
    relabelled: BoolArray | None = None,
    measured: MeasuredSets | None = None,
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
        measured: the library's sets within the background, where they are known.

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
    measured = measured or measured_sets(library, background)
    covered = measured.covered
    asked = set(query)
    is_drawn = np.zeros(len(background), dtype=np.bool_)
    is_drawn[covered] = [background[i] in asked for i in covered.tolist()]
    n_background, n_drawn = len(covered), int(is_drawn.sum())
    sets = measured.of_size(settings.min_size, settings.max_size).that_hold(is_drawn)
    drawn = replace(sets, size=sets.counts(is_drawn[:, None])[:, 0], hits=sets.hits[is_drawn[sets.hits]])
    by_name = np.argsort(np.argsort(np.array(background)))[drawn.hits]
    alphabetical = np.lexsort((by_name, np.repeat(np.arange(len(drawn.size)), drawn.size)))
    k, m = drawn.size, sets.size
    p = hypergeometric_tail(k, m, n_background, n_drawn)
    table = {
        "library": library.name,
        "term": list(sets.terms),
        "term_name": [library.sets[term].name for term in sets.terms],
        "n_overlap": k,
        "set_size": m,
        "n_query": n_drawn,
        "n_background": n_background,
        "odds_ratio": _odds_ratio(k, m, n_background, n_drawn),
        "p_value": p,
        "adj_p_value": adjust_p_values(p, "BH"),
        "label_p_value": _share_of_lists(k, sets, relabelled),
        "genes": gene_lists(background, drawn.hits[alphabetical], k),
    }
    return TABLES["enrichment/terms"].frame(table).sort("p_value", "term")


def _share_of_lists(k: IntArray, sets: MeasuredSets, relabelled: BoolArray | None) -> FloatArray:
    """(1 + lists that hold at least k genes of the set) / (1 + lists); NaN without lists."""
    if relabelled is None or not len(relabelled):
        return np.full(len(k), np.nan)
    return (1 + (sets.counts(relabelled.T) >= k[:, None]).sum(axis=1)) / (1 + len(relabelled))


def _odds_ratio(k: IntArray, m: IntArray, n_background: int, n_query: int) -> FloatArray:
    """The sample odds ratio ad/bc of the 2 x 2 table of query against set; 0/0 is NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return k * (n_background - m - n_query + k) / ((n_query - k) * (m - k))
