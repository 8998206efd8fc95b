"""Random gene sets of each size and their enrichment scores: the null of preranked GSEA, one for all libraries.

The scores of real sets, and what is made of the null, are in `gsea.py`.
"""

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.types import BoolArray, FloatArray

IntArray = NDArray[np.intp]
N_RANDOM = 1000  # sets of each size
_AT_ONCE = 1 << 14  # positions, so that what is made of them stays in a processor's cache


def enrichment_scores(positions: IntArray, weight: FloatArray) -> tuple[FloatArray, IntArray]:
    """Weighted Kolmogorov-Smirnov-like score of sets of one size.

    The running sum rises by a hit's share of the set's weight and falls by 1/(N - k) at any other gene; the score is
    its largest deviation from 0. Maxima lie at a hit and minima just before one, so that only the hits are looked at.

    Args:
        positions: (M, k) for each of M sets the positions of its k genes in the ranked list, ascending.
        weight: (N,) weight of each gene of the list; where a set's weights are all 0, its genes count alike.

    Returns:
        (M,) scores, and for each the index (of 0 to k - 1) of the hit at the deviation.
    """
    at_once = max(1, _AT_ONCE // positions.shape[1])
    blocks = [_scores(positions[i : i + at_once], weight) for i in range(0, len(positions), at_once)]
    if not blocks:
        return np.empty(0), np.empty(0, dtype=np.intp)
    scores, at = zip(*blocks, strict=True)
    return np.concatenate(scores), np.concatenate(at)


def _scores(positions: IntArray, weight: FloatArray) -> tuple[FloatArray, IntArray]:
    size = positions.shape[1]
    share: FloatArray = weight[positions]
    total: FloatArray = share.sum(axis=1, keepdims=True)
    is_even = total[:, 0] <= 0
    share[is_even], total[is_even] = 1.0, size
    share /= total
    at_hit: FloatArray = np.cumsum(share, axis=1)
    at_hit -= np.asarray((positions - np.arange(size)) / (weight.size - size), dtype=np.float64)
    rows = np.arange(len(positions))
    highest = at_hit.argmax(axis=1)
    at_hit_max: FloatArray = at_hit[rows, highest]
    at_hit -= share
    lowest = at_hit.argmin(axis=1)
    before_hit_min: FloatArray = at_hit[rows, lowest]
    # Equal deviations are equal up to rounding only; the upper one counts.
    is_high: BoolArray = at_hit_max >= -before_hit_min * (1 - 1e-12)
    at = np.asarray(np.where(is_high, highest, lowest), dtype=np.intp)
    return np.where(is_high, at_hit_max, before_hit_min), at


class RandomSets:
    """Scores of seeded random sets of any size along one ranked list; each size is drawn once, apart from the others.

    Args:
        weight: (N,) weight of each gene of the list.
        many: sets of each size.
        seed: the same for the same sets, whichever other sizes are asked for.
    """

    def __init__(self, weight: FloatArray, many: int, seed: int) -> None:
        self.weight = weight
        self._many = many
        self._seed = seed
        self._scores: dict[int, FloatArray] = {}

    def scores(self, size: int) -> FloatArray:
        """(M,) scores of random sets of this size: at least one gene, fewer than all."""
        if size not in self._scores:
            rng = np.random.default_rng([self._seed, size])
            drawn = random_positions(self.weight.size, size, self._many, rng)
            self._scores[size], _ = enrichment_scores(drawn, self.weight)
        return self._scores[size]


def random_positions(n_genes: int, size: int, many: int, rng: np.random.Generator) -> IntArray:
    """(M, size) positions of random sets, ascending: every set of `size` of `n_genes` positions is as likely."""
    if 2 * size > n_genes:
        left_out = random_positions(n_genes, n_genes - size, many, rng)
        kept = np.ones((many, n_genes), dtype=np.bool_)
        np.put_along_axis(kept, left_out, False, axis=1)
        return np.nonzero(kept)[1].reshape(many, size)
    drawn = np.sort(rng.integers(0, n_genes, (many, size), dtype=np.int32), axis=1)
    rows = np.arange(many)
    # A position that a set has already is drawn anew until it is another one.
    while len(rows):
        part = drawn[rows]
        twice = part[:, 1:] == part[:, :-1]
        rows, part, twice = (each[twice.any(axis=1)] for each in (rows, part, twice))
        part[:, 1:][twice] = rng.integers(0, n_genes, int(twice.sum()), dtype=np.int32)
        drawn[rows] = np.sort(part, axis=1)
    return drawn.astype(np.intp)
