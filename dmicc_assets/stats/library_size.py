"""Counts and library sizes: filter of genes, normalisation factors, log counts per million.

Precision weights of counts are in `voom.py`.
"""

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.types import BoolArray, FloatArray


def tmm_factors(counts: FloatArray, learnt: BoolArray | None = None) -> FloatArray:
    """Normalisation factors by the trimmed mean of M-values (Robinson & Oshlack 2010, doi:10.1186/gb-2010-11-3-r25).

    30 % of the log ratios and 5 % of the mean intensities are trimmed at either end; the reference is the sample
    whose upper quartile is nearest the mean of the upper quartiles.

    Args:
        counts: (G, N) non-negative counts.
        learnt: (N,) True for the samples that determine reference and scale; all by default.

    Returns:
        (N,) factors whose product over these samples is 1; library size times factor is the effective library size.

    Raises:
        ValueError: a negative or missing count; a sample without counts.
    """
    counts = _checked(counts)
    is_own = np.ones(counts.shape[1], dtype=np.bool_) if learnt is None else learnt
    own: NDArray[np.intp] = np.flatnonzero(is_own)
    sizes = counts.sum(axis=0)
    counted = counts[counts[:, own].sum(axis=1) > 0][:, own]
    quartiles = np.quantile(counted, 0.75, axis=0) / sizes[own]
    if np.median(quartiles) < 1e-20:
        reference = int(own[np.argmax(np.sqrt(counted).sum(axis=0))])
    else:
        reference = int(own[np.argmin(np.abs(quartiles - quartiles.mean()))])
    log_factors = np.array([_log_factor(counts, sizes, j, reference) for j in range(counts.shape[1])])
    return 2.0 ** (log_factors - log_factors[own].mean())


def _log_factor(counts: FloatArray, sizes: FloatArray, sample: int, reference: int) -> float:
    both = (counts[:, sample] > 0) & (counts[:, reference] > 0)
    observed, expected = counts[both, sample], counts[both, reference]
    p, r = observed / sizes[sample], expected / sizes[reference]
    m, a = np.log2(p / r), (np.log2(p) + np.log2(r)) / 2
    if m.size == 0 or np.abs(m).max() < 1e-6:
        return 0.0
    variance = (sizes[sample] - observed) / sizes[sample] / observed
    variance = variance + (sizes[reference] - expected) / sizes[reference] / expected
    kept = _inner(m, 0.3) & _inner(a, 0.05)
    if not kept.any():
        return 0.0
    return float((m[kept] / variance[kept]).sum() / (1 / variance[kept]).sum())


def _inner(x: FloatArray, trim: float) -> BoolArray:
    """True for values whose rank, ties sharing their mean, is not in either trimmed end."""
    _, group, counts = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[group]
    low = np.floor(len(x) * trim) + 1
    return (ranks >= low) & (ranks <= len(x) + 1 - low)


def filter_by_expression(
    counts: FloatArray, group: NDArray[np.generic], *, min_count: float = 10.0, min_total_count: float = 15.0
) -> BoolArray:
    """Genes with enough counts for a test, as documented for edgeR's `filterByExpr`.

    At least `min_count` counts, at the median library size, in as many samples as the smallest group has (of a group
    larger than 10, in 70 % of the samples beyond 10), and `min_total_count` counts in all.

    Args:
        counts: (G, N) non-negative counts.
        group: (N,) the samples' groups.
        min_count: counts that are enough in a sample.
        min_total_count: counts that are enough in all.

    Raises:
        ValueError: a negative or missing count; a sample without counts.
    """
    counts = _checked(counts)
    sizes = counts.sum(axis=0)
    _, group_sizes = np.unique(group, return_counts=True)
    smallest = float(group_sizes.min())
    if smallest > 10:
        smallest = 10 + (smallest - 10) * 0.7
    enough = counts / sizes * 1e6 >= min_count / np.median(sizes) * 1e6
    return (enough.sum(axis=1) >= smallest - 1e-14) & (counts.sum(axis=1) >= min_total_count - 1e-14)


def log_cpm(
    counts: FloatArray,
    factors: FloatArray | None = None,
    *,
    prior_count: float = 2.0,
    learnt: BoolArray | None = None,
) -> FloatArray:
    """(G, N) log2 counts per million, as edgeR's `cpm(log=TRUE)`: the prior count grows with the library.

    Args:
        counts: (G, N) non-negative counts.
        factors: (N,) normalisation factors; None for ones.
        prior_count: mean count added to avoid the logarithm of 0.
        learnt: (N,) True for the samples that determine the mean library size; all by default.

    Raises:
        ValueError: a negative or missing count; a sample without counts.
    """
    counts = _checked(counts)
    sizes = counts.sum(axis=0) * (1.0 if factors is None else factors)
    prior = sizes / (sizes if learnt is None else sizes[learnt]).mean() * prior_count
    return np.log2((counts + prior) / (sizes + 2 * prior) * 1e6)


def _checked(counts: FloatArray) -> FloatArray:
    counts = np.asarray(counts, dtype=np.float64)
    if not np.isfinite(counts).all() or (counts < 0).any():
        bad = np.argwhere(~np.isfinite(counts) | (counts < 0))[0]
        raise ValueError(f"row {bad[0] + 1}, sample {bad[1] + 1} is negative, missing or infinite: expected counts")
    empty = np.flatnonzero(counts.sum(axis=0) == 0)
    if empty.size:
        raise ValueError(f"sample {empty[0] + 1} has no counts at all")
    return counts
