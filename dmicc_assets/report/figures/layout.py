"""Layout of a figure: title, rows and columns of axes as large as their labels allow, legend; in one look at each text.

Matplotlib's solver finds the same in four times the work. Figures with fixed margins are `style.small_multiples`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure

from dmicc_assets.types import FloatArray

# Inches that stay free at the sides, above and below, and between two axes.
_SIDE, _ABOVE, _BETWEEN = 0.1, 0.06, 0.12
# Room for labels in the look at them, in inches from the left and from below: about what most need.
_LEFT, _BOTTOM = 0.62, 0.5
# Least extent of axes in inches, whatever their labels need.
_LEAST = 0.3


@dataclass(frozen=True)
class _Cell:
    """Axes and their place in the grid: rows from above, columns from the left."""

    axes: Axes
    row: int
    column: int


def lay_out(figure: Figure, beside: Sequence[Axes] = ()) -> None:
    """Put the title at the top, the legend at the bottom, and the axes between them, aligned by row and column.

    Args:
        figure: with axes made by `subplots`.
        beside: bars of colours, at the right of the axes; their width and their share of the height are kept.
    """
    canvas = figure.canvas
    if not isinstance(canvas, FigureCanvasAgg):
        raise TypeError("figures are made by style.new_figure")
    renderer = canvas.get_renderer()
    width, height = (float(each) for each in figure.get_size_inches())
    top, below = _title(figure, renderer, height), _legends(figure, renderer)
    right = _SIDE + sum(_beside(each, renderer, width, height, top, below) for each in beside)
    cells = [cell for axes in figure.axes if (cell := _cell(axes)) is not None]
    if not cells:
        return
    grid = cells[0].axes.get_subplotspec().get_gridspec()  # pyright: ignore[reportOptionalMemberAccess] -- a cell has one
    columns = np.array(grid.get_width_ratios() or [1.0] * grid.ncols, dtype=np.float64)
    rows = np.array(grid.get_height_ratios() or [1.0] * grid.nrows, dtype=np.float64)
    room = _Room(width, height, (_SIDE, right), (top, below))
    _place(cells, room, columns, rows, np.full((len(columns), 2), (_LEFT, 0)), np.full((len(rows), 2), (0.2, _BOTTOM)))
    across, along = np.zeros((len(columns), 2)), np.zeros((len(rows), 2))
    for cell in cells:
        sides = _decoration(cell.axes, renderer)
        across[cell.column] = np.maximum(across[cell.column], sides[:2])
        along[cell.row] = np.maximum(along[cell.row], sides[2:])
    _place(cells, room, columns, rows, across, along)


@dataclass(frozen=True)
class _Room:
    """Size of a figure, and inches at its left and right, and above and below, that are taken."""

    width: float
    height: float
    sides: tuple[float, float]
    ends: tuple[float, float]


def _cell(axes: Axes) -> _Cell | None:
    spec = axes.get_subplotspec()
    return None if spec is None else _Cell(axes, spec.rowspan.start, spec.colspan.start)


def _title(figure: Figure, renderer: RendererAgg, height: float) -> float:
    """Place the title; inches that it takes."""
    headline = figure.get_suptitle()
    title = next((text for text in figure.texts if headline and text.get_text() == headline), None)
    if title is None:
        return _ABOVE
    title.set_y(1 - _ABOVE / height)
    title.set_verticalalignment("top")
    return 2 * _ABOVE + title.get_window_extent(renderer).height / figure.dpi


def _legends(figure: Figure, renderer: RendererAgg) -> float:
    """Inches that the legends at the bottom take."""
    return _ABOVE + sum(each.get_window_extent(renderer).height / figure.dpi + _ABOVE for each in figure.legends)


def _beside(axes: Axes, renderer: RendererAgg, width: float, height: float, top: float, below: float) -> float:
    """Place a bar of colours at the right edge; inches that it takes with its labels."""
    was = axes.get_position()
    long = was.height * (height - top - below)
    low = below + (height - top - below - long) / 2
    axes.set_position((was.x0, low / height, was.width, long / height))
    left, right, _, _ = _decoration(axes, renderer)
    at = width - _SIDE - right - was.width * width
    axes.set_position((at / width, low / height, was.width, long / height))
    return left + was.width * width + right + _BETWEEN


def _decoration(axes: Axes, renderer: RendererAgg) -> tuple[float, float, float, float]:
    """Inches that labels and ticks take at the left, at the right, above and below."""
    outer = axes.get_tightbbox(renderer, for_layout_only=True)
    inner = axes.get_window_extent(renderer)
    if outer is None:
        return 0.0, 0.0, 0.0, 0.0
    sides = (inner.x0 - outer.x0, outer.x1 - inner.x1, outer.y1 - inner.y1, inner.y0 - outer.y0)
    left, right, above, below = (max(each, 0.0) / axes.figure.dpi for each in sides)
    return left, right, above, below


def _place(
    cells: Sequence[_Cell], room: _Room, columns: FloatArray, rows: FloatArray, across: FloatArray, along: FloatArray
) -> None:
    """Place axes side by side and one below the other.

    Args:
        cells: the axes.
        room: of the figure.
        columns: (C,) shares of the width.
        rows: (R,) shares of the height.
        across: (C, 2) inches at the left and right of each column.
        along: (R, 2) inches above and below each row.
    """
    left, wide = _spread(room.width - room.sides[0] - room.sides[1], columns, across)
    down, high = _spread(room.height - room.ends[0] - room.ends[1], rows, along)
    for cell in cells:
        x0 = room.sides[0] + left[cell.column]
        y0 = room.height - room.ends[0] - down[cell.row] - high[cell.row]
        size = (wide[cell.column] / room.width, high[cell.row] / room.height)
        cell.axes.set_position((x0 / room.width, y0 / room.height, *size))
        cell.axes.apply_aspect()


def _spread(length: float, shares: FloatArray, taken: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Beginning and extent of each part of a length, with what is taken before and after each."""
    free = length - float(taken.sum()) - _BETWEEN * (len(shares) - 1)
    extents = np.maximum(free * shares / shares.sum(), _LEAST)
    before = np.concatenate([[0.0], np.cumsum(extents + taken.sum(axis=1) + _BETWEEN)[:-1]])
    return before + taken[:, 0], extents
