"""A small mirror tree for tests: series matrices, family SOFT, platform tables and counts in GEO's own formats."""

import gzip
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.geo.accession import matrix_name, platform_folder, series_folder
from dmicc_assets.study.schema import Dataset

CONTACT = ("Jane,,Doe", "jane.doe@example.org", "+1 555 0100")


def small_values(n_rows: int = 40, n_samples: int = 6, seed: int = 1) -> NDArray[np.float64]:
    return np.round(np.random.default_rng(seed).normal(8.0, 2.0, (n_rows, n_samples)), 4)


def matrix_text(
    accession: str,
    platform: str,
    values: NDArray[np.float64],
    *,
    updated: str = "Mar 25 2019",
    kind: str = "Expression profiling by array",
    probes: Sequence[str] | None = None,
    samples: Sequence[str] | None = None,
    characteristics: Sequence[Sequence[str]] | None = None,
    row_count: int | None = None,
    titles: Sequence[str] | None = None,
) -> str:
    """A series matrix; by default half of the samples are `disease: yes`, the other half `disease: healthy`."""
    n_rows, n_samples = values.shape
    probes = probes or [f"{1000 + i}_at" for i in range(n_rows)]
    samples = samples or [f"GSM{100 + i}" for i in range(n_samples)]
    characteristics = characteristics or [
        [f"disease: {'lupus' if i < n_samples / 2 else 'healthy'}" for i in range(n_samples)]
    ]
    lines = [
        _line("!Series_title", [f"Study {accession} of ‘skin’"]),
        _line("!Series_geo_accession", [accession]),
        _line("!Series_last_update_date", [updated]),
        _line("!Series_pubmed_id", ["123"]),
        _line("!Series_type", [kind]),
        _line("!Series_contact_name", [CONTACT[0]]),
        _line("!Series_contact_email", [CONTACT[1]]),
        _line("!Series_contact_phone", [CONTACT[2]]),
        _line("!Series_platform_id", [platform]),
        _line("!Series_relation", ["SubSeries of: GSE9"]),
        "",
        _line("!Sample_title", titles or [f"sample {i + 1}" for i in range(n_samples)]),
        _line("!Sample_geo_accession", samples),
        _line("!Sample_last_update_date", ["Aug 28 2018"] * n_samples),
        _line("!Sample_source_name_ch1", ["skin"] * n_samples),
        _line("!Sample_organism_ch1", ["Homo sapiens"] * n_samples),
        *(_line("!Sample_characteristics_ch1", row) for row in characteristics),
        _line("!Sample_contact_name", [CONTACT[0]] * n_samples),
        _line("!Sample_platform_id", [platform] * n_samples),
        _line("!Sample_data_row_count", [str(n_rows if row_count is None else row_count)] * n_samples),
        "!series_matrix_table_begin",
        _line("ID_REF", samples).replace("ID_REF", '"ID_REF"'),
        *(f'"{probe}"\t' + "\t".join(_number(v) for v in row) for probe, row in zip(probes, values, strict=True)),
        "!series_matrix_table_end",
    ]
    return "\n".join(lines) + "\n"


def write_matrix(root: Path, accession: str, platform: str, text: str, *, names_platform: bool = False) -> Path:
    """Write a series matrix where GEO keeps it."""
    name = matrix_name(accession, platform if names_platform else None)
    return write_gzip(root / "geo" / series_folder(accession) / "matrix" / name, text)


def family_text(
    accession: str, tables: Mapping[str, Mapping[str, Mapping[str, str]]], probes: Mapping[str, Mapping[str, str]]
) -> str:
    """A family SOFT file: sample tables by platform, sample and probe; genes by platform and probe."""
    lines = ["^DATABASE = GeoMiame", "!Database_email = geo@ncbi.nlm.nih.gov", f"^SERIES = {accession}"]
    lines += [f"!Series_title = Family {accession}", f"!Series_geo_accession = {accession}"]
    lines += [f"!Series_contact_email = {CONTACT[1]}"]
    for platform, genes in probes.items():
        lines += [f"^PLATFORM = {platform}", "#ID = id", "#Gene Symbol = symbol", "!platform_table_begin"]
        lines += ["ID\tGene Symbol", *(f"{probe}\t{gene}" for probe, gene in genes.items()), "!platform_table_end"]
    for platform, samples in tables.items():
        for sample, table in samples.items():
            lines += [f"^SAMPLE = {sample}", f"!Sample_title = {sample} of {platform}"]
            lines += [f"!Sample_platform_id = {platform}", f"!Sample_data_row_count = {len(table)}"]
            lines += ["!Sample_characteristics_ch1 = disease: lupus", "#ID_REF = ", "#VALUE = ", "#ABS_CALL = "]
            lines += ["!sample_table_begin", "ID_REF\tVALUE\tABS_CALL"]
            lines += [f"{probe}\t{value}\tP" for probe, value in table.items()]
            lines += ["!sample_table_end"]
    return "\n".join(lines) + "\n"


def write_family(root: Path, accession: str, text: str) -> Path:
    """Write a family SOFT file where GEO keeps it."""
    return write_gzip(root / "geo" / series_folder(accession) / "soft" / f"{accession}_family.soft.gz", text)


def annot_text(platform: str, genes: Mapping[str, str], column: str = "Gene symbol") -> str:
    """A platform's `.annot`, which repeats a column's name."""
    head = ["^Annotation", f"!Annotation_platform = {platform}", "#ID = ID", "!platform_table_begin"]
    rows = [f"{probe}\ttitle\t{gene}\t7\tother" for probe, gene in genes.items()]
    return "\n".join([*head, f"ID\tGene title\t{column}\tChromosome\tGene title", *rows, "!platform_table_end"]) + "\n"


def write_annot(root: Path, platform: str, text: str) -> Path:
    """Write a platform's annotation where GEO keeps it."""
    return write_gzip(root / "geo" / platform_folder(platform) / "annot" / f"{platform}.annot.gz", text)


def small_mirror(root: Path, accession: str = "GSE1001", platform: str = "GPL7", n_rows: int = 40) -> Path:
    """A mirror with one series and its platform; returns the matrix's path."""
    path = write_matrix(root, accession, platform, matrix_text(accession, platform, small_values(n_rows)))
    write_annot(root, platform, annot_text(platform, {f"{1000 + i}_at": f"GENE{i}" for i in range(n_rows)}))
    (root / "xena").mkdir(exist_ok=True)
    (root / "acc").mkdir(exist_ok=True)
    return path


def write_gzip(path: Path, text: str | bytes) -> Path:
    """Write a gzip file, compressed so little that faults in the middle of it hit something."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode() if isinstance(text, str) else text, compresslevel=1, mtime=0))
    return path


def revise(path: Path, text: str) -> None:
    """Replace a file by another version, with a later time than it had."""
    later = path.stat().st_mtime + 10
    write_gzip(path, text)
    os.utime(path, (later, later))


def spec(source: str = "geo", **settings: object) -> Dataset:
    """A dataset of a study file whose one label every sample gets."""
    return Dataset.model_validate({"source": source, "labels": [{"label": "x", "where": {"any": "."}}], **settings})


def empty_rna_seq(mirror: Path) -> None:
    """GSE118828: an RNA-seq series whose matrix is empty."""
    kind = "Expression profiling by high throughput sequencing"
    write_matrix(mirror, "GSE118828", "GPL18573", matrix_text("GSE118828", "GPL18573", small_values(0), kind=kind))


def write_counts(mirror: Path, counts: str = "GeneID\tGSM101\tGSM100\n7157\t5\t0\n920\t7\t12\n1\t1\t2\n") -> None:
    """NCBI's counts of GSE118828, and their annotation."""
    folder = mirror / "geo" / "rnaseq_counts"
    write_gzip(folder / "GSE118828_raw_counts_GRCh38.p13_NCBI.tsv.gz", counts)
    annotation = "GeneID\tSymbol\tDescription\n7157\tTP53\ttumor protein\n920\tCD4\tCD4\n1\tA1BG\talpha\n"
    write_gzip(folder / "Human.GRCh38.p13.annot.tsv.gz", annotation)


def _line(key: str, cells: Sequence[str]) -> str:
    return "\t".join([key, *(f'"{cell}"' for cell in cells)])


def _number(value: float) -> str:
    return "" if np.isnan(value) else repr(float(value))
