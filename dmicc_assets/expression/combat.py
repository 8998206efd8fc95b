"""ComBat: batch means and variances shrunk towards common values of all genes; fit and transform are separate.

Batch effects without shrinkage are in `batch.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.linear_model import fit_linear_model
from dmicc_assets.types import FloatArray

_CELLS_PER_BLOCK = 1 << 18
_CONVERGENCE = 1e-4
_MOST_ROUNDS = 10_000


@dataclass(frozen=True, slots=True)
class Combat:
    """A ComBat fit of G genes in B batches with C covariates.

    Attributes:
        levels: the batches, sorted.
        reference: the batch that is left unchanged, or None.
        mean: (G,) mean over the batches (or of the reference).
        effects: (G, C) coefficients of the covariates.
        covariate_mean: (C,) means of the covariates, used for new samples without covariates.
        sd: (G,) pooled standard deviation.
        gamma: (G, B) shrunken batch means, in units of sd.
        delta: (G, B) shrunken batch variances, in units of sd squared.
        adjusted: (G,) False for genes left as they are: no variance within some batch, or too few values.
    """

    levels: tuple[str, ...]
    reference: str | None
    mean: FloatArray
    effects: FloatArray
    covariate_mean: FloatArray
    sd: FloatArray
    gamma: FloatArray
    delta: FloatArray
    adjusted: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _BatchMoments:
    """Moments of one batch's standardised values: counts, means and centred sums of squares, (G,) each."""

    n: FloatArray
    mean: FloatArray
    sum_squares: FloatArray


def combat(
    values: FloatArray,
    batch: Sequence[str],
    covariates: FloatArray | None = None,
    parametric: bool = True,
    mean_only: bool = False,
    reference: str | None = None,
) -> FloatArray:
    """Batch-adjusted expression, as `sva::ComBat` (Johnson, Li & Rabinovic 2007, doi:10.1093/biostatistics/kxj037).

    Args:
        values: (G, N) log2 expression, NaN missing.
        batch: the N samples' batches, two at least.
        covariates: (N, C) effects to keep, without a column for the intercept.
        parametric: normal and inverse gamma priors; else the empirical distribution over the genes.
        mean_only: adjust means, not variances; forced when a batch has one sample.
        reference: a batch that is left unchanged and to which the others are adjusted.

    Returns:
        (G, N). Genes without variance inside a batch are returned unadjusted, as sva does, and so are genes whose
        values do not determine every batch's mean and variance, where sva stops.

    Raises:
        ValueError: fewer than two batches; fewer than two genes that vary in each, or all with one variance; the
            covariates are confounded with the batches; an unknown reference; an infinite value; shapes do not fit.
    """
    fit = fit_combat(values, batch, covariates, parametric, mean_only, reference)
    return apply_combat(fit, values, batch, covariates)


def fit_combat(
    values: FloatArray,
    batch: Sequence[str],
    covariates: FloatArray | None = None,
    parametric: bool = True,
    mean_only: bool = False,
    reference: str | None = None,
) -> Combat:
    """Learns the adjustment from these samples; see `combat` for arguments and errors."""
    values = np.asarray(values, dtype=np.float64)
    levels, codes = _levels(batch, values.shape[1], reference)
    kept = _covariates(covariates, values.shape[1])
    one_hot = (codes[:, None] == np.arange(len(levels))).astype(np.float64)
    sizes = one_hot.sum(axis=0)
    mean_only = mean_only or bool((sizes == 1).any())
    names = [f"batch {level}" for level in levels] + [f"covariate {c + 1}" for c in range(kept.shape[1])]
    design = np.column_stack([one_hot, kept])
    fit = fit_linear_model(values, design, names=names)
    varies = _varies(values, codes, sizes)
    adjusted = ~np.isnan(fit.coefficients).any(axis=1) & varies
    origin = levels.index(reference) if reference is not None else None
    b = fit.coefficients[:, : len(levels)]
    mean = b @ (sizes / sizes.sum()) if origin is None else b[:, origin].copy()
    moments = _residual_moments(values, design, fit.coefficients, codes)
    sd = np.sqrt(_pooled_variance(moments, sizes, origin, varies))
    # Genes fully explained by batches and covariates have only rounding noise left, which must not enter the priors.
    adjusted &= sd > 1e-12 * np.abs(fit.coefficients).max(axis=1)
    if not mean_only:
        # One value, or equal values beside missing ones, give no variance within a batch; sva stops at such a gene.
        adjusted &= np.array([m.n for m in moments]).min(axis=0) > 1
        if not parametric:
            adjusted &= np.array([m.sum_squares for m in moments]).min(axis=0) > 0
    if adjusted.sum() < 2:
        raise ValueError(f"{int(adjusted.sum())} genes vary within every batch: ComBat needs at least two")
    standardised = _standardised(moments, b - mean[:, None], sd, adjusted)
    gamma, delta = np.zeros(b.shape), np.ones(b.shape)
    for i, batch_moments in enumerate(standardised):
        if i == origin:
            continue
        baseline = 0.0 if origin is None else standardised[origin].mean
        gamma[adjusted, i], delta[adjusted, i] = _shrunken(batch_moments, baseline, parametric, mean_only)
    return Combat(
        levels, reference, mean, fit.coefficients[:, len(levels) :], kept.mean(axis=0), sd, gamma, delta, adjusted
    )


def apply_combat(
    fit: Combat, values: FloatArray, batch: Sequence[str], covariates: FloatArray | None = None
) -> FloatArray:
    """Adjusts samples of the batches that the fit knows.

    Args:
        fit: result of `fit_combat`.
        values: (G, N) log2 expression of the same genes.
        batch: the N samples' batches.
        covariates: (N, C) as in the fit; None uses the training means, for samples whose group must stay unknown.

    Raises:
        ValueError: a batch that the fit does not know; shapes do not fit.
    """
    if values.shape[0] != len(fit.mean) or len(batch) != values.shape[1]:
        raise ValueError(f"values of shape {values.shape} do not fit {len(fit.mean)} genes and {len(batch)} batches")
    unknown = [level for level in batch if level not in fit.levels]
    if unknown:
        raise ValueError(f"batch {unknown[0]!r} is not in the fit, which has the batches {', '.join(fit.levels)}")
    codes = np.array([fit.levels.index(level) for level in batch])
    n = values.shape[1]
    kept = np.tile(fit.covariate_mean, (n, 1)) if covariates is None else _covariates(covariates, n)
    if kept.shape[1] != fit.effects.shape[1]:
        raise ValueError(f"{kept.shape[1]} covariates, but the fit has {fit.effects.shape[1]}")
    kept_as_is = codes == (fit.levels.index(fit.reference) if fit.reference is not None else -1)
    shift, scale = fit.sd[:, None] * fit.gamma, 1 / np.sqrt(fit.delta)
    result = np.empty(values.shape)
    one_hot = np.asarray(codes == np.arange(len(fit.levels))[:, None], dtype=np.float64)
    step = max(1, _CELLS_PER_BLOCK // n)
    for start in range(0, len(values), step):
        at = slice(start, start + step)
        center = fit.effects[at] @ kept.T
        center += fit.mean[at, None]
        block = np.subtract(values[at], center, out=result[at])
        block -= shift[at] @ one_hot
        block *= scale[at] @ one_hot
        block += center
        left = np.flatnonzero(~fit.adjusted[at])
        block[left] = values[at][left]
        if kept_as_is.any():
            block[:, kept_as_is] = values[at][:, kept_as_is]
    return result


def _levels(batch: Sequence[str], n: int, reference: str | None) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    if len(batch) != n:
        raise ValueError(f"{len(batch)} batches for {n} samples")
    levels, codes = np.unique(np.array([str(level) for level in batch]), return_inverse=True)
    names = tuple(map(str, levels))
    if len(names) < 2:
        raise ValueError(f"ComBat needs two batches at least, got {', '.join(names) or 'none'}")
    if reference is not None and reference not in names:
        raise ValueError(f"reference batch {reference!r} is not one of {', '.join(names)}")
    return names, codes


def _covariates(covariates: FloatArray | None, n: int) -> FloatArray:
    if covariates is None:
        return np.zeros((n, 0))
    kept = np.asarray(covariates, dtype=np.float64)
    kept = kept[:, None] if kept.ndim == 1 else kept
    if kept.shape[0] != n:
        raise ValueError(f"covariates of shape {kept.shape} do not fit {n} samples")
    return kept


def _varies(values: FloatArray, codes: NDArray[np.intp], sizes: FloatArray) -> NDArray[np.bool_]:
    """(G,) False for genes that are constant and complete inside some batch of two samples or more."""
    varies = np.ones(len(values), dtype=np.bool_)
    step = max(1, _CELLS_PER_BLOCK // len(codes))
    for i in np.flatnonzero(sizes > 1):
        column = np.flatnonzero(codes == i)
        # Few genes have equal first two values; only these are checked in full.
        alike = np.flatnonzero(values[:, column[0]] == values[:, column[1]])
        for start in range(0, len(alike), step):
            at = alike[start : start + step]
            block = values[at].take(column, axis=1)
            varies[at] &= ~(block == block[:, :1]).all(axis=1)
    return varies


def _residual_moments(
    values: FloatArray, design: FloatArray, coefficients: FloatArray, codes: NDArray[np.intp]
) -> list[_BatchMoments]:
    """Moments of the residuals inside each batch, in blocks of genes so that no second matrix is held."""
    g, n = len(values), len(codes)
    one_hot = (codes[:, None] == np.arange(int(codes.max()) + 1)).astype(np.float64)
    counts, means, squares = np.zeros((3, one_hot.shape[1], g))
    step = max(1, _CELLS_PER_BLOCK // n)
    for start in range(0, g, step):
        at = slice(start, start + step)
        residuals = values[at] - np.nan_to_num(coefficients[at]) @ design.T
        present = ~np.isnan(residuals)
        whole = bool(present.all())
        counts[:, at] = one_hot.sum(axis=0)[:, None] if whole else (present @ one_hot).T
        if not whole:
            residuals[~present] = 0.0
        means[:, at] = (residuals @ one_hot).T / np.maximum(counts[:, at], 1)
        # Residuals have mean zero in every batch, so that no precision is lost by cancellation.
        squares[:, at] = (np.square(residuals, out=residuals) @ one_hot).T - counts[:, at] * means[:, at] ** 2
    return [_BatchMoments(*moments) for moments in zip(counts, means, np.maximum(squares, 0.0), strict=True)]


def _standardised(
    moments: Sequence[_BatchMoments], shift: FloatArray, sd: FloatArray, adjusted: NDArray[np.bool_]
) -> list[_BatchMoments]:
    """Moments of the adjusted genes' values after subtraction of their mean and division by their sd."""
    unit = sd[adjusted]
    return [
        _BatchMoments(m.n[adjusted], (m.mean + shift[:, i])[adjusted] / unit, m.sum_squares[adjusted] / unit**2)
        for i, m in enumerate(moments)
    ]


def _pooled_variance(
    moments: Sequence[_BatchMoments], sizes: FloatArray, origin: int | None, varies: NDArray[np.bool_]
) -> FloatArray:
    """(G,) residual variance: over n when the matrix is complete, over n - 1 as soon as one value is missing (sva).

    Genes without variance inside a batch are excluded before, so that their missing values do not count.
    """
    taken = moments if origin is None else [moments[origin]]
    n = np.array([m.n for m in taken]).sum(axis=0)
    total = np.array([m.sum_squares + m.n * m.mean**2 for m in taken]).sum(axis=0)
    complete = all((m.n[varies] == size).all() for m, size in zip(moments, sizes, strict=True))
    return total / (n if complete else np.maximum(n - 1, 1))


def _shrunken(
    moments: _BatchMoments, baseline: FloatArray | float, parametric: bool, mean_only: bool
) -> tuple[FloatArray, FloatArray]:
    """Shrunken mean and variance of one batch for every gene; the mean is relative to the baseline."""
    gamma_hat = moments.mean - baseline
    delta_hat = np.ones_like(gamma_hat) if mean_only else moments.sum_squares / (moments.n - 1)
    # Values relative to the baseline: their mean is gamma_hat, their spread is unchanged.
    seen = _BatchMoments(moments.n, gamma_hat, moments.sum_squares)
    if not parametric:
        gamma, delta = _empirical_posterior(seen, gamma_hat, delta_hat)
        return gamma, np.ones_like(delta) if mean_only else delta
    center, spread = float(gamma_hat.mean()), float(gamma_hat.var(ddof=1))
    if mean_only:
        return (spread * gamma_hat + center) / (spread + 1), delta_hat
    m, s2 = float(delta_hat.mean()), float(delta_hat.var(ddof=1))
    if not s2 > 0:
        raise ValueError("every gene has the same variance within a batch, so no prior of variances can be estimated")
    shape, rate = (2 * s2 + m**2) / s2, (m * s2 + m**3) / s2
    return _conditional_modes(seen, gamma_hat, delta_hat, (center, spread, shape, rate))


def _conditional_modes(
    moments: _BatchMoments, gamma: FloatArray, delta: FloatArray, prior: tuple[float, float, float, float]
) -> tuple[FloatArray, FloatArray]:
    """Alternates posterior mean and variance until all genes converge by sva's criterion.

    The criterion divides by the old value with its sign, so that a gene with a negative mean never delays convergence.
    """
    center, spread, shape, rate = prior
    gamma_hat = gamma
    for _ in range(_MOST_ROUNDS):
        new_gamma = (spread * moments.n * gamma_hat + delta * center) / (spread * moments.n + delta)
        sum_squares = moments.sum_squares + moments.n * (moments.mean - new_gamma) ** 2
        new_delta = (0.5 * sum_squares + rate) / (moments.n / 2 + shape - 1)
        change = max(_relative_change(new_gamma, gamma), _relative_change(new_delta, delta))
        gamma, delta = new_gamma, new_delta
        if change <= _CONVERGENCE:
            return gamma, delta
    raise ValueError(f"ComBat's batch means and variances did not converge in {_MOST_ROUNDS} rounds")


def _relative_change(new: FloatArray, old: FloatArray) -> float:
    return float(np.divide(np.abs(new - old), old, out=np.zeros_like(old), where=old != 0).max())


def _empirical_posterior(
    moments: _BatchMoments, gamma_hat: FloatArray, delta_hat: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Means of the other genes' estimates, weighted by the likelihood of this gene's values under them.

    In logarithms, so that many samples do not underflow.
    """
    g = len(gamma_hat)
    gamma, delta = np.empty(g), np.empty(g)
    step = max(1, 4 * _CELLS_PER_BLOCK // g)
    log_delta = np.log(delta_hat)
    for start in range(0, g, step):
        at = slice(start, min(start + step, g))
        n = moments.n[at, None]
        distance = moments.sum_squares[at, None] + n * (moments.mean[at, None] - gamma_hat) ** 2
        log_weight = -0.5 * (n * log_delta + distance / delta_hat)
        own = np.arange(at.start, at.stop)
        log_weight[own - at.start, own] = -np.inf
        weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
        total = weight.sum(axis=1)
        gamma[at], delta[at] = weight @ gamma_hat / total, weight @ delta_hat / total
    return gamma, delta
