"""P-values of enrichment scores that no random set reached, by importance sampling of sets tilted towards such scores.

The tilted sets are drawn in `tilted_sets.py`. Scores, and p-values that random sets tell, are `gsea.py`'s.
"""

# scipy has no stubs: what it returns is declared here.
# pyright: reportMissingTypeStubs=false

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dmicc_assets.enrichment.set_scores import enrichment_scores
from dmicc_assets.enrichment.tilted_sets import Bins, Tilts, draw_counts, draw_positions, log_probability
from dmicc_assets.stats import special
from dmicc_assets.types import BoolArray, FloatArray

_SETS_A_TILT = (100, 400, 1600)  # more of them while the error of a p-value is larger than the one below
_LARGEST_ERROR = 0.4  # standard error of p over p
_SURE = 3.0  # standard errors by which a p-value is below the smallest one, so that it need not be known better
_NEAR = 1.5  # natural log of p: how much less likely the outer two tilts of a score may be
_FEW = 10  # genes; a smaller set reaches a score in ways as different as one heavy gene and all genes before others
_APART = 4.0  # the same, from one score that has tilts of its own to the next
_OUT_OF_REACH = 7.0  # the same, below the smallest p-value: not sampled
_STEPS = 12  # of Newton's method
_HIGHEST = 0.95  # score; a higher one of a set of 10 genes or more is given its p-value, which is larger
_LARGEST_C = 0.98  # from 1 on no tilt is finite: the score is reached before the position only, or by all genes there


@dataclass(frozen=True, slots=True)
class RareScores:
    """P-values of scores (S,) and the standard errors of log2 p (S,), NaN at the smallest p-value.

    Both are NaN where no drawn set reached the score.
    """

    p: FloatArray
    log2_error: FloatArray


def rare_scores(weight: FloatArray, size: int, scores: FloatArray, seed: int, smallest: float = 1e-10) -> RareScores:
    """The probability that a random set of `size` genes scores at least as high, however small it is.

    Sets are drawn in which genes towards the top are likelier, so that such scores are common, and each set counts with
    its probability among random sets over that among the drawn ones (Siegmund 1976, doi:10.1214/aos/1176343541). Sets
    of a fixed size with tilted genes are drawn exactly (Chen, Dempster & Liu 1994, doi:10.1093/biomet/81.3.457), and
    sets of several tilts are counted together (Owen & Zhou 2000, doi:10.1080/01621459.2000.10473909). Its
    relative standard error is 0.1 to 0.3 for sets of 10 genes or more, at 1e-10 as at 1e-3, and up to 0.5 for smaller
    ones. Scores above 0.95 of sets of 10 genes or more are given the p-value of 0.95, which is larger, and so are those
    of smaller sets that no drawn set reached.

    Args:
        weight: (N,) weight of each gene of the ranked list, the end where the scores are first.
        size: genes of a set, at least one, fewer than N.
        scores: (S,) positive enrichment scores of sets of this size.
        seed: of the sets drawn.
        smallest: a smaller p-value is given as this one, above 0.
    """
    return rare_scores_of_sizes(weight, [size], [scores], seed, smallest)[0]


def rare_scores_of_sizes(
    weight: FloatArray, sizes: Sequence[int], scores: Sequence[FloatArray], seed: int, smallest: float = 1e-10
) -> list[RareScores]:
    """The same of scores (S,) of sets of each size, one after the other: the tilts of all are found together."""
    if not sizes:
        return []
    bins = Bins.of(weight)
    scores = [np.minimum(es, _HIGHEST) if size >= _FEW else es for size, es in zip(sizes, scores, strict=True)]
    every = np.repeat(np.asarray(sizes, dtype=np.float64), [len(es) for es in scores])
    tilts, log_p = _tilts(bins, every, np.concatenate(scores))
    first = np.cumsum([len(es) for es in scores])[:-1]
    return [
        _sampled(weight, bins, size, es, odds, likely, seed, smallest)
        for size, es, odds, likely in zip(sizes, scores, np.split(tilts, first), np.split(log_p, first), strict=True)
    ]


def _sampled(
    weight: FloatArray, bins: Bins, size: int, scores: FloatArray, tilts: FloatArray, log_p: FloatArray,
    seed: int, smallest: float,
) -> RareScores:  # fmt: skip
    """P-values of the scores (S,) of one size, by their tilts (S, E, B) and rough log p (S, E)."""
    rng = np.random.default_rng([seed, size])
    p, error = np.full(scores.size, smallest), np.full(scores.size, np.nan)
    likeliest = log_p.max(axis=1)
    is_out_of_reach = np.isfinite(likeliest) & (likeliest < np.log(smallest) - _OUT_OF_REACH) & (size >= _FEW)
    sampled = np.flatnonzero(~is_out_of_reach)
    if not sampled.size:
        return RareScores(p, error)
    sampled = sampled[np.argsort(scores[sampled])]
    chosen = _chosen(tilts[sampled], log_p[sampled], every=size < _FEW)
    found, relative = np.full(sampled.size, np.nan), np.full(sampled.size, np.inf)
    for many in _SETS_A_TILT:
        most = np.where(np.isfinite(relative), found * (1 + _SURE * np.nan_to_num(relative, posinf=0.0)), np.inf)
        if ((relative >= _LARGEST_ERROR) & (most >= smallest)).any():
            found, relative = _estimate(weight, bins, size, chosen, scores[sampled], many, rng)
    found = np.where(np.isfinite(relative), found, np.nan)
    p[sampled] = np.maximum(found, smallest)
    error[sampled] = np.where(found > smallest, relative / np.log(2), np.nan)
    return RareScores(p, error)


def _tilts(bins: Bins, size: FloatArray, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log odds (S, E, B) of genes in sets of sizes (S,) that reach a score (S,) at the end E of a bin, and rough log p.

    A set reaches the score at a position when sum(a_i) >= 0 over its genes, with a_i = weight x ([before it] - c) and
    c = score + misses before it / misses. Odds proportional to exp(theta a_i) with a mean sum of 0 are the likeliest
    way there; theta, and the scale that gives `size` genes, are found by Newton's method, for all positions at once.
    """
    n_bins = bins.width.size
    before = (np.arange(n_bins) <= np.arange(n_bins - 1)[:, None]).astype(np.float64)
    size = size[:, None]
    end, others = bins.start[1:].astype(np.float64), bins.n_genes - size
    weight = bins.mean_weight / max(float(bins.mean_weight.max()), np.finfo(np.float64).tiny)
    share = scores[:, None] + (1 - scores[:, None]) * end / bins.n_genes
    hits: FloatArray = np.minimum(size * share, end)
    level, theta = np.broadcast_to(np.log(size / others), hits.shape), np.zeros(hits.shape)
    # For each end, what sums over the bins count: genes, their weights and weights squared, the same before the end.
    powers = np.stack([np.ones(n_bins), weight, weight**2], axis=1)
    sums_of = np.concatenate([np.broadcast_to(powers, (n_bins - 1, n_bins, 3)), before[:, :, None] * powers], axis=2)

    def log_odds(level: FloatArray, theta: FloatArray, c: FloatArray) -> FloatArray:
        """Of each end, score and bin (E, S, B)."""
        ahead = (theta.T[:, :, None] * before[:, None]) - (theta * c).T[:, :, None]
        return level.T[:, :, None] + weight * ahead

    def share_before(hits: FloatArray) -> FloatArray:
        return np.minimum(scores[:, None] + (end - hits) / others, _LARGEST_C)

    for _ in range(_STEPS):
        c = share_before(hits)
        p: FloatArray = special.expit(log_odds(level, theta, c))
        mean = bins.width * p
        genes: FloatArray = (mean @ sums_of).transpose(2, 1, 0)
        spread: FloatArray = ((mean * (1 - p)) @ sums_of).transpose(2, 1, 0)
        level, theta = _newton(level, theta, genes, spread, c, size)
        hits = np.asarray((hits + genes[3]) / 2, dtype=np.float64)
    odds = log_odds(level, theta, share_before(hits)).transpose(1, 0, 2)
    too_many: FloatArray = (bins.width * special.expit(odds)).sum(axis=2) - size
    at_random = bins.n_genes * np.log1p(size / others) - size * np.log(size / others)
    log_p = (bins.width * np.logaddexp(0.0, odds)).sum(axis=2) - size * level - at_random
    is_found = (np.abs(too_many) < 0.05 * size + 0.5) & (share_before(hits) < _LARGEST_C)
    return odds, np.where(is_found, log_p, -np.inf)


def _newton(
    level: FloatArray, theta: FloatArray, genes: FloatArray, spread: FloatArray, c: FloatArray, size: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """One step towards `size` genes and a mean sum of 0, the log odds of no gene moving by more than 2.

    Args:
        level: (S, E) log odds of a gene without weight.
        theta: (S, E) their slope along a.
        genes: (6, S, E) mean number of genes, sum of their weights and of squares; the same of those before the end.
        spread: (6, S, E) the same of the variances.
        c: (S, E), of a = weight x ([before the end] - c).
        size: (S, 1) genes of a set.
    """
    too_many, sum_a = genes[0] - size, genes[4] - c * genes[1]
    h00, h01 = spread[0], spread[4] - c * spread[1]
    h11 = (1 - 2 * c) * spread[5] + c**2 * spread[2]
    determinant = h00 * h11 - h01**2
    determinant = np.where(determinant > 1e-12 * h00 * h11, determinant, np.inf)
    by_level = (h11 * too_many - h01 * sum_a) / determinant
    by_theta = (h00 * sum_a - h01 * too_many) / determinant
    longest = np.abs(by_level) + np.abs(by_theta) * np.maximum(c, 1 - c)
    step = 2.0 / np.maximum(longest, 2.0)
    return level - step * by_level, np.maximum(theta - step * by_theta, 0.0)


def _chosen(tilts: FloatArray, log_p: FloatArray, every: bool) -> FloatArray:
    """Log odds (J, B) of the tilts to draw from, for scores in ascending order.

    A score whose p is well below that of the last score with tilts has its own: for the position where it is likeliest
    reached, and for the first and the last that are nearly as likely; for
    all positions where none can be told, or `every` is asked for.
    """
    chosen: list[FloatArray] = []
    last = np.inf
    for odds, likely in zip(tilts, log_p, strict=True):
        best = likely.max()
        if best > last - _APART or last == -np.inf:
            continue
        near, last = np.flatnonzero(likely >= best - _NEAR), best
        is_known = np.isfinite(best) and not every
        chosen += [odds[at] for at in sorted({near[0], likely.argmax(), near[-1]})] if is_known else list(odds)
    return np.array(chosen)


def _estimate(
    weight: FloatArray, bins: Bins, size: int, odds: FloatArray, scores: FloatArray, many: int,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """P-value of each score (S,) and its relative standard error, infinite where no set reached the score.

    Where none reached a score above 0.95, both are those of 0.95.
    """
    tilts = Tilts.of(odds, bins, size)
    counts = draw_counts(tilts, bins, size, many, rng)
    drawn, _ = enrichment_scores(draw_positions(counts, bins, rng), weight)
    log_drawn = np.logaddexp.reduce(log_probability(counts, tilts), axis=1) - np.log(len(odds))
    log_random = bins.log_factorial[[size, bins.n_genes - size]].sum() - bins.log_factorial[-1]
    reached: BoolArray = drawn[:, None] >= scores * (1 - 1e-12)
    is_beyond = ~reached.any(axis=0)
    reached[:, is_beyond] = drawn[:, None] >= np.minimum(scores[is_beyond], _HIGHEST)
    value = np.where(reached, np.exp(log_random - log_drawn)[:, None], 0.0)
    p = value.mean(axis=0)
    relative = np.full(p.size, np.inf)
    relative[p > 0] = value.std(axis=0)[p > 0] / p[p > 0] / np.sqrt(len(value))
    return p, relative
