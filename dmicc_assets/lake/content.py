"""The content hash of a table, which depends on its rows but not on the file format.

Results with the same content are equal, and nothing downstream is computed again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dmicc_assets.lake.grid import grid_of
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.tables import Table
from dmicc_assets.tables.table import MAP, SAMPLE, TEXTS

# The way of hashing, in every manifest. Hashes of two versions cannot be compared: a partition that was hashed in
# another way is hashed again when it is replaced. 1 hashed every name of a matrix, and rounded floats in decimal.
CONTENT_VERSION = 2

# Floats are compared at 12 significant digits: 40 bits of the 53 (one is implicit) of a mantissa are kept.
_DROPPED_BITS = 13
_HALF = np.int64(1 << (_DROPPED_BITS - 1))
_KEPT = np.int64(-(1 << _DROPPED_BITS))
_ROWS_AT_ONCE = 1 << 17  # rows of a column hashed at a time, to limit memory


@dataclass(frozen=True, slots=True)
class Content:
    """The identity of a partition's rows, to which recipes refer.

    Attributes:
        digest: the hash.
        version: the way of hashing: `CONTENT_VERSION`, or an earlier one of rows that have not changed since.
    """

    digest: str
    version: int = CONTENT_VERSION


def content_of(
    table: Table, rows: pl.DataFrame, old: Manifest | None, old_rows: Callable[[], pl.DataFrame | None]
) -> Content:
    """The content of rows that replace a partition: the old content, if only the way of hashing is another.

    So a new way of hashing makes nothing outdated that was made from these rows.

    Args:
        table: the declaration.
        rows: the new rows, as of `content_hash`.
        old: manifest of the partition to be replaced, if there is one.
        old_rows: reads it; None when it cannot be read, which counts as other rows.

    Raises:
        DataError: the rows of a matrix are no grid.
    """
    new = Content(content_hash(table, rows))
    if old is None or old.content_version == CONTENT_VERSION or old.n_rows != len(rows):
        return new
    before = old_rows()
    is_same = before is not None and content_hash(table, before) == new.digest
    return Content(old.content, old.content_version) if is_same else new


def content_hash(table: Table, rows: pl.DataFrame) -> str:
    """SHA-256 of the declared columns in declared order, rows in key order.

    Floats are rounded to 40 bits (12 significant digits), nulls are canonical, volatile columns are left out. A value
    that holds for all rows (study, dataset), and the name of a matrix's feature or sample, is hashed once.

    Args:
        table: the declaration; `rows` has its columns, sorted by its key.
        rows: the rows to write; those of a matrix are a complete grid.

    Raises:
        DataError: the rows of a matrix are no grid.
    """
    digest = sha256(f"{len(rows)}".encode())
    names = rows.head(1).select(table.partition_columns).to_dict()  # before `rows[name]`, which makes all of its rows
    if table.is_matrix:
        grid = grid_of(table, rows)
        names |= {table.feature: grid.features, SAMPLE.name: grid.samples}
    for column in table.columns:
        if column.is_volatile:
            continue
        series = names[column.name] if column.name in names else rows[column.name]
        digest.update(f"\x00{column.name}\x00{column.sql_type}\x00{len(series)}\x00{series.null_count()}\x00".encode())
        if series.null_count() == len(series):
            continue
        if series.null_count():
            digest.update(np.packbits(series.is_null().to_numpy()).data)
        for piece in _canonical_pieces(series):
            digest.update(piece)
    return digest.hexdigest()


def _canonical_pieces(series: pl.Series) -> Iterator[bytes | memoryview]:
    """The values as bytes, equal for equal values whatever the chunks and the payloads of nulls."""
    if series.dtype == TEXTS:
        series = series.list.join("\x1f")
    elif series.dtype == MAP:
        pairs = pl.concat_str(pl.element().struct["key"], pl.lit("\x1e"), pl.element().struct["value"])
        series = series.list.eval(pairs).list.join("\x1f")
    slices = [series.slice(start, _ROWS_AT_ONCE) for start in range(0, len(series), _ROWS_AT_ONCE)]
    if series.dtype == pl.String:  # all lengths precede all text
        for each in slices:
            yield each.str.len_bytes().fill_null(0).cast(pl.UInt32).to_numpy().data
    for each in slices:
        if series.dtype == pl.Float64:
            yield _rounded_bits(each).data
        elif series.dtype == pl.String:
            yield each.fill_null("").str.join("").item().encode()
        else:
            yield each.cast(pl.Int64).fill_null(0).to_numpy().data


def _rounded_bits(series: pl.Series) -> NDArray[np.int64]:
    """The bits of floats, rounded to the kept ones of the mantissa; a carry goes on into the exponent, as it should."""
    floats = series.fill_null(0.0).to_numpy() + 0.0  # turns -0.0 into 0.0, and is a copy
    bits = floats.view(np.int64)
    bits += _HALF
    bits &= _KEPT
    return bits
