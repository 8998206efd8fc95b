"""How a table of text is laid out: separator, decimal sign, lines before the header, columns that are no samples.

It is told by the first lines, never by the file's name: a CSV of a German spreadsheet has semicolons and decimal
commas, and R's `write.table` has no name over the row names.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.numeric_rows import MISSING, is_number

# Lines that tell a layout.
N_LINES = 60
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
# Names over the names of rows: where one stands and the rows are longer, nobody can tell which name is lacking.
_OF_ROWS = frozenset(
    {"gene", "genes", "geneid", "genesymbol", "symbol", "probe", "probeid", "id", "idref", "name", "feature"}
    | {"sample", "samples", "sampleid", "samplename", "gsm", "geoaccession", "array", "barcode", "patient"}
)
# The first columns of featureCounts (Subread): a gene's name, then what precedes its counts.
FEATURE_COUNTS = ("Geneid", "Chr", "Start", "End", "Strand", "Length")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table of text is laid out.

    Attributes:
        separator: between cells.
        decimal: `.` or `,`.
        n_before: lines before the header: comments, GCT's version and size.
        columns: names of all columns, the one of the row names first.
        samples: those that hold numbers.
        has_index: whether a column of row numbers, as of pandas, precedes the row names; it is not in `columns`.
    """

    separator: str
    decimal: str
    n_before: int
    columns: list[str]
    samples: list[str]
    has_index: bool


def layout_of(lines: Sequence[str], name: str) -> Layout:
    """The layout of a matrix, from its first lines.

    Args:
        lines: without their ends, `N_LINES` of them or all.
        name: name of the file in messages.

    Raises:
        SourceError: no header, no sample, a column of text among the samples, or numbers that can be read in two ways.
    """
    n_before = _lines_before(lines)
    separator = separator_of(lines[n_before] if n_before < len(lines) else "")
    header, *rows = [*_cells(lines[n_before:], separator, name), []][: N_LINES + 1]
    rows = [row for row in rows if any(row)]
    header = named_as_rows(header, rows)
    has_index = _is_index(header, rows)
    if has_index:
        header, rows = header[1:], [row[1:] for row in rows]
    dropped = _not_samples(header, is_gct=n_before > 1 and lines[0].startswith("#1."))
    n_columns = len(header)
    while n_columns and not header[n_columns - 1] and rows and not any("".join(row[n_columns - 1 :]) for row in rows):
        n_columns -= 1  # a separator at the end of every line
    kept = [i for i in range(1, n_columns) if i not in dropped]
    samples = [header[i] for i in kept]
    check_names(samples, name)
    decimal = _decimal(rows, kept, separator, name)
    for i in kept:
        _refuse_text(header[i], [row[i] for row in rows if i < len(row) and row[i]], decimal, name)
    return Layout(separator, decimal, n_before, header, samples, has_index)


def separator_of(header: str) -> str:
    """The separator of a header: a tab, else the more frequent of semicolon and comma, else a space."""
    unquoted = re.sub('"[^"]*"', "x", header)
    if "\t" in unquoted:
        return "\t"
    best = max(";,", key=unquoted.count)
    return best if best in unquoted else " " if " " in unquoted.strip() else "\t"


def _cells(lines: Sequence[str], separator: str, name: str) -> list[list[str]]:
    """The cells of lines, without quotes and the white space around them."""
    text = StringIO("\n".join(lines), newline="")
    try:
        return [[cell.strip() for cell in row] for row in csv.reader(text, delimiter=separator)]
    except csv.Error as error:
        raise SourceError(f"{name}: the table cannot be read ({error})") from None


def check_names(samples: Sequence[str], name: str) -> None:
    """Refuse a table without samples, or with one that has no name or is a duplicate.

    Raises:
        SourceError: the message says which column.
    """
    if not samples:
        raise SourceError(f"{name}: expected one column for each sample after the first, found none")
    if "" in samples:
        raise SourceError(f"{name}: column {samples.index('') + 2} of the table has no name")
    seen: set[str] = set()
    for sample in samples:
        if sample in seen:
            raise SourceError(f"{name}: duplicate sample column {sample!r}")
        seen.add(sample)


def _lines_before(lines: Sequence[str]) -> int:
    """How many lines precede the header: blank ones, comments, and the size of a GCT file."""
    for i, line in enumerate(lines):
        if i and lines[i - 1].startswith(("#1.2", "#1.3")):
            continue
        if line.strip() and not line.startswith("#"):
            return i
    return 0


def named_as_rows(header: list[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The header with a name for every cell of the rows, if they have one more: R's `write.table` has none first."""
    is_longer = bool(rows) and all(len(row) == len(header) + 1 for row in rows)
    if not is_longer:
        return header
    if not any(row[-1] for row in rows):
        return [*header, ""]
    return header if re.sub(r"\W|_", "", "".join(header[:1])).casefold() in _OF_ROWS else ["", *header]


def _is_index(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first column is the row numbers that pandas writes, and the next one the names."""
    if len(header) < 3 or header[0] not in ("", "Unnamed: 0") or not rows:
        return False
    first = [row[0] for row in rows]
    counted = [str(i) for i in range(len(rows))], [str(i + 1) for i in range(len(rows))]
    return first in counted and not any(is_number(row[1], ".") for row in rows if len(row) > 1)


def _not_samples(header: Sequence[str], *, is_gct: bool) -> set[int]:
    if is_gct:
        return {1}
    return set(range(1, len(FEATURE_COUNTS))) if tuple(header[: len(FEATURE_COUNTS)]) == FEATURE_COUNTS else set()


def _decimal(rows: Sequence[Sequence[str]], kept: Sequence[int], separator: str, name: str) -> str:
    """The decimal sign of the numbers.

    A comma before three digits may separate thousands, unless a cell has another number of digits there (`7,1`), begins
    with 0 (`0,125`), or semicolons separate the cells, which spreadsheets write where the comma is the decimal sign.
    """
    cells = [row[i] for row in rows for i in kept if i < len(row) and row[i]]
    commas = [cell for cell in cells if "," in cell]
    if not commas:
        return "."
    has_points = any("." in cell for cell in cells)
    may_be_whole = has_points or separator != ";" or any(re.fullmatch(r"[+-]?\d{1,3}", cell) for cell in cells)
    if may_be_whole and all(map(_THOUSANDS.fullmatch, commas)):
        raise SourceError(
            f"{name}: {commas[0]!r} may be a number over a thousand or a decimal fraction: "
            "write numbers with a decimal point and no separator of thousands"
        )
    is_comma = all(_DECIMAL_COMMA.fullmatch(cell) for cell in commas) and not has_points
    return "," if is_comma else "."


def _refuse_text(column: str, cells: Sequence[str], decimal: str, name: str) -> None:
    """Refuse a column that holds nothing but text."""
    if not any(re.search("[A-Za-z]", cell) for cell in cells) or all(map(_is_missing, cells)):
        return
    if any(is_number(cell, decimal) for cell in cells):
        return
    raise SourceError(
        f"{name}: column {column!r} holds text ({cells[0]!r}): expected one column of names, then numbers, "
        "one column for each sample; leave it out"
    )


def _is_missing(cell: str) -> bool:
    return cell in MISSING or cell == "?"
