"""Genes by Entrez and Ensembl identifiers: recognising them, and their symbols by a platform's annotation.

Reading the annotation is `geo/formats/`'s; earlier and later symbols of a gene are found by `symbols.py`.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

import polars as pl

from dmicc_assets.expression.symbols import current_symbols
from dmicc_assets.tables import TABLES

Namespace = Literal["entrez", "ensembl"]
PATTERNS: Mapping[Namespace, re.Pattern[str]] = {
    "entrez": re.compile(r"[1-9]\d{0,8}"),
    "ensembl": re.compile(r"(?P<id>ENS[A-Z]{0,6}G\d{11})(?:\.\d+)?"),
}
TITLES: Mapping[Namespace, str] = {"entrez": "Entrez", "ensembl": "Ensembl"}
# A probe with its one symbol, and the cell that names its gene in a namespace.
ProbeCell = tuple[str, Namespace, str]


def namespace_of(genes: Collection[str]) -> Namespace | None:
    """The namespace of over half of the identifiers; None for symbols."""
    for namespace, pattern in PATTERNS.items():
        if 2 * len(list(filter(pattern.fullmatch, genes))) > len(genes):
            return namespace
    return None


def plain_id(identifier: str) -> str:
    """An identifier without Ensembl's version: ENSG00000141510.18 is ENSG00000141510."""
    match = PATTERNS["ensembl"].fullmatch(identifier)
    return match["id"] if match else identifier


def ids_in(cell: str, namespace: Namespace) -> list[str]:
    """The distinct identifiers of a namespace in a cell of an annotation, whatever separates them."""
    words = re.split(r"[\s/|;,]+", cell.strip().strip('"'))
    return list(dict.fromkeys(plain_id(word) for word in words if PATTERNS[namespace].fullmatch(word)))


def gene_id_rows(cells: Iterable[ProbeCell]) -> pl.DataFrame:
    """Rows of `source.gene_ids` from probes with one symbol; a cell with several identifiers says nothing of one."""
    pairs: dict[tuple[str, str, str], None] = {}
    for symbol, namespace, cell in cells:
        found = ids_in(cell, namespace)
        if len(found) == 1:
            pairs[namespace, found[0], symbol] = None
    columns = list(zip(*pairs, strict=True)) or [(), (), ()]
    names = ("namespace", "identifier", "gene")
    return TABLES["source/gene_ids"].frame(dict(zip(names, map(list, columns), strict=True)))


def symbols_by_id(tables: Sequence[pl.DataFrame], namespace: Namespace) -> dict[str, str]:
    """Symbol by identifier, from the annotation of one or more platforms.

    An identifier of two genes is left out, because the right one is unknown; two symbols of one gene are not two genes.

    Args:
        tables: rows of `source.gene_ids`.
        namespace: of the identifiers.
    """
    rows = [
        (identifier, gene)
        for table in tables
        for identifier, gene in table.filter(namespace=namespace).select("identifier", "gene").iter_rows()
    ]
    today = current_symbols(gene for _, gene in rows)
    found: dict[str, set[str]] = {}
    for identifier, gene in rows:
        found.setdefault(identifier, set()).add(today[gene])
    return {identifier: next(iter(genes)) for identifier, genes in found.items() if len(genes) == 1}
