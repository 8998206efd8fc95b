"""Two datasets of the same people, as when every RNA was measured on two arrays (GSE781: U133A and U133B).

Copies of one array are `copies.py`'s. What follows for a study is decided elsewhere.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from dmicc_assets.stats.probability import midranks
from dmicc_assets.types import ExpressionMatrix, FloatArray

# Share of the smaller dataset's samples that must have a partner, and the fewest partners.
_MOST, _FEWEST = 0.5, 3
_FEWEST_GENES, _MOST_GENES = 50, 4000
# How far, in standard errors of their mean, partners must agree better than samples of different people do.
_SURE, _AGAINST = 4.0, 2.5
# Partners that profiles alone name: a sample must agree with its partner so much better than with any other.
_FEWEST_OF_PROFILES = 5
# What platforms are called in titles.
_PLATFORM = re.compile(r"^(gpl\d+|hgu?|u?(133|95|74|219)[a-e]?(v\d)?|hgu(133|95)[a-e]?\w*|plus\d?|chip|array|[ab])$")


@dataclass(frozen=True, slots=True)
class SamePeople:
    """Which samples of two datasets are of the same people.

    Attributes:
        pairs: sample of the first and sample of the second dataset.
        n_smaller: samples of the smaller dataset.
        by: what says so: titles, profiles, or both.
    """

    pairs: tuple[tuple[str, str], ...]
    n_smaller: int
    by: str


@dataclass(frozen=True, slots=True)
class People:
    """The samples of a dataset as they are compared: their titles, groups and gene-level values (G, N)."""

    titles: Sequence[str]
    labels: Sequence[str]
    matrix: ExpressionMatrix


def people_of(samples: pl.DataFrame, matrix: ExpressionMatrix) -> People:
    """The samples of a matrix with their titles and labels, from rows of `source.samples`."""
    rows = {row["sample"]: row for row in samples.select("sample", "title", "label").iter_rows(named=True)}
    described = [rows[sample] for sample in matrix.samples]
    return People([row["title"] or "" for row in described], [row["label"] or "" for row in described], matrix)


def title_stems(titles: Sequence[str]) -> list[str]:
    """What tells a title from the others of its dataset: without words of platforms and words that all titles have."""
    words = [[w for w in re.split(r"[^a-z0-9]+", title.lower()) if w] for title in titles]
    frequent = {w for w, n in Counter(w for each in words for w in set(each)).items() if n == len(titles) > 1}
    stems = ["_".join(w for w in each if w not in frequent and not _PLATFORM.match(w)) for each in words]
    last = {stem[-1:] for stem in stems}
    if len(last) == 1 and all(re.search(r"\d[a-z]$", stem) for stem in stems):
        return [stem[:-1] for stem in stems]
    return stems


def same_titles(first: Sequence[str], second: Sequence[str]) -> list[tuple[int, int]]:
    """Positions of titles of two datasets with one stem, where most of the smaller dataset has a partner; else none."""
    stems = [title_stems(titles) for titles in (first, second)]
    counts = [Counter(own) for own in stems]
    places = [
        {stem: i for i, stem in enumerate(own) if stem and n[stem] == 1} for own, n in zip(stems, counts, strict=True)
    ]
    pairs = [(i, places[1][stem]) for stem, i in places[0].items() if stem in places[1]]
    return pairs if len(pairs) >= max(_FEWEST, _MOST * min(len(first), len(second))) else []


def same_people(first: People, second: People, are_related: bool) -> SamePeople | None:
    """Whether two datasets are of the same people, and which samples are whose; None when nothing says so.

    Titles name partners by their stems. Profiles must agree with them, clearly or, in related datasets, rather than
    not: partners correlate better than different people do, over ranks of the common genes within each sample, centred
    within each dataset and label. Titles of related datasets count alone where too few genes are common. Profiles
    alone name partners where most samples agree with one of the other dataset far better than with any other, and it
    with them.

    Args:
        first: one dataset.
        second: another one.
        are_related: whether they are of one series, or GEO states that their samples are.
    """
    pairs = same_titles(first.titles, second.titles)
    agreement = _agreement(first, second)
    excess = _excess(agreement, pairs) if agreement is not None and pairs else 0.0
    by = "titles"
    if agreement is None:
        pairs = pairs if are_related else []
    elif excess > _SURE:
        by = "titles and profiles"
    elif partners := _partners(agreement):
        pairs, by = partners, "profiles"
    elif not are_related or excess <= _AGAINST:
        pairs = []
    if not pairs:
        return None
    names = tuple((first.matrix.samples[i], second.matrix.samples[j]) for i, j in pairs)
    return SamePeople(names, min(len(first.titles), len(second.titles)), by)


def _agreement(first: People, second: People) -> FloatArray | None:
    """(N, M) correlations of samples by ranks of the common genes; None with fewer than 50 of them."""
    common = sorted(set(first.matrix.features) & set(second.matrix.features))
    common = common[:: max(1, -(-len(common) // _MOST_GENES))]
    parts = [_profiles(each, common) for each in (first, second)]
    varies = np.logical_and(*((part != 0).any(axis=1) for part in parts))
    if varies.sum() < _FEWEST_GENES:
        return None
    unit: list[FloatArray] = []
    for part in parts:
        kept = part[varies] - part[varies].mean(axis=0)
        length = np.sqrt((kept**2).sum(axis=0))
        unit.append(np.divide(kept, length, out=np.zeros_like(kept), where=length > 0))
    return unit[0].T @ unit[1]


def _profiles(people: People, genes: Sequence[str]) -> FloatArray:
    """(G, N) ranks of the genes within each sample, centred within each label; 0 for a missing value."""
    ranks = midranks(people.matrix.take_features(genes).values.T).T
    labels = np.array(list(people.labels), dtype=object)
    for label in set(people.labels):
        at = labels == label
        own = ranks[:, at]
        n = (~np.isnan(own)).sum(axis=1, keepdims=True)
        ranks[:, at] = own - np.nansum(own, axis=1, keepdims=True) / np.maximum(n, 1)
    return np.nan_to_num(ranks)


def _excess(agreement: FloatArray, pairs: Sequence[tuple[int, int]]) -> float:
    """How much better partners agree than other samples of the same rows, in standard errors of their mean."""
    rows, columns = (np.array(each, dtype=np.intp) for each in zip(*pairs, strict=True))
    partners = agreement[rows, columns]
    others = np.ones(agreement.shape, dtype=np.bool_)
    others[rows, columns] = False
    rest = agreement[others & np.isin(np.arange(len(agreement)), rows)[:, None]]
    if len(rest) < 2 or rest.std() == 0:
        return 0.0
    return float((partners.mean() - rest.mean()) / (rest.std() / np.sqrt(len(partners))))


def _partners(agreement: FloatArray) -> list[tuple[int, int]]:
    """Mutual best partners that stand out from all others, when most of the smaller dataset has one; else none."""
    n = min(agreement.shape)
    if n < _FEWEST_OF_PROFILES:
        return []
    best, back = agreement.argmax(axis=1), agreement.argmax(axis=0)
    pairs: list[tuple[int, int]] = []
    for i, j in enumerate(best.tolist()):
        rest = np.delete(agreement[i], j)
        if back[j] == i and agreement[i, j] > rest.mean() + _SURE * max(float(rest.std()), 0.05):
            pairs.append((i, j))
    return pairs if len(pairs) > _MOST * n else []
