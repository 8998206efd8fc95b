"""Columns that are stored only where they differ from another: left out when rows are written, filled in when read.

`tables/` declares them (`Column.stored_unless`); the SQL views fill them in by `coalesce`.
"""

from collections.abc import Sequence

import polars as pl

from dmicc_assets.errors import DataError
from dmicc_assets.tables import Table


def without_repeats(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as they are stored: NULL where a column equals the one that stands for it.

    Raises:
        DataError: a value is missing where the other column has one, so that it could not be told from an equal one.
    """
    for name, other in _pairs(table):
        if (rows[name].is_null() & rows[other].is_not_null()).any():
            raise DataError(f"{table.name}: {name} is missing where {other} has a value: it can then not be stored")
        rows = rows.with_columns(pl.when(pl.col(name) != pl.col(other)).then(name).alias(name))
    return rows


def columns_read(table: Table, columns: Sequence[str]) -> list[str]:
    """The columns to read from a file for the given ones, each once."""
    return list(dict.fromkeys([*columns, *(other for name, other in _pairs(table) if name in columns)]))


def with_repeats(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a file with all of their values."""
    return rows.with_columns(
        pl.coalesce(name, other).alias(name) for name, other in _pairs(table) if name in rows.columns
    )


def _pairs(table: Table) -> list[tuple[str, str]]:
    """Columns that are stored only where they differ, with the column that stands for each."""
    return [(column.name, column.stored_unless) for column in table.columns if column.stored_unless is not None]
