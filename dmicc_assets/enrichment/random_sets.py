"""Random gene sets of each size and their enrichment scores: the null of preranked GSEA, one for all libraries.

How a set is scored is in `set_scores.py`, what is made of the null in `gsea.py`.
"""

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.enrichment.set_scores import enrichment_scores
from dmicc_assets.types import FloatArray

N_RANDOM = 1000  # sets of each size


class RandomSets:
    """Scores of seeded random sets of any size along one ranked list.

    The sets of a size are the first genes of random orders, which all sizes share, as the permutations of Subramanian
    (2005, doi:10.1073/pnas.0506580102) are shared by all sets. Within a size the sets are independent, and every set is
    as likely.

    Args:
        weight: (N,) weight of each gene of the list.
        many: sets of each size.
        seed: of the orders.
        largest: the largest size that is asked for, fewer than N.
    """

    def __init__(self, weight: FloatArray, many: int, seed: int, largest: int) -> None:
        self.weight = weight
        self._orders = random_orders(weight.size, largest, many, np.random.default_rng(seed))

    def scores(self, size: int) -> FloatArray:
        """(M,) scores of random sets of this size; ValueError unless it is between one gene and the largest."""
        if not 1 <= size <= self._orders.shape[1]:
            raise ValueError(f"random sets have 1 to {self._orders.shape[1]} genes, not {size}")
        drawn = np.sort(self._orders[:, :size], axis=1)
        return enrichment_scores(drawn, self.weight)[0]


def random_orders(n_genes: int, first: int, many: int, rng: np.random.Generator) -> NDArray[np.integer]:
    """(M, first) the first of `n_genes` positions in random orders: any other ones are as likely."""
    orders = np.empty((many, first), dtype=np.uint16 if n_genes <= 1 << 16 else np.int32)
    for row in orders:
        row[:] = rng.choice(n_genes, first, replace=False)
    return orders
