"""Rows of many numbers, parsed as one column of cells: the time of a cell is the same for any number of samples.

Arrow describes every column anew for every block, which costs as much as parsing some ten rows. Rows that need a reader
of CSV (a quoted separator, a carriage return inside a cell) are left to `numeric_rows.py`, and so are messages.
"""

from codecs import BOM_UTF8
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.types import FloatArray

# With fewer columns, taking rows apart costs more than describing columns does.
COLUMNS_AT_LEAST = 16


def parse_wide(
    block: bytes, n_columns: int, separator: bytes, quoted: bool, decimal: str, missing: Sequence[str]
) -> tuple[list[str], FloatArray] | None:
    """Ids and values (R, N) of rows of an id and N numbers, NaN where one is missing; None for other rows.

    Args:
        block: whole lines; empty ones are skipped.
        n_columns: N.
        separator: between cells, one byte.
        quoted: whether `"` quotes a cell.
        decimal: the decimal sign.
        missing: the spellings of a missing value.
    """
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    if b"\r" in block:
        return None
    parts = [line.partition(separator) for line in block.split(b"\n") if line]
    ids, cells = [key for key, _, _ in parts], [row for _, _, row in parts]
    if any(row.count(separator) != n_columns - 1 for row in cells):
        return None
    text = _cells_in_lines(cells, separator)
    if quoted and (n_quotes := block.count(b'"')):
        plain = _without_quotes(ids, text, n_columns, n_quotes)
        if plain is None:
            return None
        ids, text = plain
    if text.startswith(BOM_UTF8):  # Arrow skips it, before the first cell of a block and no other
        return None
    try:
        names = b"\n".join(ids).decode().split("\n") if ids else []
        values = _numbers(text, separator, decimal, missing)
    except ValueError:  # of no UTF-8, or Arrow's own: a cell is not a number
        return None
    return (names, values.reshape(len(names), n_columns)) if len(values) == len(names) * n_columns else None


def _cells_in_lines(cells: Sequence[bytes], separator: bytes) -> bytes:
    """The cells of rows, one in a line."""
    characters = np.frombuffer(b"\n".join([*cells, b""]), np.uint8)
    are_separators = (characters == ord(separator)).view(np.uint8)  # several times as fast as `bytes.replace`
    return (characters + are_separators * np.uint8((ord("\n") - ord(separator)) % 256)).tobytes()


def _without_quotes(ids: list[bytes], text: bytes, n_columns: int, n_quotes: int) -> tuple[list[bytes], bytes] | None:
    """Ids and cells without their quotes, if they quote each id and no cell, or each id and each cell, as a whole."""
    if not all(len(key) > 1 and key[:1] == key[-1:] == b'"' for key in ids):
        return None
    n_of_cells = n_quotes - 2 * len(ids)
    n_cells = len(ids) * n_columns
    if n_of_cells == 2 * n_cells and text[:1] == b'"' == text[-2:-1] and text.count(b'"\n"') == n_cells - 1:
        text = text.replace(b'"', b"")
    elif n_of_cells:
        return None
    return [key[1:-1] for key in ids], text


def _numbers(cells: bytes, separator: bytes, decimal: str, missing: Sequence[str]) -> FloatArray:
    """The numbers of cells, one in a line.

    Raises:
        ValueError: a cell is not a number.
    """
    if not cells:
        return np.empty(0)
    pa: Any = import_module("pyarrow")  # pyarrow has no types
    csv: Any = import_module("pyarrow.csv")
    table = csv.read_csv(
        pa.py_buffer(cells),
        read_options=csv.ReadOptions(column_names=["0"], use_threads=False, block_size=len(cells) + 1),
        parse_options=csv.ParseOptions(delimiter=separator.decode(), quote_char=False, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types={"0": pa.float64()}, null_values=missing, decimal_point=decimal
        ),
    )
    values: FloatArray = pl.DataFrame(table).to_series(0).to_numpy()
    return values if np.isfinite(values).all() else np.where(np.isfinite(values), values, np.nan)
