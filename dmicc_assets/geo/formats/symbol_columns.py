"""Which column of a platform's table names the genes.

Rules know the columns of manufacturers and submitters; the column in which most probes have a known gene is taken.
What a cell says is `symbol_cells.py`'s.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dmicc_assets.errors import DataError
from dmicc_assets.geo.formats.platform_table import (
    END,
    PlatformTable,
    cut_short,
    find_table,
    plain_name,
    platform_lines,
)
from dmicc_assets.geo.formats.symbol_cells import (
    Read,
    is_gene_name,
    read_assignments,
    read_cell,
    read_identifiers,
    read_titles,
)

# A column that a better rule finds is taken if it names this share of the probes that the best column names.
_ENOUGH = 0.9
# A column whose name is no promise of symbols needs this share of known genes among its filled cells.
_KNOWN = 0.5


class SymbolRule(NamedTuple):
    """How symbols are found in one column.

    Attributes:
        name: the rule's name, as recorded.
        column: the column's plain name; None for any.
        read: gives the symbols of a cell.
        is_promise: whether a column of this name holds symbols, known or not.
        is_entrez: whether the cell's entries are Entrez gene ids.
    """

    name: str
    column: str | None
    read: Read
    is_promise: bool = True
    is_entrez: bool = False


RULES = (
    SymbolRule("gene symbol", "genesymbol", read_cell),
    SymbolRule("symbol", "symbol", read_cell),
    SymbolRule("Illumina gene", "ilmngene", read_cell),
    SymbolRule("gene assignment", "geneassignment", read_assignments),
    SymbolRule("gene symbol", "genesym", read_cell),
    SymbolRule("gene symbol", "genesymbols", read_cell),
    SymbolRule("gene symbol", "hgncsymbol", read_cell),
    SymbolRule("methylation gene", "ucscrefgenename", read_cell),
    SymbolRule("gene name", "genename", read_cell, is_promise=False),  # Agilent: the symbol, others: a description
    SymbolRule("gene", "gene", read_cell, is_promise=False),
    SymbolRule("open reading frame", "orf", read_cell, is_promise=False),
    SymbolRule("RefSeq title", "spotid", read_titles, is_promise=False),  # Clariom (GPL23159)
    SymbolRule("RefSeq title", "mrnaassignment", read_titles, is_promise=False),
    SymbolRule("micro-RNA", "mirnaid", read_cell, is_promise=False),
    SymbolRule("micro-RNA", "mirnaidlist", read_cell, is_promise=False),
    SymbolRule("micro-RNA", "transcriptidarraydesign", read_cell, is_promise=False),
    SymbolRule("Entrez gene id", "entrezgeneid", read_identifiers, is_entrez=True),
    SymbolRule("Entrez gene id", "entrezgene", read_identifiers, is_entrez=True),
    SymbolRule("Entrez gene id", "entrezid", read_identifiers, is_entrez=True),
    SymbolRule("Entrez gene id", "geneid", read_identifiers, is_entrez=True),
)
COLUMNS = frozenset(rule.column for rule in RULES if rule.column)
_ANY = SymbolRule("column of known symbols", None, read_cell, is_promise=False)


class _Coverage(NamedTuple):
    """How many probes a column names: genes that are known, and any."""

    known: int
    named: int


def choose_column(table: PlatformTable, entrez: Mapping[str, str] | None = None) -> tuple[SymbolRule, int] | None:
    """The rule and the column (an index of `table.columns`) that name the genes of a platform; None without one.

    Args:
        table: the platform's table, with the columns of `COLUMNS`, or with all: then any column that holds mostly known
            symbols is found too.
        entrez: symbol by Entrez gene id; without it no column of ids is taken.
    """
    found: list[tuple[SymbolRule, int, _Coverage]] = []
    # `.annot` files repeat column names; each column is looked at.
    names = [plain_name(column) for column in table.columns]
    for rule in (*RULES, _ANY):
        for index, name in enumerate(names):
            fits = name not in COLUMNS if rule.column is None else name == rule.column
            if not index or not fits or (rule.is_entrez and entrez is None):
                continue
            covered = _coverage(table, rule, index, entrez)
            if covered.named and (rule.is_promise or covered.known >= _KNOWN * covered.named):
                found.append((rule, index, covered))
    # A platform of another species names no known gene; then any name counts.
    best = max((each.known for *_, each in found), default=0)
    score = [each.known if best else each.named for *_, each in found]
    for (rule, index, _), names_here in zip(found, score, strict=True):
        if names_here >= _ENOUGH * max(score):
            return rule, index
    return None


def no_column(table: PlatformTable, name: str) -> DataError:
    """The refusal of a platform whose columns name no genes, with what they hold and the lines that name one."""
    shown = "; ".join(f"{column}: {', '.join(values) or 'empty'}" for column, values in table.examples()[:20])
    return DataError(
        f"{name}: no column of {table.accession or 'the platform'} names genes ({shown}). Name one in the dataset: "
        "annotation: {column: NAME}, with pattern: '(...)' for the part of a cell that is the symbol, "
        "or a table of probe and symbol: annotation: my_probes.tsv"
    )


def needs_entrez(blocks: Iterable[bytes], name: str, accession: str | None = None) -> bool:
    """Whether a platform names its genes only by Entrez ids, so that a mapping to symbols is needed.

    Args:
        blocks: the file's decompressed content, in order; read only up to the first symbol.
        name: name of the file in messages.
        accession: which platform, where a file holds several.

    Raises:
        SourceError: no table of this platform, or one that is cut short.
    """
    lines = platform_lines(blocks)
    _, columns = find_table(lines, name, accession)
    rules = [(rule, i) for rule in RULES for i, column in enumerate(columns) if i and plain_name(column) == rule.column]
    has_ids, all_are_ids = False, all(rule.is_entrez for rule, _ in rules)
    for line in lines:
        if line == END:
            return has_ids
        cells = line.split("\t")
        filled = [rule for rule, i in rules if cells[0] and i < len(cells) and _names_gene(rule, cells[i])]
        if any(not rule.is_entrez for rule in filled):
            return False
        has_ids = has_ids or bool(filled)
        if has_ids and all_are_ids:
            return True
    raise cut_short(name)


def _names_gene(rule: SymbolRule, cell: str) -> bool:
    symbols = rule.read(cell).symbols
    return bool(symbols) if rule.is_promise else any(map(is_gene_name, symbols))


def _coverage(table: PlatformTable, rule: SymbolRule, index: int, entrez: Mapping[str, str] | None) -> _Coverage:
    known = named = 0
    for row in table.rows:
        symbols = rule.read(row[index]).symbols
        named += bool(symbols)
        known += any(name in (entrez or {}) if rule.is_entrez else is_gene_name(name) for name in symbols)
    return _Coverage(known, named)
