"""Plain matrices and sample sheets: a Xena hub's, or a local TSV, CSV or Parquet file, compressed or not.

Rows are genes (or probes), the first column names them, every other column is a sample.
"""

import csv
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.gzip_stream import text_blocks
from dmicc_assets.geo.formats.layout import (
    FEATURE_COUNTS,
    N_LINES,
    Layout,
    layout_of,
    lines_before,
    named_as_rows,
    separator_of,
    stated_separator,
    without_index,
)
from dmicc_assets.geo.formats.limits import joined, refuse_large_matrix
from dmicc_assets.geo.formats.matrix_names import check_names, check_rows
from dmicc_assets.geo.formats.numeric_rows import check_ids, is_number, read_rows, whole_lines
from dmicc_assets.geo.formats.series_header import sample_rows
from dmicc_assets.geo.formats.text_file import decoded, doubled_quotes, single_spaces, utf8_blocks
from dmicc_assets.types import ExpressionMatrix

_PARQUET = b"PAR1"
_QUOTED = re.compile(rb'"((?:[^"]|"")*)"')
# Rows of HTSeq, STAR and featureCounts' summary that count the reads of no gene.
_NO_GENE = re.compile(
    r"__(?:no_feature|ambiguous|too_low_aQual|not_aligned|alignment_not_unique)"
    r"|N_(?:unmapped|multimapping|noFeature|ambiguous)"
    r"|Assigned|Unassigned_\w+"
)
_BEGINS_NO_GENE = ("__", "N_", "Assigned", "Unassigned_")


def read_matrix(path: Path) -> tuple[ExpressionMatrix, str]:
    """Read a matrix of R rows and N samples.

    Args:
        path: TSV, CSV (by its name, `.csv` or `.csv.gz`) or Parquet.

    Returns:
        The matrix, and the SHA-256 of the decompressed text (for Parquet: of the file).

    Raises:
        SourceError: the table has no sample column, a duplicate name, a row of another length, or a cell that is not a
            number.
    """
    if _first_bytes(path)[:4] == _PARQUET:
        return _parquet_matrix(path)
    digest = hashlib.sha256()
    layout, rows = _opened(path, digest.update)
    ids, values = read_rows(
        rows, layout.columns[1:], path.name, layout.separator, only=layout.samples, decimal=layout.decimal
    )
    ids = [key.strip() for key in ids]
    if any(key.startswith(_BEGINS_NO_GENE) for key in ids):
        genes = [i for i, key in enumerate(ids) if not _NO_GENE.fullmatch(key)]
        ids, values = [ids[i] for i in genes], values[genes]
    if not ids:
        raise SourceError(f"{path.name}: the table has no rows")
    if spilt := [key for key in ids if "\n" in key]:
        raise SourceError(
            f"{path.name}: the name {spilt[0][:40]!r} goes over several lines: a quotation mark in it is not closed; "
            "write the table without quotes"
        )
    check_ids(ids, path.name)
    check_rows(ids, layout.samples, path.name)
    return ExpressionMatrix(values, tuple(ids), tuple(layout.samples)), digest.hexdigest()


def is_feature_counts(path: Path) -> bool:
    """Whether a matrix is one of featureCounts (Subread): read counts of genes.

    Raises:
        SourceError: as `read_matrix`, of the header.
    """
    return (
        _first_bytes(path)[:4] != _PARQUET and tuple(_opened(path)[0].columns[: len(FEATURE_COUNTS)]) == FEATURE_COUNTS
    )


@dataclass(frozen=True, slots=True)
class MatrixNames:
    """The rows and columns of a matrix without its values."""

    features: Sequence[str]
    samples: Sequence[str]


def names_of(path: Path) -> MatrixNames:
    """Names of the rows and samples of a matrix; its numbers are neither parsed nor checked.

    Raises:
        SourceError: the file cannot be read, or has no sample column, or one without a name or twice.
    """
    if _first_bytes(path)[:4] == _PARQUET:
        try:
            with path.open("rb") as file:
                order = _names_first(pl.DataFrame(schema=pl.read_parquet_schema(file))).columns
            samples = order[1:]
            rows = pl.read_parquet(path, columns=order[:1], glob=False).to_series(0).cast(pl.String)
        except pl.exceptions.PolarsError as error:
            raise _unreadable(path, error) from None
        return MatrixNames(rows.drop_nulls().to_list(), samples)
    layout, blocks = _opened(path)
    refuse_large_matrix(1, len(layout.samples), path.name)
    separator = layout.separator.encode()
    lines = (line for block in blocks for line in block.split(b"\n"))
    names = (_first_cell(line, separator) for line in lines)
    return MatrixNames([name for name in names if name and not _NO_GENE.fullmatch(name)], layout.samples)


def _first_cell(line: bytes, separator: bytes) -> str:
    quoted = _QUOTED.match(line)
    is_whole = quoted is not None and line[quoted.end() :].lstrip(b" \r")[:1] in (b"", separator)
    cell = quoted[1].replace(b'""', b'"') if quoted and is_whole else line.split(separator, 1)[0]
    return cell.decode(errors="replace").strip().strip('"')


def sample_columns(line: bytes, name: str) -> list[str]:
    """Names of the samples in the first line of a matrix.

    Raises:
        SourceError: there are none, or one without a name or twice.
    """
    return layout_of([line.decode("utf-8-sig", errors="replace").rstrip("\r")], name.rsplit("/", 1)[-1]).samples


def verify_matrix(path: Path) -> None:
    """Check that a file is a table and, when compressed, complete; numbers are not parsed.

    Raises:
        SourceError: missing, empty, an HTML page, a damaged gzip or Parquet file, or no second column.
    """
    start = _first_bytes(path)
    if start[:4] == _PARQUET:
        with path.open("rb") as file:
            file.seek(-4, 2)
            if file.read() != _PARQUET:
                raise SourceError(f"{path.name}: the Parquet file is cut short")
        return
    _, blocks = _opened(path)
    for _ in blocks:
        pass


def read_sample_sheet(path: Path) -> dict[str, dict[str, str]]:
    """Characteristics of each sample: the sheet's first column is the sample, its other columns are the keys.

    Raises:
        SourceError: the file is not a table, a sample or a column is a duplicate, or a row is longer than the header.
    """
    header, rows = text_table(path)
    keys = [key.strip() for key in header]
    if twice := [key for i, key in enumerate(keys) if key and key in keys[:i]]:
        raise SourceError(f"{path.name}: duplicate column {twice[0]!r}")
    sheet: dict[str, dict[str, str]] = {}
    for row in rows:
        if not row or not row[0].strip():
            continue
        if row[0].strip() in sheet:
            raise SourceError(f"{path.name}: duplicate sample {row[0]!r}")
        if any(cell.strip() for cell in row[len(keys) :]):
            raise SourceError(f"{path.name}: the row of {row[0]!r} has {len(row)} cells, the header {len(keys)}")
        sheet[row[0].strip()] = {key: value.strip() for key, value in zip(keys[1:], row[1:], strict=False) if key}
    if not sheet:
        raise SourceError(f"{path.name}: expected a sample sheet (first column the sample), found no row")
    return sheet


def text_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a table of text: TSV, CSV or Parquet.

    Raises:
        SourceError: a Parquet file that cannot be read, a damaged gzip file, or an HTML page.
    """
    if _first_bytes(path)[:4] == _PARQUET:
        try:
            frame = pl.read_parquet(path, glob=False)
        except pl.exceptions.PolarsError as error:
            raise _unreadable(path, error) from None
        return frame.columns, [["" if cell is None else str(cell) for cell in row] for row in frame.iter_rows()]
    text = decoded(joined(utf8_blocks(path), path.name))
    lines = text.split("\n")
    n_before = lines_before(lines, of_text=True)
    text = text.split("\n", n_before)[-1]
    separator = stated_separator(lines) or separator_of(text.partition("\n")[0])
    text = doubled_quotes((single_spaces(text) if separator == " " else text).encode(), separator).decode()
    cells = csv.reader(StringIO(text, newline=""), delimiter=separator)
    try:
        header, *rows = list(cells) or [[]]
    except csv.Error as error:
        raise SourceError(f"{path.name}: the table cannot be read at line {cells.line_num} ({error})") from None
    if separator == "\t" and (spilt := [cell for row in rows for cell in row if "\n" in cell and "\t" in cell]):
        raise SourceError(
            f"{path.name}: the cell {spilt[0][:40]!r} goes over several lines: a quotation mark in it is not closed; "
            "write the table without quotes"
        )
    rows = [row for row in rows if any(row)]
    if separator == " " and len({len(header), *map(len, rows)}) > 1 and {len(header) + 1} != {*map(len, rows)}:
        raise SourceError(
            f"{path.name}: spaces separate its cells, and rows have not as many as the header: write tabs"
        )
    header, rows = without_index(header, rows)
    return named_as_rows(header, rows), rows


def samples_of(columns: Sequence[str], sheet: dict[str, dict[str, str]], name: str) -> pl.DataFrame:
    """A samples table for a matrix's columns, with the sheet's characteristics; without a sheet their names only.

    Raises:
        SourceError: a column of the matrix is not in the sheet.
    """
    rows: list[dict[str, object]] = []
    for sample in columns:
        if sheet and sample not in sheet:
            raise SourceError(f"{name}: the sample {sample!r} of the matrix has no row in the sample sheet")
        described = sheet.get(sample, {})
        rows.append(
            {
                "sample": sample,
                "title": described.get("title", sample),
                "source_name": described.get("source_name", ""),
                "characteristics": [{"key": key, "value": value} for key, value in described.items() if value],
                "platform": None,
                "last_update_date": None,
                "relations": [],
            }
        )
    return sample_rows(rows)


def _parquet_matrix(path: Path) -> tuple[ExpressionMatrix, str]:
    try:
        frame = _names_first(pl.read_parquet(path, glob=False))
        names = frame.columns
        check_names(names[1:], path.name)
        ids = frame.to_series(0).cast(pl.String)
        _refuse_text(frame.select(names[1:]), path.name)
        values = frame.select(pl.col(names[1:]).cast(pl.Float64).fill_null(np.nan)).to_numpy()
    except pl.exceptions.PolarsError as error:
        raise _unreadable(path, error) from None
    if ids.null_count() or not len(ids) or (ids == "").any():
        raise SourceError(f"{path.name}: expected a name in the first column of every row ({names[0]})")
    if twice := ids.filter(ids.is_duplicated()).to_list():
        raise SourceError(f"{path.name}: duplicate id {twice[0]!r} in the first column")
    check_rows(ids.to_list(), names[1:], path.name)
    values = np.where(np.isfinite(values), values, np.nan)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ExpressionMatrix(values, tuple(ids.to_list()), tuple(names[1:])), digest


def _refuse_text(values: pl.DataFrame, name: str) -> None:
    """Refuse a column of Parquet that holds text."""
    for column in values.select(pl.col(pl.String, pl.Categorical)).iter_columns():
        cells = column.cast(pl.String).drop_nulls()
        if cells.cast(pl.Float64, strict=False).null_count():
            text = next(cell for cell in cells.to_list() if not is_number(cell))
            raise SourceError(
                f"{name}: column {column.name!r} holds text ({text!r}): expected one column of names, then numbers, "
                "one column for each sample; leave it out"
            )


def _names_first(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the names of rows in its first column: pandas writes an index of text behind the samples."""
    text = frame.select(pl.col(pl.String, pl.Categorical)).columns
    is_last = len(text) == 1 and text[0] == frame.columns[-1]
    return frame.select(text[0], pl.exclude(text[0])) if is_last else frame


def _unreadable(path: Path, error: pl.exceptions.PolarsError) -> SourceError:
    return SourceError(f"{path.name}: the Parquet file cannot be read ({str(error).splitlines()[0]})")


def _opened(path: Path, update: Callable[[bytes], None] | None = None) -> tuple[Layout, Iterator[bytes]]:
    """The layout of a matrix, and its rows in blocks of whole lines, without those of nothing but separators.

    Args:
        path: a file of text.
        update: is given the decompressed content, block by block.
    """
    blocks = whole_lines(utf8_blocks(path, None if update is None else _seen(path, update)))
    start = b""
    while _n_telling(start) <= N_LINES and (block := next(blocks, b"")):
        start += block
    n_lines = N_LINES + start.count(b"\n") - _n_telling(start)
    lines = decoded(b"\n".join(start.split(b"\n", n_lines)[:n_lines])).split("\n")
    layout = layout_of([line.rstrip("\r") for line in lines], path.name)
    n_header = layout.n_before + 1 + layout.n_metadata
    while start.count(b"\n") < n_header and (block := next(blocks, b"")):
        start += block
    after_header = start.split(b"\n", n_header)[n_header:]
    separator = re.escape(layout.separator.encode())
    blank = re.compile(rb'^(?:"?"?' + separator + rb')+"?"?\r?(?:\n|\Z)', re.M)
    index = re.compile(rb"^[^" + separator + rb"\n]*" + separator, re.M)

    separator_byte = layout.separator.encode()
    begins_of_blank = tuple(quotes + separator_byte for quotes in (b"", b'"', b'""'))

    def rows() -> Iterator[bytes]:
        for block in chain(after_header, blocks):
            plain = single_spaces(decoded(block)).encode() if layout.separator == " " else block
            # `sub` looks at every cell, and most blocks have no such line.
            if _begins_with(plain, b'"' + separator_byte) and any(
                line.startswith(begins_of_blank) for line in plain.split(b"\n")
            ):
                plain = blank.sub(b"", plain)
            if kept := doubled_quotes(plain, layout.separator):
                yield index.sub(b"", kept) if layout.has_index else kept

    return layout, rows()


def _begins_with(block: bytes, characters: bytes) -> bool:
    """Whether a line of the block begins with one of the characters."""
    text = np.frombuffer(block, np.uint8)
    begins = np.append(0, np.flatnonzero(text[:-1] == ord("\n")) + 1)
    return len(text) > 0 and any((text[begins] == character).any() for character in characters)


def _n_telling(start: bytes) -> int:
    """Lines that are no comments: comments may be any number."""
    return start.count(b"\n") - start.count(b"\n#")


def _seen(path: Path, update: Callable[[bytes], None]) -> Iterator[bytes]:
    for block in text_blocks(path):
        update(block)
        yield block


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(16)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror})") from None
