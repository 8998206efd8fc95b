"""Gene-set tests of one cohort's statistics on a library of sets. The arithmetic is in `enrichment/`."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from dmicc_assets.api.cohort import Cohort
from dmicc_assets.api.differential import tests_of
from dmicc_assets.api.options import checked_statistics, settings_of
from dmicc_assets.differential.statistics import weighted_model
from dmicc_assets.enrichment.camera import camera as competitive_test
from dmicc_assets.enrichment.gene_sets import read_gmt
from dmicc_assets.enrichment.gsea import preranked
from dmicc_assets.enrichment.ora import over_representation
from dmicc_assets.study.schema import Enrichment

# Share of genes with a tied t from which the order, and with it the scores, depends on the genes' names.
_MOST_TIED = 0.01


def camera(
    cohort: Cohort,
    gmt: Path | str,
    *,
    counts: bool = False,
    block: str = "auto",
    trend: bool = False,
    quality_weights: bool = False,
    min_size: int = 10,
    max_size: int = 500,
) -> pl.DataFrame:
    """Whether the genes of each set move more than the other genes, given that they are correlated.

    The default test of the ranked list (Wu & Smyth 2012, doi:10.1093/nar/gks461), equal to limma's `camera` with
    `inter.gene.cor=NA`. Genes with a missing value or without residual variance are left out; blocks are whitened.

    Args:
        cohort: log2 expression, or read counts; with `batch` the design has a column for each batch but the first.
        gmt: a library of gene sets, `.gmt` or `.gmt.gz`.
        counts: whether the values are read counts, as in `limma`.
        block: as for `limma`.
        trend: whether the prior variance depends on the mean expression.
        quality_weights: whether samples far from the model weigh less, as in `limma`.
        min_size: genes of a set that take part, at least.
        max_size: genes of a set that take part, at most.

    Returns:
        library, term, term_name, n_genes, direction ("up" or "down"), inter_gene_correlation, p_value, adj_p_value
        (Benjamini-Hochberg), p_value_preset (every correlation taken as 0.01), by p-value.

    Raises:
        SourceError: the library cannot be read.
        ValueError: the design is not of full rank, there are no residual degrees of freedom, or an option is unknown.
    """
    given = tests_of(cohort, counts, {"block": block, "trend": trend})
    model = weighted_model(given.subject, given.counts, given.settings, given.batch, quality_weights)
    return competitive_test(
        model.values,
        model.genes,
        model.design,
        1,
        [read_gmt(Path(gmt))],
        _sizes(min_size, max_size),
        weights=model.weights,
        correlation=model.correlation,
        trend=trend,
    ).terms


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

    It assumes independent genes: sets of correlated genes are significant too often. `camera` does not assume it.
    Genes of the same t are ordered by name, and names go with sets (RPL, HLA): a warning says how many there are.

    Args:
        statistics: columns gene and t, as `limma` gives them.
        gmt: a library of gene sets, `.gmt` or `.gmt.gz`.
        min_size: measured genes that a set has at least.
        max_size: measured genes that a set has at most.
        permutations: random sets of each size.
        seed: of the random sets.

    Returns:
        library, term, term_name, set_size, es, nes, p_value, fdr, leading_edge, by abs(nes), the largest first.

    Raises:
        SourceError: the library cannot be read.
        ValueError: a gene occurs twice or has an infinite t, all genes have the same t, or there is no gene.
    """
    checked_statistics(statistics, ("gene", "t"))
    _check_order(statistics["t"].cast(pl.Float64).drop_nans().drop_nulls())
    table = preranked(statistics, read_gmt(Path(gmt)), _sizes(min_size, max_size), seed, permutations)
    return table.drop("label_p_value", "label_fdr")


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
    table = over_representation(genes, measured, read_gmt(Path(gmt)), _sizes(min_size, max_size))
    return table.drop("label_p_value")


def _check_order(t: pl.Series) -> None:
    """Refuses statistics that give no order, and warns of an order that names decide."""
    if t.is_empty():
        raise ValueError("the statistics: no gene has a t")
    if t.n_unique() == 1:
        raise ValueError(f"all {len(t)} genes have the t {t[0]:g}: they have no order in which sets could be enriched")
    tied = int(t.is_duplicated().sum())
    if tied > _MOST_TIED * len(t):
        warnings.warn(f"{tied} of {len(t)} genes share their t with another gene and are ordered by name", stacklevel=3)


def _sizes(min_size: int, max_size: int) -> Enrichment:
    return settings_of(Enrichment, {"min_size": min_size, "max_size": max_size})
