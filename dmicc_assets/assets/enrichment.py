"""Assets of the group `enrichment`: over-representation of the gene lists, and preranked enrichment of all genes."""

from dmicc_assets.enrichment.libraries import libraries_in_use, served_libraries
from dmicc_assets.enrichment.terms import enriched_terms, preranked_terms
from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.results.reader import Results


def observe_libraries(context: StepContext) -> str:
    """Name and checksum of each gene-set library that the study uses, as a text."""
    return served_libraries(context.study.enrichment.libraries, context.settings.gene_sets)


@step(
    partition="cohort",
    outputs=("enrichment/terms",),
    inputs=(Input("differential/genes"), Input("differential/statistics")),
    settings=lambda study, _: study.enrichment.model_dump(),
    version="1",
    observe=observe_libraries,
)
def terms(context: StepContext) -> Result:
    """Test which gene sets hold more differentially expressed genes than expected by chance (hypergeometric test)."""
    libraries = libraries_in_use(context.study.enrichment.libraries, context.settings.gene_sets)
    differential = Results.of_step(context).differential
    enriched = enriched_terms(differential.genes, differential.statistics, libraries, context.study.enrichment)
    return Result({"enrichment/terms": enriched.terms}, enriched.notes)


@step(
    partition="cohort",
    outputs=("enrichment/gsea",),
    inputs=(Input("differential/statistics"),),
    settings=lambda study, _: [study.enrichment.model_dump(), study.ranking.seed],
    version="2",
    observe=observe_libraries,
)
def gsea(context: StepContext) -> Result:
    """Test which gene sets concentrate at the ends of the list of all genes ranked by the moderated t-statistic."""
    libraries = libraries_in_use(context.study.enrichment.libraries, context.settings.gene_sets)
    statistics = Results.of_step(context).differential.statistics
    enriched = preranked_terms(statistics, libraries, context.study.enrichment, context.study.ranking.seed)
    return Result({"enrichment/gsea": enriched.terms}, enriched.notes)
