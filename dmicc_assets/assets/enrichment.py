"""Assets of the group `enrichment`: gene sets on the ranked list of all genes, and on the gene lists."""

from dataclasses import replace
from functools import partial
from typing import Any

from dmicc_assets.assets.differential import subject_of
from dmicc_assets.differential.blocking import cohort_settings
from dmicc_assets.differential.statistics import weighted_model
from dmicc_assets.enrichment.coverage import with_symbols
from dmicc_assets.enrichment.libraries import LibrariesInUse, libraries_in_use, served_libraries
from dmicc_assets.enrichment.relabelled import RelabelledGenes
from dmicc_assets.enrichment.sample_scores import sample_scores
from dmicc_assets.enrichment.terms import (
    EnrichedTerms,
    camera_terms,
    coverage_notes,
    enriched_terms,
    preranked_terms,
)
from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.resampling.parallel import workers
from dmicc_assets.resampling.relabelled_genes import relabelled_genes
from dmicc_assets.results.inputs import symbols_of_cohort, symbols_of_datasets
from dmicc_assets.results.reader import Results
from dmicc_assets.study.schema import Study
from dmicc_assets.tables import TABLES

COHORT = (Input("cohort/expression"), Input("cohort/samples"), Input("source/gene_ids", "cohort_datasets"))


def observe_libraries(context: StepContext) -> str:
    """What is served now of each gene-set library that the study uses, as a text."""
    return served_libraries(context.study.enrichment, context.settings, context.report_progress, context.memory)


def study_libraries(context: StepContext, *, asks: bool = True) -> str:
    """The same of every library that the study tests or scores; as last observed, if no provider is to be asked."""
    study, report = context.study, context.report_progress
    tested = served_libraries(study.enrichment, context.settings, report, context.memory, asks=asks)
    scored = served_libraries(study.scored_sets, context.settings, report, context.memory, asks=asks)
    return tested if study.scores is None else f"{tested}\n{scored}"


def observe_scored(context: StepContext) -> str:
    """The same of the libraries of `scores`."""
    return served_libraries(context.study.scored_sets, context.settings, context.report_progress, context.memory)


def libraries_of(context: StepContext) -> LibrariesInUse:
    """The gene-set libraries that the study uses, fetched where need be, by symbol where the annotation knows it."""
    libraries = libraries_in_use(context.study.enrichment, context.settings, context.report_progress, context.memory)
    results = Results.of_step(context)
    return replace(libraries, found=with_symbols(libraries.found, partial(symbols_of_cohort, results, context.part)))


def result_of(table: str, found: EnrichedTerms, libraries: LibrariesInUse) -> Result:
    """A table of enrichment, with what was used to make it and what could not be had."""
    return Result({table: found.terms}, {**found.notes, **not_had(libraries)})


def not_had(libraries: LibrariesInUse) -> dict[str, Any]:
    """For the notes: which libraries could not be had, and for which of them the bundled one was used."""
    return {"missing_libraries": libraries.missing, "bundled_libraries": libraries.bundled}


def of_model(study: Study, cohort: str) -> list[Any]:
    """What of the study file matters to the statistics of all genes: no threshold."""
    differential = study.differential.model_dump(exclude={"log_fc", "p_value", "adjust", "block"})
    return [study.enrichment.model_dump(), differential, study.cohorts[cohort].batch, study.block_of(cohort)]


def of_labels(study: Study, cohort: str) -> list[Any]:
    """The same under permuted labels."""
    return [*of_model(study, cohort), study.rigor.permutations, study.rigor.seed]


def relabelled(context: StepContext) -> RelabelledGenes:
    """The cohort's genes under as many permuted labels as the study asks for."""
    study, results = context.study, Results.of_step(context)
    subject = results.cohort(context.part, "value")
    counts = results.matrix("cohort/expression", context.part, "count").take_samples(subject.matrix.samples)
    batch, rigor = study.cohorts[context.part].batch, study.rigor
    settings = cohort_settings(study, context.part, subject)
    return relabelled_genes(subject, counts, settings, batch, rigor.permutations, rigor.seed)


@step(
    partition="cohort",
    outputs=("enrichment/camera",),
    inputs=COHORT,
    settings=of_model,
    version="3",
    observe=observe_libraries,
)
def camera(context: StepContext) -> Result:
    """Test which gene sets move more than the other genes, given that the genes of a set are correlated."""
    study, given, libraries = context.study, subject_of(Results.of_step(context), context.part), libraries_of(context)
    model = weighted_model(given.subject, given.counts, given.settings, given.batch)
    found = camera_terms(model, libraries.found, study.enrichment, given.settings)
    return result_of("enrichment/camera", found, libraries)


@step(
    partition="cohort",
    outputs=("enrichment/terms",),
    inputs=(Input("differential/genes"), Input("differential/statistics"), *COHORT),
    settings=of_labels,
    version="2",
    observe=observe_libraries,
)
def terms(context: StepContext) -> Result:
    """Test which gene sets hold more differentially expressed genes than an urn and permuted labels give."""
    differential, libraries = Results.of_step(context).differential, libraries_of(context)
    under_labels = relabelled(context) if libraries.found else None
    genes, statistics = differential.genes, differential.statistics
    enriched = enriched_terms(genes, statistics, libraries.found, context.study.enrichment, under_labels)
    return result_of("enrichment/terms", enriched, libraries)


@step(
    partition="cohort",
    outputs=("enrichment/gsea",),
    inputs=(Input("differential/statistics"), *COHORT),
    settings=lambda study, cohort: [*of_labels(study, cohort), study.ranking.seed],
    version="9",
    observe=observe_libraries,
)
def gsea(context: StepContext) -> Result:
    """Test which gene sets concentrate at the ends of the list of all genes ranked by the moderated t-statistic."""
    study, libraries = context.study, libraries_of(context)
    statistics = Results.of_step(context).differential.statistics
    under_labels = relabelled(context) if libraries.found else None
    enriched = preranked_terms(statistics, libraries.found, study.enrichment, study.ranking.seed, under_labels)
    return result_of("enrichment/gsea", enriched, libraries)


@step(
    partition="dataset",
    outputs=("expression/scores",),
    inputs=(Input("expression/genes"), Input("source/gene_ids")),
    settings=lambda study, _: [study.scores, study.scored_sets],
    version="2",
    observe=observe_scored,
)
def scores(context: StepContext) -> Result:
    """Score the gene sets of `scores` in every sample; without that section of the study file nothing is computed."""
    asked, results = context.study.scores, Results.of_step(context)
    if asked is None:
        return Result({"expression/scores": TABLES["expression/scores"].frame()})
    libraries = libraries_in_use(context.study.scored_sets, context.settings, context.report_progress, context.memory)
    named = with_symbols(libraries.found, partial(symbols_of_datasets, results, [context.part]))
    matrix = results.matrix("expression/genes", context.part)
    found = sample_scores(matrix, named, asked.method, asked.min_size, asked.max_size, workers())
    known = coverage_notes(named, matrix.features, context.study.scored_sets)
    return Result({"expression/scores": found.scores}, {**found.notes(), **known, **not_had(libraries)})
