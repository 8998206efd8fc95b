"""Boxes of all texts and legends of a figure, and what is wrong with them: overlap, cut at the edge, too small."""

from itertools import combinations
from unittest.mock import patch

from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from dmicc_assets.report.figures import style

SMALLEST = 7.0
# Points by which neighbours may touch: a box has the height of the font's tallest letter and deepest descender.
_TOUCH = 1.0


def faults(figure: Figure) -> list[str]:
    """Texts that overlap, that the figure's edge cuts, or that are smaller than 7 points, and cut legends."""
    with style.in_style():
        texts = drawn_texts(figure)
        boxes = {text: _in_points(Text.get_window_extent(text), figure) for text in texts}
        legends = [_in_points(each.get_window_extent(), figure) for each in figure.findobj(Legend)]  # pyright: ignore
    width, height = figure.get_size_inches() * 72
    found = [
        f"{_name(text)} has {text.get_fontsize():g} points" for text in texts if float(text.get_fontsize()) < SMALLEST
    ]
    found += [f"{_name(text)} is cut: {_rounded(box)}" for text, box in boxes.items() if _is_cut(box, width, height)]
    found += [f"a legend is cut: {_rounded(box)}" for box in legends if _is_cut(box, width, height)]
    for (a, first), (b, second) in combinations(boxes.items(), 2):
        if _overlap(first, second):
            found.append(f"{_name(a)} and {_name(b)} overlap")
    return found


def drawn_texts(figure: Figure) -> list[Text]:
    """Every text that is drawn: of the ticks only those within the axes."""
    drawn: dict[Text, None] = {}
    draw = Text.draw

    def recorded(self: Text, *args: object, **kwargs: object) -> None:
        if self.get_visible() and self.get_text().strip():
            drawn[self] = None
        draw(self, *args, **kwargs)  # pyright: ignore[reportArgumentType] -- passed on

    with patch.object(Text, "draw", recorded):
        figure.draw_without_rendering()
    return list(drawn)


def _in_points(box: Bbox, figure: Figure) -> Bbox:
    return Bbox(box.get_points() * 72 / figure.dpi)


def _is_cut(box: Bbox, width: float, height: float) -> bool:
    return min(box.x0, box.y0) < -0.1 or box.x1 > width + 0.1 or box.y1 > height + 0.1


def _overlap(a: Bbox, b: Bbox) -> bool:
    return min(a.x1, b.x1) - max(a.x0, b.x0) > _TOUCH and min(a.y1, b.y1) - max(a.y0, b.y0) > _TOUCH


def _name(text: Text) -> str:
    return repr(text.get_text()[:50])


def _rounded(box: Bbox) -> list[float]:
    return [round(float(each), 1) for each in box.extents]
