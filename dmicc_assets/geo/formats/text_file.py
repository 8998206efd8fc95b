"""Text as R, spreadsheets and old machines write it, as blocks of UTF-8 with LF line ends; other files are named.

How a table in it is laid out is `layout.py`'s.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.gzip_stream import text_blocks
from dmicc_assets.geo.formats.limits import refuse_long_line

# What a file is that is no text, by its first bytes, and what to do.
_KINDS = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook: save the sheet as CSV, or unpack the archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook: save the sheet as CSV"),
    (b"BZh", "a bzip2 file: unpack it, or compress it with gzip"),
    (b"\xfd7zXZ", "an xz file: unpack it, or compress it with gzip"),
    (b"\x28\xb5\x2f\xfd", "a zstandard file: unpack it, or compress it with gzip"),
    (b"RDX", "an R image: in R, write the matrix with write.table"),
    (b"X\n\x00", "an object saved by R: in R, write the matrix with write.table"),
    (b"\x89HDF", "an HDF5 file (h5ad, loom): write the matrix as a table of text"),
    (b"%PDF", "a PDF"),
    (b"!Series_", "a series matrix of GEO: write source: geo, with the accession as the dataset's name"),
    (b"^DATABASE", "a SOFT file of GEO: write source: geo, with the accession as the dataset's name"),
    (b"^SERIES", "a SOFT file of GEO: write source: geo, with the accession as the dataset's name"),
    (b"ARROW1", "a Feather file: write the matrix as Parquet or as a table of text"),
    (b"%%MatrixMarket", "a sparse matrix without names (MatrixMarket): write a table of genes by samples"),
    (b"\xff\xfe\0\0", "text in UTF-32: save it in UTF-8"),
    (b"\0\0\xfe\xff", "text in UTF-32: save it in UTF-8"),
)
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
# A quoted cell, spaces at the beginning or the end of a line, and those between cells.
_SPACES = re.compile(r'("[^"\n]*")|^ +| +(?=\r?$)|( +)', re.M)
# A tape archive says so here.
_TAR = slice(257, 262)
_TELLING = 512


def utf8_blocks(path: Path, pieces: Iterable[bytes] | None = None) -> Iterator[bytes]:
    """Content of a text file, decompressed, in UTF-8 without byte order mark, lines ended by LF or CR LF.

    Bytes that are in no UTF-8 stay as they are.

    Args:
        path: the file.
        pieces: its decompressed content, if it is at hand.

    Raises:
        SourceError: the file is no text (a workbook, an archive), is empty, an HTML page or damaged.
    """
    blocks = iter(text_blocks(path) if pieces is None else pieces)
    start = b""
    while len(start) < _TELLING and (piece := next(blocks, b"")):
        start += piece
    _refuse_other_kinds(start, path.name)
    blocks = chain([start], blocks)
    encoding = _UTF16.get(start[:2])
    if encoding is not None:
        blocks = _recoded(blocks, encoding)
    elif start.startswith(codecs.BOM_UTF8):
        blocks = chain([start.removeprefix(codecs.BOM_UTF8)], _but_first(blocks))
    yield from with_line_feeds(blocks)


def decoded(content: bytes) -> str:
    """Text of UTF-8, or of an old machine's code page (cp1252, of which Latin-1 is a part) where it is none."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def doubled_quotes(content: bytes, separator: str) -> bytes:
    r"""Whole lines in which a quotation mark inside a cell is written twice, not as `\"` as R's `write.table` does.

    A backslash before the quotation mark that ends a cell is a part of the cell.
    """
    if b'\\"' not in content:
        return content
    return re.sub(rb'\\"(?![' + re.escape(separator.encode()) + rb"\r\n]|\Z)", b'""', content)


def single_spaces(text: str) -> str:
    """Whole lines of cells that any number of spaces separates (R's `print`, `column -t`), with one between two."""
    return _SPACES.sub(lambda found: found[1] or " " * (found[2] is not None), text)


def _refuse_other_kinds(start: bytes, name: str) -> None:
    for magic, kind in _KINDS:
        if start.startswith(magic):
            raise SourceError(f"{name}: {kind}")
    if start[_TAR] == b"ustar":
        raise SourceError(f"{name}: a tar archive: unpack it")
    if b"\0" in start and start[:2] not in _UTF16:
        raise SourceError(f"{name}: expected text, found a binary file that begins with {start[:12]!r}")


def _recoded(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for i, block in enumerate(blocks):
        text = decoder.decode(block)
        yield (text.removeprefix("\ufeff") if i == 0 else text).encode()
    yield decoder.decode(b"", final=True).encode()


def _but_first(blocks: Iterator[bytes]) -> Iterator[bytes]:
    next(blocks, b"")
    yield from blocks


def with_line_feeds(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks; where the first line ends with CR alone (an old Macintosh), every CR becomes LF."""
    blocks = iter(blocks)
    pieces: list[bytes] = []
    n_bytes = 0
    for block in blocks:
        pieces.append(block)
        n_bytes += len(block)
        refuse_long_line(n_bytes - len(block))
        if b"\n" in block or b"\r" in block[:-1] or (len(pieces) > 1 and pieces[-2].endswith(b"\r")):
            break
    start = b"".join(pieces)
    at = start.find(b"\r")
    is_old = at >= 0 and start[at + 1 : at + 2] != b"\n" and not 0 <= start.find(b"\n") < at
    for block in chain([start], blocks):
        yield block.replace(b"\r", b"\n") if is_old else block
