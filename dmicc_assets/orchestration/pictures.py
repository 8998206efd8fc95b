"""The picture of a table in Dagster's UI: for some tables a small figure of the catalog. Without dagster."""

import logging
import re
from base64 import b64encode
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from dmicc_assets.assets import STEPS
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.steps import Step, StepContext
from dmicc_assets.report.report_file import report_path
from dmicc_assets.results.reader import Results

if TYPE_CHECKING:
    from dmicc_assets.report.figures.catalog import CatalogFigure
    from dmicc_assets.report.figures.kept import KeptFigures

_log = logging.getLogger(__name__)
# table: figure of the catalog; {part} is the dataset or cohort, {cohort} the model's
PICTURES = {
    "expression/quality": "dataset/{part}/outliers",
    "expression/projection": "dataset/{part}/pca",
    "expression/distributions": "dataset/{part}/distribution_boxes",
    "cohort/projection": "cohort/{part}/pca",
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


# table: further figures of the report that can be drawn as soon as it is there
OF_REPORT = {
    "expression/genes": "dataset/{part}/*",
    "expression/projection": "dataset/{part}/tsne",
    "cohort/projection": "cohort/{part}/tsne",
    "differential/statistics": "cohort/{part}/*",
    "enrichment/terms": "cohort/{part}/terms.*",
    "validation/expression_tests": "study/expression.*",
    "validation/roc": "study/roc.*",
}


@dataclass(frozen=True)
class Picture:
    """The picture of a table.

    Attributes:
        text: the drawing as an image in Markdown, or why there is none.
        is_drawn: whether it is a drawing.
    """

    text: str
    is_drawn: bool = False


def picture(context: StepContext, manifest: Manifest) -> Picture | None:
    """The picture of a written table; None for a table without a figure.

    It uses only the step's tables and those upstream, because the others are from the previous run. The drawing is
    kept for the report. That a picture cannot be drawn is said, and the step's result stands.
    """
    pattern = PICTURES.get(manifest.table)
    if pattern is None or not manifest.n_rows:
        return None
    try:
        return _drawn(context, pattern.format(part=context.key.part, cohort=context.study.model_cohort))
    except Exception as error:
        _log.error("%s: the picture could not be drawn, a defect in dmicc", manifest.table, exc_info=error)
        reason = f"{type(error).__name__}: {error}"
        return Picture(f"The picture could not be drawn ({reason}), a defect in dmicc whose traceback is in the log.")


def draw_for_report(context: StepContext) -> None:
    """Draw figures of the report from the step's tables and those upstream; they are kept beside the report."""
    patterns = {OF_REPORT[table].format(part=context.key.part) for table in context.step.outputs if table in OF_REPORT}
    for kept, figure in _figures(context, patterns):
        kept.drawn(figure)


def _drawn(context: StepContext, wanted: str) -> Picture | None:
    """The first figure of the catalog whose name is like the wanted one."""
    for kept, figure in _figures(context, [wanted]):
        drawn = kept.drawn(figure)
        if drawn.note:
            return Picture(drawn.note)
        image = b64encode(drawn.svg.encode()).decode()
        return Picture(f"![{_alt(figure.title)}](data:image/svg+xml;base64,{image})", is_drawn=True)
    return None


def _figures(context: StepContext, patterns: Collection[str]) -> Iterator[tuple["KeptFigures", "CatalogFigure"]]:
    """Figures of the catalog with names like these; matplotlib is large, and so imported here."""
    if not patterns:
        return
    from dmicc_assets.report.figures.catalog import study_figures
    from dmicc_assets.report.figures.kept import KeptFigures

    results = Results.of_study(context.lake, context.study, context.settings, upstream(context.step))
    folder = report_path(context.settings.reports, context.study.study).parent
    kept = KeptFigures(results, folder, context.report_progress)
    for figure in study_figures(kept.results):
        if any(fnmatch(figure.name, pattern) for pattern in patterns):
            yield kept, figure


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
