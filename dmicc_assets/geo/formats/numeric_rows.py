"""Rows of `id <separator> number ...` as ids and a float64 matrix, parsed while the next block is decompressed.

The numbers are Arrow's (correctly rounded); whoever calls knows the columns and checks what the rows must be.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.errors import SourceError
from dmicc_assets.types import FloatArray

# GEO writes a missing value in all these ways, and infinities are none of an array's values either.
MISSING = ("", "NA", "na", "null", "NULL", "Null", "NaN", "nan", "N/A", "n/a", "#N/A", "Inf", "-Inf", "inf", "-inf")
_AHEAD = 3


def whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks that end with a line's end; a last line without one is the last block."""
    rest = b""
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if not cut:
            rest += block
            continue
        yield rest + block[:cut]
        rest = block[cut:]
    if rest:
        yield rest


def find_line(block: bytes, line: bytes, start: int = 0) -> int:
    """Where a line that is exactly `line` begins in a block of whole lines, -1 when none is; a data line may begin so.

    Args:
        block: whole lines, as of `whole_lines`.
        line: without its end; CR LF ends a line too.
        start: where to begin looking, at a line's beginning.
    """
    at = block.find(line, start)
    while at >= 0:
        behind = block[at + len(line) : at + len(line) + 1]
        if (at == start or block[at - 1 : at] == b"\n") and behind in (b"", b"\n", b"\r"):
            return at
        at = block.find(line, at + 1)
    return -1


def read_rows(
    blocks: Iterable[bytes], columns: Sequence[str], name: str, separator: str = "\t", quoted: bool = True
) -> tuple[list[str], FloatArray]:
    """Parse rows of an id and numbers.

    Args:
        blocks: whole lines, as of `whole_lines`; empty lines are skipped.
        columns: names of the N numeric columns, for messages.
        name: what errors call the file.
        separator: between cells.
        quoted: whether `"` quotes a cell; otherwise it is a character like others.

    Returns:
        The R ids as text, unique, and (R, N) float64 with NaN where a value is missing.

    Raises:
        SourceError: a row of another length, a cell that is no number, an id that is missing or stands twice.
    """
    ids: list[str] = []
    values, n_rows = np.empty((0, len(columns))), 0
    pending: deque[Future[tuple[list[str], FloatArray]]] = deque()
    with ThreadPoolExecutor(1) as pool:

        def take() -> None:
            nonlocal n_rows
            found, part = pending.popleft().result()
            ids.extend(found)
            end = n_rows + len(found)
            if end > len(values):  # in place: the table is never held twice, and nothing else refers to it yet
                values.resize((end + end // 4, len(columns)), refcheck=False)
            values[n_rows:end] = part
            n_rows = end

        for block in blocks:
            pending.append(pool.submit(parse_rows, block, columns, name, separator, quoted))
            if len(pending) > _AHEAD:
                take()
        while pending:
            take()
    check_ids(ids, name)
    values.resize((n_rows, len(columns)), refcheck=False)
    return ids, values


def parse_rows(
    block: bytes,
    columns: Sequence[str],
    name: str,
    separator: str = "\t",
    quoted: bool = True,
    only: Sequence[str] | None = None,
) -> tuple[list[str], FloatArray]:
    """Parse one block of rows; as `read_rows`, but ids may repeat.

    Args:
        block: whole lines.
        columns: names of the columns after the first.
        name: what errors call the file.
        separator: between cells.
        quoted: whether `"` quotes a cell.
        only: the columns wanted; the others may hold text. All by default.

    Raises:
        SourceError: a row of another length, or a cell of a column wanted that is no number.
    """
    wanted = [i for i, column in enumerate(columns, 1) if only is None or column in only]
    try:
        table = _arrow_table(block, len(columns), wanted, separator, quoted)
    except ValueError as error:  # Arrow's own is one
        try:
            table = _arrow_table(_plain(block, separator), len(columns), wanted, separator, quoted)
        except ValueError:
            raise SourceError(f"{name}: {_explain(block, columns, separator, wanted, error)}") from None
    # By way of polars: Arrow's own way to numpy imports pandas, 0.5 s and 50 MB.
    frame = pl.DataFrame(table.select(range(1, len(wanted) + 1)))
    values = np.array(frame.to_numpy(), dtype=np.float64, order="C")
    values[~np.isfinite(values)] = np.nan
    return table.column(0).to_pylist(), values


def _arrow_table(block: bytes, n_columns: int, wanted: Sequence[int], separator: str, quoted: bool) -> Any:
    """The ids and the columns wanted, by their position.

    Raises:
        ValueError: a row of another length, a cell that is no number, or bytes that are no UTF-8.
    """
    pa: Any = import_module("pyarrow")  # it has no types
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
        ),
    )


def _plain(block: bytes, separator: str) -> bytes:
    """The block as Arrow takes it: UTF-8, and no spaces around a missing value (R's `format` pads `NA`)."""
    missing = b"|".join(re.escape(text.encode()) for text in MISSING)
    between = re.escape(separator.encode())
    plain = re.sub(rb"(?<=" + between + rb") *(" + missing + rb") *(?=" + between + rb"|[\r\n]|$)", rb"\1", block)
    try:
        plain.decode("utf-8")
    except UnicodeDecodeError:  # from before GEO wrote UTF-8, as in headers
        return plain.decode("cp1252", errors="replace").encode()
    return plain


def _explain(block: bytes, columns: Sequence[str], separator: str, wanted: Sequence[int], error: Exception) -> str:
    """Which row and cell a block could not be read for."""
    for line in block.decode("utf-8", errors="replace").split("\n"):
        cells = [cell.strip().strip('"') for cell in line.rstrip("\r").split(separator)]
        if line.rstrip("\r") == "":
            continue
        if len(cells) != len(columns) + 1:
            return f"the row {cells[0]!r} has {len(cells) - 1} values, expected {len(columns)}"
        for i in wanted:
            if cells[i] not in MISSING and not _is_number(cells[i]):
                return f"the row {cells[0]!r} has {cells[i]!r} for {columns[i - 1]}, expected a number"
    return f"the table cannot be read ({str(error).splitlines()[0]})"


def _is_number(cell: str) -> bool:
    """Whether Arrow would take it for a number; Python takes `1_000` and the digits of every script too."""
    return re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", cell) is not None


def check_ids(ids: Sequence[str], name: str) -> None:
    """Refuse ids of which one is missing or stands twice.

    Raises:
        SourceError: naming the row or the id.
    """
    distinct = set(ids)
    if "" in distinct:
        raise SourceError(f"{name}: row {ids.index('') + 1} of the table has no id")
    if len(distinct) == len(ids):
        return
    seen: set[str] = set()
    for key in ids:
        if key in seen:
            raise SourceError(f"{name}: the id {key!r} stands in two rows")
        seen.add(key)
