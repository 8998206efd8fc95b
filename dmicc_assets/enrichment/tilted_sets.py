"""Random sets of a fixed size in which the genes of some stretches of the ranked list are likelier than others.

Which stretches, and what the sets are counted for, is `rare_scores.py`'s. Sets without a tilt are `random_sets.py`'s.
"""

# scipy has no stubs: what it returns is declared here.
# pyright: reportMissingTypeStubs=false

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats import special
from dmicc_assets.types import BoolArray, FloatArray

IntArray = NDArray[np.intp]
_BINS = 14  # bins that widen from the top on, by this power of their number; then the last two are divided
_WIDENING = 2.5
_LAST = (0.05, 0.005)  # of the list
_REACH = 5.0  # standard deviations, and genes, that a number of genes may be from its mean
_MOST_STEPS = 200  # of Newton's method, which needs 3
_NO_LONGER = 37.0  # natural log of 1 over what is as good as 0 beside 1


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
        log_odds: (J, B) of a gene of each bin, such that about as many genes are taken as a set has.
        fewest: (J, B) genes that are taken of a bin at least.
        below: (J, B, C) probabilities of at most 0, 1, ... genes more than the fewest of each bin, whatever the others.
        widest: (J,) the bin whose number of genes varies most.
        relative: (J, C) its probabilities of 0, 1, ... genes more than the fewest, over the largest of them.
        accepted: (J,) mean of the relative probability that the widest bin gives what the others leave.
        log_scale: (J,) log of the probability of a set, less the sum of its genes' log odds.
    """

    log_odds: FloatArray
    fewest: IntArray
    below: FloatArray
    widest: IntArray
    relative: FloatArray
    accepted: FloatArray
    log_scale: FloatArray

    @classmethod
    def of(cls, log_odds: FloatArray, bins: Bins, size: int) -> Self:
        """The distributions of sets of `size` genes whose log odds (J, B) differ as these do."""
        log_odds = _with_mean(log_odds, bins.width, size)
        p: FloatArray = special.expit(log_odds)
        mean = bins.width * p
        reach = _REACH * (1 + np.sqrt(mean * (1 - p)))
        most = np.minimum(np.ceil(mean + reach), np.minimum(bins.width, size)).astype(np.intp)
        fewest = np.clip(np.floor(mean - reach), 0, most).astype(np.intp)
        # As many numbers of genes as a power of two, so that one is found by halving.
        k: IntArray = np.arange(1 << int((most - fewest).max()).bit_length(), dtype=np.intp)
        k = fewest[:, :, None] + k
        of_bin = np.minimum(k, bins.width[:, None])
        log_factorial = bins.log_factorial
        log_taken = k * log_odds[:, :, None] - log_factorial[of_bin] - log_factorial[bins.width[:, None] - of_bin]
        log_taken[k > most[:, :, None]] = -np.inf
        taken: FloatArray = np.exp(log_taken - log_taken.max(axis=2, keepdims=True))
        below = np.cumsum(taken, axis=2)
        below /= below[:, :, -1:]
        widest = np.argmax(mean * (1 - p), axis=1)
        relative = taken[np.arange(len(p)), widest]
        of_size = _probability_of_size(p, bins.width, size)
        none = (bins.width * np.logaddexp(0.0, log_odds)).sum(axis=1)
        accepted = of_size * relative.sum(axis=1)
        return cls(log_odds, fewest, below, widest, relative, accepted, -none - np.log(of_size))


def _with_mean(log_odds: FloatArray, width: IntArray, size: int) -> FloatArray:
    """Log odds (J, B) moved, each tilt's alike, so that `size` genes are taken on the average, by Newton's method."""
    even = np.log(size / (width.sum() - size))
    low: FloatArray = even - log_odds.max(axis=1)
    high: FloatArray = even - log_odds.min(axis=1)
    move: FloatArray = np.clip(0.0, low, high)
    for _ in range(_MOST_STEPS):
        p: FloatArray = special.expit(log_odds + move[:, None])
        mean: FloatArray = width * p
        too_many: FloatArray = mean.sum(axis=1) - size
        spread: FloatArray = (mean * (1 - p)).sum(axis=1)
        if (np.abs(too_many) <= 0.1 * np.sqrt(spread) + 0.01).all():
            break
        low: FloatArray = np.where(too_many < 0, move, low)
        high: FloatArray = np.where(too_many > 0, move, high)
        further: FloatArray = move - too_many / np.maximum(spread, 1e-300)
        move: FloatArray = np.where((further < low) | (further > high), (low + high) / 2, further)
    return log_odds + move[:, None]


def _probability_of_size(p: FloatArray, width: IntArray, size: int) -> FloatArray:
    """Probability (J,) that `size` genes are taken, close to the mean, when a gene of each bin is with p (J, B).

    The characteristic function's inverse at whole numbers. At an angle its modulus is at most exp(-variance (1 - cos
    angle)), by 1 - x <= exp(-x) for each gene: it is summed as far as that differs from 0 in double precision.
    """
    variance = (width * p * (1 - p)).sum(axis=1)
    points = 2 * int(np.ceil(6 * np.sqrt(variance.max()) + 6)) + 1
    last = np.arccos(1 - min(_NO_LONGER / max(float(variance.min()), 1e-6), 2.0))
    angle = 2 * np.pi / points * np.arange(min(points // 2, int(np.ceil(last * points / (2 * np.pi)))) + 1)
    turned = np.exp(1j * angle)
    of_bins = np.log(1 + p[:, :, None] * (turned - 1))
    terms = np.exp((width[:, None] * of_bins).sum(axis=1) - 1j * angle * size).real
    return (2 * terms.sum(axis=1) - terms[:, 0]) / points


def draw_counts(tilts: Tilts, bins: Bins, size: int, many: int, rng: np.random.Generator) -> IntArray:
    """Genes in each bin (J * M, B) of `many` sets of `size` genes of each tilt.

    All bins but the widest are drawn whatever the others, and kept with the relative probability that the widest one
    gives what is left of `size` (von Neumann 1951, Natl. Bur. Stand. Appl. Math. Ser. 12, 36).
    """
    n_tilts, n_bins, _ = tilts.below.shape
    tilt: IntArray = np.arange(n_tilts, dtype=np.intp)
    first = tilts.fewest[tilt, tilts.widest][:, None]
    at_once = int(1.1 * many / tilts.accepted.min()) + 20
    drawn: IntArray = np.empty((n_tilts, n_bins, 0), dtype=np.intp)
    is_kept: BoolArray = np.empty((n_tilts, 0), dtype=np.bool_)
    while not drawn.size or (is_kept.sum(axis=1) < many).any():
        counts = tilts.fewest[:, :, None] + _positions_below(tilts.below, rng.random((n_tilts, n_bins, at_once)))
        counts[tilt, tilts.widest] = 0
        counts[tilt, tilts.widest] = left = size - counts.sum(axis=1)
        more = left - first
        is_possible = (more >= 0) & (more < tilts.relative.shape[1])
        probability = tilts.relative[tilt[:, None], np.where(is_possible, more, 0)]
        is_new = np.asarray(is_possible & (rng.random(left.shape) < probability), dtype=np.bool_)
        drawn, is_kept = np.concatenate([drawn, counts], axis=2), np.concatenate([is_kept, is_new], axis=1)
    is_kept &= is_kept.cumsum(axis=1) <= many
    return drawn.transpose(0, 2, 1)[is_kept]


def _positions_below(below: FloatArray, u: FloatArray) -> IntArray:
    """How many of the ascending probabilities (J, B, C), the last 1, are at most u (J, B, M); C is a power of two."""
    width = below.shape[2]
    start: IntArray = (np.arange(u.shape[0] * u.shape[1], dtype=np.intp) * width).reshape(*u.shape[:2], 1)
    at: IntArray = np.repeat(start, u.shape[2], axis=2)
    while (width := width // 2) > 0:
        is_above = np.asarray(below.take(at + (width - 1)) <= u, dtype=np.bool_)
        np.add(at, width * is_above, out=at)
    return at - start


def draw_positions(counts: IntArray, bins: Bins, rng: np.random.Generator) -> NDArray[np.integer]:
    """Positions (M, size) of sets with these counts (M, B), ascending: any genes of a bin are as likely as others."""
    many, of_bins = len(counts), counts.ravel()
    # The narrowest type is sorted in half of the time.
    start = bins.start.astype(np.uint16 if bins.n_genes <= 1 << 16 else np.int32)
    width = bins.width.astype(np.float32)
    drawn = np.repeat(np.tile(start, many), of_bins)
    drawn += _below(np.repeat(np.tile(width, many), of_bins), rng).astype(start.dtype)
    drawn = drawn.reshape(many, -1)
    drawn.sort(axis=1)
    rows: IntArray = np.arange(many, dtype=np.intp)
    part = drawn
    # A position that a set has already is drawn anew, from its bin, until it is another one.
    while (twice := np.flatnonzero(part[:, 1:] == part[:, :-1])).size:
        row, column = np.divmod(twice, part.shape[1] - 1)
        bin_of = np.searchsorted(start, part[row, column], side="right") - 1
        part[row, column + 1] = start[bin_of] + _below(width[bin_of], rng).astype(start.dtype)
        again = row[np.flatnonzero(np.diff(row, prepend=-1))]
        rows, part = rows[again], np.sort(part[again], axis=1)
        drawn[rows] = part
    return drawn


def _below(width: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A number between 0 and each width (M,)."""
    return rng.random(width.size, dtype=np.float32) * width


def log_probability(counts: IntArray, tilts: Tilts) -> FloatArray:
    """Log probability (M, J) of sets with these counts (M, B) under each of J tilts."""
    return np.asarray(counts @ tilts.log_odds.T + tilts.log_scale, dtype=np.float64)
