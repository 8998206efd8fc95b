"""The legend below a figure: as many columns as fit its width, long entries in several lines, no entry lost.

Texts are in `texts.py`; legends inside axes are matplotlib's own.
"""

import textwrap
from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from dmicc_assets.report.figures.texts import inches

# Room in inches that the handle and the gaps of an entry take, and letters of an entry's longest line.
_HANDLE = 0.5
_LONGEST = 56


def legend_below(
    figure: Figure,
    most_columns: int = 3,
    handles: Sequence[Artist] | None = None,
    labels: Sequence[str] | None = None,
    **options: Any,
) -> Legend:
    """A legend under the figure, of all labelled artists or the given ones, with markers large enough to see.

    Args:
        figure: a figure whose artists have their labels.
        most_columns: columns if there is room for them.
        handles: artists; all labelled ones when not given.
        labels: their texts; their own labels when not given.
        options: of matplotlib's legend.
    """
    if handles is None:
        found = [pair for axes in figure.axes for pair in zip(*axes.get_legend_handles_labels(), strict=True)]
        by_label = {str(label): handle for handle, label in reversed(found)}
        handles, labels = list(by_label.values())[::-1], list(by_label)[::-1]
    texts = list(labels) if labels is not None else [str(handle.get_label()) for handle in handles]
    lines, columns = fitting(texts, figure.get_figwidth(), most_columns)
    made = figure.legend(list(handles), lines, loc="outside lower center", ncols=columns, **options)
    for handle in made.legend_handles:
        if isinstance(handle, Line2D) and handle.get_markersize() < 5:
            handle.set(markersize=5, alpha=1)
    return made


def fitting(texts: Sequence[str], width: float, most_columns: int) -> tuple[list[str], int]:
    """Entries in lines, and the number of columns that a width in inches has room for."""
    lines = [textwrap.fill(text, min(_LONGEST, int((width - _HANDLE - 0.2) * 16))) for text in texts]
    longest = max((inches(line, 7) for text in lines for line in text.splitlines()), default=0.1)
    room = int((width - 0.1) / (_HANDLE + longest))
    return lines, max(1, min(most_columns, room, len(lines)))
