"""The grid of a matrix table: its features and samples, each once, found in rows that are stored feature by feature.

Which tables are matrices is declared in `tables/`; values are not looked at.
"""

from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

from dmicc_assets.errors import DataError
from dmicc_assets.tables import Table
from dmicc_assets.tables.table import SAMPLE

ROWS_A_GROUP = 131_072
_ROWS_AT_ONCE = 1 << 20  # rows compared at a time, to limit memory
_ROWS_OF_FIRST = 1 << 10  # rows among which the first feature's are looked for, at first


@dataclass(frozen=True, slots=True)
class Grid:
    """Names of a matrix.

    Attributes:
        features: the G names of its rows, in the order of the table.
        samples: the N names of its columns, in the order of the table, which has G x N rows.
    """

    features: pl.Series
    samples: pl.Series


def grid_of(table: Table, rows: pl.DataFrame) -> Grid:
    """The grid of a matrix table's rows.

    Raises:
        DataError: the rows are not feature after feature, each with the same samples in the same order.
    """
    n_samples = rows_of_first(rows[table.feature])
    each = rows[table.feature].gather_every(max(n_samples, 1)), rows[SAMPLE.name].head(n_samples)
    grid = Grid(*(names.cast(pl.String) for names in each))
    features, samples = rows[table.feature].to_physical(), rows[SAMPLE.name].to_physical()
    if len(rows) != len(grid.features) * n_samples:
        raise DataError(f"{table.name}: {len(rows)} rows are not {n_samples} samples for each {table.feature}")
    for start in range(1, len(rows), _ROWS_AT_ONCE):
        here = features.slice(start, _ROWS_AT_ONCE)
        others = (here != features.slice(start - 1, len(here))).arg_true() + start
        if (others % n_samples != 0).any():
            raise DataError(f"{table.name}: not each {table.feature} has {n_samples} samples")
    for start in range(n_samples, len(rows), _ROWS_AT_ONCE):
        here = samples.slice(start, _ROWS_AT_ONCE)
        if not (here == samples.slice(start - n_samples, len(here))).all():
            raise DataError(f"{table.name}: not each {table.feature} has the same samples in the same order")
    for names in (grid.features, grid.samples):
        if names.n_unique() != len(names):
            twice = names.filter(names.is_duplicated())[0]
            raise DataError(f"{table.name}: the {names.name} {twice} has rows in two places: expected each once")
    return grid


def names_of(handle: BinaryIO, feature: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Features and samples of a matrix table's file, without a name for each row in memory.

    Args:
        handle: the file; its rows are a grid, as `grid_of` tells before they are written.
        feature: the name of the features' column.
    """
    known = _ROWS_OF_FIRST
    while len(first := pl.read_parquet(handle, columns=[feature], n_rows=known)) == known:
        if rows_of_first(first[feature]) < known:
            break
        known *= 32
    n_samples = rows_of_first(first[feature])
    every = pl.scan_parquet(handle).select(pl.col(feature).gather_every(max(n_samples, 1)))
    samples = pl.read_parquet(handle, columns=[SAMPLE.name], n_rows=n_samples)[SAMPLE.name]
    return tuple(every.collect(engine="streaming")[feature]), tuple(samples)


def rows_of_first(features: pl.Series) -> int:
    """How many rows the first feature has: the samples of a matrix, if its rows are a grid."""
    features = features.to_physical()
    for start in range(0, len(features), _ROWS_AT_ONCE):
        others = (features.slice(start, _ROWS_AT_ONCE) != features[0]).arg_true()
        if len(others):
            return start + int(others[0])
    return len(features)


def rows_a_group(table: Table, rows: pl.DataFrame) -> int:
    """Rows in a row group: whole features for a matrix, so that one gene can be read without the others."""
    if not table.is_matrix or rows.is_empty():
        return ROWS_A_GROUP
    n_samples = rows_of_first(rows[table.feature])
    return max(ROWS_A_GROUP // n_samples, 1) * n_samples
