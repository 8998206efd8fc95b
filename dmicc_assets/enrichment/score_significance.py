"""P-values and false discovery rates of enrichment scores among those of random sets, and of permuted labels.

The scores are `gsea.py`'s; p-values that no random set reaches are `rare_scores.py`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dmicc_assets.enrichment.rare_scores import rare_scores_of_sizes
from dmicc_assets.types import FloatArray

_FEWEST_OF_SIGN = 10  # random scores that tell the probability of a sign
_ROUNDING = 1e-12  # relative: scores of the same genes may differ by as much


@dataclass(frozen=True, slots=True)
class SameSize:
    """Scores of the sets of one size, and of random sets of that size.

    Attributes:
        size: genes of a set.
        es: (M,) enrichment scores.
        null: those of random sets.
    """

    size: int
    es: FloatArray
    null: FloatArray


@dataclass(frozen=True, slots=True)
class RandomSignificance:
    """Normalised scores (S,), p-values (S,) and false discovery rates (S,); NaN as `preranked` says."""

    nes: FloatArray
    p: FloatArray
    fdr: FloatArray


def random_significance(groups: Sequence[SameSize]) -> RandomSignificance:
    """Of the sets of one library, group after group, among random sets: a size weighs in the FDR by its sets."""
    es = np.concatenate([group.es for group in groups])
    nes, p = np.full(es.size, np.nan), np.ones(es.size)
    fdr = np.full(es.size, np.nan)
    first = np.cumsum([0] + [group.es.size for group in groups])
    for sign in (1.0, -1.0):
        pooled, weights = [np.empty(0)], [np.empty(0)]
        for group, start in zip(groups, first, strict=False):
            # A score of 0 cannot come out of fewer hits than genes, so the two signs are all there is.
            random = np.sort(sign * group.null[sign * group.null > 0])
            mine = start + np.flatnonzero(sign * group.es > 0)
            as_extreme = random.size - np.searchsorted(random, sign * es[mine] * (1 - _ROUNDING), side="left")
            p[mine] = (1 + as_extreme) / (1 + random.size)
            if random.size:
                nes[mine] = es[mine] / random.mean()
                pooled.append(random / random.mean())
                weights.append(np.full(random.size, float(group.es.size)))
        has_sign = np.flatnonzero(sign * nes > 0)
        fdr[has_sign] = _false_discovery_rate(sign * nes[has_sign], np.concatenate(pooled), np.concatenate(weights))
    return RandomSignificance(nes, p, fdr)


def small_p_values(groups: Sequence[SameSize], weight: FloatArray, seed: int, smallest: float) -> list[FloatArray]:
    """P-values (M,) of the sets that no random set of their sign reaches, by importance sampling; NaN of the others.

    Where few random sets have that sign, its probability is not known: NaN, too.

    Args:
        groups: the sets of each size.
        weight: (N,) of the ranked genes.
        seed: of the sets drawn.
        smallest: a smaller p-value is given as this one.
    """
    found = [np.full(group.es.size, np.nan) for group in groups]
    for sign, along in ((1.0, weight), (-1.0, weight[::-1])):
        of_sign = [sign * group.null > 0 for group in groups]
        beyond = [
            np.flatnonzero(sign * group.es > max(0.0, float((sign * group.null).max()))) if has.sum() >= _FEWEST_OF_SIGN
            else np.empty(0, dtype=np.intp)
            for group, has in zip(groups, of_sign, strict=True)
        ]  # fmt: skip
        asked = [i for i, at in enumerate(beyond) if at.size]
        scores = [sign * groups[i].es[beyond[i]] for i in asked]
        rare = rare_scores_of_sizes(along, [groups[i].size for i in asked], scores, seed, smallest)
        for i, one in zip(asked, rare, strict=True):
            found[i][beyond[i]] = one.p / of_sign[i].mean()
    return found


def label_significance(es: FloatArray, null: FloatArray) -> tuple[FloatArray, FloatArray]:
    """P-value and FDR of scores (S,) among those of the same sets under permuted labels (L, S), sign by sign.

    As with random sets: the p-value counts the score itself, the FDR compares scores over the mean of their sign.
    A score without a permuted one of its sign has p-value 1 and FDR NaN.
    """
    p, fdr = np.ones(len(es)), np.full(len(es), np.nan)
    for sign in (1.0, -1.0):
        mine, random = np.flatnonzero(sign * es > 0), sign * null
        is_sign = random > 0
        n = is_sign.sum(axis=0)
        mean = np.where(is_sign, random, 0.0).sum(axis=0) / np.maximum(n, 1)
        # A labelling that is the true one gives the same score, up to rounding.
        as_extreme = (is_sign & (random >= np.abs(es) * (1 - 1e-9))).sum(axis=0)
        p[mine] = ((1 + as_extreme) / (1 + n))[mine]
        mine = mine[n[mine] > 0]
        pooled = (random / np.where(n > 0, mean, 1.0))[is_sign]
        fdr[mine] = _false_discovery_rate(sign * es[mine] / mean[mine], pooled, np.ones(len(pooled)))
    return p, fdr


def _false_discovery_rate(observed: FloatArray, random: FloatArray, weights: FloatArray) -> FloatArray:
    """Share of the weighted random values at or above each observed one, over the share of observed ones, at most 1.

    The observed one is counted among the random ones: their share is never 0.
    """
    order = np.argsort(random)
    at_least = observed * (1 - _ROUNDING)
    below = np.concatenate([[0.0], np.cumsum(weights[order])])
    random_above = 1.0 - below[np.searchsorted(random[order], at_least, side="left")] / max(below[-1], 1.0)
    random_above = (random_above * random.size + 1) / (random.size + 1)
    observed_above = 1.0 - np.searchsorted(np.sort(observed), at_least, side="left") / max(observed.size, 1)
    return np.minimum(1.0, random_above / observed_above)
