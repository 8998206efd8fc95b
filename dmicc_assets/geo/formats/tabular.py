"""Plain matrices and sample sheets: a Xena hub's, or a local TSV, CSV or Parquet file, compressed or not.

Rows are genes (or probes), the first column names them, every other column is a sample.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import polars as pl

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.gzip_stream import text_blocks
from dmicc_assets.geo.formats.numeric_rows import read_rows, whole_lines
from dmicc_assets.geo.formats.series_header import sample_rows
from dmicc_assets.types import ExpressionMatrix

_PARQUET = b"PAR1"


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
    separator = _separator(path)
    lines = _digested_lines(path, digest.update)
    first = next(lines, b"")
    names, _, rest = first.partition(b"\n")
    header = _header(names, separator)
    _check_columns(header[1:], path.name)
    ids, values = read_rows(_before(rest, lines), header[1:], path.name, separator)
    if not ids:
        raise SourceError(f"{path.name}: the table has no rows")
    return ExpressionMatrix(values, tuple(ids), tuple(header[1:])), digest.hexdigest()


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
            samples = list(pl.read_parquet_schema(path))[1:]
            rows = pl.read_parquet(path, columns=[0]).to_series(0).cast(pl.String)
        except pl.exceptions.PolarsError as error:
            raise _unreadable(path, error) from None
        return MatrixNames(rows.drop_nulls().to_list(), samples)
    separator = _separator(path).encode()
    lines = (line for block in whole_lines(text_blocks(path)) for line in block.split(b"\n"))
    samples = sample_columns(next(lines, b""), path.name)
    names = (line.split(separator, 1)[0].decode(errors="replace").strip().strip('"') for line in lines)
    return MatrixNames([name for name in names if name], samples)


def sample_columns(line: bytes, name: str) -> list[str]:
    """Names of the samples in the first line of a matrix of this file name.

    Raises:
        SourceError: there are none, or one without a name or twice.
    """
    samples = _header(line, _separator(Path(name)))[1:]
    _check_columns(samples, name.rsplit("/", 1)[-1])
    return samples


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
    blocks = whole_lines(text_blocks(path))
    header = _header(next(blocks, b"").partition(b"\n")[0], _separator(path))
    if len(header) < 2:
        raise SourceError(f"{path.name}: expected a table with one column for each sample, found {header[0][:40]!r}")
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
            frame = pl.read_parquet(path)
        except pl.exceptions.PolarsError as error:
            raise _unreadable(path, error) from None
        return frame.columns, [["" if cell is None else str(cell) for cell in row] for row in frame.iter_rows()]
    text = b"".join(text_blocks(path)).decode("utf-8-sig", errors="replace")
    header, *rows = list(csv.reader(StringIO(text, newline=""), delimiter=_separator(path))) or [[]]
    return header, rows


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
        frame = pl.read_parquet(path)
        names = frame.columns
        _check_columns(names[1:], path.name)
        ids = frame.to_series(0).cast(pl.String)
        values = frame.select(pl.col(names[1:]).cast(pl.Float64).fill_null(np.nan)).to_numpy()
    except pl.exceptions.PolarsError as error:
        raise _unreadable(path, error) from None
    if ids.null_count() or not len(ids) or (ids == "").any():
        raise SourceError(f"{path.name}: expected a name in the first column of every row ({names[0]})")
    if twice := ids.filter(ids.is_duplicated()).to_list():
        raise SourceError(f"{path.name}: duplicate id {twice[0]!r} in the first column")
    values = np.where(np.isfinite(values), values, np.nan)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ExpressionMatrix(values, tuple(ids.to_list()), tuple(names[1:])), digest


def _unreadable(path: Path, error: pl.exceptions.PolarsError) -> SourceError:
    return SourceError(f"{path.name}: the Parquet file cannot be read ({str(error).splitlines()[0]})")


def _digested_lines(path: Path, update: Callable[[bytes], None]) -> Iterator[bytes]:
    for block in whole_lines(text_blocks(path)):
        update(block)
        yield block


def _before(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from blocks


def _header(line: bytes, separator: str) -> list[str]:
    text = line.decode("utf-8-sig", errors="replace").rstrip("\r\n")
    return [cell.strip() for cell in next(csv.reader([text], delimiter=separator), [""])]


def _check_columns(samples: Sequence[str], name: str) -> None:
    if not samples:
        raise SourceError(f"{name}: expected one column for each sample after the first, found none")
    if "" in samples:
        raise SourceError(f"{name}: column {list(samples).index('') + 2} of the table has no name")
    if len(set(samples)) < len(samples):
        twice = next(sample for i, sample in enumerate(samples) if sample in samples[:i])
        raise SourceError(f"{name}: duplicate sample column {twice!r}")


def _separator(path: Path) -> str:
    return "," if path.name.lower().removesuffix(".gz").endswith(".csv") else "\t"


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(16)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror})") from None
