"""Axes with the parts that our figures show: marks and labels at the left and at the bottom, no grid.

A tick of matplotlib is three lines and two texts, of which three are never seen; making and measuring them took a
third of a figure's time. Bars of colours have matplotlib's own axes.
"""

# matplotlib's stubs leave out what subclasses of Axis and Tick override.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false, reportAttributeAccessIssue=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownParameterType=false
# pyright: reportArgumentType=false, reportOptionalMemberAccess=false

from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis, Tick, XAxis, XTick, YAxis, YTick
from matplotlib.backend_bases import RendererBase
from matplotlib.lines import TICKDOWN, TICKLEFT, Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox, Transform


class _Absent:
    """In place of a part of a tick that no figure shows: it takes every setting but that it be seen."""

    def get_visible(self) -> bool:
        return False

    def get_in_layout(self) -> bool:
        return False

    def set_visible(self, is_visible: bool) -> None:
        if is_visible:
            raise ValueError("these axes have no grid and no ticks at the top or right: use matplotlib's own Axes")

    def _take(self, *_: object, **__: object) -> None:
        pass

    set = set_text = set_clip_path = set_transform = set_markersize = set_markeredgewidth = set_marker = _take
    set_x = set_y = set_xdata = set_ydata = _internal_update = _take


class _Mark(_Absent):
    """Whether a tick has its mark; the marks of an axis are drawn as one line."""

    def __init__(self, is_visible: bool) -> None:
        self._is_visible = is_visible

    def get_visible(self) -> bool:
        return self._is_visible

    def set_visible(self, is_visible: bool) -> None:
        self._is_visible = is_visible


_ABSENT = _Absent()


class _LightTick(Tick):
    """A label; where its mark is, the axis draws it."""

    def __init__(self, axes: Axes, loc: float, *, major: bool = True, **settings: Any) -> None:
        Artist.__init__(self)
        name, size = self.__name__, "major" if major else "minor"
        self.set_figure(axes.get_figure(root=False))
        self.axes, self._loc, self._major, self._zorder = axes, loc, major, Line2D.zorder
        self._size = settings.get("size", rcParams[f"{name}.{size}.size"])
        self._width = settings.get("width", rcParams[f"{name}.{size}.width"])
        self._base_pad = settings.get("pad", rcParams[f"{name}.{size}.pad"])
        self._tickdir, self._labelrotation = "out", ("default", settings.get("labelrotation", 0))
        self.tick1line = _Mark(settings.get("tick1On", True))
        self.tick2line = self.gridline = self.label2 = _ABSENT
        for other in ("tick2On", "gridOn", "label2On"):
            _ABSENT.set_visible(settings.get(other, False))
        self.label1 = self._new_label(settings)
        self.label1.set_figure(axes.get_figure(root=False))
        self.update_position(loc)

    def _new_label(self, settings: dict[str, Any]) -> Text:
        transform, va, ha = self.axes.label_place(self.__name__, self._pad)
        label = Text(
            0, 0, verticalalignment=va, horizontalalignment=ha,
            fontsize=settings.get("labelsize", rcParams[f"{self.__name__}.labelsize"]),
            color=settings.get("labelcolor", rcParams[f"{self.__name__}.color"]),
            rotation=self._labelrotation[1], visible=settings.get("label1On", True),
        )  # fmt: skip
        label.set_transform(transform)
        return label

    def get_children(self) -> list[Artist]:
        return [self.label1]

    def set_clip_path(self, path: Any, transform: Transform | None = None) -> None:
        Artist.set_clip_path(self, path, transform)

    def draw(self, renderer: RendererBase) -> None:
        self.label1.draw(renderer)

    def _apply_tickdir(self, tickdir: str) -> None:
        if tickdir not in (None, "out"):
            raise ValueError("the marks of these axes point out")


class _LightXTick(_LightTick, XTick):
    """Below the axes."""


class _LightYTick(_LightTick, YTick):
    """At the left of the axes."""


class _LightAxis(Axis):
    """An axis that looks at its labels once where matplotlib looks at them four times, and draws its marks at once."""

    def set_clip_path(self, path: Any, transform: Transform | None = None) -> None:
        Artist.set_clip_path(self, path, transform)

    def grid(self, visible: bool | None = None, which: str = "major", **settings: Any) -> None:
        """No grid: ticks are made only to be drawn."""
        if visible or settings:
            raise ValueError("these axes have no grid: use matplotlib's own Axes")

    def _copy_tick_props(self, src: Tick, dest: Tick) -> None:
        dest.label1.update_from(src.label1)
        dest._size, dest._width, dest._base_pad = src._size, src._width, src._base_pad

    def _seen(self, renderer: RendererBase) -> tuple[list[Tick], list[Bbox]]:
        """Ticks within the limits, and the boxes of their labels; axis label and offset are placed beside them."""
        ticks: list[Tick] = self._update_ticks()
        labels = [tick.label1 for tick in ticks]
        boxes = [each.get_window_extent(renderer) for each in labels if each.get_visible() and each.get_in_layout()]
        marks = [tick._size for tick in ticks if tick.tick1line.get_visible()]
        self._place_label(boxes, max(marks, default=0.0) * self.axes.figure.dpi / 72)
        self._update_offset_text_position(boxes, [])
        self.offsetText.set_text(self.major.formatter.get_offset())
        return ticks, boxes

    def _place_label(self, boxes: list[Bbox], mark: float) -> None:
        """Put the axis' label beside the tick labels: below those of x, at the left of those of y."""
        across = 1 if self.axis_name == "x" else 0
        ends = [box.p0[across] for box in boxes if np.isfinite(box.p0[across])]
        at = min([self.axes.bbox.p0[across] - mark, *ends]) - self.labelpad * self.axes.figure.dpi / 72
        place = self.label.set_y if self.axis_name == "x" else self.label.set_x
        place(at)

    def _marks(self, ticks: list[Tick]) -> Line2D:
        """The marks of all ticks as one artist."""
        at = np.array([tick.get_loc() for tick in ticks])
        none, color = np.zeros(len(at)), rcParams[f"{self.axis_name}tick.color"]
        if self.axis_name == "x":
            return Line2D(at, none, marker=TICKDOWN, color=color, transform=self.axes.get_xaxis_transform("tick1"))
        return Line2D(none, at, marker=TICKLEFT, color=color, transform=self.axes.get_yaxis_transform("tick1"))

    def get_tightbbox(self, renderer: RendererBase | None = None, *, for_layout_only: bool = False) -> Bbox | None:
        if renderer is None or not self.get_visible() or (for_layout_only and not self.get_in_layout()):
            return None
        _, boxes = self._seen(renderer)
        for text in (self.offsetText, self.label):
            if text.get_visible() and text.get_text():
                box = text.get_window_extent(renderer)
                if text is self.label and for_layout_only:
                    _flatten(box, self.axis_name)
                boxes.append(box)
        return Bbox.union(boxes) if boxes else None

    def draw(self, renderer: RendererBase) -> None:
        if not self.get_visible():
            return
        renderer.open_group("matplotlib.axis", gid=self.get_gid())
        ticks, _ = self._seen(renderer)
        marked = [tick for tick in ticks if tick.tick1line.get_visible()]
        if marked:
            marks = self._marks(marked)
            marks.set(ls="none", clip_on=False, markersize=marked[0]._size, markeredgewidth=marked[0]._width)
            marks.set_figure(self.axes.figure)
            marks.axes = self.axes
            marks.draw(renderer)
        for artist in (*ticks, self.label, self.offsetText):
            artist.draw(renderer)
        renderer.close_group("matplotlib.axis")
        self.stale = False


def _flatten(box: Bbox, axis: str) -> None:
    """Take a label's length along its axis as nothing, because room there would not help it."""
    if axis == "x":
        box.x0 = box.x1 = (box.x0 + box.x1) / 2
    else:
        box.y0 = box.y1 = (box.y0 + box.y1) / 2


class _LightXAxis(_LightAxis, XAxis):
    _tick_class = _LightXTick


class _LightYAxis(_LightAxis, YAxis):
    _tick_class = _LightYTick


class LightAxes(Axes):
    """Axes whose axis labels stand below and at the left."""

    def _init_axis(self) -> None:
        self.xaxis, self.yaxis = _LightXAxis(self, clear=False), _LightYAxis(self, clear=False)
        for side, axis in (("bottom", self.xaxis), ("top", self.xaxis), ("left", self.yaxis), ("right", self.yaxis)):
            self.spines[side].register_axis(axis)

    def label_place(self, tick: str, pad: float) -> tuple[Transform, str, str]:
        """Transform and alignment of the labels of an axis, which all share."""
        known: dict[tuple[str, float], tuple[Transform, str, str]] = self.__dict__.setdefault("_label_places", {})
        if (tick, pad) not in known:
            place = self.get_xaxis_text1_transform if tick == "xtick" else self.get_yaxis_text1_transform
            known[(tick, pad)] = place(pad)
        return known[(tick, pad)]

    def get_default_bbox_extra_artists(self) -> list[Artist]:
        """Without the spines, whose box is the axes' own and the marks'."""
        spines = set(self.spines.values())
        return [artist for artist in super().get_default_bbox_extra_artists() if artist not in spines]
