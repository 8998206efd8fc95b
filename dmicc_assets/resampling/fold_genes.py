"""Genes that pass in each of many folds, found from sums and without a copy of the matrix for a fold.

`fold_blocks.py` makes the values of cohorts that are normalised in every fold anew; `nested.py` goes on with the genes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.differential.statistics import Batch, differential_design
from dmicc_assets.differential.within_patients import consensus_of, spaced_genes
from dmicc_assets.resampling.arrays import CountedArrays, FoldValues
from dmicc_assets.resampling.fold_blocks import FoldBlocks
from dmicc_assets.resampling.resampled_designs import Basis, Effects, Products, ResampledDesigns, products
from dmicc_assets.resampling.resamples import repeated_samples
from dmicc_assets.resampling.reweighted import chosen_genes, effects_of_lacking, passing, with_missing
from dmicc_assets.resampling.selection import adjust_batch, tells_groups
from dmicc_assets.stats.observed import mean_of_observed
from dmicc_assets.study.schema import Differential
from dmicc_assets.types import BoolArray, CaseControl, ExpressionMatrix, FloatArray

IntArray = NDArray[np.int64]
Rows = NDArray[np.intp]

# Genes whose t is computed again from their values, so that rounding of sums does not choose among them.
_CANDIDATES, _ROUNDING = 20, 1e-10


def is_sum_of_samples(source: FoldValues, batch: str) -> bool:
    """Whether a fold's tests follow from sums: not where ComBat shrinks over all genes, nor where counts are scaled."""
    return batch != "combat" and not any(isinstance(arrays, CountedArrays) for arrays in source.arrays.values())


@dataclass(frozen=True)
class FoldGenes:
    """The folds of a cohort.

    Attributes:
        source: the cohort, and how its values depend on the fold.
        counts: (B, N) how often each sample trains.
        held_out: (B, N) which samples take no part.
        settings: thresholds and options of the study, with `block` decided.
        batch: the cohort's batch method.
        blocks: the values; None where they are the same in every fold.
        centre: (G,) what values are taken less, which limits rounding.
    """

    source: FoldValues
    counts: IntArray
    held_out: BoolArray
    settings: Differential
    batch: Batch
    blocks: FoldBlocks | None
    centre: FloatArray

    @classmethod
    def of(
        cls, source: FoldValues, counts: IntArray, held_out: BoolArray, settings: Differential, batch: Batch
    ) -> "FoldGenes":
        """The folds, for a cohort for which `is_sum_of_samples` holds."""
        blocks = FoldBlocks(source, held_out) if source.arrays else None
        centre = np.nan_to_num(mean_of_observed(source.subject.matrix.values, 1))
        return cls(source, counts, held_out, settings, batch, blocks, centre)

    def values(self, fold: int, genes: Rows) -> FloatArray:
        """(g, N) the values of some genes in a fold."""
        return self.source.subject.matrix.values[genes] if self.blocks is None else self.blocks.of_genes(fold, genes)

    def chosen(self) -> BoolArray:
        """(G, B) which genes pass the study's thresholds in each fold; none where the groups cannot be told apart."""
        subject = self.source.subject
        usable = np.flatnonzero([tells_groups(self._trained(fold), self.batch) for fold in range(len(self.counts))])
        consensus = np.zeros(len(self.counts))
        if self.settings.block == "duplicate_correlation":
            consensus[usable] = self._consensus(usable)
        result = np.zeros((len(subject.matrix.features), len(self.counts)), dtype=np.bool_)
        if self.blocks is None:
            found = chosen_genes(subject, self.counts[usable], self.settings, self.batch, consensus[usable])
            result[:, usable] = found
            return result
        designs = ResampledDesigns.of(subject, self.settings, self.batch)
        for fold in usable.tolist():
            basis = designs.basis(self.counts[fold], consensus[fold])
            if basis is None:
                continue
            found = self._tested(fold, basis)
            if self.settings.block == "none":
                self._remember(fold, basis, found)
            effects = found.effects
            if found.lacking.any():
                counts = self.counts[fold]
                own = effects_of_lacking(subject, found.gaps, counts, self.settings, self.batch, consensus[fold])
                effects = with_missing(effects, own, found.lacking)
            result[:, fold] = passing(effects, found.mean if self.settings.trend else None, self.settings)
        return result

    def best(self) -> list[int | None]:
        """In each fold the gene that differs most between the training groups (pooled t); None where none can be told.

        With a batch in the model the t is of values without it: its effect, with the model's residual variance.
        """
        alone = self.settings.model_copy(update={"block": "none"})
        designs = ResampledDesigns.of(self.source.subject, alone, self.batch)
        best: list[int | None] = []
        for fold in range(len(self.counts)):
            basis = designs.basis(self.counts[fold]) if tells_groups(self._trained(fold), self.batch) else None
            best.append(None if basis is None else self._largest_t(fold, basis))
        return best

    def _largest_t(self, fold: int, basis: Basis) -> int:
        key = self._key(fold)
        if key not in self.source.largest_t:
            self._remember(fold, basis, self._tested(fold, basis))
        candidates = self.source.largest_t[key]
        trained = self._trained(fold, self.values(fold, candidates))
        adjusted = adjust_batch(trained, trained.matrix, trained.dataset, self.batch).training
        return int(candidates[np.argmax(absolute_t(adjusted, trained.is_case))])

    def _key(self, fold: int) -> bytes:
        return self.counts[fold].tobytes() + self.held_out[fold].tobytes()

    def _remember(self, fold: int, basis: Basis, found: "_Tested") -> None:
        """Keep the genes among which is the largest t, from tests in which no patient has a part."""
        within = found.effects.variance * basis.df
        with np.errstate(invalid="ignore", divide="ignore"):
            t = np.nan_to_num(np.abs(found.effects.log_fc) / np.sqrt(within), nan=-1.0, posinf=-1.0)
        rounded = np.flatnonzero(within <= _ROUNDING * found.total)
        t[found.lacking] = -1.0
        first = np.argsort(-t, kind="stable")[:_CANDIDATES]
        self.source.largest_t[self._key(fold)] = np.unique(np.concatenate([first, rounded]))

    def _trained(self, fold: int, values: FloatArray | None = None) -> CaseControl:
        """The training samples of a fold, with these genes' values (g, N), or no gene."""
        subject = self.source.subject
        values = np.empty((0, len(subject.is_case))) if values is None else values
        matrix = ExpressionMatrix(values, tuple(map(str, range(len(values)))), subject.matrix.samples)
        return repeated_samples(subject, matrix, self.counts[fold])

    def _consensus(self, folds: Rows) -> FloatArray:
        """The correlation within patients in each fold, from its own training samples."""
        matrix = self.source.subject.matrix
        genes = np.arange(len(matrix.features))[spaced_genes(len(matrix.features))]
        few = FoldBlocks(self.source, self.held_out, genes) if self.blocks else None
        every = np.ones(len(matrix.samples), dtype=np.bool_)
        found: list[float] = []
        for fold in folds.tolist():
            values = matrix.values[genes] if few is None else few.whole(fold, every)
            trained = self._trained(fold, values)
            found.append(consensus_of(trained, differential_design(trained, self.settings, self.batch)[0]))
        return np.array(found)

    def _blocks_of(self, fold: int, used: BoolArray) -> Iterator[tuple[Rows, FloatArray]]:
        matrix = self.source.subject.matrix
        if self.blocks is None:
            yield np.arange(len(matrix.features)), matrix.values[:, used]
        else:
            yield from self.blocks.of_fold(fold, used)

    def _tested(self, fold: int, basis: Basis) -> "_Tested":
        """Least squares of every gene in a fold, a missing value counted as the gene's mean."""
        used, centre = self.counts[fold] > 0, self.centre
        counts, basis, n = self.counts[fold][used], basis.among(used), len(centre)
        coordinates, total, mean = np.empty((n, basis.q.shape[1])), np.empty(n), np.empty(n)
        lacking, gaps = np.zeros(n, dtype=np.bool_), [(np.empty(0, np.intp), np.empty((0, len(counts))))]
        for rows, values in self._blocks_of(fold, used):
            np.subtract(values, centre[rows, None], out=values)
            found = products(values, {fold: basis})[fold]
            if np.isnan(found.total).any():
                own = np.isnan(found.total)
                gaps.append((rows[own], values[own] + centre[rows[own], None]))
                lacking[rows] = own
                found = products(np.nan_to_num(values, copy=False), {fold: basis})[fold]
            coordinates[rows], total[rows] = found.coordinates, found.total
            if self.settings.trend:
                mean[rows] = (values @ counts) / counts.sum() + centre[rows]
        rows, values = (np.concatenate(each) for each in zip(*gaps, strict=True))
        values = values[np.argsort(rows)]
        mean[lacking] = mean_of_observed(np.repeat(values, counts, axis=1), 1)
        every = np.full((len(values), len(used)), np.nan)
        every[:, used] = values
        return _Tested(Products(coordinates, total).effects(basis), total, mean, lacking, every)


@dataclass(frozen=True, slots=True)
class _Tested:
    """Of one fold: effects, total sum of squares and mean of all genes, and the values (M, N) of those with gaps.

    Gaps are missing values of training samples; other samples' values are NaN.
    """

    effects: Effects
    total: FloatArray
    mean: FloatArray
    lacking: BoolArray
    gaps: FloatArray


def absolute_t(values: FloatArray, is_case: BoolArray) -> FloatArray:
    """(G,) absolute two-sample t of each gene; 0 of one with a missing value or without variance."""
    case, control = values[:, is_case], values[:, ~is_case]
    within = case.var(axis=1) * case.shape[1] + control.var(axis=1) * control.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.abs(case.mean(axis=1) - control.mean(axis=1)) / np.sqrt(within)
    return np.where(np.isfinite(t), t, 0.0)
