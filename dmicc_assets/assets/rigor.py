"""Assets of the groups `signature` and `rigor` that test the result: resampling, null distributions, findings."""

from typing import Any

from dmicc_assets.checks.probast import assessment
from dmicc_assets.checks.registry import CHECKS, findings_table, run_checks
from dmicc_assets.checks.verdict import verdict, verdict_table
from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.resampling.nulls import null_distributions
from dmicc_assets.resampling.parallel import workers
from dmicc_assets.resampling.sensitivity import threshold_grid
from dmicc_assets.resampling.stability import selection_stability
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.results.inputs import probe_level, study_data
from dmicc_assets.results.reader import Results
from dmicc_assets.study.schema import Study

SELECTION = (
    Input("cohort/expression", "cohorts"),
    Input("cohort/samples", "cohorts"),
    Input("differential/genes", "cohorts"),
    Input("signature/biomarkers"),
)
VALIDATION = (Input("expression/genes", "validation"), Input("source/samples", "validation"))
DATASETS = (
    Input("source/samples", "datasets"),
    Input("source/probe_genes", "datasets"),
    Input("expression/genes", "datasets"),
)
PROBES = (Input("expression/probes", "datasets"), *DATASETS)

TITLES: Any = {"cohorts": {"__all__": {"title"}}}  # keys from which no number is computed


def of_resampling(study: Study, _: str) -> dict[str, Any]:
    """The part of the study file that matters when the whole choice of genes is repeated."""
    chosen = {"cohorts", "differential", "ranking", "model", "rigor", "validation"}
    # the order of the cohorts chooses the model's, and a recipe's keys have none
    return study.model_dump(mode="json", include=chosen, exclude=TITLES) | {"model_cohort": study.model_cohort}


@step(
    partition="study",
    outputs=("signature/stability",),
    inputs=SELECTION,
    settings=of_resampling,
    version="4",
)
def stability(context: StepContext) -> Result:
    """Count how often each gene is chosen in bootstraps of the patients and when one control is left out."""
    frequencies = selection_stability(study_data(Results.of_step(context)), workers())
    return Result({"signature/stability": frequencies}, {"seed": context.study.rigor.seed})


@step(
    partition="study",
    outputs=("signature/sensitivity",),
    inputs=(Input("differential/statistics", "cohorts"), *PROBES),
    settings=lambda study, _: study.model_dump(
        mode="json", include={"cohorts", "differential", "datasets"}, exclude=TITLES
    ),
    version="4",
)
def sensitivity(context: StepContext) -> Result:
    """Compute the signature under other thresholds and other ways to collapse probes."""
    results = Results.of_step(context)
    probes = probe_level(results)
    grid = threshold_grid(context.study, results.by_part("differential/statistics"), probes)
    return Result({"signature/sensitivity": grid})


@step(
    partition="study",
    outputs=("rigor/nulls",),
    inputs=(*SELECTION, *VALIDATION),
    settings=of_resampling,
    version="5",
)
def nulls(context: StepContext) -> Result:
    """Draw null distributions: the whole choice with permuted labels, and the model on random genes."""
    results = Results.of_step(context)
    distributions = null_distributions(study_data(results), results.validations(), workers())
    return Result({"rigor/nulls": distributions}, {"seed": context.study.rigor.seed})


@step(
    partition="study",
    outputs=("rigor/findings",),
    inputs=(
        *DATASETS,
        Input("source/datasets", "datasets"),
        Input("expression/quality", "datasets"),
        Input("cohort/samples", "cohorts"),
        Input("cohort/expression", "cohorts"),
        Input("differential/statistics", "cohorts"),
        Input("differential/genes", "cohorts"),
        Input("differential/design", "cohorts"),
        Input("enrichment/camera", "cohorts"),
        Input("enrichment/terms", "cohorts"),
        Input("signature/genes"),
        Input("signature/overlap"),
        Input("signature/ranking"),
        Input("signature/error_curve"),
        Input("signature/biomarkers"),
        Input("signature/stability"),
        Input("signature/sensitivity"),
        Input("validation/roc"),
        Input("validation/performance"),
        Input("validation/folds"),
        Input("validation/trivial"),
        Input("model/performance"),
        Input("model/coefficients"),
        Input("model/calibration"),
        Input("rigor/nulls"),
    ),
    settings=lambda study, _: (
        study.model_dump(mode="json", exclude=TITLES | {"case": True, "title": True, "scores": True})
        | {"model_cohort": study.model_cohort}
    ),
    version=f"20.{len(CHECKS)}",  # a check more is another result
    observe=lambda context: StudyEvidence.of_step(context).notes_hash(),
)
def findings(context: StepContext) -> Result:
    """Run every rigor check; findings of silent checks are stored too."""
    found = run_checks(StudyEvidence.of_step(context))
    counts = {severity: sum(each.severity == severity for each in found) for severity in ("error", "warning", "info")}
    return Result({"rigor/findings": findings_table(found)}, counts)


@step(
    partition="study",
    outputs=("rigor/verdict", "rigor/probast"),
    inputs=(
        Input("differential/statistics", "cohorts"),
        Input("differential/genes", "cohorts"),
        Input("cohort/samples", "cohorts"),
        Input("signature/genes"),
        Input("signature/overlap"),
        Input("signature/biomarkers"),
        Input("validation/roc"),
        Input("validation/performance"),
        Input("model/coefficients"),
        Input("rigor/findings"),
    ),
    settings=lambda study, _: (
        study.model_dump(
            mode="json", include={"cohorts", "validation", "population", "differential", "model", "enrichment"}
        )
        | {"order": list(study.cohorts)}
    ),
    version="14",
)
def judgement(context: StepContext) -> Result:
    """Say what the result is worth, in one line and three sentences, from the findings."""
    results = Results.of_step(context)
    said = verdict(results)
    tables = {"rigor/verdict": verdict_table(said), "rigor/probast": assessment(results)}
    return Result(tables, {"level": said.level, "line": said.line})
