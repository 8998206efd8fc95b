"""Columns of a platform's table that give genes by Entrez or Ensembl identifiers.

Which column gives the symbols is `symbol_columns.py`'s; what the identifiers are used for, `expression/gene_ids.py`'s.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from dmicc_assets.expression.gene_ids import Namespace, ProbeCell
from dmicc_assets.geo.formats.platform_table import PlatformTable, plain_name


def _assigned(cell: str) -> str:
    """Fifth field of each part of `gene_assignment` (GPL6244): the Entrez id."""
    return " ".join(fields[4] for fields in (part.split("//") for part in cell.split("///")) if len(fields) > 4)


# By plain name: the namespace, and the part of a cell that holds the identifiers.
ID_COLUMNS: Mapping[str, tuple[Namespace, Callable[[str], str]]] = {
    "geneid": ("entrez", str),
    "entrezgene": ("entrez", str),
    "entrezgeneid": ("entrez", str),
    "entrezid": ("entrez", str),
    "entrez": ("entrez", str),
    "locuslink": ("entrez", str),
    "gene": ("entrez", str),  # Agilent's (GPL6480): GENE is the Entrez id, GENE_SYMBOL the symbol
    "geneassignment": ("entrez", _assigned),
    "ensembl": ("ensembl", str),
    "ensemblid": ("ensembl", str),
    "ensemblgene": ("ensembl", str),
    "ensemblgeneid": ("ensembl", str),
}


def is_entrez_column(column: str) -> bool:
    """Whether a column of this name holds Entrez gene ids; GENE may hold symbols as well."""
    return plain_name(column) in {"entrezgene", "entrezgeneid", "entrezid", "entrez", "geneid", "locuslink"}


def gene_id_cells(table: PlatformTable, genes: Sequence[tuple[str | None, int]]) -> Iterator[ProbeCell]:
    """The cells that name the gene of a probe with one symbol.

    Args:
        table: the platform's table.
        genes: for each of its rows the symbol and the number of symbols.
    """
    names = [plain_name(column) for column in table.columns]
    columns = [(i, ID_COLUMNS[name]) for i, name in enumerate(names) if i and name in ID_COLUMNS]
    for row, (gene, n_symbols) in zip(table.rows, genes, strict=True):
        if gene is not None and n_symbols == 1:
            for i, (namespace, part) in columns:
                yield gene, namespace, part(row[i])
