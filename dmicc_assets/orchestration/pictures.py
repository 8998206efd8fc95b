"""The picture in an asset's metadata: for some tables a small figure of the catalog."""

import logging
import re
from base64 import b64encode
from fnmatch import fnmatch

import dagster as dg

from dmicc_assets.assets import STEPS
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.steps import Step, StepContext
from dmicc_assets.report.compact_svg import compact_svg
from dmicc_assets.report.figures.catalog import study_figures
from dmicc_assets.report.figures.kept import KeptFigures
from dmicc_assets.report.report_file import report_path
from dmicc_assets.results.reader import Results

_log = logging.getLogger(__name__)
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
    """The picture of a written table, as metadata; none for a table without a figure.

    It uses only the step's tables and those upstream, because the others are from the previous run. The drawing is
    kept for the report. That a picture cannot be drawn is said, and the step's result stands.
    """
    pattern = PICTURES.get(manifest.table)
    if pattern is None or not manifest.n_rows:
        return {}
    try:
        return _drawn(context, pattern.format(part=context.key.part, cohort=context.study.model_cohort))
    except Exception as error:
        _log.warning("%s: the picture could not be drawn", manifest.table, exc_info=error)
        why = f"The picture could not be drawn ({type(error).__name__}: {error})."
        return {"picture": dg.MetadataValue.text(why)}


def _drawn(context: StepContext, wanted: str) -> dict[str, dg.MetadataValue]:
    """The first figure of the catalog whose name is like the wanted one."""
    results = Results.of_study(context.lake, context.study, context.settings, upstream(context.step))
    kept = KeptFigures(results, report_path(context.settings.reports, context.study.study).parent)
    for figure in study_figures(kept.results):
        if fnmatch(figure.name, wanted):
            drawn = kept.drawn(figure)
            if drawn.note:
                return {"picture": dg.MetadataValue.text(drawn.note)}
            image = b64encode(compact_svg(drawn.svg).encode()).decode()
            return {"picture": dg.MetadataValue.md(f"![{_alt(figure.title)}](data:image/svg+xml;base64,{image})")}
    return {}


def _alt(title: str) -> str:
    """A title as the text of a Markdown image."""
    return re.sub(r"[\[\]\\`*_<>\n]", " ", title)


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
