"""The table of a platform as text: NCBI's `.annot`, the submitter's SOFT, acc.cgi's text.

Its symbols are found by `symbol_columns.py` and `symbol_cells.py`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.gzip_stream import text_blocks
from dmicc_assets.geo.formats.numeric_rows import whole_lines
from dmicc_assets.geo.formats.series_header import parse_date

END = "!platform_table_end"
# How many values of each column are kept to show what the columns hold.
_EXAMPLES = 3
Examples = list[tuple[str, list[str]]]


@dataclass(frozen=True, slots=True)
class PlatformTable:
    """A platform's table as text.

    Attributes:
        accession: the platform's, empty when the file does not say.
        examples: gives for each column of the file, in order, its name and the first distinct values.
        columns: names of the columns that are kept.
        rows: cells of those, the id first.
    """

    accession: str
    examples: Callable[[], Examples]
    columns: list[str]
    rows: list[list[str]]


def read_platform_table(
    path: Path, accession: str | None = None, columns: Collection[str] | None = None
) -> PlatformTable:
    """A platform's table, reduced to the ids and some columns.

    Args:
        path: `.annot[.gz]`, SOFT (a family file too) or acc.cgi's text.
        accession: which platform, where a file holds several (GSE781's family: GPL96 and GPL97).
        columns: plain names (`plain_name`) of the columns to keep beside the ids; None keeps all.

    Raises:
        SourceError: no table of this platform, no end marker, or an HTML page in the file's place.
    """
    lines = platform_lines(text_blocks(path))
    found, names = find_table(lines, path.name, accession)
    own = names.index("ID") if "ID" in names else 0
    kept = [i for i, name in enumerate(names) if i != own and (columns is None or plain_name(name) in columns)]
    rows: list[list[str]] = []
    for line in lines:
        if line == END:
            examples = partial(_examples, path, accession)
            return PlatformTable(found, examples, [names[own], *(names[i] for i in kept)], rows)
        cells = line.split("\t")
        if own < len(cells) and (probe := cells[own].strip('"')):
            rows.append([probe, *(cells[i] if i < len(cells) else "" for i in kept)])
    raise cut_short(path.name)


def verify_platform_table(path: Path, accession: str | None) -> None:
    """Check that a file has the whole table of a platform; arguments and errors as of `read_platform_table`."""
    lines = platform_lines(text_blocks(path))
    find_table(lines, path.name, accession)
    if END not in lines:
        raise cut_short(path.name)


def _examples(path: Path, accession: str | None) -> Examples:
    """The first distinct values of each column."""
    lines = platform_lines(text_blocks(path))
    _, names = find_table(lines, path.name, accession)
    examples: list[dict[str, None]] = [{} for _ in names]
    unseen = set(range(len(names)))
    for line in lines:
        if line == END or not unseen:
            break
        cells = line.split("\t")
        for i in [i for i in unseen if i < len(cells) and cells[i].strip()]:
            examples[i][cells[i].strip()] = None
            if len(examples[i]) == _EXAMPLES:
                unseen.remove(i)
    return [(name, list(values)) for name, values in zip(names, examples, strict=True)]


def platform_part(blocks: Iterable[bytes], name: str, accession: str) -> Iterator[bytes]:
    """The record and table of one platform in a series' family SOFT file, in which platforms precede samples.

    Args:
        blocks: the file's decompressed content, in order; read only up to the table's end.
        name: name of the file in messages.
        accession: which platform.

    Returns:
        Its lines; none where the file has no table of it.

    Raises:
        SourceError: the table is cut short.
    """
    record: list[str] = []
    lines = platform_lines(blocks)
    for line in lines:
        if line.startswith("^SAMPLE"):
            return
        if line.startswith("^"):
            record = [line] if line == f"^PLATFORM = {accession}" else []
        elif record:
            record.append(line)
            if line == "!platform_table_begin":
                break
    else:
        return
    yield from (f"{line}\n".encode() for line in record)
    for line in lines:
        yield f"{line}\n".encode()
        if line == END:
            return
    raise cut_short(name)


def read_platform_date(path: Path, accession: str) -> date | None:
    """Date of the last update of a platform's record in its SOFT text; None without one (`.annot`).

    Raises:
        SourceError: a damaged file, or an HTML page in its place.
    """
    found = ""
    for line in platform_lines(text_blocks(path)):
        head, _, value = line.partition(" = ")
        if head == "^PLATFORM":
            found = value.strip()
        elif found == accession and head == "!Platform_last_update_date":
            return parse_date(value)
        elif found == accession and line == "!platform_table_begin":
            break
    return None


def platform_lines(blocks: Iterable[bytes]) -> Iterator[str]:
    """The lines of a platform's text, without their ends."""
    for block in whole_lines(blocks):
        for line in block.decode("utf-8-sig", errors="replace").split("\n"):
            yield line.rstrip("\r")


def find_table(lines: Iterator[str], name: str, accession: str | None) -> tuple[str, list[str]]:
    """The next platform with a table, and the table's columns; the next line of `lines` is then its first row."""
    found = ""
    for line in lines:
        head, _, value = line.partition(" = ")
        if head == "^PLATFORM" or (head == "!Annotation_platform" and not found):
            found = value.strip()
        elif line == "!platform_table_begin" and accession in (None, found, ""):
            return found, next(lines, "").split("\t")
    raise SourceError(f"{name}: expected the table of {accession or 'a platform'}, found none")


def cut_short(name: str) -> SourceError:
    """The error of a platform's table without its end."""
    return SourceError(f"{name}: the platform's table is cut short: no line {END}")


def plain_name(column: str) -> str:
    """A column's name in lower case, letters and digits only: `GENE_SYMBOL` and `Gene Symbol` are one."""
    return "".join(filter(str.isalnum, column.casefold()))
