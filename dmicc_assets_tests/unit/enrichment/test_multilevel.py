"""Multilevel p-values of enrichment scores that no random set reaches, against counting 100,000 sets."""

from functools import cache

import numpy as np
import polars as pl
import pytest

from dmicc_assets.enrichment.multilevel import MULTILEVEL, multilevel_p
from dmicc_assets.enrichment.random_sets import enrichment_scores

N = 300
T = np.sort(np.random.default_rng(1).standard_t(8, N) * 1.6)[::-1]
RANKED = pl.DataFrame({"gene": [f"GENE{i:03}" for i in range(N)], "t": T})
WEIGHT = np.abs(T)


def random_sets(size: int, many: int) -> np.ndarray:
    rng = np.random.default_rng(size)
    return np.sort(np.argpartition(rng.random((many, N), dtype=np.float32), size, axis=1)[:, :size], axis=1)


@cache
def rare_sets() -> tuple[dict[str, list[str]], np.ndarray]:
    """Sets with a p-value of about 0.01, 0.001 and 0.0005 at either end, and their p-values."""
    sets: dict[str, list[str]] = {}
    p: list[float] = []
    for size in (10, 30):
        drawn = random_sets(size, 50_000)
        es, _ = enrichment_scores(drawn, WEIGHT)
        for sign in (1, -1):
            same = np.flatnonzero(sign * es > 0)
            order = same[np.argsort(-sign * es[same])]
            for share in (0.01, 0.001, 0.0005):
                at = int(len(order) * share)
                sets[f"S{len(sets):02}"] = [f"GENE{i:03}" for i in drawn[order[at - 1]]]
                p.append(at / len(order))
    return sets, np.array(p)


def test_multilevel_agrees_with_counting_and_with_its_own_error() -> None:
    sets, counted = rare_sets()
    tables = [multilevel_p(RANKED, sets, seed) for seed in range(1, 4)]
    assert tables[0].schema == MULTILEVEL
    assert tables[0]["term"].to_list() == sorted(sets)
    log_ratio = np.log2([table["p_value"].to_numpy() / counted for table in tables])
    error = tables[0]["log2_error"].to_numpy()
    assert np.abs(log_ratio.mean()) < 0.25
    assert np.sqrt(np.mean(np.square(log_ratio / error))) < 1.6


def far_sets() -> dict[str, list[str]]:
    """Sets whose genes crowd one end, 25 of the first (last) 45 and 60."""
    rng = np.random.default_rng(4)
    ends = {f"UP{m}": rng.choice(m, 25, replace=False) for m in (45, 60)}
    ends |= {f"DOWN{m}": N - 1 - rng.choice(m, 25, replace=False) for m in (45, 60)}
    return {term: [f"GENE{i:03}" for i in sorted(positions)] for term, positions in ends.items()}


def test_far_beyond_counting_no_p_is_zero_and_the_smallest_is_asked_for() -> None:
    found = multilevel_p(RANKED, far_sets(), seed=1)
    assert found["p_value"].min() > 0
    assert found["p_value"].max() < 1e-8
    assert multilevel_p(RANKED, far_sets(), seed=1, smallest=1e-4)["p_value"].to_list() == pytest.approx([1e-4] * 4)


def test_seeded_and_blind_to_the_order_of_sets_genes_and_threads() -> None:
    sets, _ = rare_sets()
    table = multilevel_p(RANKED, sets, 3)
    shuffled = {term: genes[::-1] for term, genes in reversed(sets.items())}
    assert multilevel_p(RANKED, shuffled, 3, threads=2).equals(table)
    assert not multilevel_p(RANKED, sets, 4).equals(table)
    assert multilevel_p(RANKED, {}, 1).equals(MULTILEVEL.to_frame())


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="gene 'NONE' is not in the ranked list"):
        multilevel_p(RANKED, {"S": ["GENE000", "NONE"]}, 1)
    with pytest.raises(ValueError, match="duplicate gene"):
        multilevel_p(pl.concat([RANKED, RANKED]), {"S": ["GENE000"]}, 1)


def test_genes_of_weight_zero_do_not_make_it_panic() -> None:
    rng = np.random.default_rng(3)
    for seed in range(12):
        t = np.sort(np.where(rng.random(N) < 0.8, 0.0, T))[::-1]
        ranked = RANKED.with_columns(t=t)
        found = multilevel_p(ranked, {"S": [f"GENE{i:03}" for i in range(10)]}, seed, smallest=1e-9)
        assert 0 < found["p_value"][0] < 0.05
