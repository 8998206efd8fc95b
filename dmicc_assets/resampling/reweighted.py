"""Differentially expressed genes with other sample counts, or other labels.

The moderated t of many vectors of counts on one matrix is matrix algebra, see `resampled_designs.py`. P-values are
computed only where they matter. `stats/relabelling.py` handles many labels.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.differential.blocking import decided
from dmicc_assets.differential.statistics import (
    Batch,
    cohort_model,
    differential_design,
    differential_genes,
    model_statistics,
)
from dmicc_assets.differential.within_patients import consensus_of
from dmicc_assets.resampling.resampled_designs import CASE, Effects, ResampledDesigns, estimable, products
from dmicc_assets.resampling.resamples import repeated_samples
from dmicc_assets.resampling.selection import StudyData, adjust_batch, tells_groups
from dmicc_assets.stats.distributions import t_upper_quantile, two_sided_p
from dmicc_assets.stats.duplicate_correlation import within_blocks
from dmicc_assets.stats.linear_model import fit_linear_model, non_estimable
from dmicc_assets.stats.moderation import squeeze_var
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.stats.observed import mean_of_observed
from dmicc_assets.stats.relabelling import moderated_t_over_labels
from dmicc_assets.study.schema import Differential
from dmicc_assets.types import BoolArray, CaseControl, ExpressionMatrix, FloatArray

IntArray = NDArray[np.int64]

_AT_ONCE, _LABELS_AT_ONCE = 32, 128
# A t this near its limit, as a share of it, may be on either side by the rounding of a quantile.
_AT_LIMIT = 1e-6


def chosen_genes(
    subject: CaseControl, counts: IntArray, settings: Differential, batch: Batch, consensus: FloatArray | None = None
) -> BoolArray:
    """(G, B) which genes pass the study's thresholds when each sample counts as often as a resample says.

    Equal to `differential_genes` of the repeated samples, but for rounding at a threshold.

    Args:
        subject: the cohort; its matrix holds `value`, ComBat is fitted to every resample again.
        counts: (B, N) how often each sample counts, 0 for one left out.
        settings: thresholds and options of the study.
        batch: the cohort's batch method.
        consensus: (B,) correlation of two samples of one patient, for `duplicate_correlation`; None for that of the
            subject itself, from 2,000 genes at most.
    """
    settings = decided(settings, subject)
    if batch == "combat":
        return _side_by_side(subject, [_one_by_one(subject, row, settings, batch) for row in counts])
    designs = ResampledDesigns.of(subject, settings, batch)
    if settings.block != "duplicate_correlation":
        consensus = np.zeros(len(counts))
    elif consensus is None:
        consensus = np.full(len(counts), consensus_of(subject, designs.design))
    values = subject.matrix.values
    filled, lacking = centred(values)
    result = np.zeros((len(values), len(counts)), dtype=np.bool_)
    for start in range(0, len(counts), _AT_ONCE):
        block = range(start, min(start + _AT_ONCE, len(counts)))
        bases = {b: designs.basis(counts[b], float(consensus[b])) for b in block}
        usable = {b: basis for b, basis in bases.items() if basis is not None}
        for b, found in products(filled, usable).items():
            effects = found.effects(usable[b])
            if lacking.any():
                own = effects_of_lacking(subject, values[lacking], counts[b], settings, batch, float(consensus[b]))
                effects = with_missing(effects, own, lacking)
            mean = _weighted_mean(values, counts[b]) if settings.trend else None
            result[:, b] = passing(effects, mean, settings)
    return result


def centred(values: FloatArray) -> tuple[FloatArray, BoolArray]:
    """(G, N) values less the gene's mean, a missing one as the mean; and (G,) True for genes with missing values."""
    lacking = np.asarray(np.isnan(values).any(axis=1), dtype=np.bool_)
    if not lacking.any():
        return values - values.mean(axis=1, keepdims=True), lacking
    return np.nan_to_num(values - mean_of_observed(values, 1, keepdims=True)), lacking


def chosen_under_labels(subject: CaseControl, labels: BoolArray, settings: Differential, batch: Batch) -> BoolArray:
    """(G, L) which genes pass the study's thresholds under each labelling (L, N); see `chosen_genes`.

    Raises:
        ValueError: a labelling has one group only, or is confounded with datasets or patients.
    """
    settings = decided(settings, subject)
    if batch == "combat":
        once = np.ones(len(subject.is_case), dtype=np.int64)
        found = [_one_by_one(replace(subject, is_case=row), once, settings, batch) for row in labels]
        return _side_by_side(subject, found)
    design, _ = differential_design(subject, settings, batch)
    nuisance = design[:, 2:]
    correlation = None
    if settings.block == "duplicate_correlation":
        correlation = within_blocks(subject.unit, consensus_of(subject, design))
    result = np.zeros((len(subject.matrix.features), len(labels)), dtype=np.bool_)
    for start in range(0, len(labels), _LABELS_AT_ONCE):
        block = labels[start : start + _LABELS_AT_ONCE]
        many = moderated_t_over_labels(
            subject.matrix.values,
            block,
            nuisance if nuisance.shape[1] else None,
            correlation=correlation,
            trend=settings.trend,
            robust=settings.robust,
            limma=settings.limma,
        )
        for i in range(len(block)):
            result[:, start + i] = _passing(
                many.log_fc[i], np.abs(many.t[i]), np.atleast_1d(many.df_total[i]), settings
            )
    return result


def _side_by_side(subject: CaseControl, columns: Sequence[BoolArray]) -> BoolArray:
    return np.column_stack(columns) if columns else np.zeros((len(subject.matrix.features), 0), dtype=np.bool_)


def effects_of_lacking(
    subject: CaseControl, values: FloatArray, counts: IntArray, settings: Differential, batch: Batch, consensus: float
) -> Effects:
    """The effects of genes with missing values, (M, N), fitted on their own samples of a resample."""
    few = ExpressionMatrix(values, tuple(map(str, range(len(values)))), subject.matrix.samples)
    repeated = repeated_samples(subject, few, counts)
    design, columns = differential_design(repeated, settings, batch)
    kept = estimable(design, columns)
    correlation = within_blocks(repeated.unit, consensus) if consensus else None
    fit = fit_linear_model(repeated.matrix.values, design[:, kept], correlation=correlation)
    case = kept.index(CASE)
    return Effects(fit.coefficients[:, case], fit.sigma**2, fit.df_residual, fit.stdev_unscaled[:, case])


def with_missing(effects: Effects, own: Effects, lacking: BoolArray) -> Effects:
    """The effects with those of the genes that have missing values put in."""
    log_fc, variance = effects.log_fc.copy(), effects.variance.copy()
    df, stdev = np.full(len(log_fc), effects.df), np.full(len(log_fc), effects.stdev)
    log_fc[lacking], stdev[lacking] = own.log_fc, own.stdev
    variance[lacking], df[lacking] = own.variance, own.df
    return Effects(log_fc, variance, df, stdev)


def _weighted_mean(values: FloatArray, counts: IntArray) -> FloatArray:
    """(G,) mean of the observed values, each as often as it counts."""
    return (np.nan_to_num(values) @ counts) / (~np.isnan(values) @ counts)


def passing(effects: Effects, mean: FloatArray | None, settings: Differential) -> BoolArray:
    """(G,) which genes pass the thresholds in one resample; the mean expression (G,) is that of a trended prior."""
    return _passing(effects.log_fc, *_moderated(effects, mean, settings), settings)


def _moderated(effects: Effects, mean: FloatArray | None, settings: Differential) -> tuple[FloatArray, FloatArray]:
    """(G,) absolute moderated t, and its degrees of freedom."""
    df = np.broadcast_to(np.asarray(effects.df, dtype=np.float64), effects.variance.shape)
    posterior, prior = squeeze_var(effects.variance, df, mean, robust=settings.robust, limma=settings.limma)
    df_total = np.minimum(df + prior.df, np.nansum(df))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.abs(effects.log_fc) / (effects.stdev * np.sqrt(posterior)), df_total


def _passing(log_fc: FloatArray, t: FloatArray, df_total: FloatArray, settings: Differential) -> BoolArray:
    """(G,) which genes pass the thresholds; p-values are computed only where a gene's t is at the limit."""
    found, at_limit = _beyond_limit(t, df_total, settings)
    if at_limit.any():
        candidates = found | at_limit
        p = np.where(np.isnan(t), np.nan, 1.0)
        p[candidates] = two_sided_p(t[candidates], np.broadcast_to(df_total, t.shape)[candidates])
        # The larger p-values change nothing for those that BH rejects.
        with np.errstate(invalid="ignore"):
            found = (p if settings.adjust == "none" else adjust_p_values(p)) < settings.p_value
    with np.errstate(invalid="ignore"):
        return found & (np.abs(log_fc) >= settings.log_fc)


def _beyond_limit(t: FloatArray, df_total: FloatArray, settings: Differential) -> tuple[BoolArray, BoolArray]:
    """(G,) genes whose p is under the threshold by their t, and those whose t is too near its limit to say.

    BH rejects the k genes of the largest t, k the largest number of p-values that are at most k / n times the
    threshold: from all p-values under the threshold, k falls until it no longer changes (step up, Benjamini &
    Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x).
    """
    is_same = bool((df_total == df_total.flat[0]).all())
    df, of_gene = (df_total.flat[:1], 0) if is_same else np.unique(df_total, return_inverse=True)
    n = max(int(np.count_nonzero(~np.isnan(t))), 1)
    k = n
    while True:
        limit = t_upper_quantile(settings.p_value * (1.0 if settings.adjust == "none" else k / n) / 2, df)[of_gene]
        with np.errstate(invalid="ignore"):
            candidates = t >= limit * (1 - _AT_LIMIT)
            fewer = int(np.count_nonzero(candidates))
            if settings.adjust == "none" or fewer in (k, 0):
                beyond = t > limit * (1 + _AT_LIMIT)
                return beyond, candidates & ~beyond
        k = fewer


def _one_by_one(subject: CaseControl, counts: IntArray, settings: Differential, batch: Batch) -> BoolArray:
    """(G,) the same for one resample, by the functions that the study itself uses."""
    repeated = repeated_samples(subject, subject.matrix, counts)
    if not tells_groups(repeated, batch):
        return np.zeros(len(subject.matrix.features), dtype=np.bool_)
    if batch == "combat":
        values = adjust_batch(repeated, repeated.matrix, repeated.dataset, batch).training
        repeated = replace(repeated, matrix=replace(repeated.matrix, values=values))
    design, names = differential_design(repeated, settings, batch)
    if non_estimable(design, names):
        return np.zeros(len(subject.matrix.features), dtype=np.bool_)
    model = cohort_model(repeated, settings, batch)
    chosen = set(differential_genes(model_statistics(repeated, model, settings), settings)["gene"])
    return np.array([gene in chosen for gene in subject.matrix.features], dtype=np.bool_)


def genes_of_cohorts(data: StudyData, counts: dict[str, IntArray]) -> tuple[list[str], dict[str, BoolArray]]:
    """Genes that every cohort measures, sorted, and which of them (U, B) each cohort chooses in its resamples."""
    universe = sorted(set[str].intersection(*(set(subject.matrix.features) for subject in data.merged.values())))
    chosen: dict[str, BoolArray] = {}
    for name, rows in counts.items():
        subject = data.merged[name]
        position = {gene: i for i, gene in enumerate(subject.matrix.features)}
        found = chosen_genes(subject, rows, data.settings(name), data.study.cohorts[name].batch)
        chosen[name] = found[[position[gene] for gene in universe]]
    return universe, chosen
