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
    """Rank of each value in its array, from 0, with which any distribution can be assigned.

    Attributes:
        half: (P, N) the rank in halves, rounded down; ties share a rank, a whole or half one; 0 for a missing value.
        between: ascending flat positions of the values between two halves, in an array with missing values.
        share: how far above their rank, rounded down, those are.
        missing: ascending flat positions of the missing values.
    """

    half: NDArray[np.uint32]
    between: NDArray[np.intp]
    share: FloatArray
    missing: NDArray[np.intp]

    def quantiles(self, target: FloatArray) -> FloatArray:
        """(P, N) the target's (P,) values at these ranks."""
        halves = np.empty(2 * len(target) - 1)
        halves[::2] = target
        halves[1::2] = target[:-1] + 0.5 * (target[1:] - target[:-1])
        values = halves.take(self.half.astype(np.intp), mode="clip")
        if len(self.between) or len(self.missing):
            flat, low = values.ravel(), self.half.ravel()[self.between] // 2
            flat[self.between] = target[low] + self.share * (target[low + 1] - target[low])
            flat[self.missing] = np.nan
        return values

    def take(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> "Ranks":
        """Those of some rows and columns, distinct ones, in the given order."""
        shape = self.half.shape
        row, column = np.full(shape[0], -1), np.full(shape[1], -1)
        row[rows], column[columns] = np.arange(len(rows)), np.arange(len(columns))

        def placed(flat: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
            r, c = row[flat // shape[1]], column[flat % shape[1]]
            kept = np.flatnonzero((r >= 0) & (c >= 0))
            place = r[kept] * len(columns) + c[kept]
            order = np.argsort(place)
            return place[order], kept[order]

        between, kept = placed(self.between)
        return Ranks(self.half[np.ix_(rows, columns)], between, self.share[kept], placed(self.missing)[0])

    def part(self, start: int, stop: int) -> "Ranks":
        """Those of the rows from start to before stop."""
        n = self.half.shape[1]
        (a, b), (c, d) = (np.searchsorted(each, [start * n, stop * n]) for each in (self.between, self.missing))
        return Ranks(
            self.half[start:stop], self.between[a:b] - start * n, self.share[a:b], self.missing[c:d] - start * n
        )


@dataclass(frozen=True)
class LogArrays:
    """A dataset on the log2 scale before normalisation, prepared to be normalised many times.

    Attributes:
        spec: what the study file says of it.
        matrix: (P, N) log2 values of every probe (or gene) and sample.
        probe_genes: probe, gene, n_symbols; None when the matrix is by gene.
        ranks: place of each value in its array; None where nothing is normalised.
        ordered: (P, N) each array's values in order, interpolated to the full length.
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
            values = self.ranks.quantiles(self.ordered[:, training].mean(axis=1))
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
    return LogArrays(spec, matrix, probe_genes, ranks, ordered)


def _ranked(values: FloatArray) -> tuple[Ranks, FloatArray]:
    """The place of each value (P, N) in its array, and each array in order (P, N); each array is sorted once.

    Ties share their mean place; an array with missing values is stretched to the full length.
    """
    n_probes, n = values.shape
    half = np.zeros(values.shape, dtype=np.uint32)
    ordered = np.empty(values.shape)
    none = np.empty(0, dtype=np.intp)
    between, shares, missing = [none], [np.empty(0)], [none]
    for j, column in enumerate(contiguous_columns(values)):
        order = np.argsort(column)
        observed = n_probes - int(np.isnan(column).sum())
        ascending = column[order[:observed]]
        is_plain = observed == n_probes and bool(np.isfinite(ascending[[0, -1]]).all())
        ordered[:, j] = ascending if is_plain else fit_quantile_target(column[:, None])
        missing.append(order[observed:] * n + j)
        ranks = mean_ranks(ascending)
        if observed == n_probes:
            half[order, j] = 2 * ranks
            continue
        place = ranks / max(observed - 1, 1) * (n_probes - 1)
        down = np.floor(place + 1e-9)
        # A place that is a whole rank but for rounding is that rank.
        apart = np.flatnonzero(np.abs(place - down) >= 1e-6)
        half[order[:observed], j] = 2 * down
        between.append(order[apart] * n + j)
        shares.append(place[apart] - down[apart])
    flat, share = np.concatenate(between), np.concatenate(shares)
    by_place = np.argsort(flat)
    return Ranks(half, flat[by_place], share[by_place], np.sort(np.concatenate(missing))), ordered


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
