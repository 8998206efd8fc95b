"""Random gene sets of each size and their enrichment scores: the null of preranked GSEA, one for all libraries.

How a set is scored is in `set_scores.py`, what is made of the null in `gsea.py`.
"""

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.enrichment.set_scores import enrichment_scores
from dmicc_assets.types import FloatArray

N_RANDOM = 1000  # sets of each size


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


def random_positions(n_genes: int, size: int, many: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """(M, size) positions of random sets, ascending: every set of `size` of `n_genes` positions is as likely."""
    if 2 * size > n_genes:
        left_out = random_positions(n_genes, n_genes - size, many, rng)
        kept = np.ones((many, n_genes), dtype=np.bool_)
        np.put_along_axis(kept, left_out.astype(np.intp), False, axis=1)
        return np.nonzero(kept)[1].reshape(many, size).astype(np.int32)
    drawn = rng.integers(0, n_genes, (many, size), dtype=np.int32)
    drawn.sort(axis=1)
    rows, part = np.arange(many), drawn
    # A position that a set has already is drawn anew until it is another one.
    while (twice := np.flatnonzero(part[:, 1:] == part[:, :-1])).size:
        row, column = np.divmod(twice, size - 1)
        part[row, column + 1] = rng.integers(0, n_genes, twice.size, dtype=np.int32)
        again = row[np.flatnonzero(np.diff(row, prepend=-1))]
        rows, part = rows[again], np.sort(part[again], axis=1)
        drawn[rows] = part
    return drawn
