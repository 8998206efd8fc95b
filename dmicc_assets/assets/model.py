"""Assets of the group `model`: the risk model on the biomarkers, its nomogram, calibration and decision curve."""

from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.model.risk_model import empty_risk_model_tables, fit_risk_model, risk_model_tables
from dmicc_assets.resampling.fold_tables import fold_numbers, read_out_of_fold
from dmicc_assets.resampling.model_tables import with_nested
from dmicc_assets.resampling.nested_performance import OutOfFoldScores
from dmicc_assets.resampling.resamples import patient_index
from dmicc_assets.results.reader import Results


@step(
    partition="study",
    outputs=("model/coefficients", "model/nomogram", "model/calibration", "model/performance", "model/decision_curve"),
    inputs=(
        Input("signature/biomarkers"),
        Input("cohort/expression", "cohorts"),
        Input("cohort/samples", "cohorts"),
        Input("validation/folds"),
        Input("validation/out_of_fold"),
    ),
    settings=lambda study, _: [study.model.model_dump(), study.model_cohort, study.prevalence, study.rigor.seed],
    version="6",
)
def model(context: StepContext) -> Result:
    """Fit the logistic risk model on the biomarkers in the model's cohort, and say how good it is.

    By out-of-fold predictions, genes chosen inside the folds; and for the fit only, corrected for its optimism by
    bootstrap.
    """
    results = Results.of_step(context)
    biomarkers, subject = sorted(results.biomarkers), results.cohort(context.study.model_cohort)
    settings, prevalence, patients = context.study.model, context.study.prevalence, patient_index(subject)
    tables = empty_risk_model_tables()
    if biomarkers:
        fitted = fit_risk_model(subject, biomarkers, settings)
        tables = risk_model_tables(fitted, subject, settings, settings.seed, prevalence, patients)
    rows, samples = results.rows("validation/out_of_fold"), subject.matrix.samples
    scores = OutOfFoldScores.of(read_out_of_fold(rows, samples), subject, context.study.rigor.seed)
    folds = results.rows("validation/folds")
    tables = with_nested(tables, subject, scores, folds, fold_numbers(rows, samples), prevalence)
    return Result(
        {
            "model/coefficients": tables.coefficients,
            "model/nomogram": tables.nomogram,
            "model/calibration": tables.calibration,
            "model/performance": tables.performance,
            "model/decision_curve": tables.decision_curve,
        },
        {"seed": settings.seed, "bootstrap": settings.bootstrap, "biomarkers": biomarkers},
    )
