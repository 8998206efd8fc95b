"""Files read as blocks of decompressed bytes, with gzip's own checks, in constant memory.

It recognises files that are not gzip, damaged or cut short; the readers interpret the content.
"""

import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from dmicc_assets.errors import SourceError

MAGIC = b"\x1f\x8b"
CHECK = "I1"  # name of the check in the report that a damaged file fails
_READ = 1 << 17
_TELLING = 512  # bytes read to recognise the type of a file
_LARGEST_BLOCK = 1 << 20
_HTML = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")


def gzip_blocks(path: Path) -> Iterator[bytes]:
    """Decompressed content of a gzip file, block by block; the CRC of every member is checked.

    Raises:
        SourceError: the file is missing, empty, not gzip (an HTML page is named as such), damaged or cut short.
    """
    try:
        with path.open("rb") as file:
            yield from inflate(iter(lambda: file.read(_READ), b""), path.name)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror})") from None


def text_blocks(path: Path) -> Iterator[bytes]:
    """Content of a text file, block by block, decompressed when the file begins with gzip's magic bytes.

    Raises:
        SourceError: the file is missing, empty, an HTML page, or a damaged gzip file.
    """
    try:
        with path.open("rb") as file:
            yield from decompressed(iter(lambda: file.read(_READ), b""), path.name)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror})") from None


def decompressed(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Content of a text file that arrives in pieces, decompressed when it begins with gzip's magic bytes.

    Raises:
        SourceError: the file is empty, an HTML page, or a damaged gzip file.
    """
    start = b""
    while len(start) < _TELLING and (piece := next(pieces, b"")):
        start += piece
    if start[:2] == MAGIC:
        yield from inflate(chain([start], pieces), name)
        return
    if not start or looks_like_html(start):
        raise SourceError(f"{name}: {_what_instead(start)} in place of a table", check=CHECK)
    yield start
    yield from pieces


def looks_like_html(start: bytes) -> bool:
    """Whether a file's first bytes are those of an HTML or XML page, which servers send in case of an error."""
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_HTML)


def begins_as_html(path: Path) -> bool:
    """Whether a file looks like an HTML or XML page."""
    with path.open("rb") as file:
        return looks_like_html(file.read(_TELLING))


def inflate(compressed: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Decompress gzip data that arrives in pieces, one gzip member after another, in blocks of at most 1 MiB.

    Args:
        compressed: pieces of the gzip file, in order.
        name: name of the file in messages.

    Raises:
        SourceError: not gzip data, damaged, or the last member is incomplete.
    """
    stream: zlib._Decompress | None = None  # pyright: ignore[reportPrivateUsage] - the type has no public name
    begun = False
    for piece in compressed:
        if not begun and piece[:1] != MAGIC[:1]:
            raise SourceError(f"{name}: {_what_instead(piece)} in place of a gzip file", check=CHECK)
        rest = piece
        while rest:
            if stream is None:
                rest = rest.lstrip(b"\0") if begun else rest  # gzip allows zeros as padding between members
                if not rest:
                    break
                stream = zlib.decompressobj(31)
                begun = True
            try:
                block = stream.decompress(rest, _LARGEST_BLOCK)
            except zlib.error as error:
                raise SourceError(f"{name}: the gzip file is damaged ({_reason(error)})", check=CHECK) from None
            if block:
                yield block
            rest = stream.unconsumed_tail
            if stream.eof:
                rest, stream = stream.unused_data, None
    if not begun:
        raise SourceError(f"{name}: {_what_instead(b'')} in place of a gzip file", check=CHECK)
    if stream is not None:
        raise SourceError(f"{name}: the gzip file is cut short", check=CHECK)


def _reason(error: zlib.error) -> str:
    return str(error).rsplit(": ", 1)[-1]


def _what_instead(start: bytes) -> str:
    if not start:
        return "an empty file"
    if looks_like_html(start):
        return "an HTML page"
    return f"a file that begins with {start[:12]!r}"
