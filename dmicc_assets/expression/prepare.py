"""Preparation of a dataset: labels, log2, normalisation between arrays, collapse to genes, quality.

The order of the steps is here; each step is in the module of its name.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.errors import DataError
from dmicc_assets.expression.clinical import clinical_fields, n_aligned
from dmicc_assets.expression.collapse import collapse_probes
from dmicc_assets.expression.copies import copy_of
from dmicc_assets.expression.counts import log2_counts, no_counts, sum_counts, whole_counts
from dmicc_assets.expression.distribution import sample_distributions
from dmicc_assets.expression.kinds import KindOfValues, log2_of_abundance, log2_of_logarithms
from dmicc_assets.expression.labels import assign_batches, assign_labels, assign_patients
from dmicc_assets.expression.quality import sample_quality
from dmicc_assets.expression.raw_dataset import RawDataset
from dmicc_assets.expression.scale import ScaleDecision, log2_decision, to_log2
from dmicc_assets.expression.values import kind_of_values
from dmicc_assets.stats.quantile_normalisation import quantile_normalise
from dmicc_assets.study.schema import Dataset
from dmicc_assets.tables import TABLES
from dmicc_assets.types import ExpressionMatrix, FloatArray

DATA_ROLES = ("counts", "soft", "matrix")  # if the matrix is empty, one of the others has the values


@dataclass(frozen=True)
class PreparedDataset:
    """Tables and matrices of a dataset before it joins a cohort.

    Attributes:
        dataset: one row with the columns of `source.datasets`.
        samples: one row for each sample, with the columns of `source.samples`.
        clinical: the columns of `source.clinical`; empty without clinical files.
        probe_genes: probe, gene, n_symbols; empty when the matrix is by gene.
        gene_ids: the columns of `source.gene_ids`.
        probes: every original row and sample, on the log2 scale before normalisation, or as counts.
        genes: gene-level log2 expression, genes sorted by name.
        counts: RNA-seq counts of the same shape; missing values when the dataset is not counted.
        quality: the columns of `expression.quality`.
        distributions: the columns of `expression.distributions`.
        notes: decisions and numbers for the manifest.
    """

    dataset: pl.DataFrame
    samples: pl.DataFrame
    clinical: pl.DataFrame
    probe_genes: pl.DataFrame
    gene_ids: pl.DataFrame
    probes: ExpressionMatrix
    genes: ExpressionMatrix
    counts: ExpressionMatrix
    quality: pl.DataFrame
    distributions: pl.DataFrame
    notes: dict[str, Any]


def prepare_dataset(raw: RawDataset, spec: Dataset, files: pl.DataFrame) -> PreparedDataset:
    """Label, log2, normalise between arrays, collapse probes to genes, and measure quality.

    Args:
        raw: the original dataset with all samples and probes.
        spec: its section of the study file.
        files: its rows of `source.files`; the first in order of `DATA_ROLES` holds the values.

    Raises:
        DataError: the labels do not fit, or no probe has a gene.
    """
    labels = assign_labels(raw.name, raw.samples, spec.labels)
    probe_genes = TABLES["source/probe_genes"].frame() if raw.probe_genes is None else raw.probe_genes
    probe_genes = probe_genes.filter(pl.col("probe").is_in(list(raw.matrix.features)))
    if raw.probe_genes is not None and not (probe_genes["n_symbols"] == 1).any():
        raise DataError(f"{raw.name}: no probe has exactly one gene symbol on {raw.platform}; is the platform right?")
    of = kind_of_values(raw, spec)
    measured = _counted(raw, probe_genes) if of.kind == "counts" else _intensities(raw, spec, probe_genes, of)
    genes = measured.genes
    samples = raw.samples.with_columns(
        label=pl.Series(labels, dtype=pl.String),
        patient=pl.Series(assign_patients(raw.name, raw.samples, spec.patient), dtype=pl.String),
        batch=pl.Series(assign_batches(raw.name, raw.samples, spec.batch), dtype=pl.String),
        same_as=pl.Series(copy_of(genes.take_samples(raw.samples["sample"].to_list())), dtype=pl.String),
    ).select(*TABLES["source/samples"].rows_schema)
    return PreparedDataset(
        dataset=_dataset_row(raw, spec, measured.scale_detected, files),
        samples=samples,
        clinical=clinical_fields(raw.name, raw.matrix.samples, raw.clinical),
        probe_genes=probe_genes,
        gene_ids=raw.gene_ids,
        probes=measured.probes,
        genes=genes,
        counts=measured.counts,
        quality=sample_quality(genes, measured.before, labels),
        distributions=sample_distributions(measured.before, measured.after, raw.matrix.samples),
        notes={"n_files": len(files)}
        | _aligned(raw)
        | _notes(raw, spec, probe_genes, genes, measured.before)
        | {"values": of.kind, "values_why": of.why, "values_guessed": of.is_guess, "n_flipped": len(of.flipped)}
        | ({"values_doubt": list(of.doubt)} if of.doubt else {})
        | measured.notes,
    )


def _aligned(raw: RawDataset) -> dict[str, Any]:
    """How many samples have a row in each clinical file."""
    found = {file: n_aligned(raw.matrix.samples, sheet) for file, sheet in raw.clinical.items()}
    return {"n_clinical": found} if found else {}


@dataclass(frozen=True)
class _Measured:
    """Genes on the log2 scale, the values before normalisation, and the decisions made."""

    probes: ExpressionMatrix
    genes: ExpressionMatrix
    counts: ExpressionMatrix
    before: FloatArray
    after: FloatArray
    scale_detected: str
    notes: dict[str, Any]


def _intensities(raw: RawDataset, spec: Dataset, probe_genes: pl.DataFrame, of: KindOfValues) -> _Measured:
    log2_values, decision = _on_log2(raw, of)
    normalised = quantile_normalise(log2_values) if spec.normalise == "quantile" else log2_values
    matrix = ExpressionMatrix(normalised, raw.matrix.features, raw.matrix.samples)
    if raw.probe_genes is None:
        genes = matrix.take_features(sorted(matrix.features))
    else:
        genes = collapse_probes(matrix, probe_genes, spec.collapse).matrix
    notes = {"took_log2": decision.took_log2, "quantiles": list(decision.quantiles)}
    probes = ExpressionMatrix(log2_values, matrix.features, matrix.samples)
    return _Measured(probes, genes, no_counts(genes), log2_values, normalised, decision.scale_detected, notes)


def _on_log2(raw: RawDataset, of: KindOfValues) -> tuple[FloatArray, ScaleDecision]:
    """The values on the log2 scale, and GEO2R's rule on what was served."""
    values = raw.matrix.values
    if of.kind in ("log2", "linear"):
        decision = log2_decision(values, of.kind)
        return to_log2(values, decision), decision
    decision = log2_decision(values, "linear" if of.kind in ("tpm", "fpkm") else "log2")
    if of.kind in ("tpm", "fpkm"):
        return log2_of_abundance(values, raw.name), replace(decision, scale_detected=of.kind)
    return log2_of_logarithms(values, raw.matrix.samples, of), replace(decision, scale_detected=of.kind)


def _counted(raw: RawDataset, probe_genes: pl.DataFrame) -> _Measured:
    """RNA-seq: log2 counts per million with TMM factors, in place of scale and normalisation."""
    matrix, n_rounded = whole_counts(raw.matrix, raw.name)
    counts = sum_counts(matrix, None if raw.probe_genes is None else probe_genes)
    genes = log2_counts(counts)
    notes = {"took_log2": True, "normalise": "TMM", "n_rounded": n_rounded}
    return _Measured(matrix, genes, counts, genes.values, genes.values, "counts", notes)


def _dataset_row(raw: RawDataset, spec: Dataset, scale_detected: str, files: pl.DataFrame) -> pl.DataFrame:
    served = next(
        files.filter(pl.col("role") == role).row(0, named=True) for role in DATA_ROLES if role in files["role"]
    )
    row = {
        "source": raw.source,
        "accession": raw.accession,
        "platform": raw.platform,
        "title": raw.title,
        "organism": raw.organism,
        "n_samples": len(raw.matrix.samples),
        "n_probes": len(raw.matrix.features),
        "last_update_date": max(
            filter(None, (raw.last_update_date, raw.latest_sample_update_date)), default=None
        ),  # each may change without the other (GSE4107)
        "scale_detected": scale_detected,
        "source_url": served["source_url"],
        "retrieved_at": served["retrieved_at"],
        "content_sha256": raw.table_sha256,
        "tissue": spec.tissue,
        "symbol_column": raw.symbol_column,
        "relations": "\n".join(raw.relations) or None,
        "pubmed_ids": " ".join(raw.pubmed_ids) or None,
    }
    return TABLES["source/datasets"].frame(row)


def _notes(
    raw: RawDataset, spec: Dataset, probe_genes: pl.DataFrame, genes: ExpressionMatrix, log2_values: np.ndarray
) -> dict[str, Any]:
    n_symbols = probe_genes["n_symbols"]
    n_probes = len(raw.matrix.features) if raw.probe_genes is not None else 0
    return {
        "n_samples": len(raw.matrix.samples),
        "samples_without_values": list(raw.left_out),
        "n_probes": len(raw.matrix.features),
        "n_genes": len(genes.features),
        "n_probes_without_symbol": n_probes - int((n_symbols > 0).sum()),
        "n_probes_with_several_symbols": int((n_symbols > 1).sum()),
        "n_date_mangled": raw.n_date_mangled,
        "n_placeholders": raw.n_placeholders,
        "n_annotated": raw.n_annotated,
        "n_compound": raw.n_compound,
        "n_controls": raw.n_controls,
        "n_missing_cells": int(np.isnan(log2_values).sum()),
        "normalise": spec.normalise,
        "collapse": spec.collapse,
        "symbol_column": raw.symbol_column,
    } | ({"orthologues": dict(raw.orthologues)} if raw.orthologues else {})
