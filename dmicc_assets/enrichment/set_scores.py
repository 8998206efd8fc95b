"""Enrichment scores of gene sets of one size (Subramanian 2005, doi:10.1073/pnas.0506580102), by looking at hits only.

Real sets are scored in `gsea.py`, random ones in `random_sets.py`, sets under permuted labels in `relabelled.py`.
"""

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.types import BoolArray, FloatArray

IntArray = NDArray[np.intp]
Positions = NDArray[np.integer]
AT_ONCE = 1 << 15  # hits, so that what is made of them stays in a processor's cache
_WIDE = 32
# Columns that are added up by one product of matrices: numpy's own running sum takes three times as long.
_UPPER: FloatArray = np.triu(np.ones((_WIDE, _WIDE)))
_FEW_ROWS = 64  # for which numpy's own is as fast


def enrichment_scores(positions: Positions, weight: FloatArray) -> tuple[FloatArray, IntArray]:
    """Weighted Kolmogorov-Smirnov-like score of sets of one size along one ranked list.

    Args:
        positions: (M, k) for each of M sets the positions of its k genes in the ranked list, ascending.
        weight: (N,) weight of each gene of the list; where a set's weights are all 0, its genes count alike.

    Returns:
        (M,) scores, and for each the index (of 0 to k - 1) of the hit at the deviation.
    """
    at_once = max(1, AT_ONCE // positions.shape[1])
    blocks = [positions[i : i + at_once] for i in range(0, len(positions), at_once)]
    if not blocks:
        return np.empty(0), np.empty(0, dtype=np.intp)
    scores, at = zip(*(scores_of_hits(block, weight.take(block), weight.size) for block in blocks), strict=True)
    return np.concatenate(scores), np.concatenate(at)


def scores_of_hits(positions: Positions, weight: FloatArray, n_genes: int) -> tuple[FloatArray, IntArray]:
    """The same of sets whose hits have these weights (M, k), which are overwritten where a set's are all 0.

    The running sum rises by a hit's share of the set's weight and falls by 1/(N - k) at any other gene; the score is
    its largest deviation from 0. Maxima lie at a hit and minima just before one, so that only the hits are looked at.
    """
    size = positions.shape[1]
    at_hit = running_sums(weight)
    total: FloatArray = at_hit[:, -1].copy()
    if (is_even := total <= 0).any():
        weight[is_even], at_hit[is_even], total[is_even] = 1.0, np.arange(1, size + 1), size
    fallen = (positions - np.arange(size, dtype=positions.dtype)).astype(np.float64)
    fallen *= (total / (n_genes - size))[:, None]
    at_hit -= fallen
    rows = np.arange(len(positions))
    highest = at_hit.argmax(axis=1)
    at_hit_max: FloatArray = at_hit[rows, highest] / total
    at_hit -= weight
    lowest = at_hit.argmin(axis=1)
    before_hit_min: FloatArray = at_hit[rows, lowest] / total
    # Equal deviations are equal up to rounding only; the upper one counts.
    is_high: BoolArray = at_hit_max >= -before_hit_min * (1 - 1e-12)
    at = np.asarray(np.where(is_high, highest, lowest), dtype=np.intp)
    return np.where(is_high, at_hit_max, before_hit_min), at


def running_sums(values: FloatArray) -> FloatArray:
    """Sum of each value (M, k) and those before it in its row, as `np.cumsum` up to rounding."""
    if len(values) < _FEW_ROWS and values.shape[1] > _WIDE:
        return np.cumsum(values, axis=1)
    sums = np.empty_like(values)
    for start in range(0, values.shape[1], _WIDE):
        block = values[:, start : start + _WIDE]
        first = block[:, 0].copy()
        if start:
            block[:, 0] += sums[:, start - 1]
        wide = block.shape[1]
        np.matmul(block, _UPPER[:wide, :wide], out=sums[:, start : start + wide])
        block[:, 0] = first
    return sums
