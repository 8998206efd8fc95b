"""A figure together with the values that it shows (its source data), so that picture and data cannot part.

How figures look is in `style.py`; how picture and data are written is for the report and the export.
"""

from typing import Any

import polars as pl
from matplotlib.figure import Figure


class SourcedFigure(Figure):
    """A matplotlib figure with its source data.

    Attributes:
        source_data: the values drawn, as frames of plain columns (text, numbers, booleans) by what they are, such as
            `genes` or `curve`; empty for a figure that only says why there is nothing to draw.
        note: what such a figure says; empty for a figure with values.
        has_failed: whether it says why another figure could not be drawn.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source_data: dict[str, pl.DataFrame] = {}
        self.note = ""
        self.has_failed = False
