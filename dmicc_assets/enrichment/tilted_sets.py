"""Random sets of a fixed size in which the genes of some stretches of the ranked list are likelier than others.

Which stretches, and what the sets are counted for, is `rare_scores.py`'s. Sets without a tilt are `random_sets.py`'s.
"""

# scipy has no stubs: what it returns is declared here.
# pyright: reportMissingTypeStubs=false

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from dmicc_assets.enrichment.set_scores import running_sums
from dmicc_assets.stats import special
from dmicc_assets.types import FloatArray

IntArray = NDArray[np.intp]
_BINS = 14  # bins that widen from the top on, by this power of their number; then the last two are divided
_WIDENING = 2.5
_LAST = (0.05, 0.005)  # of the list


@dataclass(frozen=True, slots=True)
class Bins:
    """Stretches of the ranked list within which genes are equally likely: B bins, narrow at both ends of the list.

    Attributes:
        n_genes: genes of the list.
        start: (B,) first position of each bin.
        width: (B,) genes of each bin.
        mean_weight: (B,) mean weight of its genes.
        log_factorial: (N + 1,) of 0, 1, ... N.
    """

    n_genes: int
    start: IntArray
    width: IntArray
    mean_weight: FloatArray
    log_factorial: FloatArray

    @classmethod
    def of(cls, weight: FloatArray) -> Self:
        """The bins of a list of genes with these weights (N,)."""
        n = weight.size
        of_list = np.concatenate([np.linspace(0, 1, _BINS + 1) ** _WIDENING, 1 - np.array(_LAST)])
        edges = np.unique(np.append((n * of_list).round().astype(np.intp), min(n, 1)))
        width = np.diff(edges)
        return cls(
            n, edges[:-1], width, np.add.reduceat(weight, edges[:-1]) / width, special.gammaln(np.arange(n + 1) + 1.0)
        )


@dataclass(frozen=True, slots=True)
class Tilts:
    """J distributions of sets: genes are taken independently with the odds of their bin, given how many are taken.

    Attributes:
        log_odds: (J, B) of a gene of each bin.
        taken: (J, B, C) probabilities of 0, 1, ... genes of each bin, whatever the others.
        most: (B,) genes that are taken of a bin at most: 5 and five standard deviations above the mean of any tilt.
        rest: (J, B + 1, size + 1) probabilities that a bin and those behind it give 0 to `size` genes.
        log_scale: (J,) log of the probability of a set, less the sum of its genes' log odds.
    """

    log_odds: FloatArray
    taken: FloatArray
    most: IntArray
    rest: FloatArray
    log_scale: FloatArray

    @classmethod
    def of(cls, log_odds: FloatArray, bins: Bins, size: int) -> Self:
        """The distributions of sets of `size` genes with these log odds (J, B)."""
        p: FloatArray = special.expit(log_odds)
        mean = bins.width * p
        tops = np.ceil(mean + 5 * np.sqrt(mean * (1 - p)) + 5).astype(np.intp)
        tops = np.minimum(tops, np.minimum(bins.width, size))
        none = -bins.width * np.logaddexp(0.0, log_odds)
        k: IntArray = np.arange(int(tops.max()) + 1, dtype=np.intp)
        log_factorial = bins.log_factorial
        left = np.maximum(bins.width[:, None] - k, 0)
        choices = log_factorial[bins.width][:, None] - log_factorial[k] - log_factorial[left]
        log_taken: FloatArray = choices + k * log_odds[:, :, None] + none[:, :, None]
        taken: FloatArray = np.exp(np.where(k > tops[:, :, None], -np.inf, log_taken))
        rest = np.zeros((len(log_odds), bins.width.size + 1, size + 1))
        rest[:, -1, 0] = 1.0
        for j, b in np.ndindex(tops.shape):
            at = bins.width.size - 1 - b
            rest[j, at] = np.convolve(rest[j, at + 1], taken[j, at, : tops[j, at] + 1])[: size + 1]
        return cls(log_odds, taken, tops.max(axis=0), rest, none.sum(axis=1) - np.log(rest[:, 0, size]))


def draw_counts(tilts: Tilts, bins: Bins, size: int, many: int, rng: np.random.Generator) -> IntArray:
    """Genes in each bin (J * M, B) of `many` sets of `size` genes of each tilt, bin after bin, given what is left."""
    n_tilts, n_bins = tilts.log_odds.shape
    widest = tilts.taken.shape[2]
    # What is left after 0, 1, ... genes of a bin; a negative number has probability 0.
    rest = np.zeros((n_tilts, n_bins, size + widest))
    rest[:, :, : size + 1] = tilts.rest[:, 1:, ::-1]
    after = sliding_window_view(rest, widest, axis=2)
    counts = np.zeros((n_bins, n_tilts, many), dtype=np.intp)
    left = np.full((n_tilts, many), size)
    tilt: IntArray = np.arange(n_tilts, dtype=np.intp)[:, None]
    for b, (most, u) in enumerate(zip(tilts.most.tolist(), rng.random((n_bins, n_tilts * many, 1)), strict=True)):
        taken = after[:, b, :, : most + 1][tilt, size - left]
        taken *= tilts.taken[:, b, None, : most + 1]
        below = running_sums(taken.reshape(-1, most + 1))
        counts[b] = (below >= u * below[:, -1:]).argmax(axis=1).reshape(n_tilts, many)
        left -= counts[b]
    return counts.reshape(n_bins, -1).T


def draw_positions(counts: IntArray, bins: Bins, rng: np.random.Generator) -> NDArray[np.int32]:
    """Positions (M, size) of sets with these counts (M, B), ascending: any genes of a bin are as likely as others."""
    many, n_bins = counts.shape
    of: IntArray = np.repeat(np.tile(np.arange(n_bins, dtype=np.intp), many), counts.ravel()).reshape(many, -1)
    start, width = bins.start.astype(np.int32), bins.width.astype(np.float64)
    drawn = start.take(of) + (rng.random(of.shape) * width.take(of)).astype(np.int32)
    drawn.sort(axis=1)
    rows: IntArray = np.arange(many, dtype=np.intp)
    part = drawn
    # A position that a set has already is drawn anew, from its bin, until it is another one.
    while (twice := np.flatnonzero(part[:, 1:] == part[:, :-1])).size:
        row, column = np.divmod(twice, part.shape[1] - 1)
        bin_of = of[rows[row], column + 1]
        part[row, column + 1] = start[bin_of] + (rng.random(twice.size) * width[bin_of]).astype(np.int32)
        again = row[np.flatnonzero(np.diff(row, prepend=-1))]
        rows, part = rows[again], np.sort(part[again], axis=1)
        drawn[rows] = part
    return drawn


def log_probability(counts: IntArray, tilts: Tilts) -> FloatArray:
    """Log probability (M, J) of sets with these counts (M, B) under each of J tilts."""
    return np.asarray(counts @ tilts.log_odds.T + tilts.log_scale, dtype=np.float64)
