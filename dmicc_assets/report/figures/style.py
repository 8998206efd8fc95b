"""Style and output of every figure: palette, sizes, fonts; PNG, SVG and PDF. No data here.

Colours are Okabe & Ito's (colour-blind safe); a marker or a hatch always says the same as the colour, for grey print.
"""

import functools
import logging
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from io import BytesIO, StringIO
from traceback import format_exception
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import ArrayLike, NDArray

from dmicc_assets.report.figures.layout import lay_out
from dmicc_assets.report.figures.measured import MeasuredCanvas, MeasuredSvg
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.report.figures.texts import wrapped
from dmicc_assets.study.schema import Study
from dmicc_assets.types import FloatArray

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY, LIGHT, DARK = "#8C8C8C", "#D9D9D9", "#262626"
CATEGORIES = (BLUE, ORANGE, GREEN, PURPLE, VERMILLION, SKY, YELLOW, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "----", "++++", "oooo")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (7, 2)), (0, (3, 3, 1, 3)))
CASE, CONTROL = VERMILLION, BLUE
CASE_MARKER, CONTROL_MARKER = "^", "o"
UP, DOWN = VERMILLION, BLUE
# Dark blue over grey to yellow: two hues around a neutral middle; lightness only rises, so that it works in grey print.
SCORES_MAP = "cividis"
DPI = 300
# Points of the smallest text.
SMALL = 7.0
FONT = "DejaVu Sans"
# Signs that XML cannot hold, not even escaped.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# Fallback fonts are no wider than DejaVu Sans, so that labels also fit in a viewer without it.
SVG_FONTS = "'DejaVu Sans', Verdana, 'Liberation Sans', Arial, sans-serif"

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    # one family, because matplotlib searches the font list for every text
    "font.sans-serif": [FONT],
    "font.size": 8,
    # text from data is text: `$` and `^` in the name of a sample are no mathematics
    "text.parse_math": False,
    # text has the same width at every resolution, so that the layout is valid in print and on the screen
    "text.hinting": "none",
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    # at the top of the axes: looking for ticks above them takes a tenth of the drawing
    "axes.titley": 1.0,
    "axes.labelsize": 8,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": DARK,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handletextpad": 0.5,
    "lines.linewidth": 1.3,
    "hatch.linewidth": 0.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    # ids in the SVG are the same from run to run
    "svg.hashsalt": "dmicc_assets",
    "pdf.fonttype": 42,
}

_log = logging.getLogger(__name__)
P = ParamSpec("P")
Looks = Mapping[str, tuple[str, str]]
# Setting them takes a millisecond, and a drawing is made of functions that all ask for them.
_IS_IN_STYLE = ContextVar("_IS_IN_STYLE", default=False)


@contextmanager
def in_style() -> Iterator[None]:
    """The package's settings of matplotlib."""
    if _IS_IN_STYLE.get():
        yield
        return
    token = _IS_IN_STYLE.set(True)
    try:
        with mpl.rc_context(STYLE), any_script():
            yield
    finally:
        _IS_IN_STYLE.reset(token)


@contextmanager
def any_script() -> Iterator[None]:
    """Names in scripts that the font lacks (Chinese, emoji): PNG and PDF have boxes for them, an SVG has them as text.

    matplotlib warns of each character; the README of an export says it once.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        yield


def styled(draw: Callable[P, SourcedFigure]) -> Callable[P, SourcedFigure]:
    """Draw under the package's style, whatever the process's matplotlib settings are."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> SourcedFigure:
        with in_style():
            return draw(*args, **kwargs)

    return drawn


def new_figure(width: float = 3.6, height: float = 3.2, is_to_lay_out: bool = True) -> SourcedFigure:
    """An empty figure of a size in inches, without pyplot; its axes are placed by `layout.py`, if that is asked for."""
    figure = SourcedFigure(figsize=(width, height))
    figure.is_to_lay_out = is_to_lay_out
    MeasuredCanvas(figure)
    return figure


def one_axes(width: float = 3.6, height: float = 3.2, title: str = "") -> tuple[SourcedFigure, Axes]:
    """A figure with one pair of axes."""
    figure = new_figure(width, height)
    axes = figure.subplots()
    headline(figure, title)
    return figure, axes


def headline(figure: SourcedFigure, title: str) -> None:
    """The figure's title at its left edge, in as many lines as its width requires."""
    if title:
        width, height = figure.get_size_inches()
        text = headline_text(title, width)
        figure.suptitle(text, x=0.08 / width, y=1 - 0.1 / height, ha="left", va="top", fontsize=9, fontweight="bold")


def headline_text(title: str, width: float) -> str:
    """A title in lines that fit a figure's width in inches: ten and a half bold letters to the inch."""
    return wrapped(title, int(width * 10.5))


def n_headlines(title: str, width: float) -> int:
    """How many lines a title takes in a figure of a width in inches."""
    return headline_text(title, width).count("\n") + 1


@styled
def add_letter(figure: SourcedFigure, letter: str) -> SourcedFigure:
    """Put a panel's letter before the figure's title."""
    headline(figure, f"{letter}  {figure.get_suptitle()}")
    return figure


def small_multiples(
    n: int, columns: int, width: float, height: float, title: str, above: float = 0.0
) -> tuple[SourcedFigure, list[Axes]]:
    """A figure of n panels, each of a size in inches, row by row under a title; the rest of the last row is empty.

    Args:
        n: panels.
        columns: panels of a row.
        width: of a panel with its labels.
        height: of a panel with its labels and a line of title.
        title: of the figure.
        above: inches of further lines of a panel's title.
    """
    columns = min(columns, n)
    rows = math.ceil(n / columns)
    lines, height, between = n_headlines(title, columns * width), height + above, 0.75 + above
    figure = new_figure(columns * width, rows * height + 0.05 + 0.16 * lines, is_to_lay_out=False)
    headline(figure, title)
    high, wide = figure.get_figheight(), figure.get_figwidth()
    grid: list[Axes] = list(figure.subplots(rows, columns, squeeze=False).flat)
    # fixed margins in inches, because labels of many panels are many texts to measure
    inside = {
        "left": 0.58 / wide,
        "right": 1 - 0.1 / wide,
        "top": 1 - (0.36 + above + 0.16 * lines) / high,
        "bottom": 0.45 / high,
    }
    figure.subplots_adjust(**inside, wspace=0.42 / (width - 0.42), hspace=between / (height - between))
    for unused in grid[n:]:
        unused.remove()
    return figure, grid[:n]


@styled
def note_figure(title: str, text: str) -> SourcedFigure:
    """A figure without data, which states the reason."""
    figure, axes = one_axes(3.6, 2.0, title)
    axes.set_axis_off()
    axes.text(0.5, 0.5, wrapped(text, 44), ha="center", va="center", transform=axes.transAxes, color=DARK)
    figure.note = text
    return figure


def not_drawn(title: str, error: Exception) -> SourcedFigure:
    """A note in place of a figure that failed, which is a defect of this package; the log says where."""
    _log.error("%s: the picture could not be drawn, a defect in dmicc; results are not affected", title, exc_info=error)
    reason = f"{type(error).__name__}: {error}"
    figure = note_figure(
        title, f"This picture could not be drawn ({reason}). It is a defect in dmicc, not in the data."
    )
    figure.traceback = "".join(format_exception(error))
    return figure


def png(figure: Figure, dpi: int = DPI) -> bytes:
    """The figure as PNG."""
    return _saved(figure, "png", dpi, {"Software": None})


def svg(figure: Figure, dpi: int = DPI) -> str:
    """The figure as SVG: text is text; clouds of points are pictures at `dpi`."""
    with in_style(), StringIO() as buffer:
        fix_layout(figure)
        before, figure.dpi = figure.dpi, 72
        wide, high = (float(each) for each in figure.get_size_inches())
        metadata = {"Date": None, "Creator": None}
        own = MeasuredSvg(wide * 72, high * 72, buffer, image_dpi=dpi, metadata=metadata)  # pyright: ignore[reportArgumentType] -- without stubs
        renderer = MixedModeRenderer(figure, wide, high, dpi, own)
        figure.draw(renderer)  # pyright: ignore[reportArgumentType] -- it passes every call on to a RendererBase
        renderer.finalize()
        figure.dpi = before
        return _NOT_XML.sub("", buffer.getvalue()).replace(f"'{FONT}'", SVG_FONTS)


def _saved(figure: Figure, form: str, dpi: int, metadata: Mapping[str, None]) -> bytes:
    with in_style(), BytesIO() as buffer:
        fix_layout(figure)
        figure.savefig(buffer, format=form, dpi=dpi, metadata=metadata)
        return buffer.getvalue()


def pdf(figure: Figure, dpi: int = DPI) -> bytes:
    """The figure as PDF: text is text in embedded TrueType fonts; clouds of points are pictures at `dpi`."""
    return _saved(figure, "pdf", dpi, {"CreationDate": None, "Creator": None})


def fix_layout(figure: Figure) -> None:
    """Lay out once, however many files are written."""
    if isinstance(figure, SourcedFigure) and figure.is_to_lay_out:
        figure.is_to_lay_out = False
        with in_style():
            lay_out(figure, figure.beside)


def segments(
    axes: Axes, x0: ArrayLike, x1: ArrayLike, y0: ArrayLike, y1: ArrayLike, colour: str, width: float, **look: Any
) -> PathCollection:
    """Lines from (x0, y0) to (x1, y1), drawn as one path: each by itself takes a hundred times as long."""
    left, right, low, high = np.broadcast_arrays(*(np.atleast_1d(np.asarray(each)) for each in (x0, x1, y0, y1)))
    corners = np.stack([left, low, right, high], axis=1).reshape(-1, 2).astype(np.float64)
    return one_path(axes, corners, np.tile([Path.MOVETO, Path.LINETO], len(left)), colour, width, **look)


def one_path(
    axes: Axes, corners: FloatArray, codes: NDArray[np.integer[Any]], colour: str, width: float, **look: Any
) -> PathCollection:
    """A path of (N, 2) corners without filling; segments with a missing end are not drawn."""
    look = {"facecolors": "none", "edgecolors": colour, "linewidths": width, "capstyle": "butt"} | look
    drawn = PathCollection([Path(corners, codes)], **look)
    drawn.set_transform(axes.transData)
    axes.add_collection(drawn)
    # when the limits are asked for, as `plot` does: now it would look at all lines each time
    axes._request_autoscale_view()  # pyright: ignore -- private, and not in the stubs
    return drawn


def histogram(axes: Axes, values: FloatArray, bins: ArrayLike | int) -> None:
    """Bars of a histogram, drawn as one."""
    counts, edges = np.histogram(values, bins)
    low, high = edges[:-1], edges[1:]
    nought = np.zeros(len(counts))
    corners = np.stack([low, nought, low, counts, high, counts, high, nought, low, nought], axis=1).reshape(-1, 2)
    codes = np.tile([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], len(counts))
    axes.add_patch(PathPatch(Path(corners, codes), fc=SKY, ec="white", lw=0.4))
    axes.set_ylim(0, max(float(counts.max(initial=0)) * 1.05, 1.0))
    axes.margins(x=0.05)
    axes.autoscale_view(scaley=False)


def tint(colour: str) -> str:
    """An opaque light tint of a colour; a hatch over a transparent colour is printed over the full colour."""
    red, green, blue = to_rgb(colour)
    return to_hex((0.8 + 0.2 * red, 0.8 + 0.2 * green, 0.8 + 0.2 * blue))


def category_styles(categories: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each category, in the given order; after eight they repeat in other pairs."""
    return {
        name: (CATEGORIES[i % len(CATEGORIES)], MARKERS[(i + i // len(CATEGORIES)) % len(MARKERS)])
        for i, name in enumerate(dict.fromkeys(categories))
    }


def study_styles(study: Study, *more: str) -> dict[str, tuple[str, str]]:
    """Colour and marker of every label of a study, the same in all of its datasets: controls first, then cases."""
    groups = [*study.cohorts.values(), *study.validation]
    others = [rule.label for spec in study.datasets.values() for rule in spec.labels]
    return category_styles([*(each.control for each in groups), *(each.case for each in groups), *others, *more])
