"""Assets of the group `signature`: shared genes, how surprising they are, their ranking and the biomarkers."""

from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.signature.intersect import intersect_cohorts, measured_genes
from dmicc_assets.signature.ranking import rank_signature


@step(
    partition="study",
    outputs=("signature/genes", "signature/overlap"),
    inputs=(Input("differential/genes", "cohorts"), Input("differential/statistics", "cohorts")),
    settings=lambda study, _: list(study.cohorts),
    version="1",
)
def signature(context: StepContext) -> Result:
    """Intersect the cohorts' gene lists, and ask how surprising the overlap and its directions are."""
    measured = measured_genes(context.read_each("differential/statistics"))
    shared = intersect_cohorts(context.read_each("differential/genes"), measured)
    return Result({"signature/genes": shared.genes, "signature/overlap": shared.overlap})


@step(
    partition="study",
    outputs=("signature/ranking", "signature/error_curve", "signature/biomarkers"),
    inputs=(Input("signature/genes"), Input("cohort/expression", "cohorts"), Input("cohort/samples", "cohorts")),
    settings=lambda study, _: study.ranking.model_dump(),
    version="2",
)
def ranking(context: StepContext) -> Result:
    """Rank the signature by random forests in each cohort; the biomarkers are among the first of every ranking."""
    genes = context.read("signature/genes")["gene"].unique().sort().to_list()
    subjects = [context.cohort_subject(cohort) for cohort in context.study.cohorts]
    ranked = rank_signature(subjects, genes, context.study.ranking)
    return Result(
        {
            "signature/ranking": ranked.ranking,
            "signature/error_curve": ranked.error_curve,
            "signature/biomarkers": ranked.biomarkers,
        },
        {"left_out": ranked.left_out, "filled_in": ranked.filled_in, "seed": context.study.ranking.seed},
    )
