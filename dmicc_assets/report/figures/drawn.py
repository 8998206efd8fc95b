"""A figure of the catalog as report and Dagster UI show it: its SVG, or words why there is none.

Which drawings are kept from run to run is in `kept.py`.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dmicc_assets.report.compact_svg import compact_svg
from dmicc_assets.report.figures.catalog import CatalogFigure
from dmicc_assets.report.figures.style import not_drawn, svg

# Resolution (dpi) of point clouds on the screen; figures for print have 300.
CLOUD_DPI = 160


@dataclass(frozen=True)
class DrawnFigure:
    """A figure that was drawn.

    Attributes:
        name: of the catalog.
        title: of the catalog.
        caption: of the catalog.
        svg: the drawing, as short as its page needs it.
        width: in inches.
        note: why there is nothing to see; empty for a figure with values.
        failure: that it could not be drawn, and why; empty for others.
        traceback: where it failed; empty for others.
    """

    name: str
    title: str
    caption: str
    svg: str
    width: float
    note: str
    failure: str = ""
    traceback: str = ""


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector, which looks a hundred times at a figure's parts while all of them are in use."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def drawn_figure(figure: CatalogFigure) -> DrawnFigure:
    """Draw a figure; a failure becomes a note, in the picture too."""
    with _uncollected():
        drawn = figure.draw()
        try:
            page = svg(drawn, CLOUD_DPI)
        except Exception as error:
            drawn = not_drawn(figure.title, error)
            page = svg(drawn, CLOUD_DPI)
    width, failure = drawn.get_figwidth(), drawn.note if drawn.traceback else ""
    page = compact_svg(page)
    return DrawnFigure(figure.name, figure.title, figure.caption, page, width, drawn.note, failure, drawn.traceback)
