"""Assets of the group `signature`: shared genes, how surprising they are, their ranking and the biomarkers."""

from dmicc_assets.differential.statistics import cohort_residuals
from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.signature.intersect import intersect_cohorts, measured_genes
from dmicc_assets.signature.ranking import rank_signature
from dmicc_assets.signature.sharing import N_AXES
from dmicc_assets.stats.random_axes import ResidualSpace


@step(
    partition="study",
    outputs=("signature/genes",),
    inputs=(Input("differential/genes", "cohorts"), Input("differential/statistics", "cohorts")),
    settings=lambda study, _: list(study.cohorts),
    version="2",
)
def signature(context: StepContext) -> Result:
    """Intersect the cohorts' gene lists."""
    measured = measured_genes(context.read_each("differential/statistics"))
    return Result({"signature/genes": intersect_cohorts(context.read_each("differential/genes"), measured).genes})


@step(
    partition="study",
    outputs=("signature/overlap",),
    inputs=(
        Input("differential/genes", "cohorts"),
        Input("cohort/expression", "cohorts"),
        Input("cohort/samples", "cohorts"),
    ),
    settings=lambda study, _: [
        list(study.cohorts),
        {name: cohort.batch for name, cohort in study.cohorts.items()},
        study.differential.model_dump(),
        study.rigor.seed,
    ],
    version="1",
)
def overlap(context: StepContext) -> Result:
    """Ask whether the cohorts share more genes than other axes of variation of these tissues give."""
    deg = context.read_each("differential/genes")
    spaces = {cohort: residuals(context, cohort) for cohort in context.study.cohorts}
    measured = {cohort: context.matrix("cohort/expression", cohort).features for cohort in spaces}
    seed = context.study.rigor.seed
    found = intersect_cohorts(deg, measured, spaces, seed)
    return Result({"signature/overlap": found.overlap}, {"seed": seed, "n_axes": N_AXES})


def residuals(context: StepContext, cohort: str) -> ResidualSpace:
    """A cohort's genes in the residual space of the model by which they were tested."""
    batch = context.study.cohorts[cohort].batch
    subject = context.cohort_subject(cohort, "value_adjusted" if batch == "combat" else "value")
    counts = context.matrix("cohort/expression", cohort, "count")
    return cohort_residuals(subject, counts, context.study.differential, batch)


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
