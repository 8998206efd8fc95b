"""Assets of the group `atlas`: comparisons over all studies."""

from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.signature.atlas import disease_overlap as every_pair


@step(
    partition="all_studies",
    outputs=("atlas/disease_overlap",),
    inputs=(
        Input("differential/genes", "all_studies"),
        Input("differential/statistics", "all_studies"),
        Input("cohort/samples", "all_studies"),
    ),
    settings=lambda _study, _key: None,
    version="1",
)
def disease_overlap(context: StepContext) -> Result:
    """Compare the gene lists of every pair of cohorts of all studies."""
    genes, statistics = context.read_there("differential/genes"), context.read_there("differential/statistics")
    return Result({"atlas/disease_overlap": every_pair(genes, statistics, context.read_there("cohort/samples"))})
