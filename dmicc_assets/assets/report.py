"""Assets of the group `report`: computed beside published, and the report that people read."""

from dmicc_assets.assets.enrichment import observe_libraries
from dmicc_assets.enrichment.libraries import libraries_in_use
from dmicc_assets.report.published import compare_published
from dmicc_assets.step import Input, Result, StepContext, step


@step(
    partition="study",
    outputs=("report/published",),
    inputs=(
        Input("differential/genes", "cohorts"),
        Input("enrichment/terms", "cohorts"),
        Input("signature/genes"),
        Input("signature/biomarkers"),
        Input("signature/error_curve"),
        Input("validation/expression_tests"),
        Input("validation/roc"),
        Input("model/coefficients"),
    ),
    settings=lambda study, _: [study.published.model_dump(), study.enrichment.adj_p_value],
    version="1",
    observe=observe_libraries,
)
def published(context: StepContext) -> Result:
    """Set what a paper states beside what was computed here."""
    libraries = libraries_in_use(context.study.enrichment.libraries, context.settings.gene_sets)
    return Result({"report/published": compare_published(context.study, context.tables(), libraries)})
