"""Columns that the graph marks as copied from another asset have that asset's values."""

import pytest

from dmicc_assets.study.settings import Settings
from dmicc_assets.tables import TABLES, Table
from dmicc_assets.warehouse.build import open_warehouse


@pytest.mark.parametrize("table", [table for table in TABLES.values() if table.taken], ids=lambda table: table.name)
def test_the_column_lineage_is_exact(materialised: Settings, table: Table) -> None:
    """Every combination of the columns that are taken over stands in a row of where they are taken from."""
    with open_warehouse(materialised) as connection:
        for taken in table.taken:
            columns = ", ".join(taken.columns)
            rows = f"SELECT {columns} FROM {table.view}"
            ((n_rows,),) = connection.execute(f"SELECT count(*) FROM ({rows})").fetchall()
            assert n_rows > 0
            others = f"SELECT DISTINCT {columns} FROM {TABLES[taken.table].view}"
            strangers = connection.execute(f"({rows}) EXCEPT ({others})").fetchall()
            assert not strangers, (table.name, strangers[:3])
