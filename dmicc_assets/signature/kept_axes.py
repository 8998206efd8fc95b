"""A cohort's null lists, drawn once and compared with the list of any other cohort. No I/O.

`sharing.py` has the test within a study, which draws for every set of cohorts anew; `atlas.py` tests all pairs.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.signature.sharing import N_AXES, CohortList
from dmicc_assets.stats.matched_axes import matched_axes
from dmicc_assets.stats.random_axes import score_weights
from dmicc_assets.types import FloatArray

Floats = NDArray[np.float32]
# Directions are compared with the draws up to rounding.
_ROUNDING = 1e-5
# Columns of `KeptAxes.genes` and `KeptAxes.axes` before the coordinates.
_WEIGHT, _TOTAL, _FIXED, _SIGN, _N_PER_GENE = 0, 1, 2, 3, 4
_N_PER_AXIS = 2
# Least share of its variance that an axis leaves to a gene; cells (axes times genes) scored at a time.
_LEAST_SHARE, _CELLS_PER_CHUNK = 1e-6, 1 << 19


@dataclass(frozen=True, slots=True)
class KeptAxes:
    """The lists of a cohort along random axes, as what scores any of its G genes along each of B axes again.

    Attributes:
        names: (G,) the genes as UTF-8, ascending.
        genes: (G, 4 + M) per gene: weight, total sum of squares, weight of an infinite prior (else 0), sign of the
            effect, and the matched residual coordinates.
        axes: (B, 2 + M) per axis: the score that a gene of its list exceeds, the mean direction of its list, and the
            unit vector.
        listed: rows of the disease's list.
    """

    names: NDArray[np.bytes_]
    genes: Floats
    axes: Floats
    listed: NDArray[np.int64]

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """All of it, in the order of its construction."""
        return self.names, self.genes, self.axes, self.listed

    def rows_of(self, names: NDArray[np.bytes_]) -> NDArray[np.int64]:
        """The rows (K,) of genes; -1 for one that the cohort does not have."""
        if not len(self.names):
            return np.full(len(names), -1)
        at = np.minimum(np.searchsorted(self.names, names), len(self.names) - 1)
        return np.where(self.names[at] == names, at, -1)


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a cohort's lists share with another's: mean number, and p-values as in `ReplacedCohort`."""

    expected: float
    p_value: float
    direction_p_value: float


def keep_axes(cohort: CohortList, rng: np.random.Generator, n_axes: int = N_AXES) -> KeptAxes:
    """Draws the lists of a cohort along axes that are matched to its own list, among all of its genes.

    Args:
        cohort: its genes, residual space and list of at least one gene.
        rng: seeded by the caller by the cohort alone, so that no other study changes its lists.
        n_axes: number of axes.
    """
    encoded = np.array([gene.encode() for gene in cohort.genes], dtype=np.bytes_)
    order = np.argsort(encoded)
    names = encoded[order]
    space = cohort.space.take(order)
    listed = np.flatnonzero(np.isin(names, np.array([gene.encode() for gene in cohort.listed])))
    matched = matched_axes(space, listed, rng)
    drawn = matched.draw(n_axes, rng)
    genes = np.column_stack(
        [score_weights(matched.space, matched.tilt), _sign(space.effect), matched.space.coordinates]
    )
    return _with_ends(names, genes.astype(np.float32), drawn.astype(np.float32), listed)


def replace_list(kept: KeptAxes, other: KeptAxes) -> Replaced:
    """Compares a cohort's lists along random axes with another cohort's list, which is kept.

    The test is `sharing_test`'s of two cohorts, but for the genes: each cohort's lists are among all of its own genes
    and as long as its own list, so that they are drawn once for all others.

    Args:
        kept: the cohort that is replaced.
        other: shares at least one gene of its list.

    Raises:
        ValueError: no gene is shared.
    """
    there = kept.rows_of(other.names[other.listed])
    others, direction = there[there >= 0], other.genes[other.listed[there >= 0], _SIGN]
    is_shared = np.isin(others, kept.listed)
    k, n_axes = int(is_shared.sum()), len(kept.axes)
    if not k:
        raise ValueError("expected a gene that both lists share")
    least, mean, axes = kept.axes[:, 0], kept.axes[:, 1], kept.axes[:, _N_PER_AXIS:]
    projection, score = _scores(kept.genes[others], axes)
    count = (score > least[:, None]).sum(axis=1)
    own = kept.genes[:, _SIGN]
    observed = abs(float(direction[is_shared] @ (own[others[is_shared]] - own[kept.listed].mean())))
    best = _largest(score, k)
    agreement = np.abs((np.sign(projection) * best) @ direction - mean * (best @ direction))
    return Replaced(
        float(count.mean()),
        float((1 + (count >= k).sum()) / (1 + n_axes)),
        float((1 + (agreement >= observed * (1 - _ROUNDING)).sum()) / (1 + n_axes)),
    )


def _largest(score: Floats, k: int) -> NDArray[np.bool_]:
    """The k largest scores of each row; of equal ones any."""
    first = score.shape[1] - k
    best = score >= np.partition(score, first, axis=1)[:, first, None]
    if (best.sum(axis=1) > k).any():  # genes of equal values have equal scores
        best[:] = False
        np.put_along_axis(best, np.argpartition(score, first, axis=1)[:, first:], True, axis=1)
    return best


def _with_ends(names: NDArray[np.bytes_], genes: Floats, drawn: Floats, listed: NDArray[np.int64]) -> KeptAxes:
    """Where each axis' list ends: half-way to the next gene, so that rounding moves no gene over it."""
    n, length = len(genes), len(listed)
    ends = np.empty((len(drawn), _N_PER_AXIS), dtype=np.float32)
    step = max(1, _CELLS_PER_CHUNK // n)
    for start in range(0, len(drawn), step):
        chunk = slice(start, start + step)
        projection, score = _scores(genes, drawn[chunk])
        order = np.argpartition(score, n - length, axis=1)
        last = np.take_along_axis(score, order[:, n - length, None], axis=1)[:, 0]
        left = np.take_along_axis(score, order[:, : n - length], axis=1)
        ends[chunk, 0] = (last + left.max(axis=1)) / 2 if left.size else -1.0
        ends[chunk, 1] = np.sign(np.take_along_axis(projection, order[:, n - length :], axis=1)).mean(axis=1)
    return KeptAxes(names, genes, np.column_stack([ends, drawn]), listed)


def _scores(genes: Floats, axes: Floats) -> tuple[Floats, Floats]:
    """Projections and scores (B, K) of K genes along B axes, as `axis_scores` has them."""
    weight, total, fixed = genes[:, _WEIGHT], genes[:, _TOTAL], genes[:, _FIXED]
    projection = axes @ genes[:, _N_PER_GENE:].T
    square = np.square(projection)
    left = np.maximum(total - square, np.maximum(total * _LEAST_SHARE, np.finfo(np.float32).tiny))
    return projection, square * np.where(fixed > 0, fixed, weight / left)


def _sign(effect: FloatArray) -> FloatArray:
    return np.sign(np.nan_to_num(effect))
