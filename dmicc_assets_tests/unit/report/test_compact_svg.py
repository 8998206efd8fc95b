"""The page's drawings equal matplotlib's, in fewer bytes."""

import re
from collections.abc import Iterable
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest

from dmicc_assets.report.compact_svg import compact_svg, svg_address
from dmicc_assets.report.figures import style
from dmicc_assets.report.figures.catalog import study_figures
from dmicc_assets_tests.worlds.simulated_study import simulated_tables

XLINK = "{http://www.w3.org/1999/xlink}href"


@pytest.fixture(scope="module", params=["study/expression.b", "study/nomogram", "dataset/GSE1/distribution_boxes"])
def drawing(request: pytest.FixtureRequest) -> str:
    return style.svg(next(each for each in study_figures(simulated_tables()) if each.name == request.param).draw())


def test_the_drawing_is_the_same_to_a_hundredth_of_a_point(drawing: str) -> None:
    before, after = (ElementTree.fromstring(each) for each in (drawing, compact_svg(drawing)))
    for tag in ("text", "path", "use", "image"):
        one, other = ([e for e in tree.iter() if e.tag.endswith(f"}}{tag}")] for tree in (before, after))
        assert len(one) == len(other)
        assert [e.text for e in one if tag == "text"] == [e.text for e in other if tag == "text"]
        assert [e.get(XLINK) for e in one] == [e.get(XLINK) for e in other]
        for name in ("d", "x", "y"):
            values = [_numbers(e.get(name, "") for e in elements) for elements in (one, other)]
            np.testing.assert_allclose(values[0], values[1], atol=0.00501)


def test_it_is_shorter_and_every_marker_keeps_its_style(drawing: str) -> None:
    short = compact_svg(drawing)
    assert len(short) < 0.9 * len(drawing)
    styles = [_styles_of_markers(ElementTree.fromstring(each)) for each in (drawing, short)]
    assert styles[0] == styles[1]


def test_the_address_holds_the_drawing_and_cannot_leave_its_attribute(drawing: str) -> None:
    address = svg_address(compact_svg(drawing))
    assert '"' not in address
    assert "&" not in address
    assert "#" not in address
    assert unquote(address.split(",", 1)[1]) == compact_svg(drawing)


def test_what_is_written_in_a_drawing_stays_as_it_is() -> None:
    drawn = """<text style="font: 7px 'DejaVu Sans'" x="1.23456">p = 0.12345, 3'</text>"""
    text = ElementTree.fromstring(compact_svg(f'<svg xmlns="http://www.w3.org/2000/svg">{drawn}</svg>'))[0]
    assert text.text == "p = 0.12345, 3'"
    assert text.get("x") == "1.23"
    assert text.get("style") == "font:7px DejaVu Sans"


def _numbers(texts: Iterable[str]) -> list[float]:
    return [float(x) for text in texts for x in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", text)]


def _styles_of_markers(tree: ElementTree.Element) -> list[str]:
    found: list[str] = []
    for group in tree.iter("{http://www.w3.org/2000/svg}g"):
        for use in group.findall("{http://www.w3.org/2000/svg}use"):
            own = use.get("style") or group.get("style") or ""
            found.append(own.replace(": ", ":").replace("; ", ";"))
    return found
