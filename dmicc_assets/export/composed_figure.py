"""Several figures on one page, as one SVG and one PDF in which text stays text and every panel can be edited.

What the panels show is in `report/figures/panel.py`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import matplotlib as mpl
from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_pdf import Op, PdfFile, RendererPdf
from matplotlib.figure import Figure

from dmicc_assets.report.figures.style import DPI, STYLE, any_script, fix_layout

POINTS = 72  # of an inch
# About four panels of the usual size beside each other.
WIDTH = 20.0
_SVG = re.compile(r'<svg\b[^>]*viewBox="0 0 (?P<wide>[\d.]+) (?P<high>[\d.]+)"[^>]*>(?P<content>.*)</svg>', re.DOTALL)
_ID = re.compile(r'(\bid="|href="#|url\(#)')


@dataclass(frozen=True, slots=True)
class Page:
    """Figures in rows: the page's size and each figure's upper left corner, in inches from the page's."""

    width: float
    height: float
    corners: tuple[tuple[float, float], ...]


def page_of(sizes: Sequence[tuple[float, float]], width: float = WIDTH) -> Page:
    """Rows of figures in the given order, each row filled up to a width; a wider figure stands alone.

    Args:
        sizes: width and height of each figure, in inches.
        width: of the page, in inches.
    """
    corners: list[tuple[float, float]] = []
    left = top = row_height = widest = 0.0
    for wide, high in sizes:
        if left and left + wide > width + 1e-9:
            left, top, row_height = 0.0, top + row_height, 0.0
        corners.append((left, top))
        left, row_height = left + wide, max(row_height, high)
        widest = max(widest, left)
    return Page(widest, top + row_height, tuple(corners))


def composed_svg(drawings: Sequence[str]) -> str:
    """One SVG: a group for each drawing, whose ids begin with the drawing's number, so that no two share one.

    Args:
        drawings: SVGs as matplotlib writes them, in points.
    """
    found = [_SVG.search(drawing) for drawing in drawings]
    if not all(found):
        raise ValueError("an SVG has no viewBox from 0 0")
    parsed = [(float(each["wide"]), float(each["high"]), each["content"]) for each in found if each]
    page = page_of([(wide / POINTS, high / POINTS) for wide, high, _ in parsed])
    wide, high = page.width * POINTS, page.height * POINTS
    parts: list[str] = []
    for i, ((_, _, content), (left, top)) in enumerate(zip(parsed, page.corners, strict=True), 1):
        place = f"translate({left * POINTS:g} {top * POINTS:g})"
        own_ids = _ID.sub(rf"\g<1>panel{i}-", content)
        parts.append(f'<g id="panel{i}" transform="{place}">{own_ids}</g>')
    return "\n".join(
        [
            '<?xml version="1.0" encoding="utf-8" standalone="no"?>',
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1" '
            f'width="{wide:g}pt" height="{high:g}pt" viewBox="0 0 {wide:g} {high:g}">',
            *parts,
            "</svg>\n",
        ]
    )


def composed_pdf(figures: Sequence[Figure], dpi: int = DPI) -> bytes:
    """One PDF page: each figure is drawn by matplotlib's own renderer at its place.

    Args:
        figures: the panels.
        dpi: of the clouds of points, which are pictures.
    """
    page = page_of([_size(figure) for figure in figures])
    with mpl.rc_context(STYLE), any_script(), BytesIO() as buffer:
        file = PdfFile(buffer, metadata={"CreationDate": None, "Creator": None})
        file.newPage(page.width, page.height)
        for figure, (left, top) in zip(figures, page.corners, strict=True):
            bottom = page.height - top - _size(figure)[1]
            file.output(Op.gsave, 1, 0, 0, 1, left * POINTS, bottom * POINTS, Op.concat_matrix)
            _draw(file, figure, dpi)
            file.output(Op.grestore)
        file.finalize()
        file.close()
        return buffer.getvalue()


def _draw(file: PdfFile, figure: Figure, dpi: int) -> None:
    """Draw on the page that is open, as matplotlib's `print_pdf` does on a page of its own."""
    fix_layout(figure)
    wide, high = _size(figure)
    before, figure.dpi = figure.dpi, POINTS
    renderer = MixedModeRenderer(figure, wide, high, dpi, RendererPdf(file, dpi, high, wide))
    figure.draw(renderer)  # pyright: ignore[reportArgumentType] - it passes every call on to a RendererBase
    renderer.finalize()
    figure.dpi = before


def _size(figure: Figure) -> tuple[float, float]:
    wide, high = figure.get_size_inches()
    return float(wide), float(high)
