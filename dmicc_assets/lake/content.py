"""The content hash of a table, which depends on its rows but not on the file format.

Results with the same content are equal, and nothing downstream is computed again.
"""

from collections.abc import Iterator
from hashlib import sha256

import numpy as np
import polars as pl

from dmicc_assets.tables import Table
from dmicc_assets.tables.table import MAP, TEXTS

SIGNIFICANT_DIGITS = 12
_ROWS_AT_ONCE = 1 << 20  # rows of a matrix hashed at a time, to limit memory


def content_hash(table: Table, rows: pl.DataFrame) -> str:
    """SHA-256 of the declared columns in declared order, rows in key order.

    Floats are rounded to 12 significant digits, nulls are canonical, volatile columns are left out.

    Args:
        table: the declaration; `rows` has its columns, sorted by its key.
        rows: the rows to write.
    """
    digest = sha256(f"{len(rows)}".encode())
    for column in table.columns:
        if column.is_volatile:
            continue
        digest.update(f"\x00{column.name}\x00{column.sql_type}\x00".encode())
        series = rows[column.name]
        digest.update(np.packbits(series.is_null().to_numpy()).tobytes())
        for piece in _canonical_pieces(series):
            digest.update(piece)
    return digest.hexdigest()


def _canonical_pieces(series: pl.Series) -> Iterator[bytes]:
    """The values as bytes, equal for equal values whatever the chunks and the payloads of nulls."""
    if series.dtype == TEXTS:
        series = series.list.join("\x1f")
    elif series.dtype == MAP:
        pairs = pl.concat_str(pl.element().struct["key"], pl.lit("\x1e"), pl.element().struct["value"])
        series = series.list.eval(pairs).list.join("\x1f")
    slices = [series.slice(start, _ROWS_AT_ONCE) for start in range(0, len(series), _ROWS_AT_ONCE)]
    if series.dtype == pl.String:  # all lengths precede all text
        for each in slices:
            yield each.str.len_bytes().fill_null(0).cast(pl.UInt32).to_numpy().tobytes()
    for each in slices:
        if series.dtype == pl.Float64:
            # adding 0.0 turns -0.0 into 0.0
            yield (each.round_sig_figs(SIGNIFICANT_DIGITS).fill_null(0.0).to_numpy() + 0.0).tobytes()
        elif series.dtype == pl.String:
            yield each.fill_null("").str.join("").item().encode()
        else:
            yield each.cast(pl.Int64).fill_null(0).to_numpy().tobytes()
