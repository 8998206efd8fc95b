"""Inputs of resampling and of gene sets, assembled from a study's results. Nothing is computed or judged here."""

from collections.abc import Mapping, Sequence

import polars as pl

from dmicc_assets.enrichment.coverage import named
from dmicc_assets.expression.counts import sum_counts
from dmicc_assets.expression.gene_ids import Namespace, namespace_of, symbols_by_id
from dmicc_assets.resampling.arrays import CountedArrays, FoldValues, LogArrays, learns_from_arrays, log_arrays
from dmicc_assets.resampling.selection import StudyData
from dmicc_assets.resampling.sensitivity import ProbeLevel
from dmicc_assets.results.reader import Results


def study_data(results: Results) -> StudyData:
    """The study on all samples: cohorts, their differential genes, and the biomarkers."""
    return StudyData(
        study=results.study,
        merged=results.cohorts("value"),
        adjusted=results.cohorts(),
        genes=results.by_part("differential/genes"),
        biomarkers=tuple(results.biomarkers),
    )


def fold_values(results: Results, data: StudyData) -> FoldValues:
    """Inputs that give the values of the model's cohort without a fold's held-out samples."""
    cohort = data.study.cohorts[data.target]
    depending = [
        name for name in cohort.datasets if learns_from_arrays(data.study.datasets[name]) or results.is_counted(name)
    ]
    read = cohort.datasets if depending else ()
    samples = results.by_part("source/samples")
    return FoldValues(
        name=data.target,
        cohort=cohort,
        subject=data.merged[data.target],
        arrays={
            name: _counted_arrays(results, name) if results.is_counted(name) else _log_arrays(results, name)
            for name in depending
        },
        matrices={name: results.matrix("expression/genes", name) for name in read},
        samples={name: samples[name] for name in read},
    )


def probe_level(results: Results) -> ProbeLevel:
    """The probes of every dataset of the cohorts."""
    names = list(dict.fromkeys(name for cohort in results.study.cohorts.values() for name in cohort.datasets))
    is_by_probe = {name: not results.rows("source/probe_genes", dataset=name).is_empty() for name in names}
    by_probe = [name for name in names if is_by_probe[name] and not results.is_counted(name)]
    samples = results.by_part("source/samples")
    return ProbeLevel(
        arrays={name: _log_arrays(results, name) for name in by_probe},
        matrices={name: results.matrix("expression/genes", name) for name in names if name not in by_probe},
        samples={name: samples[name] for name in names},
    )


def symbols_of_cohort(results: Results, cohort: str, namespace: Namespace) -> Mapping[str, str]:
    """Symbol by Entrez or Ensembl identifier, by the annotation of a cohort's datasets."""
    return symbols_of_datasets(results, results.study.cohorts[cohort].datasets, namespace)


def symbols_of_datasets(results: Results, datasets: Sequence[str], namespace: Namespace) -> Mapping[str, str]:
    """The same of some datasets."""
    return symbols_by_id([results.rows("source/gene_ids", dataset=name) for name in datasets], namespace)


def genes_of_set(results: Results, cohort: str, library: str, term: str) -> Sequence[str]:
    """The genes of a gene set, by symbol where the annotation of the cohort's datasets knows it."""
    genes = results.gene_set(library, term)
    namespace = namespace_of(genes)
    return named(genes, symbols_of_cohort(results, cohort, namespace)) if namespace else genes


def _log_arrays(results: Results, dataset: str) -> LogArrays:
    """The log2 values of a dataset before normalisation between arrays."""
    probe_genes = _probe_genes(results, dataset)
    matrix = results.matrix("expression/probes", dataset)
    return log_arrays(matrix, None if probe_genes.is_empty() else probe_genes, results.study.datasets[dataset])


def _counted_arrays(results: Results, dataset: str) -> CountedArrays:
    probe_genes = _probe_genes(results, dataset)
    matrix = results.matrix("expression/probes", dataset)
    return CountedArrays(sum_counts(matrix, None if probe_genes.is_empty() else probe_genes))


def _probe_genes(results: Results, dataset: str) -> pl.DataFrame:
    return results.rows("source/probe_genes", dataset=dataset).drop("study", "dataset")
