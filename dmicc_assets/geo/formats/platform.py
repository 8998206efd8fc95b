"""The gene of each probe of a platform, from its table or from a table of the study's author.

`symbol_columns.py` finds the column, `symbol_cells.py` reads a cell; `expression/collapse.py` decides about probes with
several genes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from dmicc_assets.errors import SourceError
from dmicc_assets.expression.gene_ids import gene_id_rows
from dmicc_assets.geo.formats.gene_id_columns import ID_COLUMNS, gene_id_cells
from dmicc_assets.geo.formats.platform_table import PlatformTable, plain_name, read_platform_table
from dmicc_assets.geo.formats.symbol_cells import Cell, is_gene_name, read_captured, read_cell, read_identifiers
from dmicc_assets.geo.formats.symbol_columns import COLUMNS, SymbolRule, choose_column, no_column
from dmicc_assets.geo.formats.tabular import text_table
from dmicc_assets.study.patterns import bounded
from dmicc_assets.tables import TABLES

SEPARATOR = " /// "
# Of the columns of an author's table, the plain names of the one with the symbols.
_SYMBOL_NAMES = ("symbol", "genesymbol", "gene", "hgncsymbol", "genesymbols", "symbols")


@dataclass(frozen=True, slots=True)
class Platform:
    """The genes of a platform's probes.

    Attributes:
        accession: the platform's, empty when the file does not say.
        probe_genes: one row for each probe: probe, gene (NULL without a symbol; several joined by ` /// `), n_symbols.
        gene_ids: rows of `source.gene_ids`, from the probes with one symbol.
        symbol_column: the column's name as the file has it.
        rule: the rule that chose it.
        n_date_mangled: symbols that a spreadsheet turned into dates (`1-Mar`, `44256`); dropped.
        n_placeholders: entries that stand for no gene (`#N/A`, `unknown`, `2.31E+19`); dropped.
        n_compound: cells in which something else than `///` and `//` separates symbols.
        n_controls: entries of manufacturers' control probes.
        table_sha256: SHA-256 of the decompressed table's lines.
    """

    accession: str
    probe_genes: pl.DataFrame
    gene_ids: pl.DataFrame
    symbol_column: str
    rule: str
    n_date_mangled: int
    n_placeholders: int
    n_compound: int
    n_controls: int
    table_sha256: str


def read_platform(
    path: Path,
    accession: str | None = None,
    entrez: Mapping[str, str] | None = None,
    column: str | None = None,
    pattern: str | None = None,
) -> Platform:
    """Read a platform's table and find the symbols of its probes.

    Args:
        path: `.annot[.gz]`, SOFT (a family file too) or acc.cgi's text.
        accession: which platform, where a file holds several (GSE781's family: GPL96 and GPL97).
        entrez: symbol by Entrez gene id, for platforms that name genes only so, or where `column` holds such ids.
        column: the column to read, by the file's name or a spelling of it; the probes' own, where they are symbols
            (NanoString). None chooses among the others.
        pattern: a regular expression with one group, which captures each symbol of a cell.

    Raises:
        SourceError: the file has no platform table, the table is cut short, or a probe is a duplicate.
        DataError: no column names genes, or not the one that is named; the message lists the columns.
    """
    if column is not None:
        table = read_platform_table(path, accession, {plain_name(column), *ID_COLUMNS})
        is_entrez = entrez is not None and pattern is None
        read = read_captured(pattern) if pattern else read_identifiers if is_entrez else read_cell
        rule = SymbolRule("study file", column, read, is_entrez=is_entrez)
        with bounded(f"{path.name}: annotation"):
            return _named(table, rule, _best_of(table, rule, path.name), entrez, path.name)
    table = read_platform_table(path, accession, {*COLUMNS, *ID_COLUMNS})
    chosen = choose_column(table, entrez)
    if chosen is None:
        table = read_platform_table(path, accession)
        chosen = choose_column(table, entrez)
    if chosen is None:
        raise no_column(table, path.name)
    return _named(table, *chosen, entrez, path.name)


def read_probe_table(path: Path) -> Platform:
    """Read an author's table of probes: its first column is the probe, `symbol` (or the second) its gene.

    Raises:
        SourceError: the file is not a table, has no second column or no symbol, or a probe is a duplicate.
    """
    columns, rows = text_table(path)
    if len(columns) < 2:
        raise SourceError(f"{path.name}: expected a table of probe and symbol, found {' '.join(columns)[:40]!r}")
    index = _symbol_column(columns, rows)
    if not index:
        raise SourceError(f"{path.name}: the first column is {columns[0]!r}: expected the probe, then its symbol")
    if is_gene_name(columns[index]) and plain_name(columns[index]) not in (*_SYMBOL_NAMES, "id"):
        raise SourceError(
            f"{path.name}: line 1 is of the gene {columns[index]}: expected the names of the columns, `probe` and "
            "`symbol`; write them first"
        )
    ids = (i for i, name in enumerate(columns) if i not in (0, index) and plain_name(name) in ID_COLUMNS)
    kept = [0, index, *ids]
    given = [[row[i].strip() if i < len(row) else "" for i in kept] for row in rows if row and row[0].strip()]
    table = PlatformTable("", list, [columns[i] for i in kept], given)
    platform = _named(table, SymbolRule("study file", columns[index], read_cell), 1, None, path.name)
    if not (platform.probe_genes["n_symbols"] > 0).any():
        raise SourceError(f"{path.name}: no symbol in column {columns[index]!r}")
    return platform


def _symbol_column(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The column of symbols: by its name, else the one with most known genes, else the second; 0 if only the first."""
    names = [plain_name(name) for name in columns]
    if named := [i for i, name in enumerate(names) if name in _SYMBOL_NAMES]:
        return named[-1] if not named[0] else named[0]
    known = [
        sum(any(map(is_gene_name, read_cell(row[i]).symbols)) for row in rows if i < len(row))
        for i in range(len(columns))
    ]
    return max(range(1, len(columns)), key=known.__getitem__)


def _best_of(table: PlatformTable, rule: SymbolRule, name: str) -> int:
    """Of the columns with the wanted name the one with most symbols."""
    there = [i for i, each in enumerate(table.columns) if plain_name(each) == plain_name(rule.column or "")]
    filled = {i: sum(bool(rule.read(row[i]).symbols) for row in table.rows) for i in there}
    if not any(filled.values()):
        raise no_column(table, f"{name}: no symbol in column {rule.column!r}" if filled else f"{name}: no such column")
    return max(filled, key=lambda i: filled[i])


def _named(table: PlatformTable, rule: SymbolRule, index: int, entrez: Mapping[str, str] | None, name: str) -> Platform:
    """The genes that a column gives to the probes of a table."""
    digest = hashlib.sha256("\t".join(table.columns).encode())
    cells: list[Cell] = []
    for row in table.rows:
        digest.update(("\n" + "\t".join(row)).encode())
        cells.append(rule.read(row[index]))
    genes: list[tuple[str | None, int]] = []
    for cell in cells:
        symbols = cell.symbols
        if rule.is_entrez and entrez is not None:
            symbols = tuple(dict.fromkeys(entrez[key] for key in symbols if key in entrez))
        # A date beside a symbol was a second symbol.
        genes.append((SEPARATOR.join(symbols) or None, len(symbols) + cell.n_dates if symbols else 0))
    frame = probe_rows([row[0] for row in table.rows], genes)
    if twice := frame.filter(pl.col("probe").is_duplicated())["probe"].to_list():
        raise SourceError(f"{name}: duplicate probe {twice[0]!r} in the platform's table")
    return Platform(
        table.accession,
        frame,
        gene_id_rows(gene_id_cells(table, genes)),
        table.columns[index],
        rule.name,
        sum(cell.n_dates for cell in cells),
        sum(cell.n_placeholders for cell in cells),
        sum(cell.is_compound for cell in cells),
        sum(cell.n_controls for cell in cells),
        digest.hexdigest(),
    )


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
