"""Enrichment of one cohort in all libraries of a study; each test is in the module of its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dmicc_assets.enrichment.gene_sets import GeneSetLibrary
from dmicc_assets.enrichment.gsea import preranked
from dmicc_assets.enrichment.ora import over_representation
from dmicc_assets.errors import DataError
from dmicc_assets.study.schema import Enrichment
from dmicc_assets.tables import TABLES

NO_GENE_SETS = "no gene sets: DMICC_GENE_SETS names no folder of <LIBRARY>.gmt files, so nothing was tested"


@dataclass(frozen=True)
class EnrichedTerms:
    """The rows of all libraries, and what was used to make them."""

    terms: pl.DataFrame
    notes: dict[str, Any]


def enriched_terms(
    genes: pl.DataFrame, statistics: pl.DataFrame, libraries: Sequence[GeneSetLibrary], settings: Enrichment
) -> EnrichedTerms:
    """Over-representation of a cohort's DEG set in each library.

    Args:
        genes: `differential.genes` of the cohort.
        statistics: `differential.statistics` of the cohort; its genes are the background.
        libraries: none gives an empty table, with the reason in the notes.
        settings: sizes of the sets that count.

    Raises:
        DataError: a library states an empty date (M8).
    """
    query, background = genes["gene"].to_list(), statistics["gene"].to_list()
    frames = [over_representation(query, background, library, settings) for library in libraries]
    return EnrichedTerms(pl.concat([TABLES["enrichment/terms"].frame(), *frames]), _notes(libraries))


def preranked_terms(
    statistics: pl.DataFrame, libraries: Sequence[GeneSetLibrary], settings: Enrichment, seed: int
) -> EnrichedTerms:
    """Preranked GSEA of a cohort in each library; arguments as above."""
    frames = [preranked(statistics, library, settings, seed) for library in libraries]
    return EnrichedTerms(pl.concat([TABLES["enrichment/gsea"].frame(), *frames]), _notes(libraries) | {"seed": seed})


def _notes(libraries: Sequence[GeneSetLibrary]) -> dict[str, Any]:
    for one in libraries:
        if not one.date:
            raise DataError(f"{one.path}: the library has an empty date; state one in {one.name}.json", check="M8")
    used = [{"name": one.name, "version": one.version, "date": one.date, "sha256": one.sha256} for one in libraries]
    return {"libraries": used} if used else {"libraries": [], "why_empty": NO_GENE_SETS}
