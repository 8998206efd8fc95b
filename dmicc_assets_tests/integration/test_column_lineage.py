"""Columns that the graph marks as copied from another asset have that asset's values."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dmicc_assets.tables import TABLES, Table
from dmicc_assets.warehouse.build import open_warehouse
from dmicc_assets_tests.integration.conftest import Outcomes, settings_under


@pytest.fixture(scope="module")
def warehouse(
    first_run: tuple[Path, Outcomes], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of a copy of the study `small` as it was run once."""
    copy = tmp_path_factory.mktemp("lineage") / "state"
    shutil.copytree(first_run[0].with_suffix(".kept"), copy)
    with open_warehouse(settings_under(copy)) as connection:
        yield connection


@pytest.mark.parametrize("table", [table for table in TABLES.values() if table.taken], ids=lambda table: table.name)
def test_the_column_lineage_is_exact(warehouse: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Every combination of the columns that are taken over stands in a row of where they are taken from."""
    for taken in table.taken:
        columns = ", ".join(taken.columns)
        rows = f"SELECT {columns} FROM {table.view}"
        ((n_rows,),) = warehouse.execute(f"SELECT count(*) FROM ({rows})").fetchall()
        assert n_rows > 0
        others = f"SELECT DISTINCT {columns} FROM {TABLES[taken.table].view}"
        strangers = warehouse.execute(f"({rows}) EXCEPT ({others})").fetchall()
        assert not strangers, (table.name, strangers[:3])
