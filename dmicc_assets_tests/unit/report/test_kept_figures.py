"""Drawings are kept with what was read to draw them, and drawn again when that differs."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.report.figures import drawn, kept
from dmicc_assets.report.figures.catalog import CatalogFigure
from dmicc_assets.report.figures.drawn import DrawnFigure
from dmicc_assets.report.figures.kept import KeptFigures
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.report.figures.style import one_axes
from dmicc_assets.results.reader import Results
from dmicc_assets.tables import TABLES
from dmicc_assets_tests.worlds.simulated_study import Options, study_of

RANKING, NULLS = "signature/ranking", "rigor/nulls"


def _manifest(table: str, partition: str, content: str) -> Manifest:
    return Manifest(table, partition, "recipe", content, "", 1, 1, "1", None, [], {}, "run", "2026-01-01")


def _results(a: str, b: str, nulls: str) -> Results:
    manifests = [
        _manifest(RANKING, "simulated.a", a),
        _manifest(RANKING, "simulated.b", b),
        _manifest(NULLS, "simulated", nulls),
    ]
    frames = {name: TABLES[name].schema.to_frame() for name in (RANKING, NULLS)}
    return Results.of_frames(study_of(Options()), frames, manifests=manifests)


class Drawing:
    """A figure of the catalog that reads the ranking of one cohort, and counts how often it was made."""

    def __init__(self) -> None:
        self.n = 0

    def of(self, figures: KeptFigures) -> CatalogFigure:
        def make() -> SourcedFigure:
            self.n += 1
            rows: pl.DataFrame = figures.results.rows(RANKING, cohort="a")
            return one_axes(title=f"{len(rows)} rows")[0]

        return CatalogFigure("cohort/a/importance", "A: importance", make)


def _drawn(drawing: Drawing, results: Results, folder: Path) -> DrawnFigure:
    figures = KeptFigures(results, folder)
    return figures.drawn(drawing.of(figures))


def test_a_drawing_is_made_again_only_when_what_it_reads_differs(tmp_path: Path) -> None:
    drawing = Drawing()
    first = _drawn(drawing, _results("1", "1", "1"), tmp_path)
    assert _drawn(drawing, _results("1", "1", "1"), tmp_path) == first
    # neither another cohort's rows nor a table that it does not read matters
    _drawn(drawing, _results("1", "2", "2"), tmp_path)
    assert drawing.n == 1
    _drawn(drawing, _results("2", "1", "1"), tmp_path)
    assert drawing.n == 2


def test_what_is_drawn_is_said_and_what_is_kept_is_not(tmp_path: Path) -> None:
    said, drawing = list[str](), Drawing()
    for _ in range(2):
        figures = KeptFigures(_results("1", "1", "1"), tmp_path, said.append)
        figures.drawn(drawing.of(figures))
    assert said == ["drawing A: importance"]


def test_another_program_and_another_study_file_draw_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawing, results = Drawing(), _results("1", "1", "1")
    _drawn(drawing, results, tmp_path)
    other = replace(results, study=results.study.model_copy(update={"title": "Another"}))
    _drawn(drawing, other, tmp_path)
    assert drawing.n == 2
    monkeypatch.setattr(kept, "program", lambda: "another")
    _drawn(drawing, other, tmp_path)
    assert drawing.n == 3


def test_a_damaged_file_is_drawn_again(tmp_path: Path) -> None:
    drawing, results = Drawing(), _results("1", "1", "1")
    first = _drawn(drawing, results, tmp_path)
    (path,) = (tmp_path / kept.FOLDER).iterdir()
    path.write_text(path.read_text()[:100])
    assert _drawn(drawing, results, tmp_path) == first
    assert drawing.n == 2


def test_a_failure_is_said_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results, calls = _results("1", "1", "1"), list[str]()
    real = drawn.svg

    def fails_once(figure: SourcedFigure, dpi: int) -> str:
        calls.append("svg")
        if len(calls) == 1:
            raise ValueError("no renderer")
        return real(figure, dpi)

    monkeypatch.setattr(drawn, "svg", fails_once)
    failed = _drawn(Drawing(), results, tmp_path)
    assert failed.failure == failed.note
    assert failed.note.startswith("This picture could not be drawn (ValueError: no renderer). It is a defect in dmicc")
    (traceback,) = (tmp_path / kept.FOLDER).glob("*.txt")
    assert traceback.name in failed.note
    assert "in fails_once" in traceback.read_text()
    assert "no renderer" in failed.svg.replace("\n", " ")
    assert not list((tmp_path / kept.FOLDER).glob("*.json"))
    assert _drawn(Drawing(), results, tmp_path).failure == ""
    assert not traceback.exists()
