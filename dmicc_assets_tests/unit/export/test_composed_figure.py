"""Figures on one page: at their places, without a shared id, with text as text."""

import re
import xml.etree.ElementTree as ET

import pytest
from matplotlib.figure import Figure

from dmicc_assets.export.composed_figure import composed_pdf, composed_svg, page_of
from dmicc_assets.report.figures.style import CASE, one_axes, pdf, svg


@pytest.fixture(scope="module")
def figures() -> list[Figure]:
    made: list[Figure] = []
    for width in (3.0, 4.0):
        figure, axes = one_axes(width, 2.0, f"Panel {width:g}")
        axes.bar([0], [width], color=CASE, hatch="//")  # a hatch has an id and a colour as an attribute
        made.append(figure)
    return made


def test_rows_are_filled_in_order_and_a_wide_figure_stands_alone() -> None:
    page = page_of([(3, 2), (4, 5), (6, 1), (9, 2), (1, 1)], width=8)
    assert page.corners == ((0, 0), (3, 0), (0, 5), (0, 6), (0, 8))
    assert (page.width, page.height) == (9, 9)


def test_the_svg_has_every_text_and_no_id_that_two_panels_share(figures: list[Figure]) -> None:
    alone = [svg(figure) for figure in figures]
    composed = composed_svg(alone)
    root = ET.fromstring(composed)
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("504pt", "144pt", "0 0 504 144")
    panels = [child for child in root if (child.get("id") or "").startswith("panel")]
    ids = [{each.get("id") for each in panel.iter() if each.get("id")} for panel in panels]
    assert len(panels) == 2
    assert ids[0].isdisjoint(ids[1])
    referred = set(re.findall(r'(?:href="#|url\(#)([^")]+)', composed))
    assert referred, "clip paths and hatches are references"
    assert referred <= ids[0] | ids[1]
    colours = re.findall(r"#[0-9a-f]{6}", "".join(alone))
    assert re.findall(r"#[0-9a-f]{6}", composed) == colours
    texts = "".join(root.itertext())
    assert "Panel 3" in texts
    assert "Panel 4" in texts


def test_the_pdf_is_one_page_with_truetype_fonts(figures: list[Figure]) -> None:
    content = composed_pdf(figures)
    assert content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") == 1
    assert b"/MediaBox [ 0 0 504 144 ]" in content
    for written in (content, pdf(figures[0])):
        assert b"/FontFile2" in written
        assert b"/Type3" not in written
    assert composed_pdf(figures) == content, "equal figures give equal files"
