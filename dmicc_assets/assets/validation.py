"""Assets of the group `validation`: every signature gene and the model in every cohort and validation dataset."""

from dmicc_assets.expression.matrix import Subject
from dmicc_assets.model.risk_model import risk_model_from_table
from dmicc_assets.model.validation import expression_tests as test_expression
from dmicc_assets.model.validation import roc_tables
from dmicc_assets.signature.directions import expected_directions
from dmicc_assets.step import Input, Result, StepContext, step

SUBJECTS = (
    Input("cohort/expression", "cohorts"),
    Input("cohort/samples", "cohorts"),
    Input("expression/genes", "validation"),
    Input("source/samples", "validation"),
)


def subjects(context: StepContext) -> list[Subject]:
    """Every cohort, then every validation dataset, with its two groups."""
    cohorts = [context.cohort_subject(cohort) for cohort in context.study.cohorts]
    return cohorts + [context.validation_subject(entry.dataset) for entry in context.study.validation]


@step(
    partition="study",
    outputs=("validation/expression_tests",),
    inputs=(Input("signature/genes"), *SUBJECTS),
    settings=lambda study, _: [[entry.model_dump() for entry in study.validation], study.model_cohort],
    version="1",
)
def expression_tests(context: StepContext) -> Result:
    """Compare each signature gene between cases and controls by Wilcoxon's test, in every cohort and dataset."""
    genes = context.read("signature/genes")
    directions = expected_directions(genes, context.study)
    tests = test_expression(subjects(context), sorted(set(genes["gene"])), directions)
    return Result({"validation/expression_tests": tests})


@step(
    partition="study",
    outputs=("validation/roc", "validation/roc_curve"),
    inputs=(Input("signature/genes"), Input("model/coefficients"), *SUBJECTS),
    settings=lambda study, _: [[entry.model_dump() for entry in study.validation], study.model_cohort],
    version="1",
)
def roc(context: StepContext) -> Result:
    """Measure how well each signature gene and the model tell cases from controls, by the area under the ROC curve."""
    genes, coefficients = context.read("signature/genes"), context.read("model/coefficients")
    model = None if coefficients.is_empty() else risk_model_from_table(coefficients)
    directions = expected_directions(genes, context.study)
    tables = roc_tables(subjects(context), sorted(set(genes["gene"])), directions, model, context.study.model_cohort)
    return Result({"validation/roc": tables.roc, "validation/roc_curve": tables.roc_curve})
