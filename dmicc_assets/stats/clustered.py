"""Two groups whose samples come in clusters (several samples of one patient): area under the curve, and rank tests.

Independent samples are `roc.py` and `two_sample.py`; who is a cluster is the caller's business.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.probability import midranks, normal_quantile, normal_two_sided
from dmicc_assets.stats.roc import Roc, placements
from dmicc_assets.types import BoolArray, FloatArray

IntArray = NDArray[np.intp]

# R's wilcox.test counts all signs below this number of pairs, when there are no ties and no zeros.
_EXACT_BELOW = 50


@dataclass(frozen=True, slots=True)
class RankTest:
    """A rank test of one gene.

    Attributes:
        statistic: R's V of pairs (sum of the ranks of positive differences), or the rank sum of the cases.
        p_value: two-sided; NaN when nothing can be compared.
        is_exact: True where the exact distribution was used.
    """

    statistic: float
    p_value: float
    is_exact: bool


def cluster_codes(unit: Sequence[str]) -> IntArray:
    """(N,) number of each sample's cluster, 0 to C - 1."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in unit], dtype=np.intp)


def clustered_auc_variance(curve: Roc, case_cluster: IntArray, control_cluster: IntArray) -> float:
    """Variance of the area for clustered samples (Obuchowski 1997, doi:10.2307/2533958); NaN for a group of one.

    DeLong's, when every cluster has one sample.

    Args:
        curve: the empirical curve.
        case_cluster: clusters of `curve.case_scores`, in their order.
        control_cluster: clusters of `curve.control_scores`, likewise, with the same numbers.
    """
    n_clusters = int(max(case_cluster.max(), control_cluster.max())) + 1
    of_cases, of_controls = placements(curve.case_scores, curve.control_scores)
    parts: list[FloatArray] = []
    variance = 0.0
    for placed, cluster in ((of_cases, case_cluster), (of_controls, control_cluster)):
        excess = np.bincount(cluster, placed - curve.auc, n_clusters).astype(np.float64)
        n_with = len(np.unique(cluster))
        if n_with < 2:
            return float("nan")
        variance += n_with / (n_with - 1) * float(excess @ excess) / len(placed) ** 2
        parts.append(excess)
    n = len(np.unique(np.concatenate([case_cluster, control_cluster])))
    return variance + 2 * n / (n - 1) * float(parts[0] @ parts[1]) / (curve.n_case * curve.n_control)


def clustered_auc_interval(
    curve: Roc, case_cluster: IntArray, control_cluster: IntArray, level: float = 0.95
) -> tuple[float, float]:
    """The area's interval by `clustered_auc_variance`, clipped to [0, 1]; arguments as there."""
    variance = clustered_auc_variance(curve, case_cluster, control_cluster)
    half = normal_quantile(0.5 + level / 2) * float(np.sqrt(np.maximum(variance, 0.0)))
    return float(np.clip(curve.auc - half, 0, 1)), float(np.clip(curve.auc + half, 0, 1))


def signed_rank(difference: FloatArray) -> RankTest:
    """Wilcoxon's signed-rank test of paired differences (P,), as R's `wilcox.test(paired = TRUE)`.

    Wilcoxon 1945, doi:10.2307/3001968. Exact for under 50 pairs without ties and zeros, else the normal approximation
    with continuity correction. Pairs without a difference are left out, NaN too.
    """
    known = difference[~np.isnan(difference)]
    given = known[known != 0]
    n = len(given)
    if n == 0:
        return RankTest(float("nan"), float("nan"), False)
    ranks = midranks(np.abs(given)[None])[0]
    statistic = float(ranks[given > 0].sum())
    has_ties = len(np.unique(ranks)) < n
    if n < _EXACT_BELOW and not has_ties and n == len(known):
        tail = _signed_rank_tail(n)
        smaller = round(min(statistic, n * (n + 1) / 2 - statistic))
        return RankTest(statistic, min(1.0, 2 * float(tail[smaller])), True)
    shift = statistic - n * (n + 1) / 4
    _, sizes = np.unique(ranks, return_counts=True)
    sigma = np.sqrt(n * (n + 1) * (2 * n + 1) / 24 - float((sizes.astype(np.float64) ** 3 - sizes).sum()) / 48)
    z = (shift - 0.5 * np.sign(shift)) / sigma
    return RankTest(statistic, min(1.0, float(normal_two_sided(np.asarray(z)))), False)


@lru_cache(maxsize=64)
def _signed_rank_tail(n: int) -> FloatArray:
    """P(V <= v) for v = 0..n(n + 1)/2, counted in whole numbers."""
    counts = [1] + [0] * (n * (n + 1) // 2)
    for rank in range(1, n + 1):
        for v in range(len(counts) - 1, rank - 1, -1):
            counts[v] += counts[v - rank]
    running, tail = 0, np.empty(len(counts))
    for v, count in enumerate(counts):
        running += count
        tail[v] = running / 2**n
    return tail


def paired_differences(values: FloatArray, is_case: BoolArray, cluster: IntArray) -> FloatArray:
    """Mean of the cases less mean of the controls of each cluster, (C,); NaN where a cluster lacks a group's value."""
    present = ~np.isnan(values)
    means: list[FloatArray] = []
    for group in (is_case, ~is_case):
        at = group & present
        n_clusters = int(cluster.max()) + 1
        n = np.bincount(cluster[at], minlength=n_clusters)
        total = np.bincount(cluster[at], values[at], n_clusters)
        means.append(np.divide(total, n, out=np.full(n_clusters, np.nan), where=n > 0))
    return means[0] - means[1]


def clustered_rank_sum(values: FloatArray, is_case: BoolArray, cluster: IntArray) -> RankTest:
    """Wilcoxon's rank sum test for clustered samples, by the moments of its permutations (normal approximation).

    Labels are permuted within clusters of both groups, and between clusters of one group and equal size (Jiang et al.
    2020, doi:10.18637/jss.v096.i06). The rank sum test with continuity correction, when every cluster has one sample.

    Args:
        values: (N,) expression; NaN is left out.
        is_case: (N,) True for cases.
        cluster: (N,) numbers of the clusters.
    """
    known = ~np.isnan(values)
    ranks, case = midranks(values[known][None])[0], is_case[known]
    _, code = np.unique(cluster[known], return_inverse=True)
    size, n_case = np.bincount(code), np.bincount(code, case)
    total, squares = np.bincount(code, ranks), np.bincount(code, ranks**2)
    both = (n_case > 0) & (n_case < size)
    expected = float((n_case * total / size)[both].sum())
    within = squares - total**2 / size
    variance = float((n_case * (size - n_case) / (size * np.maximum(size - 1, 1)) * within)[both].sum())
    for n in np.unique(size[~both]):
        pool = ~both & (size == n)
        k, c = int(pool.sum()), float((n_case[pool] > 0).sum())
        expected += c * float(total[pool].mean())
        if k > 1:
            variance += c * (k - c) / (k * (k - 1)) * float(((total[pool] - total[pool].mean()) ** 2).sum())
    statistic = float(ranks[case].sum())
    if variance <= 0:
        return RankTest(statistic, float("nan"), False)
    shift = statistic - expected
    z = np.sign(shift) * max(abs(shift) - 0.5, 0.0) / np.sqrt(variance)
    return RankTest(statistic, min(1.0, float(normal_two_sided(np.asarray(z)))), False)
