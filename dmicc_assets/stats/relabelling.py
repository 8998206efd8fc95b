"""Moderated t of one matrix for many labellings of its samples, for permutations and bootstraps of groups.

One labelling is `moderated_t` on a design with that label as a column; here the matrix is reduced once for all of them.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.linear_model import fit_each_gene, fit_linear_model, masked_qr
from dmicc_assets.stats.moderation import LimmaVersion, squeeze_var
from dmicc_assets.types import BoolArray, FloatArray

_CELLS_PER_BLOCK = 1 << 20
# Least share of a label's sum of squares that must remain after covariates and intercept.
_CONFOUNDED = 1e-10


@dataclass(frozen=True, slots=True)
class MultiT:
    """Moderated statistics of L labellings and G genes; NaN where a labelling does not determine a gene's contrast.

    Attributes:
        log_fc: (L, G) difference of the True group minus the False group, adjusted for the covariates.
        t: (L, G) moderated t.
        df_total: (L,) degrees of freedom, or (L, G) when they differ between genes.
    """

    log_fc: FloatArray
    t: FloatArray
    df_total: FloatArray


@dataclass(frozen=True, slots=True)
class _LeastSquares:
    """Least-squares results for L labellings and some genes: (L, G) each."""

    log_fc: FloatArray
    label_sum_squares: FloatArray
    sum_squares: FloatArray
    df: FloatArray


def moderated_t_over_labels(
    values: FloatArray,
    labels: BoolArray,
    covariates: FloatArray | None = None,
    *,
    correlation: FloatArray | None = None,
    trend: bool = False,
    robust: bool = False,
    limma: LimmaVersion = "3.63",
) -> MultiT:
    """Moderated t of every gene for every labelling, equal to one `eBayes(lmFit())` each.

    By the Frisch-Waugh-Lovell theorem: intercept and covariates are projected out of genes and labels once, then each
    coefficient is one inner product (Smyth 2004, doi:10.2202/1544-6115.1027, for the moderation).

    Args:
        values: (G, N) log2 expression, NaN missing (such genes are fitted on their observed samples).
        labels: (L, N) True for the group from which the other is subtracted in the log fold change.
        covariates: (N, K) columns of the design besides intercept and label, as datasets; None for none.
        correlation: (N, N) correlation matrix of a gene's samples; None for independence.
        trend: the prior variance follows mean expression.
        robust: the prior is protected from hypervariable genes.
        limma: whose estimator of the prior holds when genes differ in their residual degrees of freedom.

    Raises:
        ValueError: shapes do not fit; an infinite value; a labelling is confounded with the covariates or has one
            group only (names its row); no residual degrees of freedom; with a trend, a gene without any value.
    """
    values, labels = np.asarray(values, dtype=np.float64), np.asarray(labels, dtype=np.bool_)
    n = values.shape[1]
    if labels.ndim != 2 or labels.shape[1] != n:
        raise ValueError(f"labels of shape {labels.shape} do not fit {n} samples: expected (L, {n})")
    nuisance = np.ones((n, 1)) if covariates is None else np.column_stack([np.ones(n), covariates])
    if np.isinf(values).any():
        raise ValueError(f"gene in row {int(np.argmax(np.isinf(values).any(axis=1))) + 1} has an infinite value")
    empty = np.isnan(values).all(axis=1)
    if trend and empty.any():
        raise ValueError(f"gene in row {int(np.argmax(empty)) + 1} has no value: a trend needs every gene's mean")
    average = np.nanmean(values, axis=1) if trend else None
    return _moderated(_least_squares(values, labels, nuisance, correlation), average, robust, limma)


def _least_squares(
    values: FloatArray, labels: BoolArray, nuisance: FloatArray, correlation: FloatArray | None
) -> _LeastSquares:
    incomplete = np.asarray(np.isnan(values).any(axis=1), dtype=np.bool_)
    root = None if correlation is None else np.linalg.inv(np.linalg.cholesky(correlation)).astype(np.float64)
    if not incomplete.any():
        return _complete_genes(values, labels, nuisance, root)
    # Genes with missing values, mostly few, are fitted with the others, and then anew.
    whole = _complete_genes(np.where(incomplete[:, None], 0.0, values), labels, nuisance, root)
    whole = replace(whole, label_sum_squares=whole.label_sum_squares.copy(), df=whole.df.copy())
    rows = np.flatnonzero(incomplete)
    if correlation is not None:
        _put(whole, rows, _incomplete_correlated(values[rows], labels, nuisance, correlation))
        return whole
    step = max(1, _CELLS_PER_BLOCK // nuisance.size)
    for start in range(0, len(rows), step):
        at = rows[start : start + step]
        _put(whole, at, _incomplete_genes(values[at], labels, nuisance))
    return whole


def _put(whole: _LeastSquares, rows: NDArray[np.intp], part: _LeastSquares) -> None:
    whole.log_fc[:, rows], whole.label_sum_squares[:, rows] = part.log_fc, part.label_sum_squares
    whole.sum_squares[:, rows], whole.df[:, rows] = part.sum_squares, part.df


def _complete_genes(
    values: FloatArray, labels: BoolArray, nuisance: FloatArray, root: FloatArray | None
) -> _LeastSquares:
    """Genes without missing values; `root` (N, N) whitens samples that correlate."""
    n = values.shape[1]
    as_numbers = labels.astype(np.float64)
    if root is not None:
        values, nuisance, as_numbers = values @ root.T, root @ nuisance, as_numbers @ root.T
    q, _, estimable = masked_qr(nuisance[None])
    q = q[0]
    free = as_numbers - (as_numbers @ q) @ q.T
    label_ss = np.einsum("ln,ln->l", free, free)
    confounded = label_ss <= _CONFOUNDED * np.maximum(labels.sum(axis=1), 1)
    if confounded.any():
        raise ValueError(
            f"labelling {int(np.argmax(confounded)) + 1} has one group only, or is confounded with the covariates"
        )
    residuals = values - (values @ q) @ q.T
    inner = free @ residuals.T
    log_fc = inner / label_ss[:, None]
    total = np.einsum("gn,gn->g", residuals, residuals)
    sum_squares = np.maximum(total - log_fc * inner, 0.0)
    df = float(n - int(estimable.sum()) - 1)
    if df <= 0 and len(values):
        raise ValueError(f"no residual degrees of freedom: {n} samples for {nuisance.shape[1] + 1} coefficients")
    label_ss, df = np.broadcast_to(label_ss[:, None], log_fc.shape), np.broadcast_to(df, log_fc.shape)
    return _LeastSquares(log_fc, label_ss, sum_squares, df)


def _incomplete_correlated(
    values: FloatArray, labels: BoolArray, nuisance: FloatArray, correlation: FloatArray
) -> _LeastSquares:
    """Genes with missing values in samples that correlate: every labelling is fitted by itself."""
    parts = np.empty((4, len(labels), len(values)))
    for i, label in enumerate(labels):
        design = np.column_stack([nuisance[:, :1], label, nuisance[:, 1:]]).astype(np.float64)
        fit = fit_linear_model(values, design, correlation=correlation)
        parts[0, i], parts[1, i] = fit.coefficients[:, 1], np.nan_to_num(fit.stdev_unscaled[:, 1], nan=1.0) ** -2
        parts[2, i], parts[3, i] = np.nan_to_num(fit.sigma**2 * fit.df_residual), fit.df_residual
    return _LeastSquares(*parts)


def _incomplete_genes(values: FloatArray, labels: BoolArray, nuisance: FloatArray) -> _LeastSquares:
    """Least squares for genes with missing values: each gene has its own nuisance space and residual labels."""
    observed = ~np.isnan(values)
    q, _, estimable = masked_qr(nuisance[None] * observed[:, :, None])
    y = np.where(observed, values, 0.0)
    y = y - np.einsum("gnk,gk->gn", q, np.einsum("gnk,gn->gk", q, y))
    as_numbers = labels.astype(np.float64)
    label_total = as_numbers @ observed.T
    label_ss = label_total.copy()
    for k in range(nuisance.shape[1]):
        label_ss -= (as_numbers @ q[:, :, k].T) ** 2
    known = label_ss > _CONFOUNDED * np.maximum(label_total, 1.0)
    label_ss = np.where(known, label_ss, 1.0)
    inner = as_numbers @ y.T
    log_fc = np.where(known, inner / label_ss, 0.0)
    total = np.einsum("gn,gn->g", y, y)
    sum_squares = np.maximum(total - log_fc * inner, 0.0)
    df = (observed.sum(axis=1) - estimable.sum(axis=1)) - known.astype(np.float64)
    fits = _LeastSquares(np.where(known, log_fc, np.nan), label_ss, sum_squares, df)
    _put_confounded(fits, values, labels, nuisance, ~known)
    return fits


def _put_confounded(
    fits: _LeastSquares, values: FloatArray, labels: BoolArray, nuisance: FloatArray, confounded: BoolArray
) -> None:
    """Refits genes in which a label depends on the covariates; as in `lmFit`, later columns are dropped."""
    names = ["(Intercept)", "label", *(f"covariate {k}" for k in range(1, nuisance.shape[1]))]
    for i in np.flatnonzero(confounded.any(axis=1)):
        at = np.flatnonzero(confounded[i])
        design = np.column_stack([nuisance[:, :1], labels[i], nuisance[:, 1:]]).astype(np.float64)
        fit = fit_each_gene(values[at], design, names)
        fits.log_fc[i, at] = fit.coefficients[:, 1]
        fits.label_sum_squares[i, at] = np.nan_to_num(fit.stdev_unscaled[:, 1], nan=1.0) ** -2
        fits.sum_squares[i, at] = np.nan_to_num(fit.sigma**2 * fit.df_residual)
        fits.df[i, at] = fit.df_residual


def _moderated(fits: _LeastSquares, average: FloatArray | None, robust: bool, limma: LimmaVersion) -> MultiT:
    t = np.empty_like(fits.log_fc)
    df_total = np.empty_like(fits.log_fc)
    for i in range(len(t)):
        df = fits.df[i]
        variances = np.divide(fits.sum_squares[i], df, out=np.full(len(df), np.nan), where=df > 0)
        variance, prior = squeeze_var(variances, df, average, robust=robust, limma=limma)
        t[i] = fits.log_fc[i] * np.sqrt(fits.label_sum_squares[i] / variance)
        df_total[i] = np.minimum(df + prior.df, df.sum())
    same = bool((df_total == df_total[:, :1]).all())
    return MultiT(fits.log_fc, t, df_total[:, 0].copy() if same else df_total)
