"""How a table of text is laid out: separator, decimal sign, lines before the header, columns that are no samples.

It is told by the first lines, never by the file's name: a CSV of a German spreadsheet has semicolons and decimal
commas, and R's `write.table` has no name over the row names.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import NamedTuple

from dmicc_assets.errors import SourceError
from dmicc_assets.expression.gene_ids import namespace_of
from dmicc_assets.geo.formats.matrix_names import check_names
from dmicc_assets.geo.formats.numeric_rows import MISSING, is_number
from dmicc_assets.geo.formats.symbol_cells import is_gene_name
from dmicc_assets.geo.formats.text_file import single_spaces

# Of a German spreadsheet, thousands: such fractions would rarely all have three digits.
_DOTTED = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+")
_PLAIN = re.compile(r"[+-]?[1-9]\d{0,2}")
# Lines that tell a layout.
N_LINES = 60
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
# What a spreadsheet writes first, to say what separates cells.
_SEPARATOR = re.compile(r"sep=([;,|\t])\r?", re.I)
# Names over the names of rows: where one stands and the rows are longer, nobody can tell which name is lacking.
_OF_ROWS = frozenset(
    {"gene", "genes", "geneid", "genesymbol", "symbol", "probe", "probeid", "id", "idref", "name", "feature"}
    | {"sample", "samples", "sampleid", "samplename", "gsm", "geoaccession", "array", "barcode", "patient"}
)
# What stands over row numbers: nothing, or what pandas and R call a column without a name when they read it.
_OF_NO_COLUMN = ("", "Unnamed: 0", "X")
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
        n_metadata: lines after the header that describe the samples (GCT 1.3).
    """

    separator: str
    decimal: str
    n_before: int
    columns: list[str]
    samples: list[str]
    has_index: bool
    n_metadata: int = 0


def layout_of(lines: Sequence[str], name: str) -> Layout:
    """The layout of a matrix, from its first lines.

    Args:
        lines: without their ends, `N_LINES` of them or all.
        name: name of the file in messages.

    Raises:
        SourceError: no header, no sample, a column of text among the samples, or numbers that can be read in two ways.
    """
    n_before = lines_before(lines)
    given = stated_separator(lines)
    separator = given or separator_of(lines[n_before] if n_before < len(lines) else "")
    table = [single_spaces(line) for line in lines[n_before:]] if separator == " " else lines[n_before:]
    header, *rows = [*_cells(table, separator, name), []][: N_LINES + 1]
    gct = _gct_size(lines[:n_before], name)
    n_metadata = gct.of_samples if gct else 0
    rows = [row for row in rows[n_metadata:] if any(row)]
    has_index = _has_index(header, rows) and not any(is_number(row[1], ".") for row in rows if len(row) > 1)
    if has_index:
        header, rows = header[not _is_short(header, rows) :], [row[1:] for row in rows]
    header = named_as_rows(header, rows)
    dropped = _not_samples(header, gct.of_genes if gct else 0)
    n_columns = len(header)
    while n_columns and not header[n_columns - 1] and rows and not any("".join(row[n_columns - 1 :]) for row in rows):
        n_columns -= 1  # a separator at the end of every line
    kept = [i for i in range(1, n_columns) if i not in dropped]
    samples = [header[i] for i in kept]
    shown = lines[n_before][:60] if n_before < len(lines) else ""
    if separator in " |" and sum("\t" in line for line in lines[n_before + 1 :]) > 1:
        raise SourceError(
            f"{name}: line {n_before + 1} ({shown!r}) is no header: leave out what stands above the table"
        )
    _refuse_no_header("".join(header[:1]), samples, [row[0] for row in rows if row], f"{name}: line {n_before + 1}")
    check_names(samples, name, f" (line {n_before + 1}: {shown!r})", [header[i] for i in dropped])
    decimal = _decimal(rows, kept, separator, name)
    for i in kept:
        _refuse_text(header[i], [row[i] for row in rows if i < len(row) and row[i]], decimal, name)
    return Layout(separator, decimal, n_before, header, samples, has_index, n_metadata)


def _refuse_no_header(first: str, samples: Sequence[str], ids: Sequence[str], where: str) -> None:
    """Refuse a first line of numbers whose name is a gene or looks like those below it: nobody named the samples."""
    if not samples or not all(map(is_number, samples)) or _is_of_rows(first):
        return
    if is_gene_name(first) or namespace_of([first]) == "ensembl":
        raise SourceError(f"{where} is of the gene {first}: write the names of the samples first")
    are_counted = [int(name) for name in samples if name.isdecimal()] == list(range(1, len(samples) + 1))
    if (
        (re.search(r"\d", first) or first.startswith("N_"))
        and not are_counted
        and _shape(first) in set(map(_shape, ids))
    ):
        raise SourceError(f"{where} is of the row {first}, as those below it: write the names of the samples first")


def _shape(name: str) -> str:
    """A name with one 9 for each of its numbers and one a for each of its words."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", name))


def separator_of(header: str) -> str:
    """The separator of a header: a tab, else the more frequent of semicolon and comma, else a bar, else a space."""
    unquoted = re.sub('"[^"]*"', "x", header)
    if "\t" in unquoted:
        return "\t"
    best = max(";,", key=unquoted.count)
    if best in unquoted:
        return best
    return next((other for other in "| " if other in unquoted.strip()), "\t")


def _cells(lines: Sequence[str], separator: str, name: str) -> list[list[str]]:
    """The cells of lines, without quotes and the white space around them."""
    text = StringIO("\n".join(lines), newline="")
    try:
        return [[cell.strip() for cell in row] for row in csv.reader(text, delimiter=separator)]
    except csv.Error as error:
        raise SourceError(f"{name}: the table cannot be read ({error})") from None


def lines_before(lines: Sequence[str], *, of_text: bool = False) -> int:
    """How many lines precede the header: blank ones, comments, a spreadsheet's `sep=;`, and the size of a GCT file.

    A comment with as many cells as the row of numbers below it is the header (`#gene`, then the samples).

    Args:
        lines: the first ones.
        of_text: whether the row may hold text, as in a sample sheet.
    """
    for i, line in enumerate(lines):
        if (i and lines[i - 1].startswith(("#1.2", "#1.3"))) or _SEPARATOR.fullmatch(line):
            continue
        if line.strip() and not line.startswith("#"):
            return i - 1 if i and _is_header(lines[i - 1], line, of_text) else i
    return 0


def stated_separator(lines: Sequence[str]) -> str | None:
    """The separator of the line `sep=;` that a spreadsheet reads and writes first."""
    match = _SEPARATOR.fullmatch(lines[0]) if lines else None
    return match[1] if match else None


def _is_header(comment: str, row: str, of_text: bool) -> bool:
    separator = separator_of(row)
    names, cells = comment.split(separator), row.split(separator)
    return (
        comment.startswith("#")
        and 1 < len(cells) == len(names)
        and (of_text or any(is_number(cell.strip()) for cell in cells[1:]))
        and not any(is_number(name.strip()) for name in names[1:])
    )


class _GctSize(NamedTuple):
    """How many columns and lines of a GCT file are no data."""

    of_genes: int
    of_samples: int


def _gct_size(before: Sequence[str], name: str) -> _GctSize | None:
    """Columns that describe genes and lines that describe samples, by a GCT file's version and size."""
    version = next((i for i, line in enumerate(before) if line.startswith(("#1.2", "#1.3"))), None)
    if version is None:
        return None
    if before[version].startswith("#1.2"):
        return _GctSize(1, 0)
    size = re.findall(r"\d+", before[version + 1] if version + 1 < len(before) else "")
    if len(size) < 4:
        raise SourceError(
            f"{name}: expected four numbers in the second line of GCT 1.3 (rows, columns, columns that describe rows, "
            f"rows that describe columns), found {' '.join(size) or 'none'}"
        )
    return _GctSize(int(size[2]), int(size[3]))


def named_as_rows(header: list[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The header with a name for every cell of the rows, if they have one more: R's `write.table` has none first."""
    if not rows or any(len(row) != len(header) + 1 for row in rows):
        return header
    if not _is_short(header, rows):
        return [*header, ""]
    return header if _is_of_rows("".join(header[:1])) else ["", *header]


def without_index(header: list[str], rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """A table of text without the row numbers that R and pandas write first.

    They are no names where the second column has a name of its own for every row.
    """
    names = [row[1].strip() for row in rows if len(row) > 1]
    if len(set(names)) < len(rows) or "" in names or not _has_index(header, rows):
        return header, rows
    return header[not _is_short(header, rows) :], [row[1:] for row in rows]


def _has_index(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first column has row numbers and no name, or the name of the second stands over it."""
    is_nameless = len(header) > 2 and header[0].strip() in _OF_NO_COLUMN
    is_short = len(header) > 1 and _is_short(header, rows)
    return bool(rows) and (is_nameless or is_short) and _are_counted([row[0].strip() for row in rows if row])


def _is_short(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether every row has a cell more than the header, and not an empty one at its end."""
    return bool(rows) and all(len(row) == len(header) + 1 for row in rows) and any(row[-1] for row in rows)


def _are_counted(first: Sequence[str]) -> bool:
    """Whether names are the numbers of rows, from 0 or 1."""
    return first in ([str(i) for i in range(len(first))], [str(i + 1) for i in range(len(first))])


def _is_of_rows(name: str) -> bool:
    return re.sub(r"\W|_", "", name).casefold() in _OF_ROWS


def _not_samples(header: Sequence[str], n_of_genes: int) -> set[int]:
    """Columns that describe genes: as many as a GCT file says, or featureCounts' own."""
    if tuple(header[: len(FEATURE_COUNTS)]) == FEATURE_COUNTS:
        return set(range(1, len(FEATURE_COUNTS)))
    return set(range(1, min(1 + n_of_genes, len(header))))


def _decimal(rows: Sequence[Sequence[str]], kept: Sequence[int], separator: str, name: str) -> str:
    """The decimal sign of the numbers.

    A comma before three digits may separate thousands, unless a cell has another number of digits there (`7,1`), begins
    with 0 (`0,125`), or semicolons separate the cells, which spreadsheets write where the comma is the decimal sign.
    """
    cells = [row[i] for row in rows for i in kept if i < len(row) and row[i]]
    commas = [cell for cell in cells if "," in cell]
    if not commas:
        dotted = [cell for cell in cells if "." in cell]
        if separator == ";" and dotted and all(map(_DOTTED.fullmatch, dotted)) and any(map(_PLAIN.fullmatch, cells)):
            raise _of_two_meanings(dotted[0], name)
        return "."
    has_points = any("." in cell for cell in cells)
    may_be_whole = has_points or separator != ";" or any(re.fullmatch(r"[+-]?\d{1,3}", cell) for cell in cells)
    if may_be_whole and all(map(_THOUSANDS.fullmatch, commas)):
        if grouped := next((cell for cell in commas if "." in cell or cell.count(",") > 1), None):
            raise SourceError(f"{name}: {grouped!r} has a separator of thousands: write numbers without it")
        raise _of_two_meanings(commas[0], name)
    is_comma = all(_DECIMAL_COMMA.fullmatch(cell) for cell in commas) and not has_points
    return "," if is_comma else "."


def _of_two_meanings(cell: str, name: str) -> SourceError:
    return SourceError(
        f"{name}: {cell!r} may be a number over a thousand or a decimal fraction: "
        "write numbers with a decimal point and no separator of thousands"
    )


def _refuse_text(column: str, cells: Sequence[str], decimal: str, name: str) -> None:
    """Refuse a column that holds nothing but text."""
    if not any(re.search("[A-Za-z]", cell) for cell in cells) or all(cell in MISSING for cell in cells):
        return
    if any(is_number(cell, decimal) for cell in cells):
        return
    raise SourceError(
        f"{name}: column {column!r} holds text ({cells[0]!r}): expected one column of names, then numbers, "
        "one column for each sample; leave it out"
    )
