"""Figures of small and large studies, with any names: no texts overlap, none is cut or small, and names are text."""

import logging

import pytest

from dmicc_assets.report.figures import style
from dmicc_assets.report.figures.catalog import CatalogFigure, study_figures
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets_tests.figure_boxes import faults
from dmicc_assets_tests.worlds.crowded_study import Crowd, crowded_results, long

pytestmark = pytest.mark.apart

CROWDS = {
    "1 shared gene": Crowd(1),
    "125 shared genes, 3 cohorts": Crowd(125, n_samples=45, n_cohorts=3),
    "600 shared genes, 300 samples": Crowd(600, n_samples=150, n_cohorts=2),
    "names of 60 letters": Crowd(32, n_samples=24, n_cohorts=3, name=long),
}
NASTY = (
    *("$s_1^$", "$5 to $10", r"\alpha", "_x", "^", "$", r"\frac{", "$\\", "a\nb", "tab\there", "\x07bell"),
    *("基因名", "\U0001f9ec", "e\u0301", "<b>&amp;", "%s {0}"),
)


def nasty(kind: str, i: int) -> str:
    """Names that a program may take for something else; the number keeps them apart."""
    return f"{NASTY[i % len(NASTY)]}{'' if i < len(NASTY) else i}"


def one_of_each_kind(crowd: Crowd) -> list[CatalogFigure]:
    """The first figure of every kind in the catalog."""
    kinds: dict[str, CatalogFigure] = {}
    for figure in study_figures(crowded_results(crowd)):
        kinds.setdefault(figure.name.rsplit("/", 1)[-1].split(".")[0], figure)
    assert len(kinds) > 26
    return list(kinds.values())


@pytest.mark.parametrize("crowd", CROWDS.values(), ids=CROWDS.keys())
def test_no_texts_overlap_and_none_is_cut_or_under_seven_points(crowd: Crowd) -> None:
    found: dict[str, list[str]] = {}
    for figure in one_of_each_kind(crowd):
        drawn = figure.make()
        style.fix_layout(drawn)
        found[figure.name] = faults(drawn)
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_a_box_that_overlaps_or_is_cut_is_found() -> None:
    figure, axes = style.one_axes(3, 3)
    style.fix_layout(figure)
    axes.text(0.5, 0.5, "one here", fontsize=8)
    axes.text(0.52, 0.5, "another", fontsize=5)
    axes.text(0.9, 0.1, "a long text at the edge", fontsize=8)
    told = " | ".join(faults(figure))
    assert "'one here' and 'another' overlap" in told
    assert "'another' has 5 points" in told
    assert "'a long text at the edge' is cut" in told


def test_text_from_data_is_text_in_every_figure() -> None:
    pages = {}
    for figure in one_of_each_kind(Crowd(20, n_samples=16, name=nasty)):
        drawn = figure.make()
        pages[figure.name] = style.svg(drawn, 40)
        assert style.png(drawn, 30).startswith(b"\x89PNG")
    samples, genes = pages["dataset/GSE1/distribution_boxes"], pages["study/stability"]
    # one text each, as it is: mathematics would be drawn as glyphs, without the dollars
    for name in ("$s_1^$", "$5 to $10", r"\alpha", "_x", "基因名", "\U0001f9ec", "&lt;b&gt;&amp;amp;"):
        assert f">{name}" in samples.replace("> ", ">")
    assert r"\frac{" in genes
    assert "\x07" not in samples


def test_a_figure_that_fails_is_a_note_that_says_why(caplog: pytest.LogCaptureFixture) -> None:
    def fails() -> SourcedFigure:
        raise ZeroDivisionError("no sample left")

    figure = CatalogFigure("dataset/x/pca", "x: principal components", fails)
    with caplog.at_level(logging.WARNING):
        drawn = figure.draw()
    assert drawn.note.startswith("This picture could not be drawn (ZeroDivisionError: no sample left). It is a defect")
    assert figure.title in caplog.text
    assert "no sample left" in style.svg(drawn).replace("\n", " ")
