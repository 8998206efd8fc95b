"""Look-up of genes in a source that uses earlier or later symbols, and what is a known symbol.

This module only finds names; symbols in matrices stay as annotated.

Two tables from NCBI Gene (public domain), taken from Bioconductor's org.Hs.eg.db 3.16.0 (September 2022), stand beside
this module. `previous_symbols.tsv.gz` maps 61,998 unambiguous earlier symbols and aliases to the current symbol; none
of them is the current symbol of any gene. `human_symbols.txt.gz` has the 43,383 current symbols, without LOC numbers,
regions that are no genes, and genes of unknown type.
"""

import gzip
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("previous_symbols.tsv.gz")
CURRENT = Path(__file__).with_name("human_symbols.txt.gz")
_LOCUS = re.compile(r"LOC\d+")
# What names are that are no symbols, by a pattern of the whole name.
_IDENTIFIERS = {
    "Ensembl genes": re.compile(r"ENS[A-Z]{0,5}G\d{6,}(\.\d+)?"),
    "Ensembl transcripts": re.compile(r"ENS[A-Z]{0,5}T\d{6,}(\.\d+)?"),
    "Entrez gene ids": re.compile(r"\d+"),
    "RefSeq accessions": re.compile(r"[NX][MR]_\d+(\.\d+)?"),
    "GenBank accessions": re.compile(r"[A-Z]{1,2}\d{5,8}(\.\d+)?"),
    "UniProt accessions": re.compile(r"[OPQ]\d[A-Z0-9]{3}\d(-\d+)?|[A-NR-Z]\d([A-Z][A-Z0-9]{2}\d){1,2}(-\d+)?"),
    "probes": re.compile(r".*_at|ILMN_\d+|A_\d+_P\d+|cg\d{8}|TC\d{8,}.*"),
    "micro-RNAs": re.compile(r"[a-z]{3,4}-(mir|let|lin)-.*|MIMAT\d+(_st)?", re.I),
    "genes of Arabidopsis": re.compile(r"AT[1-5CM]G\d{5}", re.I),
    "genes of Drosophila": re.compile(r"FBgn\d+"),
}


@dataclass(frozen=True, slots=True)
class SymbolMatch:
    """Result of a look-up of symbols.

    Attributes:
        found: each wanted symbol that was found, with its name in `available`; in the order of `wanted`.
        by_previous: those of `found` with a different name in `available`.
        missing: the wanted symbols that were not found, in the order of `wanted`.
    """

    found: dict[str, str]
    by_previous: dict[str, str]
    missing: list[str]


def find_symbols(wanted: Sequence[str], available: Collection[str]) -> SymbolMatch:
    """Find genes by the symbol itself, then by its current symbol, then by another earlier symbol of the same gene.

    A gene that `available` has under several earlier symbols, but not under the current one, counts as missing, because
    the right one is unknown.

    Args:
        wanted: symbols to look up; repeated ones count once.
        available: the symbols to find them in.
    """
    names = frozenset(available)
    found: dict[str, str] = {}
    by_previous: dict[str, str] = {}
    missing: list[str] = []
    today, earlier = _today(), _earlier()
    for gene in dict.fromkeys(wanted):
        if gene in names:
            found[gene] = gene
            continue
        symbol = today.get(gene, gene)
        others = (symbol,) if symbol in names else [name for name in earlier.get(symbol, ()) if name in names]
        if len(others) != 1:
            missing.append(gene)
        else:
            found[gene] = by_previous[gene] = others[0]
    return SymbolMatch(found, by_previous, missing)


def other_names(gene: str) -> list[tuple[str, int]]:
    """Possible names of a gene in a source, in the order in which `find_symbols` tries them.

    Each name has a rank: 0 the symbol itself, 1 the current one, 2 another earlier one, which counts only if it is the
        only one found.
    """
    symbol = _today().get(gene, gene)
    today = [] if symbol == gene else [(symbol, 1)]
    return [(gene, 0), *today, *((name, 2) for name in _earlier().get(symbol, ()) if name != gene)]


def current_symbols(genes: Iterable[str]) -> dict[str, str]:
    """Current symbol of each gene; a symbol that is not in the table of earlier symbols is current."""
    today = _today()
    return {gene: today.get(gene, gene) for gene in genes}


def is_human_symbol(name: str) -> bool:
    """Whether a name is the symbol of a human gene: a current or an earlier one, or a LOC number; the case counts."""
    return name in _current() or name in _today() or _LOCUS.fullmatch(name) is not None


def is_gene_symbol(name: str) -> bool:
    """Whether a name is a human symbol in any case: a mouse or rat gene mostly has the same one (Tp53)."""
    return is_human_symbol(name) or name.upper() in _upper()


def kind_of_names(names: Collection[str]) -> str | None:
    """What most of some names are if they are no human symbols, in words: identifiers, or another species' symbols."""
    half = len(names) / 2
    for kind, pattern in _IDENTIFIERS.items():
        if sum(pattern.fullmatch(name) is not None for name in names) > half:
            return kind
    is_titled = sum(not is_human_symbol(name) and is_gene_symbol(name) for name in names) > half
    return "symbols of mouse or rat" if is_titled else None


@cache
def _current() -> frozenset[str]:
    """The current symbols."""
    with gzip.open(CURRENT, "rt", encoding="utf-8") as lines:
        return frozenset(lines.read().split())


@cache
def _upper() -> frozenset[str]:
    """Every current and earlier symbol in upper case."""
    return frozenset("\n".join([*_current(), *_today()]).upper().split("\n"))


@cache
def _today() -> dict[str, str]:
    """Earlier symbol to current symbol."""
    with gzip.open(TABLE, "rt", encoding="utf-8") as lines:
        next(lines)
        cells = lines.read().replace("\n", "\t").split("\t")
    return dict(zip(cells[::2], cells[1::2], strict=False))  # the last line ends, so that an empty cell follows


@cache
def _earlier() -> dict[str, list[str]]:
    """Current symbol to earlier ones, in the table's order."""
    earlier: dict[str, list[str]] = {}
    for name, symbol in _today().items():
        earlier.setdefault(symbol, []).append(name)
    return earlier
