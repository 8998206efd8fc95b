"""Enrichment of one cohort in all libraries of a study; each test is in the module of its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dmicc_assets.differential.statistics import CohortModel
from dmicc_assets.enrichment.camera import camera
from dmicc_assets.enrichment.coverage import coverage_of
from dmicc_assets.enrichment.gene_sets import GeneSetLibrary
from dmicc_assets.enrichment.gsea import preranked_libraries
from dmicc_assets.enrichment.measured_sets import MeasuredSets, measured_sets
from dmicc_assets.enrichment.ora import over_representation
from dmicc_assets.enrichment.relabelled import RelabelledGenes
from dmicc_assets.errors import DataError
from dmicc_assets.study.schema import Differential, Enrichment
from dmicc_assets.tables import TABLES


@dataclass(frozen=True)
class EnrichedTerms:
    """The rows of all libraries, and the libraries used; for over-representation also what each knows of the genes."""

    terms: pl.DataFrame
    notes: dict[str, Any]


def enriched_terms(
    genes: pl.DataFrame,
    statistics: pl.DataFrame,
    libraries: Sequence[GeneSetLibrary],
    settings: Enrichment,
    relabelled: RelabelledGenes | None = None,
) -> EnrichedTerms:
    """Over-representation of a cohort's DEG set in each library.

    Args:
        genes: `differential.genes` of the cohort.
        statistics: `differential.statistics` of the cohort; its genes are the background.
        libraries: none gives an empty table.
        settings: sizes of the sets that count.
        relabelled: the cohort's genes under permuted labels.

    Raises:
        DataError: a library states an empty date (M8).
    """
    query, measured = genes["gene"].to_list(), statistics["gene"].to_list()
    background, lists = measured, None
    if relabelled is not None:
        background, lists = list(relabelled.genes), relabelled.lists(query, statistics)
    known = [measured_sets(library, background) for library in libraries]
    frames = [
        over_representation(query, background, library, settings, lists, sets)
        for library, sets in zip(libraries, known, strict=True)
    ]
    terms = pl.concat([TABLES["enrichment/terms"].frame(), *frames])
    notes = coverage_notes(libraries, measured, settings, known if set(background) == set(measured) else None)
    return EnrichedTerms(terms, notes | _labellings(relabelled))


def preranked_terms(
    statistics: pl.DataFrame,
    libraries: Sequence[GeneSetLibrary],
    settings: Enrichment,
    seed: int,
    relabelled: RelabelledGenes | None = None,
) -> EnrichedTerms:
    """Preranked GSEA of a cohort in each library; arguments as above."""
    terms = preranked_libraries(statistics, libraries, settings, seed, relabelled=relabelled)
    return EnrichedTerms(terms, library_notes(libraries) | _labellings(relabelled) | {"seed": seed})


def _labellings(relabelled: RelabelledGenes | None) -> dict[str, int]:
    return {"labellings": 0 if relabelled is None else len(relabelled.t)}


def camera_terms(
    model: CohortModel, libraries: Sequence[GeneSetLibrary], settings: Enrichment, differential: Differential
) -> EnrichedTerms:
    """Camera of a cohort in each library, by the model that tests its genes; the notes count the genes left out.

    Args:
        model: of the cohort; column 1 of its design is case against control.
        libraries: none gives an empty table.
        settings: sizes of the sets that count.
        differential: whether the variances' prior has a trend.
    """
    found = camera(
        model.values,
        model.genes,
        model.design,
        1,
        libraries,
        settings,
        weights=model.weights,
        correlation=model.correlation,
        trend=differential.trend,
    )
    counts = {"n_genes": found.n_genes, "n_missing": found.n_missing, "n_without_variance": found.n_without_variance}
    return EnrichedTerms(found.terms, library_notes(libraries) | counts)


def library_notes(libraries: Sequence[GeneSetLibrary]) -> dict[str, Any]:
    """The libraries in use, for a manifest.

    Raises:
        DataError: a library states an empty date (M8).
    """
    for one in libraries:
        if not one.date:
            raise DataError(f"{one.path}: the library has an empty date; state one in {one.name}.json", check="M8")
    said = ("name", "version", "date", "sha256", "identifiers")
    return {"libraries": [{key: getattr(one, key) for key in said} | _left_out(one) for one in libraries]}


def _left_out(library: GeneSetLibrary) -> dict[str, Any]:
    """How many lines of a library were no sets, and the first; nothing where all are."""
    lines = library.left_out
    return {"n_left_out": len(lines), "first_left_out": lines[0]} if lines else {}


def coverage_notes(
    libraries: Sequence[GeneSetLibrary],
    measured: Sequence[str],
    settings: Enrichment,
    known: Sequence[MeasuredSets] | None = None,
) -> dict[str, Any]:
    """The same, with how much each library knows of the measured genes; its sets within them may be known."""
    notes = library_notes(libraries)
    known = known or [measured_sets(library, measured) for library in libraries]
    for said, library, sets in zip(notes["libraries"], libraries, known, strict=True):
        said["coverage"] = coverage_of(library, sets, settings).notes()
    return notes
