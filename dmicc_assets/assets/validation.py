"""Assets of the group `validation`: every signature gene and the model in every cohort and validation dataset."""

from dmicc_assets.assets.rigor import PROBES, SELECTION, of_resampling
from dmicc_assets.checks.identity import refuse_training_samples
from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.model.external_validation import external_performance
from dmicc_assets.model.risk_model import risk_model_from_table
from dmicc_assets.model.validation import expression_tests as test_expression
from dmicc_assets.model.validation import roc_tables
from dmicc_assets.resampling.fold_tables import cross_validated, read_out_of_fold
from dmicc_assets.resampling.instability import risk_instability
from dmicc_assets.resampling.internal_external import internal_external
from dmicc_assets.resampling.nested import bootstrap_cv
from dmicc_assets.resampling.parallel import workers
from dmicc_assets.resampling.resampled_roc import all_estimates, resampled_roc
from dmicc_assets.resampling.subgroups import subgroup_performance
from dmicc_assets.resampling.trivial import trivial_models
from dmicc_assets.results.inputs import fold_values, study_data
from dmicc_assets.results.reader import Results
from dmicc_assets.signature.intersect import expected_directions
from dmicc_assets.types import CaseControl

SUBJECTS = (
    Input("cohort/expression", "cohorts"),
    Input("cohort/samples", "cohorts"),
    Input("expression/genes", "validation"),
    Input("source/samples", "validation"),
)


def subjects(results: Results) -> list[CaseControl]:
    """Every cohort, then every validation dataset, with its two groups; none may share samples with a cohort."""
    validation = list(results.validations().values())
    refuse_training_samples(list(results.cohorts("value").values()), validation)
    return [*results.cohorts().values(), *validation]


@step(
    partition="study",
    outputs=("validation/expression_tests",),
    inputs=(Input("signature/genes"), *SUBJECTS),
    settings=lambda study, _: [[entry.model_dump() for entry in study.validation], study.model_cohort],
    version="2",
)
def expression_tests(context: StepContext) -> Result:
    """Compare each signature gene between cases and controls by Wilcoxon's test, in every cohort and dataset."""
    results = Results.of_step(context)
    directions = expected_directions(results.signature.genes, context.study)
    tests = test_expression(subjects(results), results.signature_genes, directions)
    return Result({"validation/expression_tests": tests})


@step(
    partition="study",
    outputs=("validation/folds", "validation/out_of_fold", "validation/trivial"),
    inputs=(*SELECTION, *PROBES),
    settings=of_resampling,
    version="2",
)
def out_of_fold(context: StepContext) -> Result:
    """Choose the genes and fit the model anew in every fold, and predict the samples that the fold holds out."""
    results = Results.of_step(context)
    data = study_data(results)
    source, samples = fold_values(results, data), data.adjusted[data.target].matrix.samples
    tables = cross_validated(data, source, workers())
    nested = read_out_of_fold(tables.out_of_fold, samples)
    trivial = trivial_models(data, source, nested, results.rows("source/samples"), workers())
    frames = {"validation/folds": tables.folds, "validation/out_of_fold": tables.out_of_fold}
    return Result({**frames, "validation/trivial": trivial}, {"seed": context.study.rigor.seed})


@step(
    partition="study",
    outputs=("validation/internal_external",),
    inputs=SELECTION,
    settings=of_resampling,
    version="1",
)
def left_out_datasets(context: StepContext) -> Result:
    """Leave out each dataset of the model's cohort, choose and fit on the others, and test the model there."""
    data = study_data(Results.of_step(context))
    return Result({"validation/internal_external": internal_external(data, workers())})


@step(
    partition="study",
    outputs=("validation/roc", "validation/roc_curve", "validation/instability"),
    inputs=(
        Input("signature/genes"),
        Input("model/coefficients"),
        Input("validation/out_of_fold"),
        *SELECTION,
        *PROBES,
    ),
    settings=of_resampling,
    version="8",
)
def roc(context: StepContext) -> Result:
    """Measure by the area under the ROC curve how well each signature gene and the model separate cases from controls.

    The model's area is estimated on its own samples (apparent), by cross-validation with the genes chosen on all
    samples (leaky) or inside the folds (nested), by the .632+ bootstrap, and with frozen coefficients in every other
    subject.
    """
    results = Results.of_step(context)
    coefficients, genes = results.model.coefficients, results.signature_genes
    model = None if coefficients.is_empty() else risk_model_from_table(coefficients)
    directions = expected_directions(results.signature.genes, context.study)
    tables = roc_tables(subjects(results), genes, directions, model, context.study.model_cohort)
    data = study_data(results)
    subject, source = data.adjusted[data.target], fold_values(results, data)
    nested = read_out_of_fold(results.rows("validation/out_of_fold"), subject.matrix.samples)
    again = bootstrap_cv(data, source, workers())
    estimates = all_estimates(tables, resampled_roc(data, source, workers(), nested, again))
    frames = {"validation/roc": estimates.roc, "validation/roc_curve": estimates.roc_curve}
    instability = risk_instability(model, subject, again)
    return Result({**frames, "validation/instability": instability}, {"seed": context.study.rigor.seed})


@step(
    partition="study",
    outputs=("validation/performance",),
    inputs=(Input("model/coefficients"), *SUBJECTS),
    settings=lambda study, _: [[entry.model_dump() for entry in study.validation], study.model_cohort],
    version="4",
)
def performance(context: StepContext) -> Result:
    """Measure discrimination and calibration of the frozen model in every other cohort and dataset."""
    results = Results.of_step(context)
    coefficients = results.model.coefficients
    model = None if coefficients.is_empty() else risk_model_from_table(coefficients)
    elsewhere = [subject for subject in subjects(results) if subject.name != context.study.model_cohort]
    return Result({"validation/performance": external_performance(model, elsewhere)})


@step(
    partition="study",
    outputs=("validation/subgroups",),
    inputs=(
        Input("model/coefficients"),
        Input("validation/out_of_fold"),
        *SUBJECTS[:3],
        Input("source/samples", "datasets"),
    ),
    settings=lambda study, _: [
        [entry.model_dump() for entry in study.validation],
        study.model_cohort,
        {name: dataset.tissue for name, dataset in study.datasets.items()},
        study.rigor.seed,
    ],
    version="2",
)
def subgroups(context: StepContext) -> Result:
    """Measure the model's discrimination in each sex, tissue, centre and dataset, where these are known."""
    results, study = Results.of_step(context), context.study
    coefficients, samples = results.model.coefficients, results.rows("source/samples")
    model = None if coefficients.is_empty() else risk_model_from_table(coefficients)
    everyone = subjects(results)
    own = next(subject for subject in everyone if subject.name == study.model_cohort)
    others = [subject for subject in everyone if subject is not own]
    nested = read_out_of_fold(results.rows("validation/out_of_fold"), own.matrix.samples)
    tissues = {name: dataset.tissue for name, dataset in study.datasets.items()}
    found = subgroup_performance(model, own, nested, others, samples, tissues, study.rigor.seed)
    return Result({"validation/subgroups": found}, {"seed": study.rigor.seed})
