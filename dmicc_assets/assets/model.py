"""Assets of the group `model`: the risk model on the biomarkers, its nomogram, calibration and decision curve."""

from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.model.risk_model import empty_risk_model_tables, fit_risk_model, risk_model_tables
from dmicc_assets.results.reader import Results


@step(
    partition="study",
    outputs=("model/coefficients", "model/nomogram", "model/calibration", "model/performance", "model/decision_curve"),
    inputs=(Input("signature/biomarkers"), Input("cohort/expression", "cohorts"), Input("cohort/samples", "cohorts")),
    settings=lambda study, _: [study.model.model_dump(), study.model_cohort],
    version="4",
)
def model(context: StepContext) -> Result:
    """Fit the logistic risk model on the biomarkers in the model's cohort, and correct it for optimism by bootstrap."""
    results = Results.of_step(context)
    biomarkers, subject = sorted(results.biomarkers), results.cohort(context.study.model_cohort)
    settings = context.study.model
    tables = (
        risk_model_tables(fit_risk_model(subject, biomarkers, settings), subject, settings, settings.seed)
        if biomarkers
        else empty_risk_model_tables()
    )
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
