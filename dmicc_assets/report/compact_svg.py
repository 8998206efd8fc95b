"""A figure's SVG for the page: the same drawing in three quarters of the bytes, as a `data:` address.

Only the text of matplotlib's SVG is edited here; `figures/` draws.
"""

import re
from urllib.parse import quote

from markupsafe import Markup

# Attributes that hold coordinates in points; a hundredth of one is a 7,200th of an inch.
_COORDINATES = re.compile(r' (?:d|x|y|x1|x2|y1|y2)="[^"]*"')
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
_MARKERS = re.compile(r'(?:<use [^>]*? style="[^"]*"/>){3,}')
_MARKER = re.compile(r'<use ([^>]*?) style="([^"]*)"/>')
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_STYLE = re.compile(r'style="[^"]*"')
_ATTRIBUTE = re.compile('="([^"\']*)"')
# Characters that a URL may contain inside an attribute in double quotes; all others are percent-encoded.
_PLAIN = " <>/=:;,.'()!?*+-@|{}[]^_~$"
# The percent sign is first, because the codes of the others have one.
_CODED = sorted((chr(code) for code in range(128) if quote(chr(code), safe=_PLAIN) != chr(code)), key="%".__ne__)
_NOT_ASCII = re.compile("[^\x00-\x7f]+")


def compact_svg(svg: str) -> str:
    """The SVG with coordinates to a hundredth of a point, one style for a run of equal markers, and no metadata."""
    svg = _METADATA.sub("", svg)
    svg = _COORDINATES.sub(lambda attribute: _LONG_NUMBER.sub(_rounded, attribute[0]), svg)
    svg = re.sub(r">\s+<", "><", svg)
    svg = re.sub(r"\s*\n\s*", " ", svg)
    svg = _MARKERS.sub(_with_one_style, svg)
    # font names need no quotes, so that the attribute can be inside the quotes of an address
    svg = _STYLE.sub(lambda style: style[0].replace(": ", ":").replace("; ", ";").replace("'", ""), svg)
    return _ATTRIBUTE.sub(r"='\1'", svg)


def svg_address(svg: str) -> Markup:
    """The SVG as a `data:` address that is safe inside an attribute in double quotes; text stays readable text."""
    for character in _CODED:
        svg = svg.replace(character, quote(character))
    return Markup("data:image/svg+xml;charset=utf-8," + _NOT_ASCII.sub(lambda text: quote(text[0]), svg))


def _rounded(number: re.Match[str]) -> str:
    text = f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _with_one_style(run: re.Match[str]) -> str:
    groups: list[tuple[str, list[str]]] = []
    for where, style in _MARKER.findall(run[0]):
        if not groups or groups[-1][0] != style:
            groups.append((style, []))
        groups[-1][1].append(f"<use {where}/>")
    return "".join(f'<g style="{style}">{"".join(uses)}</g>' for style, uses in groups)
