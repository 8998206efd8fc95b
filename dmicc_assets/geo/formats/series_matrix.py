"""GEO's series matrix files, read in one streaming pass and checked on the way: CRC, end marker, rows, columns.

Formats only: `geo/sources.py` has the URL of a file, `geo/dataset.py` makes a dataset from its content.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.gzip_stream import CHECK, gzip_blocks
from dmicc_assets.geo.formats.numeric_rows import find_line, read_rows, whole_lines
from dmicc_assets.geo.formats.series_header import SAMPLE_KEYS, SeriesHeader, build_header
from dmicc_assets.geo.formats.text_file import with_line_feeds
from dmicc_assets.types import ExpressionMatrix
from dmicc_assets.wording import counted

_BEGIN = b"!series_matrix_table_begin"
_END = b"!series_matrix_table_end"
_LARGEST_HEADER = 1 << 28  # bytes: a small gzip file can hold any number of them


@dataclass(frozen=True, slots=True)
class SeriesMatrix:
    """A series matrix file.

    Attributes:
        header: the series and its samples.
        matrix: (R, N) as served, probes by samples; R is 0 for a series whose table is empty (GSE118828).
        table_sha256: SHA-256 of the decompressed table, from its header row to before the end marker.
    """

    header: SeriesHeader
    matrix: ExpressionMatrix
    table_sha256: str

    @property
    def metadata_sha256(self) -> str:
        """SHA-256 of the samples' metadata, without dates."""
        return self.header.metadata_sha256


def read_series_matrix(path: Path) -> SeriesMatrix:
    """Read and check a series matrix.

    Args:
        path: a `*_series_matrix.txt.gz`.

    Raises:
        SourceError: the gzip file is damaged, the table or its end marker is missing, the number of rows differs from
            `!Sample_data_row_count`, the columns are not the sample accessions, or a cell is not a number.
    """
    header, table = _open(path)
    digest = hashlib.sha256(table.header_row)
    rows = _passed_to(digest.update, table.rows)
    ids, values = read_rows(rows, table.columns, path.name)
    _check_row_count(len(ids), header, path.name)
    matrix = ExpressionMatrix(values, tuple(ids), tuple(table.columns))
    return SeriesMatrix(header, matrix, digest.hexdigest())


def read_header(path: Path) -> SeriesHeader:
    """Read only the lines before the table; the rest of the file is neither read nor checked.

    Raises:
        SourceError: the file is not gzip, or has no table.
    """
    return header_of(gzip_blocks(path), path.name)


def header_of(blocks: Iterator[bytes], name: str) -> SeriesHeader:
    """The header of a series matrix that arrives in decompressed blocks; reading stops at the table.

    Raises:
        SourceError: no table begins.
    """
    head, _ = _read_head(with_line_feeds(blocks), name)
    return parse_head(head, name)


@dataclass(frozen=True, slots=True)
class MatrixStart:
    """The beginning of a series matrix.

    Attributes:
        header: the series and its samples.
        has_rows: whether a row follows the row of names.
    """

    header: SeriesHeader
    has_rows: bool


def matrix_start(blocks: Iterator[bytes], name: str) -> MatrixStart:
    """The header of a series matrix and whether its table is empty; reading stops at the first row.

    `!Sample_data_row_count` is not used, because some files lack it.

    Args:
        blocks: the file's decompressed content, in order.
        name: name of the file in messages.

    Raises:
        SourceError: no table begins.
    """
    blocks = with_line_feeds(blocks)
    head, rest = _read_head(blocks, name)
    lines = (line for block in whole_lines(_chain(rest, blocks)) for line in block.split(b"\n"))
    next(lines, None)  # the samples' names
    row = next((line.strip() for line in lines if line.strip()), _END)
    return MatrixStart(parse_head(head, name), row != _END)


def verify_series_matrix(path: Path) -> int:
    """Check a series matrix without parsing its numbers: CRC, end marker, number of rows, columns.

    Returns:
        The number of rows, 0 for an empty table.

    Raises:
        SourceError: as `read_series_matrix`, but for the cells.
    """
    header, table = _open(path)
    n_rows = sum(1 for block in table.rows for line in block.split(b"\n") if line.strip())
    _check_row_count(n_rows, header, path.name)
    return n_rows


@dataclass(frozen=True, slots=True)
class _Table:
    columns: Sequence[str]
    header_row: bytes
    rows: Iterator[bytes]


def _open(path: Path) -> tuple[SeriesHeader, _Table]:
    """The header of a file, and its table as a row of names and blocks of rows yet to be read."""
    blocks = with_line_feeds(gzip_blocks(path))
    head, rest = _read_head(blocks, path.name)
    header = parse_head(head, path.name)
    rows = _rows_before_end(_chain(rest, blocks), path.name)
    first = next(rows, b"")
    names, newline, remainder = first.partition(b"\n")
    columns = _cells(_decode(names))[1:]
    expected = header.samples["sample"].to_list()
    if columns != expected:
        raise SourceError(f"{path.name}: {_column_difference(columns, expected)}", check=CHECK)
    return header, _Table(columns, names + newline, _chain(remainder, rows))


def _read_head(blocks: Iterator[bytes], name: str) -> tuple[bytes, bytes]:
    """The content before the line at which the table begins, and what was already read after that line."""
    head = bytearray()
    start = 0
    for block in blocks:
        head += block
        while (at := head.find(_BEGIN, start)) >= 0:
            end = head.find(b"\n", at)
            if end < 0:
                break
            if head[:at].endswith(b"\n") and not head[at + len(_BEGIN) : end].strip():
                return bytes(head[:at]), bytes(head[end + 1 :])
            start = end
        start = max(start, len(head) - len(_BEGIN)) if at < 0 else at
        if len(head) > _LARGEST_HEADER:
            break
    raise SourceError(f"{name}: expected a series matrix, found no line {_BEGIN.decode()}", check=CHECK)


def _rows_before_end(blocks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Whole lines up to the end marker; the rest is read too, so that the gzip checks see the file's end."""
    ended = False
    for block in whole_lines(blocks):
        if ended:
            if block.strip():
                raise SourceError(f"{name}: something follows the line {_END.decode()}", check=CHECK)
            continue
        at = find_line(block, _END)
        if at < 0:
            yield block
            continue
        ended = True
        if at:
            yield block[:at]
        if block[at:].strip() != _END:
            raise SourceError(f"{name}: something follows the line {_END.decode()}", check=CHECK)
    if not ended:
        raise SourceError(f"{name}: the table is cut short: no line {_END.decode()}", check=CHECK)


def parse_head(head: bytes, name: str) -> SeriesHeader:
    """Parse the lines before the table.

    Raises:
        SourceError: no sample accessions, or a row of samples with more or fewer cells than there are samples.
    """
    series: dict[str, list[str]] = {}
    rows: list[tuple[str, list[str]]] = []
    for line in _header_lines(_decode(head)):
        key, *cells = _cells(line)
        if key.startswith("!Series_"):
            series.setdefault(key.removeprefix("!Series_"), []).extend(cells)
        elif key.removeprefix("!Sample_") in SAMPLE_KEYS:
            rows.append((key.removeprefix("!Sample_"), cells))
    n_samples = next((len(cells) for key, cells in rows if key == "geo_accession"), 0)
    if not n_samples:
        raise SourceError(f"{name}: expected a row !Sample_geo_accession with the samples, found none")
    samples: list[dict[str, list[str]]] = [{} for _ in range(n_samples)]
    for key, cells in rows:
        if len(cells) != n_samples:
            raise SourceError(
                f"{name}: !Sample_{key} has {len(cells)} cells, expected one for each of {n_samples} samples"
            )
        for fields, cell in zip(samples, cells, strict=True):
            fields.setdefault(key, []).append(cell)
    return build_header(series, samples, name)


def _header_lines(text: str) -> Iterator[str]:
    """The lines of a header; one ends where the next key begins, since quoted text may hold line feeds.

    Old metadata has CR inside (GSE781).
    """
    found: list[str] = []
    for line in text.split("\n"):
        if line.startswith(("!Series_", "!Sample_")) and found:
            yield " ".join(found).rstrip(" ")
            found = []
        if line.strip() or found:  # tabs alone are no cells
            found.append(line.rstrip("\r") if line.strip() else "")
    yield " ".join(found).rstrip(" ")


def _cells(line: str) -> list[str]:
    """Cells of a line, unquoted; `""` is a quote inside quotes, a tab inside quotes is part of the cell."""
    cells: list[str] = []
    open_cell: str | None = None
    for part in line.rstrip("\r").split("\t"):
        cell = part if open_cell is None else f"{open_cell}\t{part}"
        if cell.startswith('"') and not _is_closed(cell):
            open_cell = cell
            continue
        cells.append(_unquoted(cell))
        open_cell = None
    if open_cell is not None:  # a quote that never closes is a character: the tabs in it separate cells after all
        cells.extend(_unquoted(cell) for cell in open_cell.split("\t"))
    return cells


def _is_closed(cell: str) -> bool:
    quotes = len(cell) - len(cell.rstrip('"'))
    return quotes % 2 == 1 if quotes < len(cell) else quotes % 2 == 0


def _unquoted(cell: str) -> str:
    if len(cell) >= 2 and cell[0] == cell[-1] == '"':
        cell = cell[1:-1].replace('""', '"')
    return cell.strip()


def _decode(text: bytes) -> str:
    """UTF-8, as GEO writes; a file with any other byte is from before that and in Latin-1's superset."""
    try:
        return text.decode("utf-8-sig")  # an editor may have put a mark before the first line
    except UnicodeDecodeError:
        return text.decode("cp1252", errors="replace")


def _passed_to(update: Callable[[bytes], None], blocks: Iterator[bytes]) -> Iterator[bytes]:
    for block in blocks:
        update(block)
        yield block


def _chain(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from blocks


def _check_row_count(n_rows: int, header: SeriesHeader, name: str) -> None:
    """The truncation check; samples that differ in it have at least the largest number of rows together."""
    counts = header.row_counts
    if not counts:
        return
    if n_rows < counts[-1] or (len(counts) == 1 and n_rows != counts[0]):
        message = f"{name}: the table has {counted(n_rows, 'row')}, but !Sample_data_row_count says {counts[-1]}"
        raise SourceError(message, check=CHECK)


def _column_difference(columns: Sequence[str], expected: Sequence[str]) -> str:
    if len(columns) != len(expected):
        return f"the table has {len(columns)} sample columns, but !Sample_geo_accession names {len(expected)}"
    found, sample = next((a, b) for a, b in zip(columns, expected, strict=True) if a != b)
    return f"the table's column {found!r} is not the sample {sample!r} of !Sample_geo_accession"
