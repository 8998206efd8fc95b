"""Assets of the group `clinical`: the patient who raised the question, from the study file."""

from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.report.clinical import case_tables


@step(
    partition="study",
    outputs=("clinical/case_observations", "clinical/reported_cases"),
    # A backfill starts from datasets only when every root of the graph is a dataset's; the case itself needs no data.
    inputs=(Input("source/datasets", "datasets", is_read=False),),
    settings=lambda study, _: study.case.model_dump() if study.case else None,
    version="1",
)
def case(context: StepContext) -> Result:
    """Bring the case of the study file, and the cases reported before, into tables."""
    tables = case_tables(context.study.case)
    return Result({"clinical/case_observations": tables.observations, "clinical/reported_cases": tables.reported})
