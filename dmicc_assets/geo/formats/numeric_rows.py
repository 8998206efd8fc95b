"""Rows of `id <separator> number ...` as ids and a float64 matrix, parsed while the next block is decompressed.

Arrow parses the numbers (correctly rounded); the caller knows the columns and checks the rows.
"""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.limits import refuse_large_matrix, refuse_long_line
from dmicc_assets.geo.formats.symbol_cells import is_date
from dmicc_assets.geo.formats.wide_rows import COLUMNS_AT_LEAST, parse_wide
from dmicc_assets.types import FloatArray

# All spellings of a missing value in GEO; an infinity is not a value of an array either.
MISSING = (
    *("", "NA", "na", "null", "NULL", "Null", "NaN", "nan", "N/A", "n/a", "Inf", "-Inf", "inf", "-inf"),
    *("-", "--", "---", ".", "None", "none", "ND", "BLANK", "blank"),
    *("?", "<NA>", "N.A.", "n.a.", "n.d.", "nd", "missing"),
    *(
        "#N/A",
        "#NUM!",
        "#DIV/0!",
        "#VALUE!",
        "#REF!",
        "#NAME?",
        "#NULL!",
    ),  # a spreadsheet's logarithm of 0, and the like
    *("#NV", "#WERT!", "#ZAHL!", "#BEZUG!", "#N/D", "#VALEUR!", "#NOMBRE!"),  # in German and French
    *("1.#QNAN", "-1.#QNAN", "1.#IND", "-1.#IND", "1.#INF", "-1.#INF"),  # of Microsoft's C
)
_AHEAD = 3
# Rows that are parsed at a time at least: Arrow describes every column anew for every block, which costs as much as
# parsing some ten rows. A block that has so many bytes has enough.
_ROWS_AT_LEAST = 1024
_BYTES_AT_LEAST = 1 << 23


def whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of whole lines; a last line without a line end is the last block.

    Raises:
        SourceError: a line is longer than any table's: the file has no line ends, or is no table.
    """
    rest: list[bytes] = []
    n_bytes = 0
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if cut:
            yield b"".join([*rest, block[:cut]])
            rest, n_bytes = [], 0
        rest.append(block[cut:])
        n_bytes += len(block) - cut
        refuse_long_line(n_bytes)
    if n_bytes:
        yield b"".join(rest)


def find_line(block: bytes, line: bytes, start: int = 0) -> int:
    """Offset of the first line that equals `line` in a block of whole lines; -1 when there is none.

    Args:
        block: whole lines, as of `whole_lines`.
        line: the line without its end (LF or CR LF).
        start: offset of the line at which the search begins.
    """
    at = block.find(line, start)
    while at >= 0:
        behind = block[at + len(line) : at + len(line) + 1]
        if (at == start or block[at - 1 : at] == b"\n") and behind in (b"", b"\n", b"\r"):
            return at
        at = block.find(line, at + 1)
    return -1


def read_rows(
    blocks: Iterable[bytes],
    columns: Sequence[str],
    name: str,
    separator: str = "\t",
    quoted: bool = True,
    only: Sequence[str] | None = None,
    decimal: str = ".",
) -> tuple[list[str], FloatArray]:
    """Parse rows of an id and numbers.

    Args:
        blocks: whole lines, as of `whole_lines`; empty lines are skipped.
        columns: names of the columns after the first.
        name: name of the file in messages.
        separator: separator of cells.
        quoted: whether `"` quotes a cell; otherwise it is an ordinary character.
        only: the N numeric columns to parse; the others may hold text. All by default.
        decimal: the decimal sign.

    Returns:
        The R ids as text, unique, and (R, N) float64 with NaN where a value is missing.

    Raises:
        SourceError: a row has another length, a cell is not a number, or an id is missing or a duplicate.
    """
    ids: list[str] = []
    width = len(columns if only is None else only)
    refuse_large_matrix(1, len(columns), name)
    values, n_rows = np.empty((0, width)), 0
    pending: deque[Future[tuple[list[str], FloatArray]]] = deque()
    with ThreadPoolExecutor(1) as pool:

        def take() -> None:
            nonlocal n_rows
            found, part = pending.popleft().result()
            ids.extend(found)
            end = n_rows + len(found)
            refuse_large_matrix(end, width, name)
            if end > len(values):  # in place, so that the table is in memory only once; nothing else refers to it yet
                values.resize((end + end // 4, width), refcheck=False)
            values[n_rows:end] = part
            n_rows = end

        for block in _enough_rows(blocks):
            pending.append(pool.submit(parse_rows, block, columns, name, separator, quoted, only, decimal))
            if len(pending) > _AHEAD:
                take()
        while pending:
            take()
    check_ids(ids, name)
    values.resize((n_rows, width), refcheck=False)
    return ids, values


def _enough_rows(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks, joined until each has enough rows."""
    joined: list[bytes] = []
    n_rows = n_bytes = 0
    for block in blocks:
        joined.append(block)
        n_rows, n_bytes = n_rows + block.count(b"\n"), n_bytes + len(block)
        if n_rows >= _ROWS_AT_LEAST or n_bytes >= _BYTES_AT_LEAST:
            yield b"".join(joined)
            joined, n_rows, n_bytes = [], 0, 0
    if joined:
        yield b"".join(joined)


def parse_rows(
    block: bytes,
    columns: Sequence[str],
    name: str,
    separator: str = "\t",
    quoted: bool = True,
    only: Sequence[str] | None = None,
    decimal: str = ".",
) -> tuple[list[str], FloatArray]:
    """Parse one block of rows like `read_rows`, but allow duplicate ids.

    Args:
        block: whole lines.
        columns: names of the columns after the first.
        name: name of the file in messages.
        separator: between cells.
        quoted: whether `"` quotes a cell.
        only: the numeric columns to parse; the others may hold text. All by default.
        decimal: the decimal sign.

    Raises:
        SourceError: a row has another length, or a cell of a parsed column is not a number.
    """
    parsed = None if only is None else frozenset(only)
    wanted = [i for i, column in enumerate(columns, 1) if parsed is None or column in parsed]
    if len(wanted) == len(columns) >= COLUMNS_AT_LEAST:
        wide = parse_wide(block, len(columns), separator.encode(), quoted, decimal, MISSING)
        if wide is not None:
            return wide
    table = _table(block, columns, wanted, name, separator, quoted, decimal)
    # Through polars, because Arrow's own conversion to numpy imports pandas (0.5 s and 50 MB).
    frame = pl.DataFrame(table.select(range(1, len(wanted) + 1)))
    values = np.array(frame.to_numpy(), dtype=np.float64, order="C")
    values[~np.isfinite(values)] = np.nan
    return table.column(0).to_pylist(), values


class ColumnReader:
    """Reads one column of numbers of several tables, which nearly always have the same rows.

    Names of rows are compared as Arrow has them; equal ones are neither made nor checked again.
    """

    def __init__(self) -> None:
        self._names: Any = None  # of the last table
        self._ids: list[str] = []

    def read(self, block: bytes, columns: Sequence[str], wanted: int, name: str) -> tuple[list[str], FloatArray]:
        """One column of rows that a tab separates, unquoted.

        Args:
            block: whole lines.
            columns: names of the columns after the first.
            wanted: position of the column to read, from 1.
            name: name of the file in messages.

        Returns:
            The R ids, unique, in the same list as the last table's if they are equal; and (R,) float64, NaN where a
            value is missing.

        Raises:
            SourceError: a row has another length, a cell is not a number, or an id is missing or a duplicate.
        """
        table = _table(block, columns, [wanted], name, "\t", quoted=False, decimal=".")
        values = np.array(pl.DataFrame(table.select([1])).to_series(0).to_numpy(), dtype=np.float64)
        values[~np.isfinite(values)] = np.nan
        names = table.column(0)
        if self._names is None or not names.equals(self._names):
            ids = names.to_pylist()
            check_ids(ids, name)
            self._names, self._ids = names, ids
        return self._ids, values


def _table(
    block: bytes, columns: Sequence[str], wanted: Sequence[int], name: str, separator: str, quoted: bool, decimal: str
) -> Any:
    """The ids and the parsed columns, as Arrow has them; the message of an error names row and cell."""
    try:
        return _arrow_table(block, len(columns), wanted, separator, quoted, decimal)
    except ValueError as error:  # Arrow's own is one
        try:
            return _arrow_table(_plain(block, separator), len(columns), wanted, separator, quoted, decimal)
        except ValueError:
            raise SourceError(f"{name}: {_explain(block, columns, separator, wanted, decimal, error)}") from None


def _arrow_table(
    block: bytes, n_columns: int, wanted: Sequence[int], separator: str, quoted: bool, decimal: str
) -> Any:
    """The ids and the parsed columns, by their position.

    Raises:
        ValueError: a row has another length, a cell is not a number, or the bytes are not UTF-8.
    """
    pa: Any = import_module("pyarrow")  # pyarrow has no types
    csv: Any = import_module("pyarrow.csv")
    return csv.read_csv(
        pa.py_buffer(block),
        read_options=csv.ReadOptions(
            column_names=[str(i) for i in range(n_columns + 1)], use_threads=False, block_size=len(block) + 1
        ),
        parse_options=csv.ParseOptions(delimiter=separator, quote_char='"' if quoted else False),
        convert_options=csv.ConvertOptions(
            column_types={"0": pa.string(), **{str(i): pa.float64() for i in wanted}},
            include_columns=[str(i) for i in (0, *wanted)],
            null_values=MISSING,
            strings_can_be_null=False,
            decimal_point=decimal,
        ),
    )


def _plain(block: bytes, separator: str) -> bytes:
    """The block as Arrow needs it: UTF-8, without spaces around a missing value (R's `format` pads `NA`)."""
    missing = b"|".join(re.escape(text.encode()) for text in MISSING)
    between = re.escape(separator.encode())
    plain = re.sub(rb"(?<=" + between + rb") *(" + missing + rb") *(?=" + between + rb"|[\r\n]|$)", rb"\1", block)
    try:
        plain.decode("utf-8")
    except UnicodeDecodeError:  # an old file, from before GEO wrote UTF-8
        return plain.decode("cp1252", errors="replace").encode()
    return plain


def _explain(
    block: bytes, columns: Sequence[str], separator: str, wanted: Sequence[int], decimal: str, error: Exception
) -> str:
    """Message that names the row and cell at which parsing failed."""
    for line in block.decode("utf-8", errors="replace").split("\n"):
        try:
            cells = [cell.strip() for cell in next(csv.reader([line.rstrip("\r")], delimiter=separator), [""])]
        except csv.Error:  # a carriage return inside a cell
            return f"the row {line.split(separator)[0]!r} cannot be read ({str(error).splitlines()[0]})"
        if line.rstrip("\r") == "":
            continue
        if len(cells) != len(columns) + 1:
            return f"the row {cells[0]!r} has {len(cells) - 1} values, expected {len(columns)}"
        for i in wanted:
            if cells[i] not in MISSING and not is_number(cells[i], decimal):
                has_comma = decimal == "." and re.fullmatch(r"[+-]?[\d.]*,[\d.,]*", cells[i]) is not None
                way = ": the rows above have no comma; write decimal points and no separator of thousands" * has_comma
                return f"the row {cells[0]!r} has {cells[i]!r} for {columns[i - 1]}, expected a number{way}"
    return f"the table cannot be read ({str(error).splitlines()[0]})"


def is_number(cell: str, decimal: str = ".") -> bool:
    """Whether Arrow reads the cell as a number; Python also accepts `1_000` and the digits of every script."""
    sign = re.escape(decimal)
    return re.fullmatch(rf"[+-]?([0-9]+{sign}?[0-9]*|{sign}[0-9]+)([eE][+-]?[0-9]+)?", cell) is not None


def check_ids(ids: Sequence[str], name: str) -> None:
    """Refuse missing and duplicate ids.

    Raises:
        SourceError: an id is missing or a duplicate; the message names the row or the id.
    """
    distinct = set(ids)
    if "" in distinct:
        raise SourceError(f"{name}: row {ids.index('') + 1} of the table has no id: name it or leave it out")
    if len(distinct) == len(ids):
        return
    seen: set[str] = set()
    for key in ids:
        if key in seen:
            if is_date(key):
                raise SourceError(
                    f"{name}: {key!r} is the name of several rows: a spreadsheet made a date of symbols like MARCH1 "
                    "and MARC1; leave rows of dates out, or write the symbols"
                )
            n_more = len(ids) - len(distinct) - 1
            more = f" and {n_more} more rows" if n_more else ""
            raise SourceError(f"{name}: duplicate id {key!r} in the table{more}: keep one row of each")
        seen.add(key)
