"""Assets of the group `atlas`: what all studies say together."""

from functools import cache

from dmicc_assets.assets.signature import residuals
from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.results.reader import Results
from dmicc_assets.signature.atlas import ReadList
from dmicc_assets.signature.atlas import disease_overlap as every_pair
from dmicc_assets.signature.sharing import N_AXES, CohortList
from dmicc_assets.types import PartitionKey


@step(
    partition="all_studies",
    outputs=("atlas/disease_overlap",),
    inputs=(
        Input("differential/genes", "all_studies"),
        Input("differential/statistics", "all_studies"),
        Input("cohort/samples", "all_studies"),
        Input("cohort/expression", "all_studies"),
    ),
    settings=lambda _study, _key: None,
    version="3",
)
def disease_overlap(context: StepContext) -> Result:
    """Compare the gene lists of every pair of cohorts, of whatever study, and test whether they share genes."""
    genes, statistics = context.read_there("differential/genes"), context.read_there("differential/statistics")
    samples = context.read_there("cohort/samples")
    return Result(
        {"atlas/disease_overlap": every_pair(genes, statistics, samples, lists_of(context))}, {"n_axes": N_AXES}
    )


def lists_of(context: StepContext) -> ReadList:
    """Reads the list of a cohort of any study, in the residual space of its tests.

    None where its expression was not materialised, is damaged, or is of other genes than its list (it is out of date).
    """

    @cache
    def read(key: str) -> CohortList | None:
        study, cohort = PartitionKey(key).names
        results = Results.of_study(context.lake, context.studies[study])
        if not results.is_made("cohort/expression", cohort) or not context.lake.is_readable("cohort/expression", key):
            return None
        features = results.matrix("cohort/expression", cohort).features
        listed = tuple(results.rows("differential/genes", cohort=cohort)["gene"])
        if not set(listed) <= set(features):
            return None
        return CohortList(key, features, residuals(results, cohort), listed)

    return read
