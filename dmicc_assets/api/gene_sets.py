"""Gene-set tests of one cohort's statistics on a library of sets. The arithmetic is in `enrichment/`."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from dmicc_assets.enrichment.gene_sets import read_gmt
from dmicc_assets.enrichment.gsea import preranked
from dmicc_assets.enrichment.ora import over_representation
from dmicc_assets.study.schema import Enrichment


def gsea(
    statistics: pl.DataFrame,
    gmt: Path | str,
    *,
    min_size: int = 10,
    max_size: int = 500,
    permutations: int = 1000,
    seed: int = 1,
) -> pl.DataFrame:
    """Preranked enrichment of every set at the ends of the genes ranked by t (doi:10.1073/pnas.0506580102).

    It assumes independent genes: sets of correlated genes are significant too often.

    Args:
        statistics: columns gene and t, as `limma` gives them.
        gmt: a library of gene sets, `.gmt` or `.gmt.gz`.
        min_size: measured genes that a set has at least.
        max_size: measured genes that a set has at most.
        permutations: random sets of each size.
        seed: of the random sets.

    Returns:
        library, term, term_name, set_size, es, nes, p_value, fdr, leading_edge, by p-value.

    Raises:
        SourceError: the library cannot be read.
        ValueError: a gene occurs twice or has an infinite t.
    """
    return preranked(statistics, read_gmt(Path(gmt)), _sizes(min_size, max_size), seed, permutations)


def ora(
    genes: Sequence[str], measured: Sequence[str], gmt: Path | str, *, min_size: int = 10, max_size: int = 500
) -> pl.DataFrame:
    """Over-representation of a gene list in every set that it hits, by the hypergeometric upper tail.

    It assumes independent genes: sets of correlated genes are significant too often.

    Args:
        genes: the list, up- and down-regulated together.
        measured: every gene that could have been in it; the background.
        gmt: a library of gene sets, `.gmt` or `.gmt.gz`.
        min_size: background genes that a set has at least.
        max_size: background genes that a set has at most.

    Returns:
        library, term, term_name, n_overlap, set_size, n_query, n_background, odds_ratio, p_value, adj_p_value, genes.

    Raises:
        SourceError: the library cannot be read.
        ValueError: a gene of the list is not measured.
    """
    return over_representation(genes, measured, read_gmt(Path(gmt)), _sizes(min_size, max_size))


def _sizes(min_size: int, max_size: int) -> Enrichment:
    return Enrichment.model_validate({"min_size": min_size, "max_size": max_size})
