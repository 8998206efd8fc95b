"""Random sets of a fixed size in which the genes of some stretches of the ranked list are likelier than others.

Which stretches, and what the sets are counted for, is `rare_scores.py`'s. Sets without a tilt are `random_sets.py`'s.
"""

# scipy has no stubs: what it returns is declared here.
# pyright: reportMissingTypeStubs=false

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats import special
from dmicc_assets.types import FloatArray

IntArray = NDArray[np.intp]
_EVEN = 14  # bins of equal width, to which narrower ones at both ends are added
_NARROW = 7


@dataclass(frozen=True, slots=True)
class Bins:
    """Stretches of the ranked list within which genes are equally likely: B bins, narrow at both ends of the list.

    Attributes:
        n_genes: genes of the list.
        start: (B,) first position of each bin.
        width: (B,) genes of each bin.
        mean_weight: (B,) mean weight of its genes.
    """

    n_genes: int
    start: IntArray
    width: IntArray
    mean_weight: FloatArray

    @classmethod
    def of(cls, weight: FloatArray) -> Self:
        """The bins of a list of genes with these weights (N,)."""
        n = weight.size
        narrow = np.geomspace(1, max(n // 2, 1), _NARROW).round().astype(np.intp)
        even = np.linspace(0, n, _EVEN + 1).astype(np.intp)
        edges = np.unique(np.concatenate([even, narrow, n - narrow]))
        width = np.diff(edges)
        return cls(n, edges[:-1], width, np.add.reduceat(weight, edges[:-1]) / width)


@dataclass(frozen=True, slots=True)
class Tilt:
    """A distribution of sets: genes are taken independently with the odds of their bin, given how many are taken.

    Attributes:
        log_odds: (B,) of a gene of each bin.
        taken: for each bin the probabilities of 0, 1, ... genes, whatever the others; up to 8 standard deviations.
        rest: for each bin, and after the last, the probabilities that it and those behind it give 0 to `size` genes.
        log_scale: log of the probability of a set, less the sum of its genes' log odds.
    """

    log_odds: FloatArray
    taken: tuple[FloatArray, ...]
    rest: tuple[FloatArray, ...]
    log_scale: float

    @classmethod
    def of(cls, log_odds: FloatArray, bins: Bins, size: int) -> Self:
        """The distribution of sets of `size` genes with these log odds (B,)."""
        p: FloatArray = special.expit(log_odds)
        mean = bins.width * p
        most = np.ceil(mean + 8 * np.sqrt(mean * (1 - p)) + 10).astype(np.intp)
        most = np.minimum(most, np.minimum(bins.width, size))
        none = -bins.width * np.logaddexp(0.0, log_odds)
        log_factorial: FloatArray = special.gammaln(np.arange(bins.n_genes + 1) + 1.0)
        taken: list[FloatArray] = []
        for wide, top, odds, log_none in zip(bins.width, most, log_odds, none, strict=True):
            k: IntArray = np.arange(int(top) + 1, dtype=np.intp)
            choices = log_factorial[wide] - log_factorial[k] - log_factorial[wide - k]
            taken.append(np.asarray(np.exp(choices + k * odds + log_none), dtype=np.float64))
        rest: list[FloatArray] = [np.zeros(size + 1)]
        rest[0][0] = 1.0
        for each in reversed(taken):
            rest.append(np.asarray(np.convolve(rest[-1], each), dtype=np.float64)[: size + 1])
        rest.reverse()
        return cls(log_odds, tuple(taken), tuple(rest), float(none.sum() - np.log(rest[0][size])))


def draw_counts(tilt: Tilt, bins: Bins, size: int, many: int, rng: np.random.Generator) -> IntArray:
    """Genes in each bin (M, B) of `many` sets of `size` genes, bin after bin, given what is left to be taken."""
    counts = np.zeros((many, bins.width.size), dtype=np.intp)
    left = np.full(many, size)
    for b, (taken, u) in enumerate(zip(tilt.taken, rng.random((bins.width.size, many)), strict=True)):
        # What is left after 0, 1, ... genes of this bin; a negative number has probability 0.
        rest = np.concatenate([np.zeros(taken.size), tilt.rest[b + 1]])
        below = np.cumsum(taken * rest[(left + taken.size)[:, None] - np.arange(taken.size)], axis=1)
        counts[:, b] = (below < u[:, None] * below[:, -1:]).sum(axis=1)
        left -= counts[:, b]
    return counts


def draw_positions(counts: IntArray, bins: Bins, rng: np.random.Generator) -> IntArray:
    """Positions (M, size) of sets with these counts (M, B), ascending: any genes of a bin are as likely as others."""
    many, n_bins = counts.shape
    of: IntArray = np.repeat(np.tile(np.arange(n_bins, dtype=np.intp), many), counts.ravel()).reshape(many, -1)
    start, width = bins.start[of], bins.width[of]
    drawn = np.sort(start + (rng.random(of.shape) * width).astype(np.intp), axis=1)
    rows: IntArray = np.arange(many, dtype=np.intp)
    # A position that a set has already is drawn anew, from its bin, until it is another one.
    while rows.size:
        part = drawn[rows]
        twice = np.zeros(part.shape, dtype=np.bool_)
        twice[:, 1:] = part[:, 1:] == part[:, :-1]
        again = twice.any(axis=1)
        rows, part, twice = rows[again], part[again], twice[again]
        part[twice] = start[rows][twice] + (rng.random(int(twice.sum())) * width[rows][twice]).astype(np.intp)
        drawn[rows] = np.sort(part, axis=1)
    return drawn


def log_probability(counts: IntArray, tilts: Sequence[Tilt]) -> FloatArray:
    """Log probability (M, J) of sets with these counts (M, B) under each of J tilts."""
    odds = np.array([tilt.log_odds for tilt in tilts])
    return np.asarray(counts @ odds.T + np.array([tilt.log_scale for tilt in tilts]), dtype=np.float64)
