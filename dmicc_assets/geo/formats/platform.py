"""Platform tables (`.annot`, submitter's SOFT, acc.cgi's text): the gene of each probe.

Rules find the symbol column, which is recorded. `expression/collapse.py` decides about probes with several genes.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import polars as pl

from dmicc_assets.errors import DataError, SourceError
from dmicc_assets.geo.formats.gzip_stream import text_blocks
from dmicc_assets.geo.formats.numeric_rows import whole_lines
from dmicc_assets.geo.formats.series_header import parse_date
from dmicc_assets.tables import TABLES

SEPARATOR = " /// "
_END = "!platform_table_end"
# Dates that spreadsheets made of MARCH1, SEPT2 or DEC1; the symbol cannot be recovered (doi:10.1186/s13059-016-1044-7).
_DATE = re.compile(
    r"\d{1,2}-(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)|(Mar|Sep|Dec)-\d{1,2}|[34]\d{4}(\.0)?", re.I
)
_NO_SYMBOL = frozenset({"", "---", "NA", "N/A", "null", "--", "-"})


class SymbolRule(NamedTuple):
    """How symbols are found in one column.

    Attributes:
        name: the rule's name, as recorded.
        column: the column's name in lower case, letters and digits only.
        symbols: function that gives the symbols of a cell.
        is_entrez: whether the cell's entries are Entrez gene ids.
    """

    name: str
    column: str
    symbols: Callable[[str], Iterator[str]]
    is_entrez: bool = False


@dataclass(frozen=True, slots=True)
class Platform:
    """The genes of a platform's probes.

    Attributes:
        accession: the platform's, empty when the file does not say.
        probe_genes: one row for each probe: probe, gene (NULL without a symbol; several joined by ` /// `), n_symbols.
        symbol_column: the column's name as the file has it.
        rule: the rule that chose it.
        n_date_mangled: symbols that a spreadsheet turned into dates (`1-Mar`, `44256`); dropped.
        table_sha256: SHA-256 of the decompressed table's lines.
    """

    accession: str
    probe_genes: pl.DataFrame
    symbol_column: str
    rule: str
    n_date_mangled: int
    table_sha256: str


@dataclass(frozen=True, slots=True)
class PlatformTable:
    """A platform's table as text.

    Attributes:
        accession: the platform's, empty when the file does not say.
        all_columns: names of all columns of the file.
        columns: names of those kept.
        rows: cells of those kept, the id first.
    """

    accession: str
    all_columns: list[str]
    columns: list[str]
    rows: list[list[str]]


def read_platform(path: Path, accession: str | None = None, entrez: Mapping[str, str] | None = None) -> Platform:
    """Read a platform's table and find the symbols of its probes.

    Args:
        path: `.annot[.gz]`, SOFT (a family file too) or acc.cgi's text.
        accession: which platform, where a file holds several (GSE781's family: GPL96 and GPL97).
        entrez: symbol by Entrez gene id, for platforms that name genes only so.

    Raises:
        SourceError: the file has no platform table, the table is cut short, or a probe is a duplicate.
        DataError: no column names genes; the message lists the columns.
    """
    table = read_platform_table(path, accession)
    rule, index = _choose(table, entrez is not None, path.name)
    digest = hashlib.sha256("\t".join(table.columns).encode())
    probes: list[str] = []
    genes: list[tuple[str | None, int]] = []
    n_mangled = 0
    for cells in table.rows:
        digest.update(("\n" + "\t".join(cells)).encode())
        symbols = list(dict.fromkeys(rule.symbols(cells[index])))
        if rule.is_entrez and entrez is not None:
            symbols = list(dict.fromkeys(entrez[key] for key in symbols if key in entrez))
        kept = [symbol for symbol in symbols if not _DATE.fullmatch(symbol)]
        n_mangled += len(symbols) - len(kept)
        probes.append(cells[0])
        genes.append((SEPARATOR.join(kept) or None, len(symbols) if kept else 0))
    frame = probe_rows(probes, genes)
    if twice := frame.filter(pl.col("probe").is_duplicated())["probe"].to_list():
        raise SourceError(f"{path.name}: duplicate probe {twice[0]!r} in the platform's table")
    return Platform(table.accession, frame, table.columns[index], rule.name, n_mangled, digest.hexdigest())


def match_probes(probes: Sequence[str], platform: Platform) -> pl.DataFrame:
    """The platform's row of each probe of a matrix; upper and lower case are the same (GSE35683).

    Args:
        probes: the matrix's probe ids.
        platform: the platform of the matrix.

    Returns:
        One row for each probe, in the matrix's order and spelling: probe, gene, n_symbols. A probe that is not on the
        platform has no gene and 0 symbols. An exact match is preferred.
    """
    known = platform.probe_genes.select("probe", "gene", "n_symbols").iter_rows()
    rows: dict[str, tuple[str | None, int]] = {probe: (gene, n) for probe, gene, n in known}
    folded: dict[str, tuple[str | None, int]] = {}
    for probe, found in rows.items():
        folded.setdefault(probe.casefold(), found)
    return probe_rows(probes, [rows.get(probe) or folded.get(probe.casefold()) or (None, 0) for probe in probes])


def probe_rows(probes: Sequence[str], genes: Sequence[tuple[str | None, int]]) -> pl.DataFrame:
    """Rows of `source.probe_genes`: for each probe its gene and its number of symbols."""
    columns = {"gene": [gene for gene, _ in genes], "n_symbols": [n for _, n in genes]}
    return TABLES["source/probe_genes"].frame({"probe": probes} | columns)


def read_platform_table(path: Path, accession: str | None = None) -> PlatformTable:
    """A platform's table, reduced to the ids and the columns that may name genes.

    Raises:
        SourceError: no table of this platform, no end marker, or an HTML page in the file's place.
    """
    lines = _lines(text_blocks(path))
    found, columns = _find_table(lines, path.name, accession)
    kept = [0, *(i for i, column in enumerate(columns) if i and _plain(column) in _COLUMNS)]
    rows: list[list[str]] = []
    for line in lines:
        if line == _END:
            return PlatformTable(found, columns, [columns[i] for i in kept], rows)
        cells = line.split("\t")
        if cells[0]:
            rows.append([cells[i] if i < len(cells) else "" for i in kept])
    raise _cut_short(path.name)


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
    lines = _lines(blocks)
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
        if line == _END:
            return
    raise _cut_short(name)


def read_platform_date(path: Path, accession: str) -> date | None:
    """Date of the last update of a platform's record in its SOFT text; None without one (`.annot`).

    Raises:
        SourceError: a damaged file, or an HTML page in its place.
    """
    found = ""
    for line in _lines(text_blocks(path)):
        head, _, value = line.partition(" = ")
        if head == "^PLATFORM":
            found = value.strip()
        elif found == accession and head == "!Platform_last_update_date":
            return parse_date(value)
        elif found == accession and line == "!platform_table_begin":
            break
    return None


def _lines(blocks: Iterable[bytes]) -> Iterator[str]:
    for block in whole_lines(blocks):
        for line in block.decode("utf-8-sig", errors="replace").split("\n"):
            yield line.rstrip("\r")


def _find_table(lines: Iterator[str], name: str, accession: str | None) -> tuple[str, list[str]]:
    """The next platform with a table, and the table's columns; the next line of `lines` is then its first row."""
    found = ""
    for line in lines:
        head, _, value = line.partition(" = ")
        if head == "^PLATFORM" or (head == "!Annotation_platform" and not found):
            found = value.strip()
        elif line == "!platform_table_begin" and accession in (None, found, ""):
            return found, next(lines, "").split("\t")
    raise SourceError(f"{name}: expected the table of {accession or 'a platform'}, found none")


def _cut_short(name: str) -> SourceError:
    return SourceError(f"{name}: the platform's table is cut short: no line {_END}")


def _split(separator: str) -> Callable[[str], Iterator[str]]:
    def symbols(cell: str) -> Iterator[str]:
        for part in cell.split(separator):
            symbol = part.strip().strip('"')
            if symbol not in _NO_SYMBOL:
                yield symbol

    return symbols


def _assigned(cell: str) -> Iterator[str]:
    """Second field of each `accession // SYMBOL // title // ...` part (GPL6244, GPL17586, GPL5175)."""
    for part in cell.split("///"):
        fields = part.split("//")
        if len(fields) > 1 and (symbol := fields[1].strip()) not in _NO_SYMBOL:
            yield symbol


RULES = (
    SymbolRule("gene symbol", "genesymbol", _split("///")),
    SymbolRule("symbol", "symbol", _split("///")),
    SymbolRule("Illumina gene", "ilmngene", _split("///")),
    SymbolRule("gene assignment", "geneassignment", _assigned),
    SymbolRule("Entrez gene id", "entrezgeneid", _split("///"), is_entrez=True),
    SymbolRule("Entrez gene id", "entrezgene", _split("///"), is_entrez=True),
    SymbolRule("Entrez gene id", "entrezid", _split("///"), is_entrez=True),
    SymbolRule("Entrez gene id", "geneid", _split("///"), is_entrez=True),
)


def symbol_rules(table: PlatformTable) -> Iterator[tuple[SymbolRule, int]]:
    """The rules that apply to a table, best first, each with a column that names at least one gene."""
    names = [_plain(column) for column in table.columns]
    for rule in RULES:
        for index, name in enumerate(names):  # `.annot` files repeat column names; the first filled one is used
            if index and name == rule.column and any(next(rule.symbols(row[index]), "") for row in table.rows):
                yield rule, index


def needs_entrez(blocks: Iterable[bytes], name: str, accession: str | None = None) -> bool:
    """Whether a platform names its genes only by Entrez ids, so that a mapping to symbols is needed.

    Args:
        blocks: the file's decompressed content, in order; read only up to the first symbol.
        name: name of the file in messages.
        accession: which platform, where a file holds several.

    Raises:
        SourceError: no table of this platform, or one that is cut short.
    """
    lines = _lines(blocks)
    _, columns = _find_table(lines, name, accession)
    rules = [(rule, i) for rule in RULES for i, column in enumerate(columns) if i and _plain(column) == rule.column]
    has_ids, all_are_ids = False, all(rule.is_entrez for rule, _ in rules)
    for line in lines:
        if line == _END:
            return has_ids
        cells = line.split("\t")
        filled = [rule for rule, i in rules if cells[0] and i < len(cells) and next(rule.symbols(cells[i]), "")]
        if any(not rule.is_entrez for rule in filled):
            return False
        has_ids = has_ids or bool(filled)
        if has_ids and all_are_ids:
            return True
    raise _cut_short(name)


def _choose(table: PlatformTable, entrez: bool, name: str) -> tuple[SymbolRule, int]:
    for rule, index in symbol_rules(table):
        if entrez or not rule.is_entrez:
            return rule, index
    raise DataError(
        f"{name}: no column of {table.accession or 'the platform'} names genes: expected Gene Symbol, Symbol, "
        f"ILMN_Gene, gene_assignment or GENE_SYMBOL, found {', '.join(table.all_columns[:20])}"
    )


def _plain(column: str) -> str:
    return "".join(filter(str.isalnum, column.casefold()))


_COLUMNS = frozenset(rule.column for rule in RULES)
