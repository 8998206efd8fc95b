"""Assets of the group `report`: comparison with published numbers, and the HTML report."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dmicc_assets.assets.enrichment import observe_libraries
from dmicc_assets.checks.tripod import checklist
from dmicc_assets.enrichment.libraries import libraries_in_use
from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.report.published import compare_published
from dmicc_assets.report.report_file import report_path, write_report
from dmicc_assets.results.reader import Results

if TYPE_CHECKING:
    from dmicc_assets.report.figures.catalog import CatalogFigure


def study_figures(results: Results) -> Iterator["CatalogFigure"]:
    """The study's figures; imported late, because runs that draw nothing import the steps, and matplotlib is large."""
    from dmicc_assets.report.figures import catalog

    return catalog.study_figures(results)


@step(
    partition="study",
    outputs=("report/published",),
    inputs=(
        Input("differential/genes", "cohorts"),
        Input("enrichment/terms", "cohorts"),
        Input("signature/genes"),
        Input("signature/biomarkers"),
        Input("signature/error_curve"),
        Input("validation/expression_tests"),
        Input("validation/roc"),
        Input("model/coefficients"),
    ),
    settings=lambda study, _: [study.published.model_dump(), study.enrichment.adj_p_value],
    version="3",
    observe=observe_libraries,
)
def published(context: StepContext) -> Result:
    """Compare the numbers that a paper states with those computed here."""
    libraries = libraries_in_use(
        context.study.enrichment, context.settings, context.report_progress, context.memory
    ).found
    return Result({"report/published": compare_published(Results.of_step(context), libraries)})


@step(
    partition="study",
    outputs=("report/study",),
    inputs=(
        Input("source/files", "datasets"),
        Input("source/datasets", "datasets"),
        Input("source/samples", "datasets"),
        Input("source/gene_ids", "datasets"),
        Input("expression/genes", "datasets"),
        Input("expression/quality", "datasets"),
        Input("expression/distributions", "datasets"),
        Input("expression/projection", "datasets"),
        Input("expression/scores", "datasets"),
        Input("cohort/expression", "cohorts"),
        Input("cohort/projection", "cohorts"),
        Input("cohort/samples", "cohorts"),
        Input("differential/statistics", "cohorts"),
        Input("differential/genes", "cohorts"),
        Input("differential/design", "cohorts"),
        Input("enrichment/camera", "cohorts"),
        Input("enrichment/terms", "cohorts"),
        Input("enrichment/gsea", "cohorts"),
        *(Input(f"signature/{name}") for name in ("genes", "overlap", "ranking", "error_curve", "biomarkers")),
        *(Input(f"signature/{name}") for name in ("stability", "sensitivity")),
        *(
            Input(f"validation/{name}")
            for name in ("expression_tests", "roc", "roc_curve", "performance", "subgroups", "trivial", "instability")
        ),
        Input("validation/internal_external"),
        *(Input(f"model/{name}") for name in ("coefficients", "nomogram", "calibration", "performance")),
        Input("model/decision_curve"),
        Input("rigor/nulls"),
        Input("rigor/findings"),
        Input("rigor/verdict"),
        Input("rigor/probast"),
        Input("clinical/case_observations"),
        Input("clinical/reported_cases"),
        Input("report/published"),
    ),
    settings=lambda study, _: study.model_dump(mode="json") | {"order": list(study.cohorts)},
    version="20",
    files=lambda context: [report_path(context.settings.reports, context.study.study)],
)
def report(context: StepContext) -> Result:
    """Write the report: one page that needs no network, from every table of the study."""
    from dmicc_assets.report.figures.kept import KeptFigures
    from dmicc_assets.report.study_report import study_report

    results, path = Results.of_step(context), report_path(context.settings.reports, context.study.study)
    kept = KeptFigures(results, path.parent, context.report_progress)
    # An earlier report is none of what this one was made from.
    there = Results.of_study(context.lake, context.study).manifests()
    manifests = [manifest for manifest in there if manifest.table not in context.step.outputs]
    page = study_report(results, manifests, study_figures(kept.results), checklist(results), kept.drawn)
    return Result({"report/study": write_report(path, page.html, context.study.title, page.content_sha256)})
