"""A figure together with the values that it shows (its source data), so that picture and data cannot part.

How figures look is in `style.py`; how picture and data are written is for the report and the export.
"""

from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dmicc_assets.report.figures.light_axes import LightAxes


class SourcedFigure(Figure):
    """A matplotlib figure with its source data.

    Attributes:
        source_data: the values drawn, as frames of plain columns (text, numbers, booleans) by what they are, such as
            `genes` or `curve`; empty for a figure that only says why there is nothing to draw.
        note: what such a figure says; empty for a figure with values.
        traceback: where another figure failed, which this one stands for; empty for others.
        is_to_lay_out: whether `layout.py` still has to place its axes.
        beside: bars of colours at the right of the axes.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source_data: dict[str, pl.DataFrame] = {}
        self.note = ""
        self.traceback = ""
        self.is_to_lay_out = False
        self.beside: list[Axes] = []

    def add_subplot(self, *args: Any, **kwargs: Any) -> Axes:  # pyright: ignore[reportIncompatibleMethodOverride] -- 2D
        """Light axes, if no others are asked for."""
        return super().add_subplot(*args, **{"axes_class": LightAxes, **kwargs})

    def add_axes(self, *args: Any, **kwargs: Any) -> Axes:
        """Light axes, if no others are asked for."""
        return super().add_axes(*args, **{"axes_class": LightAxes, **kwargs})
