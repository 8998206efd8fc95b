"""A dataset as read from its source, before any computation.

`geo/dataset.py` reads it, `prepare.py` uses it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from dmicc_assets.types import ExpressionMatrix


@dataclass(frozen=True, slots=True)
class RawDataset:
    """A dataset as read from its source.

    Attributes:
        name: in its study.
        source: `geo`, `xena` or `file`.
        accession: the series, the matrix's name on the hub, or the file's name.
        platform: accession of the platform; None when the matrix is by gene.
        title: of the series.
        organism: of the samples; None if unknown.
        last_update_date: of the series, ISO 8601; None if unknown.
        latest_sample_update_date: the latest of the samples', ISO 8601; it differs from the series' (GSE4107).
        source_url: URL of the values.
        table_sha256: of the decompressed table of values.
        metadata_sha256: of the samples' metadata without dates.
        relations: relations of the series (super-series, re-analyses), and re-analyses named in its samples.
        pubmed_ids: the series' papers.
        samples: one row for each sample, `series_header.SAMPLE_SCHEMA`, in the matrix's order.
        matrix: (R, N) as served.
        probe_genes: probe, gene, n_symbols of every row, for rows that are probes.
        gene_ids: rows of `source.gene_ids`; empty when the annotation has only symbols.
        symbol_column: the platform's column that named the genes.
        n_date_mangled: symbols of the platform that a spreadsheet turned into dates; dropped.
        n_placeholders: entries of the platform's table that stand for no gene (`#N/A`, `unknown`); dropped.
        n_compound: probes whose cell joins symbols by something else than `///` and `//`.
        value_kind: `counts` where the source says so: NCBI's RNA-seq counts, a file of featureCounts.
        n_channels: 2 for two-colour arrays.
        is_sequencing: whether the source says that it was sequenced.
        value_text: what the source says of the making of its values.
        n_controls: manufacturers' control probes of the platform.
        n_annotated: probes of the platform's table, of which the matrix may have a part.
        left_out: samples that the source describes without values.
        clinical: each clinical file by its name: sample to field to value.
        orthologues: what became of the symbols where they were replaced by human ones (`orthologues.Replaced`).
    """

    name: str
    source: str
    accession: str
    platform: str | None
    title: str
    organism: str | None
    last_update_date: str | None
    latest_sample_update_date: str | None
    source_url: str
    table_sha256: str
    metadata_sha256: str
    relations: list[str]
    pubmed_ids: list[str]
    samples: pl.DataFrame
    matrix: ExpressionMatrix
    probe_genes: pl.DataFrame | None
    gene_ids: pl.DataFrame
    symbol_column: str | None
    n_date_mangled: int
    n_placeholders: int
    n_compound: int
    value_kind: Literal["unknown", "counts"]
    n_channels: int
    is_sequencing: bool
    value_text: str
    n_controls: int = 0
    n_annotated: int = 0
    left_out: tuple[str, ...] = ()
    clinical: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict[str, Any])
    orthologues: Mapping[str, Any] | None = None
