"""The report's pictures: each figure as an image inside the page, its place, and the tables that it was drawn from.

Figures are drawn in `figures/`; the flow of the study is `flow.py`'s.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dmicc_assets.report.compact_svg import compact_svg, svg_address
from dmicc_assets.report.figures.drawn import DrawnFigure
from dmicc_assets.report.flow import study_flow
from dmicc_assets.results.reader import Results

# Least widths in inches of a figure that takes a printed page's whole width, and of one beside its caption.
_WIDE_FROM, _MIDDLE_FROM = 6.0, 3.65
# Tables from which the kinds of figures are drawn; kinds without an entry are drawn from expression values.
_DRAWN_FROM: Mapping[str, tuple[str, ...]] = {
    "flow": ("source/samples", "cohort/samples", "signature/overlap"),
    "volcano": ("differential/statistics",),
    "md": ("differential/statistics",),
    "p_values": ("differential/statistics",),
    "qq": ("differential/statistics",),
    "mean_variance": ("differential/statistics",),
    "terms": ("enrichment/terms",),
    "gsea": ("enrichment/gsea", "enrichment/camera"),
    "scores": ("expression/scores",),
    "concordance": ("differential/statistics", "signature/genes"),
    "venn": ("differential/genes",),
    "upset": ("differential/genes",),
    "error_curve": ("signature/error_curve",),
    "importance": ("signature/ranking",),
    "expression": ("validation/expression_tests",),
    "roc": ("validation/roc", "validation/roc_curve"),
    "roc_model": ("validation/roc", "validation/roc_curve"),
    "nomogram": ("model/nomogram",),
    "calibration": ("model/calibration",),
    "decision_curve": ("model/decision_curve",),
    "instability": ("validation/instability",),
    "nulls": ("rigor/nulls",),
    "stability": ("signature/stability",),
    "sensitivity": ("signature/sensitivity",),
    "sex_genes": ("expression/quality",),
    "outliers": ("expression/quality",),
    "distribution_boxes": ("expression/distributions",),
    "distribution_densities": ("expression/distributions",),
}
# Kinds that are drawn from the projection of a dataset or of a cohort.
_PROJECTED = ("pca", "tsne")
_FLOW_CAPTION = (
    "Datasets, samples and comparisons from the top down, and what each step left. Samples that are not used have "
    "another label than the cohort's cases and controls."
)


@dataclass(frozen=True)
class Picture:
    """A figure inside the page.

    Attributes:
        name: of the catalog.
        title: of the figure.
        caption: what it shows and how to read it.
        source: address of the image.
        look: "wide", "middle" (beside its caption in print) or "".
        note: said in place of the image, when there is nothing to see.
    """

    name: str
    title: str
    caption: str
    source: Markup
    look: str
    note: str = ""

    @property
    def file_name(self) -> str:
        """Of the file that a reader saves."""
        return f"{self.name.replace('/', '_')}.svg"

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables in SQL (`group.table`) from which it is drawn."""
        part, kind = self.name.split("/", 1)[0], self.name.rsplit("/", 1)[-1].split(".")[0]
        tables = _DRAWN_FROM.get(kind, ("cohort/expression",))
        if kind in _PROJECTED:
            tables = ("expression/projection" if part == "dataset" else "cohort/projection",)
        return tuple(table.replace("/", ".") for table in tables)


def flow_picture(results: Results) -> Picture:
    """The study in one picture."""
    source = svg_address(compact_svg(study_flow(results)))
    return Picture("study/flow", "The study in one picture", _FLOW_CAPTION, source, "wide")


def picture(drawn: DrawnFigure) -> Picture:
    """The drawing as an SVG in a data URL, a separate image, so that ids of two figures cannot collide."""
    source = svg_address(drawn.svg)
    look = "wide" if drawn.width > _WIDE_FROM else "middle" if drawn.width > _MIDDLE_FROM else ""
    return Picture(drawn.name, drawn.title, drawn.caption, source, look, drawn.note)


def placed(pictures: Sequence[Picture], places: Iterable[tuple[str, Sequence[str]]]) -> dict[str, list[Picture]]:
    """Every picture in the first place that asks for it, there in the order of the place's patterns.

    Args:
        pictures: in the catalog's order.
        places: name and patterns of catalog names of each place; a pattern that matches all comes last.
    """
    left = list(pictures)
    found: dict[str, list[Picture]] = {}
    for place, patterns in places:
        taken = [each for pattern in patterns for each in left if re.fullmatch(pattern, each.name)]
        found[place] = list(dict.fromkeys(taken))
        left = [each for each in left if each not in found[place]]
    return found
