"""NCBI's own RNA-seq counts of a series and their annotation: genes by Entrez id, samples by GSM accession.

Their URLs are in `geo/sources.py`; the analysis of counts (voom) is in `stats/voom.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from dmicc_assets.errors import SourceError
from dmicc_assets.expression.gene_ids import ProbeCell, gene_id_rows
from dmicc_assets.geo.formats.gzip_stream import gzip_blocks
from dmicc_assets.geo.formats.limits import joined
from dmicc_assets.geo.formats.platform import probe_rows
from dmicc_assets.geo.formats.tabular import read_matrix, verify_matrix
from dmicc_assets.types import ExpressionMatrix


@dataclass(frozen=True, slots=True)
class Assembly:
    """A genome assembly that NCBI counts reads on.

    Attributes:
        name: as in the names of count files.
        annotation: the file with the genes' Entrez ids and symbols.
    """

    name: str
    annotation: str


ASSEMBLIES = {
    "Homo sapiens": Assembly("GRCh38.p13", "Human.GRCh38.p13.annot.tsv.gz"),
    "Mus musculus": Assembly("GRCm39", "Mouse.GRCm39.annot.tsv.gz"),
    "Rattus norvegicus": Assembly("mRatBN7.2", "Rat.mRatBN7.2.annot.tsv.gz"),
}


def verify_counts(path: Path) -> None:
    """Check that a counts file is a complete table of genes by samples.

    Raises:
        SourceError: the file is an HTML page, damaged, or another table.
    """
    for _ in gzip_blocks(path):
        break
    verify_matrix(path)


def read_counts(path: Path) -> tuple[ExpressionMatrix, str]:
    """Counts of each gene (Entrez id) in each sample, with the SHA-256 of the decompressed table.

    Raises:
        SourceError: the file is damaged, or a count is not a whole number of at least 0.
    """
    matrix, digest = read_matrix(path)
    wrong = ~((matrix.values >= 0) & (matrix.values % 1 == 0))
    if wrong.any():
        row, column = (int(index[0]) for index in wrong.nonzero())
        raise SourceError(
            f"{path.name}: expected counts, found {matrix.values[row, column]} for gene {matrix.features[row]} "
            f"in {matrix.samples[column]}"
        )
    return matrix, digest


def read_symbols(path: Path) -> dict[str, str]:
    """Symbol of each Entrez gene id, from NCBI's annotation of its counts.

    Raises:
        SourceError: the file is damaged, or has no columns GeneID and Symbol.
    """
    return {gene_id: symbol for gene_id, symbol, _ in _annotation(path)}


def annotated_ids(path: Path) -> pl.DataFrame:
    """Rows of `source.gene_ids`: Entrez and Ensembl identifiers of every symbol of NCBI's annotation.

    Raises:
        SourceError: as `read_symbols`.
    """
    return gene_id_rows(_id_cells(path))


def _id_cells(path: Path) -> Iterator[ProbeCell]:
    for gene_id, symbol, ensembl in _annotation(path):
        yield symbol, "entrez", gene_id
        yield symbol, "ensembl", ensembl


def _annotation(path: Path) -> Iterator[tuple[str, str, str]]:
    """Entrez id, symbol and Ensembl ids ("" where the file has no such column) of each gene with a symbol."""
    text = joined(gzip_blocks(path), path.name).decode("utf-8", errors="replace")
    header, *lines = text.replace("\r\n", "\n").split("\n")
    columns = header.split("\t")
    if not {"GeneID", "Symbol"} <= set(columns):
        raise SourceError(f"{path.name}: expected columns GeneID and Symbol, found {header[:60]!r}")
    gene_id, symbol = columns.index("GeneID"), columns.index("Symbol")
    ensembl = columns.index("EnsemblGeneID") if "EnsemblGeneID" in columns else len(columns)
    for row in (line.split("\t") for line in lines if line):
        if len(row) > max(gene_id, symbol) and row[symbol]:
            yield row[gene_id], row[symbol], row[ensembl] if ensembl < len(row) else ""


def verify_symbols(path: Path) -> None:
    """Check that NCBI's annotation is complete.

    Raises:
        SourceError: as `read_symbols`, or it has no gene.
    """
    if not read_symbols(path):
        raise SourceError(f"{path.name}: expected genes with their symbols, found none")


def count_genes(gene_ids: tuple[str, ...], symbols: Mapping[str, str]) -> pl.DataFrame:
    """Probe (the Entrez id), gene and n_symbols of the rows of a counts matrix."""
    return probe_rows(gene_ids, [(symbols.get(key), 1 if key in symbols else 0) for key in gene_ids])
