"""Rows and matrices in the Parquet file of a partition.

Which file it is, and what is wrong with it, says `store.py`.
"""

from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
import polars as pl

from dmicc_assets.lake.grid import names_of
from dmicc_assets.lake.stored_once import columns_read, with_repeats
from dmicc_assets.tables import Table
from dmicc_assets.types import ExpressionMatrix


def rows_in(handle: BinaryIO, table: Table, columns: Sequence[str]) -> pl.DataFrame:
    """All rows of some columns."""
    rows = pl.read_parquet(handle, columns=columns_read(table, columns))
    return with_repeats(table, rows).select(columns)


def matrix_in(handle: BinaryIO, table: Table, column: str) -> ExpressionMatrix:
    """One value column of a matrix table, reshaped from its complete feature-major rows; NaN where it is NULL."""
    cells = rows_in(handle, table, [column])[column]
    features, samples = names_of(handle, table.feature)
    values, start = np.empty(len(cells)), 0
    for block in cells.get_chunks():  # of a row group each: the whole column is not copied once more
        values[start : start + len(block)] = block.to_numpy()
        start += len(block)
    return ExpressionMatrix(values.reshape(len(features), len(samples)), features, samples)
