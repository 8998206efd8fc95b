"""The picture of a table in Dagster's UI: for some tables a small figure of the catalog. Without dagster."""

import logging
import re
from base64 import b64encode
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dmicc_assets.assets import STEPS
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.steps import Step, StepContext
from dmicc_assets.report.report_file import report_path
from dmicc_assets.results.reader import Results

if TYPE_CHECKING:
    from dmicc_assets.report.figures.catalog import CatalogFigure
    from dmicc_assets.report.figures.drawn import DrawnFigure
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
    "expression/quality": ("dataset/{part}/sex_genes",),
    "expression/distributions": ("dataset/{part}/distribution_densities",),
    "expression/projection": ("dataset/{part}/tsne",),
    "cohort/projection": ("cohort/{part}/tsne",),
    "differential/statistics": tuple(
        f"cohort/{{part}}/{kind}" for kind in ("md", "p_values", "qq", "mean_variance", "scores")
    ),
    "enrichment/terms": ("cohort/{part}/terms.*",),
    "signature/overlap": ("study/venn",),
    "signature/ranking": ("cohort/*/importance", "cohort/*/error_curve"),
    "validation/expression_tests": ("study/expression.*",),
    "validation/instability": ("study/instability",),
    "validation/roc": ("study/roc*",),
}
# table: tables beside those upstream that its figures read: names of genes, numbers from other steps. Where they are
# computed too, its figures wait for them, so that they are drawn once and not anew for the report.
BESIDE = {
    "differential/statistics": ("expression/scores", "signature/genes", "signature/ranking", "signature/biomarkers"),
    "enrichment/gsea": ("enrichment/camera",),
    "validation/expression_tests": ("signature/ranking", "signature/biomarkers"),
    "validation/roc": ("validation/expression_tests",),
    "model/calibration": ("validation/performance",),
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


def are_drawn(step: Step) -> bool:
    """Whether figures are drawn from the tables of a step."""
    return not (PICTURES.keys() | OF_REPORT.keys()).isdisjoint(step.outputs)


def beside(step: Step) -> list[str]:
    """The tables beside those upstream that figures of a step's tables read."""
    return list(dict.fromkeys(each for table in step.outputs for each in BESIDE.get(table, ())))


class Pictures:
    """The pictures of the tables of a step's partition; each is drawn once, and kept for the report.

    They use only the step's tables and those upstream, because the others may be from the previous run.

    Args:
        context: of the step.
        more: further tables that are up to date, with those upstream of them.
    """

    def __init__(self, context: StepContext, more: Collection[str] = ()) -> None:
        self._context = context
        self._more = more
        self._found: dict[str, DrawnFigure] = {}

    def picture(self, manifest: Manifest) -> Picture | None:
        """The picture of a written table; None for a table without a figure.

        That a picture cannot be drawn is said, and the step's result stands.
        """
        pattern = PICTURES.get(manifest.table)
        if pattern is None or not manifest.n_rows:
            return None
        try:
            return next(map(_picture, self._drawn([pattern])), None)
        except Exception as error:
            _log.error("%s: the picture could not be drawn, a defect in dmicc", manifest.table, exc_info=error)
            reason = f"{type(error).__name__}: {error}"
            return Picture(
                f"The picture could not be drawn ({reason}), a defect in dmicc whose traceback is in the log."
            )

    def draw_for_report(self) -> None:
        """Draw the figures of the report that can be drawn from the step's tables; they are kept beside it."""
        patterns = [each for table in self._context.step.outputs for each in OF_REPORT.get(table, ())]
        for _ in self._drawn(patterns):
            pass

    def _drawn(self, patterns: Collection[str]) -> Iterator["DrawnFigure"]:
        """Figures of the catalog with names like these."""
        names = {"part": self._context.key.part, "cohort": self._context.study.model_cohort}
        wanted = [pattern.format(**names) for pattern in patterns]
        for figure in self._figures(wanted) if wanted else ():
            if figure.name not in self._found:
                self._found[figure.name] = self._kept.drawn(figure)
            yield self._found[figure.name]

    def _figures(self, patterns: Collection[str]) -> Iterator["CatalogFigure"]:
        """Matplotlib is large, and so imported here."""
        from dmicc_assets.report.figures.catalog import study_figures

        return study_figures(self._kept.results, patterns)

    @cached_property
    def _kept(self) -> "KeptFigures":
        from dmicc_assets.report.figures.kept import KeptFigures

        of, more = self._context, set(self._more)
        makers = [of.step, *(step for step in STEPS if not more.isdisjoint(step.outputs))]
        tables = set[str]().union(*map(upstream, makers))
        results = Results.of_study(of.lake, of.study, of.settings, tables)
        return KeptFigures(results, report_path(of.settings.reports, of.study.study).parent, of.report_progress)


def _picture(drawn: "DrawnFigure") -> Picture:
    if drawn.note:
        return Picture(drawn.note)
    image = b64encode(drawn.svg.encode()).decode()
    return Picture(f"![{_alt(drawn.title)}](data:image/svg+xml;base64,{image})", is_drawn=True)


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
