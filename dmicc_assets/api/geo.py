"""A series of GEO as labelled frames, downloaded once into the home. `geo/` chooses the files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from dmicc_assets.api.cohort import frame_of
from dmicc_assets.study.schema import Dataset


@dataclass(frozen=True)
class Series:
    """A series on one platform, on the log2 scale, by gene.

    Attributes:
        accession: `GSE55235`, or `GSE14520-GPL571` of a series on several platforms.
        title: of the series.
        expression: `gene`, then one column for each sample: log2 values, normalised between arrays, collapsed to genes.
        counts: read counts of the same shape; None when the series has no counts.
        samples: sample, title, source_name, characteristics.
        probes: probe, gene, n_symbols; a probe with several symbols, or none, belongs to no gene.
        notes: decisions and counts: whether log2 was taken and by which quantiles, number of probes without a symbol.
    """

    accession: str
    title: str
    expression: pl.DataFrame
    counts: pl.DataFrame | None
    samples: pl.DataFrame
    probes: pl.DataFrame
    notes: dict[str, Any]


def read_geo(
    accession: str,
    *,
    platform: str | None = None,
    scale: str = "auto",
    normalise: str = "quantile",
    collapse: str = "mean",
    home: Path | str | None = None,
) -> Series:
    """Download, verify and prepare a series of GEO as in a study: log2, normalise between arrays, collapse to genes.

    Args:
        accession: `GSE32225`, or with the platform of a series on several: `GSE14520-GPL571`.
        platform: the platform, when the series does not name it.
        scale: what the values are: "auto", or a word of `values:` in a study file ("log2", "linear", "counts").
        normalise: "quantile" or "none".
        collapse: probes to genes by "mean", "median" or "max_mean".
        home: where downloads are kept; DMICC_HOME by default. DMICC_GEO_URL names another mirror.

    Raises:
        SourceError: GEO cannot be reached, or a file is damaged or of another format.
        DataError: the series has no expression table, or no probe has a symbol.
        RequestError: the series is on several platforms and none is named.
    """
    from dmicc_assets.expression.counts import has_counts
    from dmicc_assets.expression.prepare import prepare_dataset
    from dmicc_assets.geo.acquire import acquire
    from dmicc_assets.geo.dataset import read_dataset
    from dmicc_assets.geo.source_files import source_files_table
    from dmicc_assets.lake.steps import open_client
    from dmicc_assets.study.settings import load_settings

    accession = accession.strip().upper()
    settings = load_settings(home=Path(home)) if home is not None else load_settings()
    settings.prepare_home()
    rules = [{"label": "any", "where": {"sample": ""}}]
    options = {"values": scale, "normalise": normalise, "collapse": collapse}
    spec = Dataset.model_validate({"source": "geo", "platform": platform, "labels": rules, **options})
    files = acquire(accession, spec, open_client(settings, lambda _: None), Path.cwd())
    prepared = prepare_dataset(read_dataset(accession, spec, files), spec, source_files_table(files))
    counts = frame_of(prepared.counts) if has_counts(prepared.counts) else None
    samples = prepared.samples.select("sample", "title", "source_name", "characteristics")
    title = str(prepared.dataset["title"][0])
    return Series(
        accession, title, frame_of(prepared.genes), counts, samples, prepared.probe_genes, dict(prepared.notes)
    )
