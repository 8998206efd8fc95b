"""Tables of orthologues: NCBI's gene_orthologs with its gene_info, and a table of the study's author.

What is done with them is in `expression/orthologues.py`, where they come from in `geo/orthologue_files.py`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dmicc_assets.errors import SourceError
from dmicc_assets.expression.orthologues import Orthologues, one_to_one
from dmicc_assets.expression.symbols import is_human_symbol
from dmicc_assets.geo.formats.gzip_stream import text_blocks
from dmicc_assets.geo.formats.numeric_rows import whole_lines
from dmicc_assets.geo.formats.platform_table import plain_name
from dmicc_assets.geo.formats.symbol_cells import read_cell
from dmicc_assets.geo.formats.tabular import text_table

HUMAN = "9606"
_PAIRS = b"#tax_id\tGeneID\trelationship\tOther_tax_id\tOther_GeneID"
_HUMAN_NAME = re.compile(r"human|hgnc|sapiens", re.I)
_SYMBOL_NAME = re.compile(r"symbol|gene_?name|gene name|associated", re.I)
_NO_SYMBOL_NAME = re.compile(r"\bid\b|_id$|type|accession|chrom|entrez|ensembl|description|confidence|identity", re.I)
_LONG = {"dbclasskey", "ncbitaxonid", "symbol"}  # MGI's HOM_MouseHumanSequence.rpt


def orthologue_part(blocks: Iterable[bytes], name: str, taxon: str) -> Iterator[bytes]:
    """The rows of NCBI's gene_orthologs that pair genes of a species with human ones.

    Args:
        blocks: the decompressed content, in order.
        name: name of the file in messages.
        taxon: NCBI's taxonomy id of the species.

    Returns:
        The header and the rows; nothing where there is no row.

    Raises:
        SourceError: another table.
    """
    row = re.compile(rf"(?m)^(?:{HUMAN}\t\d+\t\w+\t{taxon}|{taxon}\t\d+\t\w+\t{HUMAN})\t\d+".encode())
    is_first, is_empty = True, True
    for block in whole_lines(blocks):
        if is_first and not block.startswith(_PAIRS):
            raise SourceError(f"{name}: expected NCBI's gene_orthologs, found {block[:40].decode(errors='replace')!r}")
        is_first = False
        found = row.findall(block)
        if found:
            yield b"\n".join([*([_PAIRS] if is_empty else []), *found, b""])
            is_empty = False


def verify_pairs(path: Path) -> None:
    """Check that a part of gene_orthologs has pairs.

    Raises:
        SourceError: it has none.
    """
    if not any(True for _ in _pairs(path, "")):
        raise SourceError(f"{path.name}: expected pairs of orthologues, found none")


def verify_gene_info(path: Path) -> None:
    """Check that a file is NCBI's gene_info of a species.

    Raises:
        SourceError: another table, or a damaged one.
    """
    if not any(True for _ in _genes(path)):
        raise SourceError(f"{path.name}: expected genes with their symbols, found none")


def ncbi_orthologues(pairs: Path, species: Path, human: Path) -> Orthologues:
    """Orthologues by symbol, from NCBI's pairs of gene ids.

    Args:
        pairs: rows of gene_orthologs (`orthologue_part`).
        species: gene_info of the species.
        human: gene_info of Homo sapiens.

    Raises:
        SourceError: a file is damaged or another table.
    """
    today: dict[str, str] = {}
    aliases: dict[str, set[str]] = {}
    for gene_id, symbol, others in _genes(species):
        today[gene_id] = symbol
        for each in others:
            aliases.setdefault(each, set()).add(symbol)
    symbols = set(today.values())
    current = {name: next(iter(of)) for name, of in aliases.items() if len(of) == 1 and name not in symbols}
    human_symbols = {gene_id: symbol for gene_id, symbol, _ in _genes(human)}
    named = [
        (today[own], human_symbols[other])
        for own, other in _pairs(pairs, HUMAN)
        if own in today and other in human_symbols
    ]
    if not named:
        raise SourceError(f"{pairs.name}: none of its genes is in {species.name} and {human.name}")
    return one_to_one(named, current, {symbol: gene_id for gene_id, symbol in human_symbols.items()})


def _pairs(path: Path, other: str) -> Iterator[tuple[str, str]]:
    """Gene id of the species and human gene id; NCBI has the human one first."""
    for block in whole_lines(text_blocks(path)):
        lines = block.decode("utf-8", errors="replace").split("\n")
        for row in (line.rstrip("\r").split("\t") for line in lines if not line.startswith("#")):
            if len(row) == 5:
                yield (row[4], row[1]) if row[0] == (other or HUMAN) else (row[1], row[4])


def _genes(path: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Gene id, symbol and synonyms of each gene of a gene_info file."""
    columns: list[str] = []
    at: list[int] = []
    for block in whole_lines(text_blocks(path)):
        for line in block.decode("utf-8", errors="replace").split("\n"):
            row = line.rstrip("\r").split("\t")
            if not columns:
                columns = [name.lstrip("#") for name in row]
                if not {"GeneID", "Symbol", "Synonyms"} <= set(columns):
                    raise SourceError(f"{path.name}: expected NCBI's gene_info, found {line[:40]!r}")
                at = [columns.index(name) for name in ("GeneID", "Symbol", "Synonyms")]
            elif len(row) == len(columns):
                gene_id, symbol, others = (row[i] for i in at)
                yield gene_id, symbol, [each for each in others.split("|") if each != "-"]


def read_orthologue_table(path: Path) -> Orthologues:
    """Orthologues of an author's table: a row a pair, symbol and human symbol; or MGI's report, a row a gene.

    The human column is named so (`human`, `HGNC`, `sapiens`), or holds the human symbols.

    Raises:
        SourceError: not a table, or one in which no two columns are of symbols.
    """
    columns, rows = text_table(path)
    names = [plain_name(column) for column in columns]
    if set(names) >= _LONG:
        return one_to_one(_by_class(names, rows))
    if {"geneid", "othergeneid"} <= set(names):
        raise SourceError(
            f"{path.name}: NCBI's gene_orthologs has gene ids, no symbols: write `orthologues: mouse` (or rat), which "
            "reads it with NCBI's symbols, from DMICC_NCBI_GENE_URL"
        )
    if len(columns) < 2:
        raise SourceError(f"{path.name}: expected a table of symbol and human symbol, found {' '.join(columns)[:40]!r}")
    human = _human_column(columns, rows)
    own = _own_column(columns, human)
    if is_human_symbol(columns[human]):
        raise SourceError(
            f"{path.name}: line 1 is of the gene {columns[human]}: expected the names of the columns, `mouse` and "
            "`human`; write them first"
        )
    found = [
        (symbol, other)
        for row in rows
        if max(human, own) < len(row)
        for symbol in read_cell(row[own]).symbols
        for other in read_cell(row[human]).symbols
    ]
    if not found:
        raise SourceError(f"{path.name}: no row has a symbol in {columns[own]!r} and in {columns[human]!r}")
    return one_to_one(found)


def _by_class(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Pairs of MGI's report: every gene of a class with every human gene of it."""
    key, taxon, symbol = (names.index(name) for name in ("dbclasskey", "ncbitaxonid", "symbol"))
    classes: dict[str, tuple[list[str], list[str]]] = {}
    for row in rows:
        if len(row) > max(key, taxon, symbol):
            own, human = classes.setdefault(row[key], ([], []))
            (human if row[taxon] == HUMAN else own).append(row[symbol])
    return ((each, other) for own, human in classes.values() for each in own for other in human)


def _human_column(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The column of human symbols: of those named so the one with most, else of all."""
    n_human = [sum(i < len(row) and is_human_symbol(row[i].strip()) for row in rows) for i in range(len(columns))]
    named = [i for i, column in enumerate(columns) if _HUMAN_NAME.search(column)]
    return max(named or range(len(columns)), key=lambda i: n_human[i])


def _own_column(columns: Sequence[str], human: int) -> int:
    """The column of the other species' symbols: the first that is named so, else the first that names nothing else."""
    others = [i for i, column in enumerate(columns) if i != human and not _HUMAN_NAME.search(column)]
    others = others or [i for i in range(len(columns)) if i != human]
    plain = [i for i in others if not _NO_SYMBOL_NAME.search(columns[i])] or others
    return next((i for i in plain if _SYMBOL_NAME.search(columns[i])), plain[0])
