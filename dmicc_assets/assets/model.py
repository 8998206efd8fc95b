"""Assets of the group `model`: the risk model on the biomarkers with its nomogram, and how good it is in its cohort."""

from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.model.risk_model import (
    empty_risk_model_tables,
    fit_risk_model,
    fitted_tables,
    performance_tables,
    risk_model_from_table,
)
from dmicc_assets.resampling.fold_tables import fold_numbers, read_out_of_fold
from dmicc_assets.resampling.model_tables import with_nested
from dmicc_assets.resampling.nested_performance import OutOfFoldScores
from dmicc_assets.resampling.resamples import patient_index
from dmicc_assets.results.reader import Results


@step(
    partition="study",
    outputs=("model/coefficients", "model/nomogram"),
    inputs=(Input("signature/biomarkers"), Input("cohort/expression", "cohorts"), Input("cohort/samples", "cohorts")),
    settings=lambda study, _: [study.model_cohort],
    version="7",
)
def model(context: StepContext) -> Result:
    """Fit the logistic risk model on the biomarkers in the model's cohort."""
    results = Results.of_step(context)
    biomarkers, subject = sorted(results.biomarkers), results.cohort(context.study.model_cohort)
    empty = empty_risk_model_tables()
    coefficients, nomogram = empty.coefficients, empty.nomogram
    if biomarkers:
        coefficients, nomogram = fitted_tables(fit_risk_model(subject, biomarkers, context.study.model), subject)
    return Result({"model/coefficients": coefficients, "model/nomogram": nomogram}, {"biomarkers": biomarkers})


@step(
    partition="study",
    outputs=("model/calibration", "model/performance", "model/decision_curve"),
    inputs=(
        Input("model/coefficients"),
        Input("cohort/expression", "cohorts"),
        Input("cohort/samples", "cohorts"),
        Input("validation/folds"),
        Input("validation/out_of_fold"),
    ),
    settings=lambda study, _: [study.model.model_dump(), study.model_cohort, study.prevalence, study.rigor.seed],
    version="1",
)
def model_performance(context: StepContext) -> Result:
    """Say how good the model is in its cohort.

    By out-of-fold predictions, genes chosen inside the folds; and for the fit only, corrected for its optimism by
    bootstrap.
    """
    results = Results.of_step(context)
    coefficients, subject = results.model.coefficients, results.cohort(context.study.model_cohort)
    settings, prevalence = context.study.model, context.study.prevalence
    tables = empty_risk_model_tables()
    if len(coefficients):
        fitted, patients = risk_model_from_table(coefficients), patient_index(subject)
        tables = performance_tables(fitted, subject, settings, settings.seed, prevalence, patients)
    rows, samples = results.rows("validation/out_of_fold"), subject.matrix.samples
    scores = OutOfFoldScores.of(read_out_of_fold(rows, samples), subject, context.study.rigor.seed)
    folds, numbers = results.rows("validation/folds"), fold_numbers(rows, samples)
    tables = with_nested(tables, coefficients, subject, scores, folds, numbers, prevalence)
    return Result(
        {
            "model/calibration": tables.calibration,
            "model/performance": tables.performance,
            "model/decision_curve": tables.decision_curve,
        },
        {"seed": settings.seed, "bootstrap": settings.bootstrap},
    )
