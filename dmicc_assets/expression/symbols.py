"""A gene under its earlier symbols: looking genes of one source up in another that names them differently.

Symbols stay as annotated; this module only finds, it renames nothing, and no matrix passes through it.

`previous_symbols.tsv.gz` beside this module maps earlier symbols and aliases to today's symbol: 61,998 unambiguous
ones, of NCBI Gene (public domain), taken from Bioconductor's org.Hs.eg.db 3.16.0. No earlier symbol in it is anyone's
symbol today.
"""

import gzip
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("previous_symbols.tsv.gz")


@dataclass(frozen=True, slots=True)
class SymbolMatch:
    """What a look-up of symbols found.

    Attributes:
        found: each wanted symbol that was found, with its name in `available`; in the order of `wanted`.
        by_previous: those of `found` whose name in `available` is another one.
        missing: the wanted symbols that were not found, in the order of `wanted`.
    """

    found: dict[str, str]
    by_previous: dict[str, str]
    missing: list[str]


def find_symbols(wanted: Sequence[str], available: Collection[str]) -> SymbolMatch:
    """Find genes by the symbol itself, then by today's name of it, then by another earlier name of the same gene.

    A gene that `available` has under several earlier names, and not under today's, is missing: which one is meant
    cannot be told.

    Args:
        wanted: symbols to look up; repeated ones count once.
        available: the symbols to find them in.
    """
    names = frozenset(available)
    found: dict[str, str] = {}
    by_previous: dict[str, str] = {}
    missing: list[str] = []
    for gene in dict.fromkeys(wanted):
        if gene in names:
            found[gene] = gene
            continue
        name = _other_name(gene, names)
        if name is None:
            missing.append(gene)
        else:
            found[gene] = by_previous[gene] = name
    return SymbolMatch(found, by_previous, missing)


def other_names(gene: str) -> list[tuple[str, int]]:
    """Names under which a source may have a gene, in the order in which `find_symbols` tries them.

    With each name its rank: 0 the symbol itself, 1 today's, 2 another earlier one; of those of rank 2 one alone counts.
    """
    symbol = _today().get(gene, gene)
    today = [] if symbol == gene else [(symbol, 1)]
    return [(gene, 0), *today, *((name, 2) for name in _earlier().get(symbol, ()) if name != gene)]


def current_symbols(genes: Iterable[str]) -> dict[str, str]:
    """Today's symbol of each gene; a symbol that no table knows as an earlier one is its own."""
    today = _today()
    return {gene: today.get(gene, gene) for gene in genes}


def _other_name(gene: str, names: frozenset[str]) -> str | None:
    symbol = _today().get(gene, gene)
    if symbol in names:
        return symbol
    earlier = [name for name in _earlier().get(symbol, ()) if name in names]
    return earlier[0] if len(earlier) == 1 else None


@cache
def _today() -> dict[str, str]:
    """Earlier symbol to today's."""
    with gzip.open(TABLE, "rt", encoding="utf-8") as lines:
        next(lines)
        return dict(line.rstrip("\n").split("\t") for line in lines)


@cache
def _earlier() -> dict[str, list[str]]:
    """Today's symbol to the earlier ones, in the table's order."""
    earlier: dict[str, list[str]] = {}
    for name, symbol in _today().items():
        earlier.setdefault(symbol, []).append(name)
    return earlier
