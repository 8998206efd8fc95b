"""Differentially expressed genes with other sample counts, or other labels.

The moderated t of many vectors of counts on one matrix is matrix algebra: the bases of all designs stand side by side
in one product. P-values are computed only where they matter. `stats/relabelling.py` handles many labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
from dmicc_assets.differential.whitening import Whitened, consensus_of, whitened
from dmicc_assets.resampling.resamples import repeated_samples
from dmicc_assets.resampling.selection import StudyData, adjust_batch, tells_groups
from dmicc_assets.stats.distributions import t_upper_quantile, two_sided_p
from dmicc_assets.stats.duplicate_correlation import within_blocks
from dmicc_assets.stats.linear_model import fit_linear_model, non_estimable
from dmicc_assets.stats.moderation import squeeze_var
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.stats.relabelling import moderated_t_over_labels
from dmicc_assets.study.schema import Differential
from dmicc_assets.types import BoolArray, CaseControl, ExpressionMatrix, FloatArray

IntArray = NDArray[np.int64]

_AT_ONCE = 32
_CASE = 1


@dataclass(frozen=True, slots=True)
class _Basis:
    """A resample's weighted design: q times the weights (N, K), inverse of r (K, K), its samples, and residual df."""

    q: FloatArray
    inverse: FloatArray
    case: int
    counts: IntArray
    df: int


@dataclass(frozen=True, slots=True)
class _Effects:
    """Of one resample, (G,): log fold change, residual variance, its degrees of freedom, unscaled standard error."""

    log_fc: FloatArray
    variance: FloatArray
    df: float | FloatArray
    stdev: float | FloatArray


def chosen_genes(subject: CaseControl, counts: IntArray, settings: Differential, batch: Batch) -> BoolArray:
    """(G, B) which genes pass the study's thresholds when each sample counts as often as a resample says.

    Equal to `differential_genes` of the repeated samples, but for rounding at a threshold; with
    `duplicate_correlation` the consensus is that of the subject itself, and of 2,000 genes at most.

    Args:
        subject: the cohort; its matrix holds `value`, ComBat is fitted to every resample again.
        counts: (B, N) how often each sample counts, 0 for one left out.
        settings: thresholds and options of the study.
        batch: the cohort's batch method.
    """
    settings = decided(settings, subject)
    if batch == "combat":
        return _side_by_side(subject, [_one_by_one(subject, row, settings, batch) for row in counts])
    design, names = differential_design(subject, settings, batch)
    rows = whitened(subject, design, settings)
    values = subject.matrix.values
    squares = rows.filled**2
    result = np.zeros((len(values), len(counts)), dtype=np.bool_)
    whole = [b for b in range(len(counts)) if rows.consensus == 0 or _keeps_units(subject, counts[b])]
    for start in range(0, len(whole), _AT_ONCE):
        block = whole[start : start + _AT_ONCE]
        bases = {b: _basis(rows.design, names, counts[b], _extra_patients(subject, counts[b], settings)) for b in block}
        usable = {b: basis for b, basis in bases.items() if basis is not None and basis.df > 0}
        for b, effects in _effects(rows.filled, squares, usable).items():
            found = effects
            if rows.lacking.any():
                own = _of_lacking(subject, rows, counts[b], settings, batch)
                found = _with_missing(effects, own, rows.lacking)
            mean = _weighted_mean(values, counts[b]) if settings.trend else None
            result[:, b] = _passing(found.log_fc, *_moderated(found, mean, settings), settings)
    for b in sorted(set(range(len(counts))) - set(whole)):
        result[:, b] = _one_by_one(subject, counts[b], settings, batch, rows.consensus)
    return result


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
    for start in range(0, len(labels), _AT_ONCE):
        block = labels[start : start + _AT_ONCE]
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


def _keeps_units(subject: CaseControl, counts: IntArray) -> bool:
    """Whether the samples of one patient count equally often."""
    first: dict[str, int] = {}
    return all(first.setdefault(unit, n) == n for unit, n in zip(subject.unit, counts.tolist(), strict=True))


def _extra_patients(subject: CaseControl, counts: IntArray, settings: Differential) -> int:
    """Patients that a resample draws again: each takes a degree of freedom where every patient has a column."""
    if settings.block != "fixed":
        return 0
    drawn: dict[str, int] = {}
    for unit, n in zip(subject.unit, counts.tolist(), strict=True):
        drawn[unit] = max(drawn.get(unit, 0), n)
    return sum(n - 1 for n in drawn.values() if n > 1)


def _side_by_side(subject: CaseControl, columns: Sequence[BoolArray]) -> BoolArray:
    return np.column_stack(columns) if columns else np.zeros((len(subject.matrix.features), 0), dtype=np.bool_)


def _basis(design: FloatArray, names: Sequence[str], counts: IntArray, n_extra: int) -> _Basis | None:
    """The basis of a resample; None when a class is absent, or one with the datasets or patients that are left."""
    root = np.sqrt(counts.astype(np.float64))
    weighted = design * root[:, None]
    columns = _estimable(weighted, names)
    if _CASE not in columns:
        return None
    q, r = np.linalg.qr(weighted[:, columns])
    df = int(counts.sum()) - len(columns) - n_extra
    return _Basis(q * root[:, None], np.linalg.inv(r), columns.index(_CASE), counts, df)


def _estimable(design: FloatArray, names: Sequence[str]) -> list[int]:
    """Columns that depend on no other; the group comes last: it cannot be estimated when it depends on the others."""
    order = [k for k in range(len(names)) if k != _CASE] + [_CASE]
    dependent = set(non_estimable(design[:, order], [names[k] for k in order]))
    return [k for k, name in enumerate(names) if name not in dependent]


def _effects(filled: FloatArray, squares: FloatArray, bases: dict[int, _Basis]) -> dict[int, _Effects]:
    """The effects of every resample by one product with all bases, missing values counted as the gene's mean."""
    if not bases:
        return {}
    projected = filled @ np.hstack([basis.q for basis in bases.values()])
    totals = squares @ np.column_stack([basis.counts for basis in bases.values()]).astype(np.float64)
    found: dict[int, _Effects] = {}
    at = 0
    for i, (b, basis) in enumerate(bases.items()):
        own = projected[:, at : at + basis.q.shape[1]]
        at += basis.q.shape[1]
        direction = basis.inverse[basis.case]
        residual = np.maximum(totals[:, i] - np.einsum("gk,gk->g", own, own), 0.0)
        found[b] = _Effects(
            own @ direction, residual / basis.df, float(basis.df), float(np.sqrt(direction @ direction))
        )
    return found


def _of_lacking(
    subject: CaseControl, rows: Whitened, counts: IntArray, settings: Differential, batch: Batch
) -> _Effects:
    """The effects of the genes with missing values, fitted on their own samples of a resample."""
    names = tuple(gene for gene, lacks in zip(subject.matrix.features, rows.lacking.tolist(), strict=True) if lacks)
    few = ExpressionMatrix(subject.matrix.values[rows.lacking], names, subject.matrix.samples)
    repeated = repeated_samples(subject, few, counts)
    design, columns = differential_design(repeated, settings, batch)
    kept = _estimable(design, columns)
    correlation = within_blocks(repeated.unit, rows.consensus) if rows.consensus else None
    fit = fit_linear_model(repeated.matrix.values, design[:, kept], correlation=correlation)
    case = kept.index(_CASE)
    return _Effects(fit.coefficients[:, case], fit.sigma**2, fit.df_residual, fit.stdev_unscaled[:, case])


def _with_missing(effects: _Effects, own: _Effects, lacking: BoolArray) -> _Effects:
    """The effects with those of the genes that have missing values put in."""
    log_fc, variance = effects.log_fc.copy(), effects.variance.copy()
    df, stdev = np.full(len(log_fc), effects.df), np.full(len(log_fc), effects.stdev)
    log_fc[lacking], stdev[lacking] = own.log_fc, own.stdev
    variance[lacking], df[lacking] = own.variance, own.df
    return _Effects(log_fc, variance, df, stdev)


def _weighted_mean(values: FloatArray, counts: IntArray) -> FloatArray:
    """(G,) mean of the observed values, each as often as it counts."""
    return (np.nan_to_num(values) @ counts) / (~np.isnan(values) @ counts)


def _moderated(effects: _Effects, mean: FloatArray | None, settings: Differential) -> tuple[FloatArray, FloatArray]:
    """(G,) absolute moderated t, and its degrees of freedom."""
    df = np.broadcast_to(np.asarray(effects.df, dtype=np.float64), effects.variance.shape)
    posterior, prior = squeeze_var(effects.variance, df, mean, robust=settings.robust, limma=settings.limma)
    df_total = np.minimum(df + prior.df, np.nansum(df))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.abs(effects.log_fc) / (effects.stdev * np.sqrt(posterior)), df_total


def _passing(log_fc: FloatArray, t: FloatArray, df_total: FloatArray, settings: Differential) -> BoolArray:
    """(G,) which genes pass the thresholds; p-values are computed for those that a raw p would let pass."""
    same = bool((df_total == df_total.flat[0]).all())
    with np.errstate(invalid="ignore"):
        limit = t_upper_quantile(settings.p_value / 2, float(df_total.flat[0]) if same else df_total)
        candidate = t >= limit * (1 - 1e-9)
    p = np.where(np.isnan(t), np.nan, 1.0)
    p[candidate] = two_sided_p(t[candidate], np.broadcast_to(df_total, t.shape)[candidate])
    # BH rejects only genes whose raw p is under the threshold, and the larger ones change nothing for them.
    judged = p if settings.adjust == "none" else adjust_p_values(p)
    with np.errstate(invalid="ignore"):
        return (np.abs(log_fc) >= settings.log_fc) & (judged < settings.p_value)


def _one_by_one(
    subject: CaseControl, counts: IntArray, settings: Differential, batch: Batch, consensus: float | None = None
) -> BoolArray:
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
    model = cohort_model(repeated, settings, batch, consensus=consensus)
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
