"""Frequency with which each gene is chosen again: in bootstraps, and with every control left out once.

`reweighted.py` and `selection.py` choose genes; `checks/` judges stability.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dmicc_assets.resampling.parallel import in_parallel
from dmicc_assets.resampling.resamples import bootstrap_counts, left_out_controls, repeated_samples
from dmicc_assets.resampling.reweighted import genes_of_cohorts
from dmicc_assets.resampling.selection import StudyData, adjust_batch, first_genes
from dmicc_assets.tables import TABLES
from dmicc_assets.types import BoolArray, ExpressionMatrix

IntArray = NDArray[np.int64]

_STABILITY = TABLES["signature/stability"]


def selection_stability(data: StudyData, n_jobs: int = 1) -> pl.DataFrame:
    """Selection frequency of every gene that is chosen at least once.

    Methods: `bootstrap` (in the signature, each cohort's patients drawn with replacement within class and dataset),
    `bootstrap_biomarkers` (among the biomarkers of the same draws), `leave_one_control_out` (in the signature when one
    patient's controls are left out, all cohorts' together) and `leave_one_control_out:<cohort>` (those of one).

    Args:
        data: the study on all samples.
        n_jobs: number of processes; results do not depend on it.

    Returns:
        gene, method, frequency; a gene of the study's signature has a row for each method, 0 included.
    """
    settings = data.study.rigor
    kept = sorted(set[str].intersection(*(set(frame["gene"]) for frame in data.genes.values())))
    frames = [_STABILITY.frame()]
    if settings.bootstraps:
        counts = {
            name: bootstrap_counts(subject, settings.bootstraps, np.random.default_rng([settings.seed, 1, i]))
            for i, (name, subject) in enumerate(data.merged.items())
        }
        universe, chosen = genes_of_cohorts(data, counts)
        shared = np.logical_and.reduce(list(chosen.values()))
        frames.append(_rows("bootstrap", dict(zip(universe, shared.mean(axis=1), strict=True)), kept))
        frames.append(_rows("bootstrap_biomarkers", _biomarker_frequency(data, counts, universe, shared, n_jobs), kept))
    return pl.concat([*frames, *_without_one_control(data, kept)])


def _rows(method: str, frequency: Mapping[str, float], kept: list[str]) -> pl.DataFrame:
    genes = sorted({gene for gene, share in frequency.items() if share > 0} | set(kept))
    frequencies = [float(frequency.get(gene, 0.0)) for gene in genes]
    return _STABILITY.frame({"gene": genes, "method": method, "frequency": frequencies})


def _biomarker_frequency(
    data: StudyData, counts: Mapping[str, IntArray], universe: list[str], shared: BoolArray, n_jobs: int
) -> dict[str, float]:
    """Share of the bootstraps in which each gene is among the first of every cohort."""
    draws = [
        ({name: rows[b] for name, rows in counts.items()}, [universe[i] for i in np.flatnonzero(shared[:, b])])
        for b in range(shared.shape[1])
    ]
    # A process is sent the genes of the signatures, not the whole matrices.
    few = data.among(sorted({gene for _, signature in draws for gene in signature}))
    chosen = in_parallel(partial(_biomarkers_of_draw, few), draws, n_jobs)
    genes, n = np.unique([gene for genes in chosen for gene in genes], return_counts=True)
    return {str(gene): float(times) / len(draws) for gene, times in zip(genes, n, strict=True)}


def _biomarkers_of_draw(data: StudyData, draw: tuple[dict[str, IntArray], list[str]]) -> list[str]:
    """The genes among the first of every cohort in one bootstrap of all cohorts."""
    counts, signature = draw
    chosen = set(signature)
    ranking = data.study.ranking
    for name, subject in data.merged.items():
        if not chosen:
            break
        batch = data.study.cohorts[name].batch
        # ComBat shrinks over all genes: the signature alone would be adjusted differently.
        matrix = subject.matrix if batch == "combat" else subject.matrix.take_features(signature)
        repeated = repeated_samples(subject, matrix, counts[name])
        values = adjust_batch(repeated, repeated.matrix, repeated.dataset, batch).training
        if batch == "combat":
            values = ExpressionMatrix(values, matrix.features, repeated.matrix.samples).take_features(signature).values
        chosen &= set(first_genes(values, repeated.is_case, signature, ranking))
    return sorted(chosen)


def _without_one_control(data: StudyData, kept: list[str]) -> list[pl.DataFrame]:
    """Frequencies in the signature when one control is left out of its cohort, the other cohorts as they are."""
    counts = {name: left_out_controls(subject) for name, subject in data.merged.items()}
    universe, chosen = genes_of_cohorts(data, counts)
    found: dict[str, BoolArray] = {}
    for name, rows in chosen.items():
        others = data.shared_by_others(name)
        elsewhere = np.array([others is None or gene in others for gene in universe], dtype=np.bool_)
        found[name] = rows & elsewhere[:, None]
    pooled = np.concatenate(list(found.values()), axis=1)
    frames = [_rows("leave_one_control_out", dict(zip(universe, pooled.mean(axis=1), strict=True)), kept)]
    for name, rows in found.items():
        share = dict(zip(universe, rows.mean(axis=1), strict=True))
        frames.append(_rows(f"leave_one_control_out:{name}", share, kept))
    return frames
