"""Renderers that measure each text once for all figures: without hinting its size is proportional to the font's.

matplotlib measures anew for each figure and for each form, and reads the font's height for every text.
"""

# matplotlib's stubs leave out the renderers.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false, reportAttributeAccessIssue=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownParameterType=false
# pyright: reportArgumentType=false

from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags

# Pixels of a font that is measured; a glyph's place is a whole number of 64ths of a pixel.
_MEASURED_AT = 100.0
_Look = tuple[tuple[str, ...], str, str | int]


@lru_cache(65536)
def _size(text: str, look: _Look) -> tuple[float, float, float]:
    """Width, height and descent of a line, in heights of the font."""
    font = _font(look)
    font.set_size(_MEASURED_AT, 72)
    font.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
    width, height = font.get_width_height()
    scale = 64 * _MEASURED_AT
    return width / scale, height / scale, font.get_descent() / scale


@lru_cache(64)
def _heights(look: _Look) -> tuple[float, float, float]:
    """Ascent, descent and gap between lines of a font, in its heights."""
    font = _font(look)
    head, own = font.get_sfnt_table("head"), font.get_sfnt_table("OS/2")
    if head is None or own is None:
        raise ValueError(f"the font {font.fname} has no tables head and OS/2: its lines have no height")
    names = ("sTypoAscender", "sTypoDescender", "sTypoLineGap")
    ascent, descent, gap = (own[name] / head["unitsPerEm"] for name in names)
    return ascent, -descent, gap


def _font(look: _Look) -> Any:
    family, style, weight = look
    return get_font(findfont(FontProperties(family=list(family), style=style, weight=weight)))


def _look(font: FontProperties) -> _Look:
    return tuple(font.get_family()), font.get_style(), font.get_weight()


class _Measured(RendererBase):
    """Sizes of texts from the shared measures; our figures have no mathematics in texts."""

    def _pixels(self, font: FontProperties) -> float:
        return float(np.asarray(self.points_to_pixels(font.get_size_in_points())))

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: bool | str
    ) -> tuple[float, float, float]:
        pixels = self._pixels(prop)
        width, height, descent = _size(s, _look(prop))
        return width * pixels, height * pixels, descent * pixels

    def _get_font_height_metrics(self, prop: FontProperties) -> tuple[float, float, float]:
        pixels = self._pixels(prop)
        ascent, descent, gap = _heights(_look(prop))
        return ascent * pixels, descent * pixels, gap * pixels


class MeasuredSvg(_Measured, RendererSVG):
    """Writes SVG."""


class _MeasuredAgg(_Measured, RendererAgg):
    """Draws pixels."""


class MeasuredCanvas(FigureCanvasAgg):
    """The canvas of every figure."""

    def get_renderer(self) -> RendererAgg:
        """The renderer, made anew when the figure's size or resolution is another."""
        width, height = self.get_width_height(physical=True)
        key = width, height, self.figure.dpi
        if getattr(self, "_measured_key", None) != key:
            self.renderer, self._measured_key = _MeasuredAgg(width, height, self.figure.dpi), key
        return self.renderer
