"""A dataset as served: its files read into samples, a matrix and the genes of its probes.

Labels, scale and collapse to genes are the work of `expression/`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypedDict

import numpy as np
import polars as pl

from dmicc_assets.errors import DataError, SourceError
from dmicc_assets.expression.gene_ids import gene_id_rows
from dmicc_assets.expression.orthologues import in_human_symbols
from dmicc_assets.expression.raw_dataset import RawDataset
from dmicc_assets.geo.formats.counts import annotated_ids, count_genes, read_counts, read_symbols
from dmicc_assets.geo.formats.platform import Platform, match_probes
from dmicc_assets.geo.formats.series_header import SeriesHeader, samples_sha256
from dmicc_assets.geo.formats.series_matrix import SeriesMatrix, read_header, read_series_matrix
from dmicc_assets.geo.formats.soft import family_platforms, read_family
from dmicc_assets.geo.formats.tabular import is_feature_counts, read_matrix, read_sample_sheet, samples_of
from dmicc_assets.geo.http.cache import SourceFile
from dmicc_assets.geo.orthologue_files import read_orthologues
from dmicc_assets.geo.sources import choose_platform, read_genes
from dmicc_assets.study.schema import Dataset, accession_of, platform_of


def read_dataset(name: str, spec: Dataset, files: Sequence[SourceFile]) -> RawDataset:
    """Read a dataset from the files of `acquire`; samples without any value are left out.

    Args:
        name: the dataset's name in its study.
        spec: its section of the study file.
        files: its files, by role.

    Raises:
        SourceError: a file is damaged or not in the expected format.
        DataError: the table is empty, the platform is not the one in the study file, or no column names genes.
    """
    by_role = {file.role: file for file in files}
    raw = in_human_symbols(_with_values(_read(name, spec, by_role)), read_orthologues(spec, by_role))
    sheets = {file.path.name: read_sample_sheet(file.path) for file in files if file.role == "clinical"}
    return replace(raw, clinical=sheets)


def _read(name: str, spec: Dataset, by_role: Mapping[str, SourceFile]) -> RawDataset:
    if spec.source != "geo":
        return _from_matrix(name, spec, by_role)
    if "counts" in by_role:
        if spec.annotation is not None:
            raise DataError(f"{name}: NCBI names the genes of its counts: leave out `annotation:`")
        return _from_counts(name, by_role)
    if "soft" in by_role:
        served = by_role["soft"]
        read = read_family(served.path, platform_of(name, spec))
    else:
        served = _need(name, by_role, "matrix")
        read = read_series_matrix(served.path)
    if not read.matrix.features:
        raise DataError(f"{name}: no sample has an expression table in {served.url}")
    return _from_series(name, spec, read, served, by_role)


def platform_in(name: str, spec: Dataset, by_role: Mapping[str, SourceFile]) -> str:
    """The platform of a series' samples, as the study names it, or the only one in its files.

    Raises:
        SourceError: a file is damaged.
        DataError, RequestError: as `choose_platform`.
    """
    if "soft" in by_role:
        found = by_role["soft"].look(family_platforms)
    else:
        found = list(read_header(_need(name, by_role, "matrix").path).platforms)
    return choose_platform(name, platform_of(name, spec), found)


def _with_values(raw: RawDataset) -> RawDataset:
    """Drop failed arrays: samples whose values are all missing, or that have no table in SOFT."""
    is_empty = [bool(empty) for empty in np.atleast_1d(np.isnan(raw.matrix.values).all(axis=0))]
    if not any(is_empty):
        return raw
    kept = [sample for sample, empty in zip(raw.matrix.samples, is_empty, strict=True) if not empty]
    if not kept:
        raise DataError(f"{raw.name}: no sample has a value in {raw.source_url}")
    without = tuple(sample for sample in raw.matrix.samples if sample not in set(kept))
    samples = raw.samples.filter(pl.col("sample").is_in(kept))
    return replace(raw, samples=samples, matrix=raw.matrix.take_samples(kept), left_out=raw.left_out + without)


def _from_series(
    name: str, spec: Dataset, read: SeriesMatrix, served: SourceFile, by_role: Mapping[str, SourceFile]
) -> RawDataset:
    accession = choose_platform(name, platform_of(name, spec), read.header.platforms)
    samples = read.header.samples.filter((pl.col("platform") == accession) | pl.col("platform").is_null())
    if not len(samples):
        raise DataError(f"{name}: no sample of {served.path.name} is on {accession}")
    platform = read_genes(spec, accession, {"platform": served, **by_role})
    return RawDataset(
        **_described(read.header, samples),
        name=name,
        source="geo",
        accession=read.header.accession or accession_of(name),
        platform=accession,
        source_url=served.url,
        table_sha256=read.table_sha256,
        samples=samples,
        matrix=read.matrix.take_samples(samples["sample"].to_list()),
        probe_genes=match_probes(read.matrix.features, platform),
        gene_ids=platform.gene_ids,
        symbol_column=platform.symbol_column,
        n_date_mangled=platform.n_date_mangled,
        n_placeholders=platform.n_placeholders,
        n_annotated=len(platform.probe_genes),
        n_compound=platform.n_compound,
        n_controls=platform.n_controls,
        value_kind="unknown",
    )


def _from_counts(name: str, by_role: Mapping[str, SourceFile]) -> RawDataset:
    """NCBI's counts, with sample descriptions from the empty series matrix; samples without counts are left out."""
    counts, header = by_role["counts"], read_header(_need(name, by_role, "matrix").path)
    matrix, digest = read_counts(counts.path)
    is_counted = pl.col("sample").is_in(list(matrix.samples))
    samples, uncounted = header.samples.filter(is_counted), header.samples.filter(~is_counted)
    if not len(samples):
        raise DataError(f"{name}: none of the series' samples has a column in {counts.path.name}")
    annotation = _need(name, by_role, "gene_ids").path
    genes, ids = count_genes(matrix.features, read_symbols(annotation)), annotated_ids(annotation)
    return RawDataset(
        **_described(header, samples),
        name=name,
        source="geo",
        accession=header.accession or accession_of(name),
        platform=header.platforms[0] if header.platforms else None,
        source_url=counts.url,
        table_sha256=digest,
        samples=samples,
        matrix=matrix.take_samples(samples["sample"].to_list()),
        probe_genes=genes,
        gene_ids=ids,
        symbol_column="Symbol",
        n_date_mangled=0,
        n_placeholders=0,
        n_compound=0,
        value_kind="counts",
        left_out=tuple(uncounted["sample"]),
    )


def _from_matrix(name: str, spec: Dataset, by_role: Mapping[str, SourceFile]) -> RawDataset:
    """A plain matrix from a hub or the disk, with or without a sample sheet and a platform."""
    served = _need(name, by_role, "matrix")
    matrix, digest = read_matrix(served.path)
    sheet = read_sample_sheet(by_role["samples"].path) if "samples" in by_role else {}
    samples = samples_of(matrix.samples, sheet, name)
    platform: Platform | None = None
    if spec.platform or "annotation" in by_role:
        platform = read_genes(spec, spec.platform, by_role)
    return RawDataset(
        name=name,
        source=spec.source,
        accession=(spec.matrix or name) if spec.source == "xena" else served.path.name,
        platform=spec.platform,
        title=name,
        organism=None,
        last_update_date=None,
        latest_sample_update_date=None,
        source_url=served.url,
        table_sha256=digest,
        metadata_sha256=samples_sha256(samples),
        relations=[],
        pubmed_ids=[],
        samples=samples,
        matrix=matrix,
        probe_genes=match_probes(matrix.features, platform) if platform else None,
        gene_ids=platform.gene_ids if platform else gene_id_rows(()),
        symbol_column=platform.symbol_column if platform else None,
        n_date_mangled=platform.n_date_mangled if platform else 0,
        n_placeholders=platform.n_placeholders if platform else 0,
        n_annotated=len(platform.probe_genes) if platform else 0,
        n_compound=platform.n_compound if platform else 0,
        n_controls=platform.n_controls if platform else 0,
        value_kind="counts" if is_feature_counts(served.path) else "unknown",
        n_channels=1,
        is_sequencing=False,
        value_text="",
    )


class _Described(TypedDict):
    title: str
    organism: str | None
    last_update_date: str | None
    latest_sample_update_date: str | None
    metadata_sha256: str
    relations: list[str]
    pubmed_ids: list[str]
    n_channels: int
    is_sequencing: bool
    value_text: str


def _described(header: SeriesHeader, samples: pl.DataFrame) -> _Described:
    """What a series says about itself and about these samples."""
    updated = header.last_update_date
    latest = samples["last_update_date"].drop_nulls().to_list()
    made = header.values_made(samples)
    return {
        "title": header.first("title"),
        "organism": ", ".join(header.organisms) or None,
        "last_update_date": updated.isoformat() if updated else None,
        "latest_sample_update_date": max(latest).isoformat() if latest else None,
        "metadata_sha256": samples_sha256(samples),
        "relations": _relations(header, samples),
        "pubmed_ids": header.series.get("pubmed_id", []),
        "n_channels": made.n_channels,
        "is_sequencing": made.is_sequencing,
        "value_text": made.text,
    }


def _relations(header: SeriesHeader, samples: pl.DataFrame) -> list[str]:
    """Distinct relations of the series, and re-analyses stated in its samples (GSE12093: `Reanalyzed by: GSE26971`)."""
    of_samples = samples["relations"].explode().drop_nulls().to_list()
    reanalyses = [relation for relation in of_samples if relation.lower().startswith("reanaly")]
    return list(dict.fromkeys([*header.series.get("relation", []), *reanalyses]))


def _need(name: str, by_role: Mapping[str, SourceFile], role: str) -> SourceFile:
    if role not in by_role:
        raise SourceError(f"{name}: its {role} file was not acquired (found {', '.join(by_role) or 'none'})")
    return by_role[role]
