"""The study in one picture says the counts of its results, and stops where the study does."""

from xml.etree import ElementTree

import pytest

from dmicc_assets.report.flow import study_flow
from dmicc_assets_tests.worlds.simulated_study import DEFAULTS, Options, simulated_tables

SVG = "{http://www.w3.org/2000/svg}"
EMPTY = Options(n_shared=0, n_biomarkers=0)


def _texts(options: Options) -> list[str]:
    return [
        each.text or "" for each in ElementTree.fromstring(study_flow(simulated_tables(options))).iter(f"{SVG}text")
    ]


def test_samples_genes_and_the_model_are_counted() -> None:
    said = _texts(DEFAULTS)
    for line in ("2 datasets", "GSE1: 21 samples", "19 cases (sick)", "13 controls (well)", "20 genes shared"):
        assert any(text.startswith(line) for text in said), line
    assert "Biomarkers: G020 and G021" in said
    assert "Risk model, fitted in Disease B" in said
    assert "GSE4: 10 sick, 6 well" in said


def test_it_ends_where_nothing_is_shared() -> None:
    said = _texts(EMPTY)
    assert "No gene is shared" in said
    assert not any("Biomarkers" in text or "Risk model" in text for text in said)


@pytest.mark.parametrize("options", [DEFAULTS, EMPTY, Options(n_cohorts=1, long_names=True)])
def test_every_box_and_text_is_inside_the_picture(options: Options) -> None:
    drawn = ElementTree.fromstring(study_flow(simulated_tables(options)))
    _, _, width, height = (float(each) for each in drawn.attrib["viewBox"].split())
    for box in drawn.iter(f"{SVG}rect"):
        left, top, wide, high = (float(box.attrib[name]) for name in ("x", "y", "width", "height"))
        assert left >= 0
        assert left + wide < width
        assert top + high < height
    assert all(len(text.text or "") * 4.7 < width for text in drawn.iter(f"{SVG}text"))
