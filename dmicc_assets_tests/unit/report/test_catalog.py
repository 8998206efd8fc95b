"""Which figures a study has, and how they are written. That each is drawn is in `integration/test_every_figure.py`."""

import re
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from dmicc_assets.report.figures import style
from dmicc_assets.report.figures.catalog import study_figures
from dmicc_assets.report.figures.panel import letters, panels
from dmicc_assets_tests.worlds.simulated_study import Options, simulated_tables, without


def test_names_say_what_and_where() -> None:
    names = {figure.name for figure in study_figures(simulated_tables())}
    assert {
        "dataset/GSE1/pca",
        "dataset/GSE4/outliers",
        "cohort/a/volcano",
        "cohort/b/terms.GO_BP",
        "study/venn",
    } <= names
    assert {"study/roc.GSE4", "study/expression.a", "study/nomogram", "study/nulls", "study/concordance"} <= names


def test_what_a_study_lacks_is_left_out() -> None:
    names = {figure.name for figure in study_figures(simulated_tables(Options(n_shared=0, n_biomarkers=0)))}
    assert not {"study/nomogram", "study/calibration", "cohort/a/importance", "study/stability"} & names
    results = without(simulated_tables(), "enrichment/gsea", "rigor/nulls")
    assert not {"cohort/a/gsea", "study/nulls"} & {figure.name for figure in study_figures(results)}


def test_the_paper_s_figure_has_its_letters_and_its_order() -> None:
    drawn = _drawn(Options())
    assert "".join(drawn) == "ABCDEFGHIJKLMNOPQRSTUVWX"
    titles = {letter: {text.replace("\n", " ") for text in _texts(figure)} for letter, figure in drawn.items()}
    assert all(figure.get_suptitle().startswith(f"{letter}  ") for letter, figure in drawn.items())
    assert "A  Disease A: 40 genes" in titles["A"]
    assert "B  Disease A, volcano plot" in titles["B"]
    assert "I  Disease B, GO BP" in titles["I"]
    assert {"20", "30"} <= titles["M"]
    assert "T  GSE4 (validation), expression of 2 genes" in titles["T"]
    assert "W  Nomogram, Disease B" in titles["W"]
    assert "X  Calibration of the risk model" in titles["X"]


def test_a_panel_without_data_says_why() -> None:
    drawn = _drawn(Options(n_shared=0, n_biomarkers=0))
    assert list(drawn)[-1] == "X"
    assert any("no biomarker was chosen" in text.replace("\n", " ") for text in _texts(drawn["X"]))
    assert any("0 biomarkers" in text.replace("\n", " ") for text in _texts(drawn["U"]))


def _drawn(options: Options) -> dict[str, Figure]:
    drawn = zip(letters(), panels(simulated_tables(options)), strict=False)
    return {letter: style.add_letter(panel.draw(), letter) for letter, panel in drawn}


def _texts(figure: Figure) -> set[str]:
    return {text.get_text() for text in figure.findobj(match=lambda artist: hasattr(artist, "get_text"))}  # pyright: ignore


def test_svg_keeps_text_as_text_and_png_is_of_print_size() -> None:
    figure = next(f for f in study_figures(simulated_tables()) if f.name == "cohort/a/volcano").draw()
    page = style.svg(figure)
    words = "".join(ElementTree.fromstring(page).itertext())
    assert "log2 fold change, case over control" in words
    assert "G020" in words
    assert style.SVG_FONTS in page
    assert page == style.svg(figure)
    width = int.from_bytes(style.png(figure)[16:20], "big")
    assert width == round(figure.get_figwidth() * 300)


@pytest.mark.parametrize("name", ["study/upset", "study/sensitivity", "cohort/a/terms.GO_BP", "dataset/GSE1/outliers"])
def test_what_fits_in_the_layout_fits_at_every_resolution(name: str) -> None:
    results = simulated_tables(Options(n_cohorts=1, long_names=True))
    figure = next(f for f in study_figures(results) if f.name == name).draw()
    for dpi in (80, 300):
        figure.set_dpi(dpi)
        style.png(figure, dpi)
        with mpl.rc_context(style.STYLE):
            everything, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        assert min(everything.x0, everything.y0) > 0.02
        assert everything.x1 < width
        assert everything.y1 < height


def test_no_figure_touches_pyplot_or_the_process_s_settings() -> None:
    import sys

    before = dict(mpl.rcParams)
    next(f for f in study_figures(simulated_tables()) if f.name == "study/venn").draw()
    assert dict(mpl.rcParams) == before
    assert re.fullmatch(r"(?i)agg", type(Figure().canvas).__name__) is None
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
