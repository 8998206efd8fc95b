"""Homes and studies in folders of any name: all signs that can work are in one name, and a whole study is run in it."""

from pathlib import Path

import duckdb
import polars as pl
import pytest
from rich.console import Console

from dmicc_assets.export.study_export import ExportChoice, export_study
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.warehouse.query import query_and_print, run_query
from dmicc_assets_tests.worlds import made_study as made

pytestmark = pytest.mark.apart
NAME = '[2024] %% it\'s "q" \u00fc\u7814 #h ~ *b {a,b};$HOME &=+,\nline'


def test_a_study_runs_is_queried_and_exported_in_a_folder_of_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / NAME
    assert set(made.states(made.make_study(folder))) == {"made"}
    settings = made.settings_of(folder)
    assert run_query(settings, "SELECT count(DISTINCT cohort) FROM differential.statistics").item() == 2
    written = folder / "rows [1].parquet"
    query_and_print(Console(quiet=True), settings, "SELECT gene FROM signature.genes", "table", written)
    assert len(pl.read_parquet(written, glob=False)) > 0
    workspace = open_workspace(settings)
    export_study(workspace, workspace.study("local"), folder / "an export", ExportChoice(draws=False))
    with duckdb.connect(str(folder / "an export" / "study.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(DISTINCT gene) > 0 FROM signature.genes").fetchall() == [(True,)]
    made.enter(settings, monkeypatch)
    assert set(made.states(made.run_local(settings))) == {"current"}
