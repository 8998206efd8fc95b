"""Look-up of genes in a source that uses earlier or later symbols.

This module only finds names; symbols in matrices stay as annotated.

`previous_symbols.tsv.gz` beside this module maps 61,998 unambiguous earlier symbols and aliases to the current symbol,
from NCBI Gene (public domain), taken from Bioconductor's org.Hs.eg.db 3.16.0. None of these earlier symbols is the
current symbol of any gene.
"""

import gzip
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("previous_symbols.tsv.gz")


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


def _other_name(gene: str, names: frozenset[str]) -> str | None:
    symbol = _today().get(gene, gene)
    if symbol in names:
        return symbol
    earlier = [name for name in _earlier().get(symbol, ()) if name in names]
    return earlier[0] if len(earlier) == 1 else None


@cache
def _today() -> dict[str, str]:
    """Earlier symbol to current symbol."""
    with gzip.open(TABLE, "rt", encoding="utf-8") as lines:
        next(lines)
        return dict(line.rstrip("\n").split("\t") for line in lines)


@cache
def _earlier() -> dict[str, list[str]]:
    """Current symbol to earlier ones, in the table's order."""
    earlier: dict[str, list[str]] = {}
    for name, symbol in _today().items():
        earlier.setdefault(symbol, []).append(name)
    return earlier
