"""Correlation between samples of one block (a patient), estimated gene by gene and averaged over the genes.

The generalised least squares that uses the correlation is in `linear_model.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.linear_model import checked_columns, checked_weights, masked_qr, missing_values
from dmicc_assets.stats.residual_variance import has_residual_variance
from dmicc_assets.types import BoolArray, FloatArray

_CELLS_PER_BLOCK = 1 << 19
# Rounds of scoring; after each part Newton's method tries to end it, and only the genes that still move go on.
_ROUNDS = (4, 4, 8, 16, 68)
_NEWTON_ROUNDS = 12
# Eigenvalues that differ by less than this share of the largest are one.
_SAME_LEVEL = 1e-10
# Deviances that differ by less than this share are equal.
_ROUNDING = 1e-14


@dataclass(frozen=True, slots=True)
class DuplicateCorrelation:
    """Correlation within blocks.

    Attributes:
        consensus: trimmed mean of the genes' correlations on the atanh scale, transformed back.
        atanh: (G,) atanh of each gene's correlation; NaN for a gene without enough values.
        n_without_variance: number of genes left out because they have no residual variance.
    """

    consensus: float
    atanh: FloatArray
    n_without_variance: int = 0

    def matrix(self, block: Sequence[str]) -> FloatArray:
        """(N, N) correlation matrix of samples in these blocks."""
        return within_blocks(block, self.consensus)


def within_blocks(block: Sequence[str], correlation: float) -> FloatArray:
    """(N, N) correlation matrix of N samples, of which those of one block correlate."""
    names = np.array(list(block), dtype=object)
    result = np.where(names[:, None] == names[None, :], correlation, 0.0)
    np.fill_diagonal(result, 1.0)
    return result


def duplicate_correlation(
    values: FloatArray,
    design: FloatArray,
    block: Sequence[str],
    *,
    trim: float = 0.15,
    weights: FloatArray | None = None,
) -> DuplicateCorrelation:
    """Consensus correlation of the samples in a block, as `limma::duplicateCorrelation`.

    Each gene's mixed model is fitted by REML (Smyth, Michaud & Scott 2005, doi:10.1093/bioinformatics/bti270). Genes
    without residual variance are left out, where limma averages the correlations of their rounding errors.

    Args:
        values: (G, N) log2 expression, NaN missing.
        design: (N, K) of full column rank.
        block: the N samples' blocks.
        trim: share of genes left out at either end of the mean.
        weights: (N,) or (G, N) positive precision weights; a value of weight 0 or NaN counts as missing.

    Raises:
        ValueError: as `fit_linear_model`; no block has two samples, or every sample is in one block; no gene has enough
            values for a correlation.
    """
    values = np.asarray(values, dtype=np.float64)
    checked_columns(values, design)
    missing_values(values)
    cell_weights, sample_weights = checked_weights(weights, values.shape)
    indicator, largest = _indicator(block, values.shape[1])
    observed = ~np.isnan(values)
    if cell_weights is not None:
        observed &= np.nan_to_num(cell_weights) > 0
    complete = observed.all(axis=1)
    rho, varies = np.full(len(values), np.nan), np.ones(len(values), dtype=np.bool_)
    root = None if weights is None else np.sqrt(np.nan_to_num(np.broadcast_to(weights, values.shape)))
    shared = cell_weights is None
    rows = np.flatnonzero(~complete) if shared else np.arange(len(values))
    if shared:
        first = np.ones(values.shape[1]) if sample_weights is None else np.sqrt(sample_weights)
        whole = np.flatnonzero(complete)
        for start in range(0, len(whole), step := max(1, _CELLS_PER_BLOCK // indicator.size * 8)):
            at = whole[start : start + step]
            rho[at], varies[at] = _correlations(values[at], design, indicator, first[None])
    for start in range(0, len(rows), step := max(1, _CELLS_PER_BLOCK // (indicator.size + design.size))):
        at = rows[start : start + step]
        scale = observed[at] * (1.0 if root is None else root[at])
        rho[at], varies[at] = _correlations(np.where(observed[at], values[at], 0.0), design, indicator, scale)
    # As limma: at least two pairs within blocks are needed.
    n_observed, n_blocks = observed.sum(axis=1), (observed @ indicator > 0).sum(axis=1)
    tells = (n_observed > design.shape[1] + 2) & (n_blocks >= 2) & (n_blocks < n_observed - 1)
    rho[~(tells & varies)] = np.nan
    lowest = (1 / (1 - largest) if largest > 1 else -1.0) + 0.01
    atanh = np.arctanh(np.clip(rho, lowest, 0.99))
    known = np.sort(atanh[~np.isnan(atanh)])
    if known.size == 0:
        raise ValueError("no gene has enough values, or varies enough, to estimate a correlation within blocks")
    cut = int(known.size * trim)
    consensus = float(np.tanh(known[cut : known.size - cut].mean()))
    return DuplicateCorrelation(consensus, atanh, int((tells & ~varies).sum()))


def _indicator(block: Sequence[str], n: int) -> tuple[FloatArray, int]:
    """(N, B) indicator of the blocks, and the size of the largest."""
    if len(block) != n:
        raise ValueError(f"{len(block)} blocks for {n} samples")
    _, codes, sizes = np.unique(np.array([str(b) for b in block]), return_inverse=True, return_counts=True)
    if sizes.max() < 2:
        raise ValueError("every block has one sample: there is no correlation within blocks to estimate")
    if len(sizes) < 2:
        raise ValueError("all samples are in one block: the correlation cannot be separated from the mean")
    return (codes[:, None] == np.arange(len(sizes))).astype(np.float64), int(sizes.max())


def _correlations(
    values: FloatArray, design: FloatArray, indicator: FloatArray, scale: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """REML correlations of M genes, and True for those with residual variance.

    `scale` (1, N) or (M, N) holds root weights, 0 for a missing value.

    In the eigenbasis of the blocks' residual cross-products, the squared effects of a gene are independent gamma
    variables with means a + b * eigenvalue, a the residual and b the block variance.
    """
    q, _, estimable = masked_qr(design[None] * scale[:, :, None])
    scaled = y = values * scale
    y = y - np.einsum("mn,mnk,mjk->mj", y, q, q, optimize=True) if len(q) > 1 else y - (y @ q[0]) @ q[0].T
    # As limma: blocks correlate on the scale of the weighted values, so only a missing value changes the indicator.
    z = indicator[None] * (scale > 0)[:, :, None]
    z = z - q @ (np.swapaxes(q, 1, 2) @ z)
    roots, vectors = np.linalg.eigh(np.swapaxes(z, 1, 2) @ z)
    roots = np.maximum(roots, 0.0)
    carries = roots > 1e-9 * np.maximum(roots.max(axis=1, keepdims=True), 1e-300)
    inner = y @ z[0] if len(z) == 1 else np.einsum("mn,mnb->mb", y, z)
    effects = inner @ vectors[0] if len(z) == 1 else np.einsum("mb,mbc->mc", inner, vectors)
    squares = np.where(carries, effects**2 / np.where(carries, roots, 1.0), 0.0)
    df = (scale > 0).sum(axis=1) - estimable.sum(axis=1)
    total = np.einsum("mn,mn->m", y, y)
    rest = np.maximum(total - squares.sum(axis=1), 0.0)
    levels, counts = np.where(carries, roots, 0.0).T, carries.T.astype(np.float64)
    classes = _Classes(
        np.vstack([rest, squares.T]),
        np.vstack([df - carries.sum(axis=1), counts]),
        np.vstack([np.zeros(levels.shape[1]), levels]),
    )
    classes = classes.merged() if len(z) == 1 else classes
    a, b = _variance_components(classes)
    # With only one level the two variances cannot be separated.
    lowest = np.where(classes.counts > 0, classes.levels, np.inf).min(axis=0)
    told = np.where(classes.counts > 0, classes.levels, -np.inf).max(axis=0) > lowest
    varies = has_residual_variance(total, scaled, scale)
    return np.where(told & (a + b > 0), b / np.where(a + b == 0, 1.0, a + b), np.nan), varies


@dataclass(frozen=True, slots=True)
class _Classes:
    """Squared effects of M genes in C classes of one mean each, genes side by side: sums over classes are quick.

    Attributes:
        squares: (C, M) sums of squared effects.
        counts: (C, M) their numbers, or (C, 1) where they are equal for all genes.
        levels: (C, M) or (C, 1) their eigenvalues.
    """

    squares: FloatArray
    counts: FloatArray
    levels: FloatArray

    def merged(self) -> "_Classes":
        """Classes of one eigenvalue as one: patients with as many samples of the same groups have equal ones."""
        order = np.argsort(self.levels[:, 0], kind="stable")
        level = self.levels[order, 0]
        starts = np.flatnonzero(np.diff(level, prepend=-np.inf) > _SAME_LEVEL * max(float(level[-1]), 1e-300))
        squares, counts = (np.add.reduceat(each[order], starts, axis=0) for each in (self.squares, self.counts))
        filled = counts[:, 0] > 0
        return _Classes(squares[filled], counts[filled], level[starts, None][filled])

    def take(self, rows: NDArray[np.intp]) -> "_Classes":
        """Those of some genes."""
        return _Classes(
            *(each[:, rows] if each.shape[1] > 1 else each for each in (self.squares, self.counts, self.levels))
        )


def _variance_components(classes: _Classes) -> tuple[FloatArray, FloatArray]:
    """Fisher scoring of means a + b * level of gamma variables; steps that do not improve are halved."""
    a = classes.squares.sum(axis=0) / np.maximum(classes.counts.sum(axis=0), 1.0)
    # A gene without residual variation has no correlation; this avoids a division by zero.
    a = np.where(a > 0, a, 1.0)
    b, moving = np.zeros(len(a)), np.ones(len(a), dtype=np.bool_)
    for rounds in _ROUNDS:
        row = np.flatnonzero(moving)
        own = classes.take(row)
        a[row], b[row], moving[row] = _rounds(a[row], b[row], own, rounds)
        row, own = row[moving[row]], own.take(np.flatnonzero(moving[row]))
        if row.size:
            a[row], b[row], moving[row] = _by_newton(a[row], b[row], own)
    return a, b


def _by_newton(a: FloatArray, b: FloatArray, classes: _Classes) -> tuple[FloatArray, FloatArray, BoolArray]:
    """The maximum by Newton's method on the ratio b / a, at which the best a is known; the third: not found from here.

    Scoring nears the maximum by a constant factor each round, Newton's method doubles the digits. A gene whose steps do
    not shrink from the first on stays where it was, so that it is scoring that decides which maximum is reached.
    """
    start = ratio = b / a
    n = classes.counts.sum(axis=0)
    near, found = np.ones(len(a), dtype=np.bool_), np.zeros(len(a), dtype=np.bool_)
    last = 0.5 * (1 + np.abs(ratio))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(_NEWTON_ROUNDS):
            share = classes.levels / (1 + ratio * classes.levels)
            squares = classes.squares / (1 + ratio * classes.levels)
            total, falls = squares.sum(axis=0), np.sum(squares * share, axis=0) / squares.sum(axis=0)
            slope = np.sum(classes.counts * share, axis=0) - n * falls
            bend = n * (2 * np.sum(squares * share**2, axis=0) / total - falls**2)
            bend -= np.sum(classes.counts * share**2, axis=0)
            step = slope / bend
            is_small = np.abs(step) <= 1e-12 * (1 + np.abs(ratio))
            near &= found | ((bend > 0) & ((np.abs(step) <= last / 2) | is_small))
            ratio, last = np.where(near & ~found, ratio - step, ratio), np.abs(step)
            near &= ((1 + ratio * classes.levels > 0) | (classes.counts == 0)).all(axis=0)
            found |= near & is_small
            if not (near & ~found).any():
                break
        ratio = np.where(found, ratio, start)
        best = np.sum(classes.squares / (1 + ratio * classes.levels), axis=0) / n
    return np.where(found, best, a), np.where(found, ratio * best, b), ~found


def _rounds(a: FloatArray, b: FloatArray, classes: _Classes, most: int) -> tuple[FloatArray, FloatArray, BoolArray]:
    """At most so many rounds of the scoring; the third tells which genes still move."""
    deviance = _deviance(a, b, classes)
    step, moved = np.ones(len(a)), np.ones(len(a), dtype=np.bool_)
    new_a, new_b = _scored(a, b, classes)
    for _ in range(most):
        try_a, try_b = a + step * (new_a - a), b + step * (new_b - b)
        tried = _deviance(try_a, try_b, classes)
        # Close to the maximum rounding decides which is smaller: halving would go on for nothing.
        better = tried <= deviance + _ROUNDING * np.abs(deviance)
        moved = np.maximum(np.abs(try_a - a), np.abs(try_b - b)) > 1e-11 * (np.abs(a) + np.abs(b))
        a, b, deviance = np.where(better, try_a, a), np.where(better, try_b, b), np.where(better, tried, deviance)
        step = np.where(better, 1.0, step / 2)
        if not (moved & (step > 1e-10)).any():
            break
        scored_a, scored_b = _scored(a, b, classes)
        new_a, new_b = np.where(better, scored_a, new_a), np.where(better, scored_b, new_b)
    return a, b, moved


def _scored(a: FloatArray, b: FloatArray, classes: _Classes) -> tuple[FloatArray, FloatArray]:
    """Weighted least squares of the squares on (1, level), weights the inverse squared means."""
    levels = classes.levels
    weight = 1 / (a + b * levels) ** 2
    of_counts, of_squares = weight * classes.counts, weight * classes.squares
    by_level = of_counts * levels
    s0, s1, s2 = of_counts.sum(axis=0), by_level.sum(axis=0), np.sum(by_level * levels, axis=0)
    t0, t1 = of_squares.sum(axis=0), np.sum(of_squares * levels, axis=0)
    determinant = s0 * s2 - s1**2
    singular = determinant <= 1e-14 * s0 * s2
    determinant = np.where(singular, 1.0, determinant)
    slope = np.where(singular, b, (s0 * t1 - s1 * t0) / determinant)
    level = np.where(singular, a, (s2 * t0 - s1 * t1) / determinant)
    return level, slope


def _deviance(a: FloatArray, b: FloatArray, classes: _Classes) -> FloatArray:
    """Minus twice the REML log likelihood; infinite where a mean is not positive."""
    means = a + b * classes.levels
    inside = ((means > 0) | (classes.counts == 0)).all(axis=0)
    safe = np.where(means > 0, means, 1.0)
    return np.where(inside, np.sum(classes.counts * np.log(safe) + classes.squares / safe, axis=0), np.inf)
