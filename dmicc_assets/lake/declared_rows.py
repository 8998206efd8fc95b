"""The rows of a partition in the columns, types and order that its table declares.

How they are written is in `store.py`, what a matrix is in `grid.py`.
"""

import polars as pl

from dmicc_assets.errors import DataError
from dmicc_assets.tables import Table
from dmicc_assets.types import PartitionKey


def declared_rows(table: Table, partition: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame in the declared columns, types and key order.

    Raises:
        DataError: the frame is not as declared.
    """
    filled = dict(zip(table.partition_columns, PartitionKey(partition).names, strict=False))
    rows = frame.with_columns(pl.lit(value).alias(name) for name, value in filled.items())
    if missing := [name for name in table.schema if name not in rows.columns]:
        raise DataError(f"{table.name} of {partition}: the columns {', '.join(missing)} are missing")
    if unknown := [name for name in rows.columns if name not in table.schema]:
        raise DataError(f"{table.name} of {partition}: the columns {', '.join(unknown)} are not declared")
    try:
        rows = rows.select(table.schema.names()).cast({**table.schema, **_names_of_matrix(table, rows)})
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{table.name} of {partition}: a column is not of its declared type ({error})") from None
    numbers = [name for name, kind in rows.schema.items() if kind == pl.Float64]
    rows = rows.with_columns(pl.col(name).fill_nan(None) for name in numbers if rows[name].is_nan().any())
    if table.is_matrix:
        return rows
    if rows.select(table.key).is_duplicated().any():
        twice = rows.filter(rows.select(table.key).is_duplicated()).select(table.key).row(0)
        raise DataError(f"{table.name} of {partition}: duplicate key {twice}")
    return rows.sort(table.key)


def _names_of_matrix(table: Table, rows: pl.DataFrame) -> dict[str, pl.DataType]:
    """The columns of a matrix that hold each name once for many rows: `store.py` makes texts of them as it writes."""
    return {name: kind for name, kind in rows.schema.items() if table.is_matrix and isinstance(kind, pl.Enum)}
