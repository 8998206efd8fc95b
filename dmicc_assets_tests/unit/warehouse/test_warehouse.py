from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from dmicc_assets.lake.store import Lake
from dmicc_assets.study.settings import Settings, load_settings
from dmicc_assets.tables import TABLES, Table
from dmicc_assets.types import ExpressionMatrix, matrix_rows
from dmicc_assets.warehouse.build import build_warehouse, ensure_warehouse, left_out, open_warehouse, sql_folder
from dmicc_assets_tests.unit.lake.test_lake import GENES, ORIGIN


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of an empty lake."""
    settings = load_settings(home=tmp_path_factory.mktemp("empty") / "home")
    settings.prepare_home()
    with open_warehouse(settings) as connection:
        yield connection


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_view_has_the_declared_columns_types_and_comments(
    connection: duckdb.DuckDBPyConnection, table: Table
) -> None:
    columns = connection.execute(
        "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?"
        " ORDER BY column_index",
        table.name.split("/"),
    ).fetchall()
    types = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}
    assert columns == [(c.name, types.get(c.sql_type, c.sql_type), c.meaning) for c in table.columns]
    assert connection.execute(f"SELECT count(*) FROM {table.view}").fetchall() == [(0,)]


@pytest.mark.parametrize("table", [t for t in TABLES.values() if t.keeps_history], ids=lambda table: table.name)
def test_what_keeps_a_history_has_a_view_of_it(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    connection.execute(f"SELECT * FROM {table.history_view}")
    assert connection.description is not None
    names = [column[0] for column in connection.description]
    assert names == ["revision", "since", "until", "because", *(column.name for column in table.columns)]


def test_a_home_may_have_any_name(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "it's [1], größer a*b")
    settings.prepare_home()
    lake = Lake(settings.lake, settings.locks)
    lake.write("differential/genes", "s.c", GENES, ORIGIN)
    lake.write("differential/genes", "s.c", GENES.head(1), ORIGIN)
    with open_warehouse(settings) as connection:
        assert connection.execute("SELECT gene FROM differential.genes").fetchall() == [("B",)]
        assert len(connection.execute("SELECT gene FROM history.differential_genes").fetchall()) == 2


def test_a_change_of_the_biomarkers_is_a_difference(settings: Settings, lake: Lake) -> None:
    for sums in ({"A": 2, "B": 3}, {"A": 2, "B": 4}, {"B": 4, "C": 5}):
        rows = pl.DataFrame({"study": "s", "gene": list(sums), "rank_sum": list(sums.values())})
        lake.write("signature/biomarkers", "s", rows, ORIGIN)
    with open_warehouse(settings) as connection:
        asked = "SELECT what, cohort, revision, gene, change, before, after FROM history.differences ORDER BY gene"
        assert connection.execute(asked).fetchall() == [
            ("signature.biomarkers", None, 2, "A", "left", 2.0, None),
            ("signature.biomarkers", None, 2, "C", "entered", None, 5.0),
        ]


def test_no_view_selects_a_star() -> None:
    for path in (sql_folder() / "views").rglob("*.sql"):
        assert "SELECT *" not in path.read_text().upper(), path


def test_a_reader_of_the_old_file_is_not_disturbed(settings: Settings, lake: Lake) -> None:
    reader = open_warehouse(settings)
    lake.write("differential/genes", "s.c", GENES, ORIGIN)
    assert reader.execute("SELECT gene FROM differential.genes ORDER BY 1").fetchall() == [("A",), ("B",)]
    build_warehouse(settings)
    assert reader.execute("SELECT count(*) FROM differential.genes").fetchall() == [(2,)]


def test_the_file_is_read_only_and_rebuilt_when_it_is_not_of_this_lake(settings: Settings, tmp_path: Path) -> None:
    path = ensure_warehouse(settings)
    assert path.stat().st_mode & 0o777 == 0o444
    inode = path.stat().st_ino
    assert ensure_warehouse(settings).stat().st_ino == inode
    moved = settings.model_copy(update={"home": tmp_path / "moved"})
    settings.home.rename(moved.home)
    assert ensure_warehouse(moved).stat().st_ino != inode
    with open_warehouse(moved) as connection:
        assert connection.execute("SELECT lake FROM warehouse.build").fetchall() == [(str(moved.lake),)]


def test_characteristics_are_a_map(settings: Settings, lake: Lake) -> None:
    rows = pl.DataFrame(
        {
            "sample": ["GSM1"],
            "title": ["t"],
            "source_name": ["liver"],
            "label": ["icc"],
            "patient": [None],
            "batch": [None],
            "same_as": [None],
            "characteristics": [[{"key": "age", "value": "55"}, {"key": "gender", "value": "F"}]],
        }
    )
    lake.write("source/samples", "s.GSE1", rows, ORIGIN)
    with open_warehouse(settings) as connection:
        assert connection.execute("SELECT characteristics['age'] FROM source.samples").fetchall() == [("55",)]


def test_a_damaged_file_leaves_its_study_out_and_is_named_with_what_to_do(settings: Settings, lake: Lake) -> None:
    """More kinds of damage are tried in `integration/test_damaged_lake.py`."""
    for study in ("s", "whole"):
        lake.write("differential/genes", f"{study}.c", GENES, ORIGIN)
    lake.path("differential/genes", "s.c").write_bytes(b"PAR1 and then nothing")
    with open_warehouse(settings) as connection:
        assert connection.execute("SELECT DISTINCT study FROM differential.genes").fetchall() == [("whole",)]
    (line,) = left_out(settings)
    assert line.startswith("s is left out of every view: ")
    assert "genes/s.c.parquet: is damaged (" in line
    assert line.endswith("; `dmicc run s --verify` computes it again")


def test_an_adjusted_value_that_is_not_stored_is_in_the_view(settings: Settings) -> None:
    value = ExpressionMatrix(np.array([[1.0, np.nan], [3.0, 4.0]]), ("G1", "G2"), ("S1", "S2"))
    adjusted = replace(value, values=value.values + np.array([[0.0], [0.5]]))
    counts = replace(value, values=np.full((2, 2), np.nan))
    rows = matrix_rows({"value": value, "value_adjusted": adjusted, "count": counts})
    Lake(settings.lake, settings.locks).write("cohort/expression", "s.c", rows, ORIGIN)
    with open_warehouse(settings) as connection:
        found = connection.execute("SELECT value_adjusted FROM cohort.expression ORDER BY gene, sample").fetchall()
    assert found == [(1.0,), (None,), (3.5,), (4.5,)]


def test_a_view_without_a_file_has_one_after_the_next_run(settings: Settings, lake: Lake) -> None:
    """Nothing else changed, so that the warehouse is that of the lake; but a view of no file is an error."""
    with open_warehouse(settings) as connection:
        assert connection.execute("SELECT count(*) FROM validation.expression_tests").fetchall() == [(0,)]
    (lake.root / "validation/expression_tests/_empty.parquet").unlink()
    with open_warehouse(settings) as connection, pytest.raises(duckdb.IOException):
        connection.execute("SELECT count(*) FROM validation.expression_tests")
    build_warehouse(settings)
    with open_warehouse(settings) as connection:
        assert connection.execute("SELECT count(*) FROM validation.expression_tests").fetchall() == [(0,)]
