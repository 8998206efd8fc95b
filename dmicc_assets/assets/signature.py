"""Assets of the group `signature`: shared genes, the test of sharing, the ranking and the biomarkers."""

from dmicc_assets.assets.differential import subject_of
from dmicc_assets.differential.statistics import cohort_residuals
from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.results.reader import Results
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
    results = Results.of_step(context)
    measured = measured_genes(results.by_part("differential/statistics"))
    return Result({"signature/genes": intersect_cohorts(results.by_part("differential/genes"), measured).genes})


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
        {name: [cohort.batch, study.block_of(name)] for name, cohort in study.cohorts.items()},
        study.differential.model_dump(exclude={"block"}),
        study.rigor.seed,
    ],
    version="2",
)
def overlap(context: StepContext) -> Result:
    """Test whether the cohorts share more genes than other axes of variation of these tissues do."""
    results = Results.of_step(context)
    spaces = {cohort: residuals(results, cohort) for cohort in results.study.cohorts}
    measured = {cohort: results.matrix("cohort/expression", cohort).features for cohort in spaces}
    seed = results.study.rigor.seed
    found = intersect_cohorts(results.by_part("differential/genes"), measured, spaces, seed)
    return Result({"signature/overlap": found.overlap}, {"seed": seed, "n_axes": N_AXES})


def residuals(results: Results, cohort: str) -> ResidualSpace:
    """A cohort's genes in the residual space of the model by which they were tested."""
    given = subject_of(results, cohort)
    return cohort_residuals(given.subject, given.counts, given.settings, given.batch)


@step(
    partition="study",
    outputs=("signature/ranking", "signature/error_curve", "signature/biomarkers"),
    inputs=(Input("signature/genes"), Input("cohort/expression", "cohorts"), Input("cohort/samples", "cohorts")),
    settings=lambda study, _: study.ranking.model_dump(),
    version="2",
)
def ranking(context: StepContext) -> Result:
    """Rank the signature by random forests in each cohort; the biomarkers are among the first of every ranking."""
    results = Results.of_step(context)
    ranked = rank_signature(list(results.cohorts().values()), results.signature_genes, context.study.ranking)
    return Result(
        {
            "signature/ranking": ranked.ranking,
            "signature/error_curve": ranked.error_curve,
            "signature/biomarkers": ranked.biomarkers,
        },
        {"left_out": ranked.left_out, "filled_in": ranked.filled_in, "seed": context.study.ranking.seed},
    )
