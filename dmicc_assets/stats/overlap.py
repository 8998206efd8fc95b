"""Probabilities that gene sets share genes by chance, and that shared genes agree in direction by chance.

Functions of counts; `signature/intersect.py` finds the shared genes. None means "not defined".
"""

# scipy has no stubs: what it returns is declared by the functions of this module.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray


def hypergeometric_tail(
    k: ArrayLike, n_marked: ArrayLike, n_universe: ArrayLike, n_drawn: ArrayLike
) -> NDArray[np.float64]:
    """P(X >= k) for X marked genes among `n_drawn` from `n_universe` genes with `n_marked` marked ones; broadcasts.

    Equals R's `phyper(k - 1, n_marked, n_universe - n_marked, n_drawn, lower.tail = FALSE)`.
    """
    from scipy.stats import hypergeom

    return np.asarray(hypergeom.sf(np.asarray(k) - 1, n_universe, n_marked, n_drawn), dtype=np.float64)


def expected_overlap(n_universe: int, sizes: Sequence[int]) -> float | None:
    """Mean number of genes that random sets of these sizes share; None without a universe or with one set.

    Raises:
        ValueError: a size is negative or larger than the universe.
    """
    _check_sizes(n_universe, sizes)
    if len(sizes) < 2 or n_universe == 0:
        return None
    return n_universe * prod(size / n_universe for size in sizes)


def overlap_p_value(n_universe: int, sizes: Sequence[int], n_shared: int) -> float | None:
    """P(random sets of these sizes share at least `n_shared` genes), exact; None without a universe or with one set.

    Two sets: the hypergeometric upper tail. More: the exact tail of the multi-set intersection (Wang, Zhao & Zhang
    2015, doi:10.1038/srep16923), by dynamic programming: sets are intersected one after the other, smallest first, and
    the distribution of the intersection's size is updated. Each set after the second takes time proportional to the
    square of the smallest size.

    Args:
        n_universe: genes that could be in every set.
        sizes: number of genes in each set, within the universe.
        n_shared: number of genes in all sets.

    Raises:
        ValueError: a size is negative or larger than the universe, or more genes are shared than a set has.
    """
    _check_sizes(n_universe, sizes)
    if n_shared < 0 or n_shared > min(sizes, default=0):
        raise ValueError(f"{n_shared} shared genes do not fit sets of {', '.join(map(str, sizes))} genes")
    if len(sizes) < 2 or n_universe == 0:
        return None
    first, *middle, last = sorted(sizes)
    probability = np.zeros(first + 1)
    probability[first] = 1.0
    for size in middle:
        probability = _intersect(probability, n_universe, size, n_shared)
    reachable = np.flatnonzero(probability)
    tail = hypergeometric_tail(n_shared, reachable, n_universe, last)
    return float(min(1.0, np.sum(probability[reachable] * tail)))


def concordance_probability(shares_up: Sequence[float]) -> float:
    """Probability that a gene has the same direction in every cohort if directions are independent.

    Args:
        shares_up: for each cohort, the share of its differentially expressed genes that are up, in [0, 1].
    """
    return prod(shares_up) + prod(1.0 - share for share in shares_up)


def concordance_p_value(n_concordant: int, n_shared: int, probability: float) -> float | None:
    """Exact two-sided binomial test of the number of concordant genes, as R's `binom.test`; None without a shared gene.

    Args:
        n_concordant: shared genes with one direction in all cohorts.
        n_shared: shared genes.
        probability: of concordance by chance, from `concordance_probability`.
    """
    from scipy.stats import binomtest

    if n_shared == 0:
        return None
    return float(binomtest(n_concordant, n_shared, min(probability, 1.0)).pvalue)


def _intersect(probability: NDArray[np.float64], n_universe: int, size: int, at_least: int) -> NDArray[np.float64]:
    """Distribution of the intersection's size after one more random set; sizes under `at_least` are dropped."""
    from scipy.special import gammaln

    log_factorial = gammaln(np.arange(1.0, n_universe + 2))
    n_ways = log_factorial[n_universe] - log_factorial[size] - log_factorial[n_universe - size]
    after = np.zeros_like(probability)
    for before in np.flatnonzero(probability):
        x = np.arange(max(at_least, before + size - n_universe), min(before, size) + 1)
        inside = log_factorial[before] - log_factorial[x] - log_factorial[before - x]
        rest = n_universe - before
        outside = log_factorial[rest] - log_factorial[size - x] - log_factorial[rest - size + x]
        after[x] += probability[before] * np.exp(inside + outside - n_ways)
    return after


def _check_sizes(n_universe: int, sizes: Sequence[int]) -> None:
    for size in sizes:
        if not 0 <= size <= n_universe:
            raise ValueError(f"a set of {size} genes does not fit a universe of {n_universe}")
