"""Layout of a figure with one pair of axes: as large as title, legend and labels allow, in one look at the labels.

Matplotlib's solver finds the same in four times the work; it lays out figures of several axes.
"""

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Inches that stay free at the sides, and above and below.
_SIDE, _ABOVE = 0.1, 0.06
# Where the axes are for the look at their labels, in inches from the edges: as most end up.
_LEFT, _BOTTOM = 0.62, 0.5


def is_single(figure: Figure) -> bool:
    """Whether a figure has one pair of axes that fill their place, and no bar of colours."""
    return len(figure.axes) == 1 and not figure.subfigs and figure.axes[0].get_aspect() == "auto"


def place_axes(figure: Figure) -> None:
    """Put the title at the top, the legend at the bottom, and the axes between them."""
    canvas = figure.canvas
    if not isinstance(canvas, FigureCanvasAgg):
        raise TypeError("figures are made by style.new_figure")
    renderer, (axes,) = canvas.get_renderer(), figure.axes
    width, height = figure.get_size_inches()
    top = below = _ABOVE
    headline = figure.get_suptitle()
    title = next((text for text in figure.texts if headline and text.get_text() == headline), None)
    if title is not None:
        title.set_y(1 - _ABOVE / height)
        title.set_verticalalignment("top")
        top += title.get_window_extent(renderer).height / figure.dpi + _ABOVE
    for legend in figure.legends:
        below += legend.get_window_extent(renderer).height / figure.dpi + _ABOVE
    _set(axes, (_LEFT, below + _BOTTOM, width - _SIDE, height - top), width, height)
    outer = axes.get_tightbbox(renderer, for_layout_only=True)
    if outer is None:
        return
    inner = axes.get_window_extent(renderer)
    left, right = (inner.x0 - outer.x0) / figure.dpi + _SIDE, (outer.x1 - inner.x1) / figure.dpi + _SIDE
    low, high = (inner.y0 - outer.y0) / figure.dpi + below, (outer.y1 - inner.y1) / figure.dpi + top
    _set(axes, (left, low, width - right, height - high), width, height)


def _set(axes: Axes, corners: tuple[float, float, float, float], width: float, height: float) -> None:
    """Place axes by their corners in inches; they keep an extent whatever their labels need."""
    left, low, right, high = corners
    axes.set_position((left / width, low / height, max(right - left, 0.3) / width, max(high - low, 0.3) / height))
