"""Assets of the group `cohort`: the datasets of one disease, merged."""

from dmicc_assets.expression.cohort import merge_cohort
from dmicc_assets.expression.projection import cohort_projection
from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.results.reader import Results
from dmicc_assets.types import matrix_rows


@step(
    partition="cohort",
    outputs=("cohort/expression", "cohort/samples"),
    inputs=(Input("expression/genes", "cohort_datasets"), Input("source/samples", "cohort_datasets")),
    settings=lambda study, cohort: study.cohorts[cohort].model_dump(exclude={"title", "block"}),
    version="5",
)
def cohort(context: StepContext) -> Result:
    """Merge the case and control samples over the genes that every dataset measures, and remove the batch."""
    spec, results = context.study.cohorts[context.part], Results.of_step(context)
    matrices = {dataset: results.matrix("expression/genes", dataset) for dataset in spec.datasets}
    counts = {dataset: results.matrix("expression/genes", dataset, "count") for dataset in spec.datasets}
    merged = merge_cohort(context.part, spec, matrices, results.by_part("source/samples"), counts)
    values = matrix_rows({"value": merged.value, "value_adjusted": merged.adjusted, "count": merged.counts})
    return Result({"cohort/expression": values, "cohort/samples": merged.samples}, merged.notes)


@step(
    partition="cohort",
    outputs=("cohort/projection",),
    inputs=(Input("cohort/expression"), Input("cohort/samples")),
    settings=lambda study, _: [],
    version="2",
)
def merged_projection(context: StepContext) -> Result:
    """Place the samples of a cohort in two dimensions, by principal components before and after, and by t-SNE."""
    results = Results.of_step(context)
    merged, adjusted = results.cohort(context.part, "value"), results.cohort(context.part)
    return Result({"cohort/projection": cohort_projection(merged, adjusted)})
