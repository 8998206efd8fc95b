"""Assets of the group `differential`: moderated t-statistics of every gene, and the genes past the thresholds."""

from dmicc_assets.differential.statistics import cohort_statistics, differential_genes
from dmicc_assets.lake.steps import Input, Result, StepContext, step


@step(
    partition="cohort",
    outputs=("differential/statistics", "differential/genes"),
    inputs=(Input("cohort/expression"), Input("cohort/samples")),
    settings=lambda study, cohort: [study.differential.model_dump(), study.cohorts[cohort].batch],
    version="3",
)
def differential(context: StepContext) -> Result:
    """Test every gene, cases against controls, as limma does, and keep those past the study's thresholds."""
    batch = context.study.cohorts[context.part].batch
    subject = context.cohort_subject(context.part, "value_adjusted" if batch == "combat" else "value")
    counts = context.matrix("cohort/expression", column="count")
    statistics = cohort_statistics(subject, counts, context.study.differential, batch)
    genes = differential_genes(statistics, context.study.differential)
    notes = {"n_genes": len(statistics), "n_deg": len(genes), "limma": context.study.differential.limma}
    return Result({"differential/statistics": statistics, "differential/genes": genes}, notes)
