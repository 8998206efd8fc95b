"""The picture in an asset's metadata: for some tables a small figure of the catalog."""

from base64 import b64encode
from fnmatch import fnmatch

import dagster as dg

from dmicc_assets.assets import STEPS
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.steps import Step, StepContext
from dmicc_assets.report.figures.catalog import study_figures
from dmicc_assets.report.figures.style import png
from dmicc_assets.results.reader import Results

SCREEN_DPI = 80

# table: figure of the catalog; {part} is the dataset or cohort, {cohort} the model's
PICTURES = {
    "expression/quality": "dataset/{part}/pca",
    "expression/distributions": "dataset/{part}/distribution_boxes",
    "cohort/expression": "cohort/{part}/pca",
    "differential/statistics": "cohort/{part}/volcano",
    "differential/genes": "cohort/{part}/heat_map",
    "enrichment/terms": "cohort/{part}/terms.*",
    "enrichment/gsea": "cohort/{part}/gsea",
    "signature/genes": "study/concordance*",
    "signature/overlap": "study/upset",
    "signature/ranking": "cohort/{cohort}/importance",
    "signature/error_curve": "cohort/{cohort}/error_curve",
    "signature/stability": "study/stability",
    "signature/sensitivity": "study/sensitivity",
    "validation/expression_tests": "study/expression.{cohort}",
    "validation/roc": "study/roc.{cohort}",
    "model/nomogram": "study/nomogram",
    "model/calibration": "study/calibration",
    "model/decision_curve": "study/decision_curve",
    "rigor/nulls": "study/nulls",
}


def picture(context: StepContext, manifest: Manifest) -> dict[str, dg.MetadataValue]:
    """The picture of a written table, as metadata; None for a table without a figure.

    It uses only the step's tables and those upstream, because the others are from the previous run.
    """
    pattern = PICTURES.get(manifest.table)
    if pattern is None or not manifest.n_rows:
        return {}
    part = context.key.part
    wanted = pattern.format(part=part, cohort=context.study.model_cohort)
    results = Results.of_study(context.lake, context.study, context.settings, upstream(context.step))
    for figure in study_figures(results):
        if fnmatch(figure.name, wanted):
            image = b64encode(png(figure.draw(), SCREEN_DPI)).decode()
            return {"picture": dg.MetadataValue.md(f"![{figure.title}](data:image/png;base64,{image})")}
    return {}


def upstream(step: Step) -> set[str]:
    """The tables of a step and all tables upstream."""
    makers = {table: maker for maker in STEPS for table in maker.outputs}
    found: set[str] = set()
    wanted = [*step.outputs, *(each.table for each in step.inputs)]
    while wanted:
        table = wanted.pop()
        if table not in found:
            found.add(table)
            wanted.extend(each.table for each in makers[table].inputs)
    return found
