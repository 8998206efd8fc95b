"""Symbols of another species replaced by those of their human orthologues, one to one, and counted.

The tables of orthologues are read by `geo/formats/orthologue_tables.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import polars as pl

from dmicc_assets.errors import DataError
from dmicc_assets.expression.gene_ids import gene_id_rows
from dmicc_assets.expression.raw_dataset import RawDataset
from dmicc_assets.tables import TABLES
from dmicc_assets.wording import one_or_many

_SEPARATOR = " /// "
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Orthologues:
    """The genes of a species and their human orthologues.

    Attributes:
        human: the human symbol of each symbol with one orthologue, which is no other gene's orthologue.
        several: symbols with several human orthologues, or with one that is the orthologue of other genes too.
        current: today's symbol of the species by each unambiguous earlier symbol or alias.
        entrez: Entrez id of each human symbol; empty where the table has none.
    """

    human: Mapping[str, str]
    several: frozenset[str]
    current: Mapping[str, str]
    entrez: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Replaced:
    """What became of the symbols of a dataset.

    Attributes:
        n_symbols: distinct symbols before.
        n_one: those that were replaced by that of their one human orthologue.
        n_several: dropped, because there are several orthologues.
        n_none: dropped, because no orthologue is known, or not the symbol.
        several, none: examples of these.
    """

    n_symbols: int
    n_one: int
    n_several: int
    n_none: int
    several: tuple[str, ...]
    none: tuple[str, ...]

    def text(self) -> str:
        """The counts as a sentence, with the first symbols that were dropped."""
        parts = [f"{self.n_one} of {self.n_symbols} symbols have one human orthologue"]
        for n, what, names in (
            (self.n_several, "several", self.several),
            (self.n_none, "none that is known", self.none),
        ):
            if n:
                parts.append(
                    f"{n} {one_or_many(n, 'has', 'have')} {what} ({', '.join(names)}{', ...' * (n > len(names))})"
                )
        return ", ".join(parts)


def one_to_one(
    pairs: Iterable[tuple[str, str]], current: Mapping[str, str] | None = None, entrez: Mapping[str, str] | None = None
) -> Orthologues:
    """Orthologues from pairs of a symbol and a human symbol; only one-to-one pairs give a human symbol.

    Args:
        pairs: in any order; a pair that comes twice counts once.
        current: today's symbol by earlier symbol.
        entrez: Entrez id by human symbol.
    """
    distinct = set(pairs)
    n_human: dict[str, int] = {}
    n_other: dict[str, int] = {}
    for symbol, human in distinct:
        n_human[symbol] = n_human.get(symbol, 0) + 1
        n_other[human] = n_other.get(human, 0) + 1
    single = {symbol: human for symbol, human in distinct if n_human[symbol] == n_other[human] == 1}
    return Orthologues(single, frozenset(n_human.keys() - single.keys()), current or {}, entrez or {})


def in_human_symbols(raw: RawDataset, known: Orthologues | None) -> RawDataset:
    """The dataset with its probes' symbols replaced; probes of a gene without one orthologue have no gene.

    A matrix by gene becomes one of probes, each the gene as it is named there. Identifiers become those of the human
    genes, where the table has them: gene sets by identifiers are of human ones.

    Args:
        raw: the dataset, with symbols of its own species.
        known: the orthologues; None leaves the dataset as it is.

    Raises:
        DataError: no symbol of the dataset has an orthologue.
    """
    if known is None:
        return raw
    named = raw.probe_genes
    if named is None:
        genes = list(raw.matrix.features)
        named = TABLES["source/probe_genes"].frame({"probe": genes, "gene": genes, "n_symbols": [1] * len(genes)})
    renamed, replaced = replace_symbols(raw.name, named, known)
    genes = sorted(set(renamed["gene"].drop_nulls()) & known.entrez.keys())
    ids = gene_id_rows((gene, "entrez", known.entrez[gene]) for gene in genes)
    return replace(raw, probe_genes=renamed, gene_ids=ids, orthologues=asdict(replaced))


def replace_symbols(name: str, probe_genes: pl.DataFrame, known: Orthologues) -> tuple[pl.DataFrame, Replaced]:
    """Rows of `source.probe_genes` with human symbols, and what became of the symbols.

    Args:
        name: of the dataset, for messages.
        probe_genes: probe, gene, n_symbols.
        known: the orthologues.

    Raises:
        DataError: no symbol has an orthologue.
    """
    symbols = dict.fromkeys(part for gene in probe_genes["gene"].drop_nulls() for part in gene.split(_SEPARATOR))
    find = _Finder(known)
    human = {symbol: found for symbol in symbols if (found := find.human(symbol)) is not None}
    lost = [symbol for symbol in symbols if symbol not in human]
    several = [symbol for symbol in lost if find.is_several(symbol)]
    none = [symbol for symbol in lost if not find.is_several(symbol)]
    if not human:
        raise DataError(
            f"{name}: none of its {len(symbols)} symbols ({', '.join(list(symbols)[:_EXAMPLES])}, ...) has one human "
            f"orthologue in the table, which has {', '.join(sorted(known.human)[:_EXAMPLES]) or 'none one to one'}, "
            "...; is it of this species, and by symbol?"
        )
    rows = [_renamed(gene, n_symbols, human) for gene, n_symbols in probe_genes.select("gene", "n_symbols").iter_rows()]
    columns: dict[str, Sequence[Any]] = {"gene": [gene for gene, _ in rows], "n_symbols": [n for _, n in rows]}
    counts = Replaced(
        len(symbols), len(human), len(several), len(none), tuple(several[:_EXAMPLES]), tuple(none[:_EXAMPLES])
    )
    return TABLES["source/probe_genes"].frame({"probe": probe_genes["probe"].to_list(), **columns}), counts


def _renamed(gene: str | None, n_symbols: int, human: Mapping[str, str]) -> tuple[str | None, int]:
    """The human symbols of a probe; a probe of several genes stays one, whatever their orthologues are."""
    found = list(dict.fromkeys(human[part] for part in (gene or "").split(_SEPARATOR) if part in human))
    return (_SEPARATOR.join(found), max(n_symbols, len(found))) if found else (None, 0)


class _Finder:
    """Look-up of a symbol as it is, then as an earlier symbol, then in another case (TRP53 for Trp53)."""

    def __init__(self, known: Orthologues) -> None:
        self._known = known
        self._folded: dict[str, str | None] = {}
        for symbol in (*known.human, *known.several):
            key = symbol.casefold()
            self._folded[key] = None if key in self._folded else symbol  # Ab and AB: nobody knows which

    def human(self, symbol: str) -> str | None:
        return self._known.human.get(self._today(symbol))

    def is_several(self, symbol: str) -> bool:
        return self._today(symbol) in self._known.several

    def _today(self, symbol: str) -> str:
        if symbol in self._known.human or symbol in self._known.several:
            return symbol
        return self._known.current.get(symbol) or self._folded.get(symbol.casefold()) or symbol
