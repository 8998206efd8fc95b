"""Assets of the group `differential`: moderated t-statistics of every gene, and the genes that pass the thresholds."""

from dmicc_assets.differential.statistics import block_notes, differential_genes, model_statistics, weighted_model
from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.results.reader import Results


@step(
    partition="cohort",
    outputs=("differential/statistics", "differential/genes"),
    inputs=(Input("cohort/expression"), Input("cohort/samples")),
    settings=lambda study, cohort: [study.differential.model_dump(), study.cohorts[cohort].batch],
    version="4",
)
def differential(context: StepContext) -> Result:
    """Test every gene, cases against controls, as limma does, and keep those that pass the study's thresholds."""
    cohort, results = context.part, Results.of_step(context)
    batch = context.study.cohorts[cohort].batch
    subject = results.cohort(cohort, "value_adjusted" if batch == "combat" else "value")
    counts = results.matrix("cohort/expression", cohort, "count")
    model = weighted_model(subject, counts, context.study.differential, batch)
    statistics = model_statistics(subject, model, context.study.differential)
    genes = differential_genes(statistics, context.study.differential)
    notes = {"n_genes": len(statistics), "n_deg": len(genes), "limma": context.study.differential.limma}
    notes |= block_notes(model)
    return Result({"differential/statistics": statistics, "differential/genes": genes}, notes)
