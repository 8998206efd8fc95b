"""Normalisation of datasets between arrays that learns nothing from held-out arrays.

Fit and transform are apart: the common distribution is that of the training arrays,
and a held-out array is given it by its own ranks; counts are scaled to the training samples' libraries.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dmicc_assets.expression.cohort import merge_cohort
from dmicc_assets.expression.collapse import collapse_probes
from dmicc_assets.stats.column_quantiles import contiguous_columns
from dmicc_assets.stats.library_size import log_cpm, tmm_factors
from dmicc_assets.stats.quantile_normalisation import fit_quantile_target, mean_ranks
from dmicc_assets.study.schema import Cohort, Dataset
from dmicc_assets.types import CaseControl, ExpressionMatrix, FloatArray


def learns_from_arrays(spec: Dataset) -> bool:
    """Whether a dataset's gene-level values depend on all of its arrays, so that each fold computes them again."""
    return spec.normalise == "quantile" or spec.collapse == "max_mean"


@dataclass(frozen=True, slots=True)
class Ranks:
    """Where each value stands in its array, so that any distribution can be assigned.

    Attributes:
        entry: (N, P) the value's entry of `table`; beyond the table for a missing value.
        places: (E,) places of the entries in a distribution of P values, from 0: ties share one, which may be between
            two values, as are those of an array with missing values.
    """

    entry: NDArray[np.uint32]
    places: FloatArray

    def table(self, target: FloatArray) -> FloatArray:
        """(E + 1,) the target's (P,) values at the places, and NaN."""
        low = self.places.astype(np.intp)
        high = np.minimum(low + 1, len(target) - 1)
        return np.append(target[low] + (self.places - low) * (target[high] - target[low]), np.nan)

    def quantiles(self, target: FloatArray) -> FloatArray:
        """(P, N) the target's (P,) values at these ranks."""
        return np.ascontiguousarray(look_up(self.table(target), self.entry).T)


def look_up(table: FloatArray, entry: NDArray[np.uint32]) -> FloatArray:
    """The table's value of each entry; one beyond it is the last, NaN."""
    return table.take(entry, mode="clip")


@dataclass(frozen=True)
class LogArrays:
    """A dataset on the log2 scale before normalisation, prepared to be normalised many times.

    Attributes:
        spec: what the study file says of it.
        matrix: (P, N) log2 values of every probe (or gene) and sample; no number where `ranks` and `ordered` have them.
        probe_genes: probe, gene, n_symbols; None when the matrix is by gene.
        ranks: place of each value in its array; None where nothing is normalised.
        ordered: (N, P) each array's values in order, interpolated to the full length.
    """

    spec: Dataset
    matrix: ExpressionMatrix
    probe_genes: pl.DataFrame | None
    ranks: Ranks | None
    ordered: FloatArray

    def genes(self, held_out: Collection[str] = ()) -> ExpressionMatrix:
        """(G, N) gene-level log2 values of every sample, learnt without the held-out ones.

        Raises:
            ValueError: every sample is held out.
        """
        training = np.array([sample not in held_out for sample in self.matrix.samples], dtype=np.bool_)
        if not training.any():
            raise ValueError("every array is held out, so there is no distribution to learn")
        values = self.matrix.values
        if self.ranks is not None and len(training) > 1:
            values = self.ranks.quantiles(self.ordered[training].mean(axis=0))
        matrix = ExpressionMatrix(values, self.matrix.features, self.matrix.samples)
        if self.probe_genes is None:
            return matrix.take_features(sorted(matrix.features))
        if self.spec.collapse != "max_mean":
            return collapse_probes(matrix, self.probe_genes, self.spec.collapse).matrix
        learnt = matrix.take_samples([s for s, t in zip(matrix.samples, training, strict=True) if t])
        chosen = collapse_probes(learnt, self.probe_genes, "max_mean").chosen_probe or {}
        kept = matrix.take_features([chosen[gene] for gene in sorted(chosen)])
        return ExpressionMatrix(kept.values, tuple(sorted(chosen)), kept.samples)

    def collapsed(self, collapse: str) -> ExpressionMatrix:
        """(G, N) gene-level values of every sample with the probes collapsed in another way than the study's."""
        return replace(self, spec=self.spec.model_copy(update={"collapse": collapse})).genes()


@dataclass(frozen=True)
class CountedArrays:
    """An RNA-seq dataset before normalisation: (G, N) counts of genes."""

    counts: ExpressionMatrix

    def genes(self, held_out: Collection[str] = ()) -> ExpressionMatrix:
        """(G, N) log2 counts per million; reference, scale and mean library are those of the other samples.

        Raises:
            ValueError: every sample is held out.
        """
        training = np.array([sample not in held_out for sample in self.counts.samples], dtype=np.bool_)
        if not training.any():
            raise ValueError("every sample is held out, so there is no library size to learn")
        values = log_cpm(self.counts.values, tmm_factors(self.counts.values, training), learnt=training)
        return ExpressionMatrix(values, self.counts.features, self.counts.samples)


def log_arrays(matrix: ExpressionMatrix, probe_genes: pl.DataFrame | None, spec: Dataset) -> LogArrays:
    """A dataset of intensities, ready to be normalised many times.

    Args:
        matrix: (P, N) log2 values before normalisation, as `expression/probes` has them.
        probe_genes: probe, gene, n_symbols; None when the matrix is by gene.
        spec: what the study file says of the dataset.
    """
    ranks, ordered = None, np.empty((0, 0))
    if spec.normalise == "quantile":
        ranks, ordered = _ranked(matrix.values)
        if len(matrix.samples) > 1:
            matrix = replace(matrix, values=np.broadcast_to(np.nan, matrix.values.shape))
    return LogArrays(spec, matrix, probe_genes, ranks, ordered)


def _ranked(values: FloatArray) -> tuple[Ranks, FloatArray]:
    """The place of each value (P, N) in its array, and each array in order (N, P); each array is sorted once.

    Ties share their mean place; an array with missing values is stretched to the full length.
    """
    n_probes, n = values.shape
    entry = np.full((n, n_probes), np.iinfo(np.uint32).max, dtype=np.uint32)
    ordered = np.empty((n, n_probes))
    # All complete arrays share the places of whole and half ranks.
    places: list[FloatArray] = [np.arange(2 * n_probes - 1, dtype=np.float64) / 2]
    n_places = len(places[0])
    for j, column in enumerate(contiguous_columns(values)):
        order = np.argsort(column)
        observed = n_probes - int(np.isnan(column).sum())
        ascending = column[order[:observed]]
        is_plain = observed == n_probes and bool(np.isfinite(ascending[[0, -1]]).all())
        ordered[j] = ascending if is_plain else fit_quantile_target(column[:, None])
        ranks = mean_ranks(ascending)
        if observed == n_probes:
            entry[j, order] = 2 * ranks
            continue
        own, of_own = np.unique(ranks, return_inverse=True)
        entry[j, order[:observed]] = n_places + of_own
        place = own * (n_probes - 1) / max(observed - 1, 1)
        # A place that is a whole rank but for rounding is that rank.
        whole = np.rint(place)
        places.append(np.asarray(np.where(np.abs(place - whole) < 1e-6, whole, place), dtype=np.float64))
        n_places += len(own)
    return Ranks(entry, np.concatenate(places)), ordered


@dataclass(frozen=True)
class FoldValues:
    """Merged values of a cohort, with some samples held out of normalisation.

    Attributes:
        name: the cohort's name.
        cohort: what the study file says of it.
        subject: the cohort as merged from all samples.
        arrays: datasets whose values depend on all arrays; without any, the subject's own values hold for every fold.
        matrices: gene-level values of every dataset of the cohort.
        samples: `source.samples` rows of every dataset of the cohort.
        largest_t: rows of the genes with the largest t of a fold, by its samples' counts and which are held out.
    """

    name: str
    cohort: Cohort
    subject: CaseControl
    arrays: Mapping[str, LogArrays | CountedArrays]
    matrices: Mapping[str, ExpressionMatrix]
    samples: Mapping[str, pl.DataFrame]
    largest_t: dict[bytes, NDArray[np.intp]] = field(default_factory=dict[bytes, NDArray[np.intp]])

    def values(self, held_out: Collection[str]) -> ExpressionMatrix:
        """(G, N) merged values, genes and samples in the subject's order."""
        if not self.arrays:
            return self.subject.matrix
        matrices = {
            dataset: self.arrays[dataset].genes(held_out) if dataset in self.arrays else matrix
            for dataset, matrix in self.matrices.items()
        }
        unadjusted = self.cohort.model_copy(update={"batch": "none"})
        merged = merge_cohort(self.name, unadjusted, matrices, self.samples, finds_people=False).value
        return merged.take_features(self.subject.matrix.features).take_samples(self.subject.matrix.samples)
