"""Names beside points and rows, placed so that none covers another, on finished axes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from dmicc_assets.report.figures.style import SMALL, fix_layout
from dmicc_assets.report.figures.texts import shortened
from dmicc_assets.types import FloatArray

# Distances of a name from its point, in points; from further away its line crosses others.
_RINGS = (7, 12, 18, 26, 36, 48, 62, 80)
_ANGLES = np.deg2rad([20, 160, -20, -160, 60, 120, -60, -120, 90, -90, 0, 180, 40, 140, -40, -140])
_PAD = 1.5
# Padding of a name's white box, in font sizes; names that are further from their point than this, in points, have a
# line, which ends so far from the point.
_BOX = 0.08
_NEAR, _GAP = 6.0, 2.0
_LONGEST = 24


@dataclass
class _Taken:
    """Boxes (left, bottom, right, top) in points that later labels must leave free."""

    boxes: list[tuple[float, float, float, float]]

    def is_free(self, box: tuple[float, float, float, float]) -> bool:
        left, bottom, right, top = box
        return not any(left < r and le < right and bottom < t and b < top for le, b, r, t in self.boxes)


def place_labels(axes: Axes, x: Sequence[float], y: Sequence[float], names: Sequence[str], size: float = SMALL) -> int:
    """Name points in the given order, each name where it covers no other name, no named point and no edge.

    Call it after everything else is drawn, because it fixes the layout.

    Args:
        axes: axes with their final limits.
        x: positions in data units.
        y: positions in data units.
        names: one name for each point; a name without room is left out.
        size: font size in points.

    Returns:
        how many names found a place.
    """
    figure = axes.get_figure(root=True)
    if figure is None or len(names) == 0:
        return 0
    names = [shortened(name, _LONGEST) for name in names]
    fix_layout(figure)
    scale = 72 / figure.dpi
    points = axes.transData.transform(np.column_stack([x, y])) * scale
    frame = axes.get_window_extent()
    edges = np.array([frame.x0, frame.y0, frame.x1, frame.y1]) * scale
    sizes = _text_sizes(axes, names, size)
    taken = _Taken([(px - 2.5, py - 2.5, px + 2.5, py + 2.5) for px, py in points])
    legend = axes.get_legend()
    if legend is not None:
        box = legend.get_window_extent()
        taken.boxes.append((box.x0 * scale, box.y0 * scale, box.x1 * scale, box.y1 * scale))
    placed, lines = 0, list[FloatArray]()
    for point, name, (width, height) in zip(points, names, sizes, strict=True):
        spot = _spot(point, width, height, edges, taken)
        if spot is None:
            continue
        placed += 1
        left, bottom = spot
        taken.boxes.append((left - _PAD, bottom - _PAD, left + width + _PAD, bottom + height + _PAD))
        centre = np.array([left + width / 2, bottom + height / 2])
        _write(axes, name, point, centre, size)
        lines += _line(point, centre, np.array([width, height]) / 2, size)
    _draw_lines(axes, lines)
    return placed


def _text_sizes(axes: Axes, names: Sequence[str], size: float) -> list[tuple[float, float]]:
    """Width and height of each name in points."""
    figure = axes.get_figure(root=True)
    canvas = figure.canvas if figure is not None else None
    if figure is None or not isinstance(canvas, FigureCanvasAgg):
        raise ValueError("labels are placed on figures made by style.new_figure")
    renderer = canvas.get_renderer()
    sizes: list[tuple[float, float]] = []
    for name in names:
        text = axes.text(0, 0, name, fontsize=size)
        box = text.get_window_extent(renderer)
        text.remove()
        sizes.append((box.width * 72 / figure.dpi, box.height * 72 / figure.dpi))
    return sizes


def _spot(
    point: FloatArray, width: float, height: float, edges: FloatArray, taken: _Taken
) -> tuple[float, float] | None:
    """Lower left corner of the nearest free place for a box near a point."""
    for radius in _RINGS:
        for angle in _ANGLES:
            cosine, sine = float(np.cos(angle)), float(np.sin(angle))
            # the box grows away from the point
            left = point[0] + radius * cosine - (width / 2) * (1 - cosine)
            bottom = point[1] + radius * sine - (height / 2) * (1 - sine)
            box = (left - _PAD, bottom - _PAD, left + width + _PAD, bottom + height + _PAD)
            inside = box[0] >= edges[0] and box[1] >= edges[1] and box[2] <= edges[2] and box[3] <= edges[3]
            if inside and taken.is_free(box):
                return left, bottom
    return None


def _write(axes: Axes, name: str, point: FloatArray, centre: FloatArray, size: float) -> None:
    axes.annotate(
        name,
        xy=_in_data(axes, point[None])[0],
        xytext=(float(centre[0] - point[0]), float(centre[1] - point[1])),
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=size,
        bbox={"boxstyle": f"round,pad={_BOX}", "fc": "white", "ec": "none", "alpha": 0.75},
        zorder=6,
    ).set_in_layout(False)


def _line(point: FloatArray, centre: FloatArray, half: FloatArray, size: float) -> list[FloatArray]:
    """Ends of the line from the edge of a far name's box to its point, in points; none for a near name."""
    way = point - centre
    if (np.abs(way) - half).max() <= _NEAR:
        return []
    reach = (half + _BOX * size) / np.maximum(np.abs(way), 1e-9)
    return [np.stack([centre + way * reach.min(), point - way * (_GAP / np.hypot(*way))])]


def _draw_lines(axes: Axes, lines: Sequence[FloatArray]) -> None:
    """All lines as one: an arrow for each name takes a tenth of the figure's time."""
    if not lines:
        return
    corners = _in_data(axes, np.concatenate(lines))
    path = Path(corners, np.tile([Path.MOVETO, Path.LINETO], len(lines)))
    drawn = PathPatch(path, transform=axes.transData, fill=False, lw=0.4, ec="#595959", capstyle="butt", zorder=5.9)
    axes.add_artist(drawn).set_in_layout(False)


def _in_data(axes: Axes, places: FloatArray) -> FloatArray:
    """Places in points as data units."""
    return axes.transData.inverted().transform(places * (axes.figure.dpi / 72))


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> FloatArray:
    """Positions near the wanted ones, in their order, at least `gap` apart, between `low` and `high` if there is room.

    Args:
        wanted: positions, ascending.
        gap: least distance of neighbours.
        low: lower end.
        high: upper end.
    """
    at = np.asarray(wanted, dtype=np.float64).copy()
    if len(at) == 0:
        return at
    gap = min(gap, (high - low) / max(len(at) - 1, 1))
    at[0] = max(at[0], low)
    for i in range(1, len(at)):
        at[i] = max(at[i], at[i - 1] + gap)
    at[-1] = min(at[-1], high)
    for i in range(len(at) - 2, -1, -1):
        at[i] = min(at[i], at[i + 1] - gap)
    return at
