"""P-values of rare enrichment scores against enumerating every set, counting random ones, and gseapy's multilevel p."""

from functools import cache, reduce
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binom

from dmicc_assets.enrichment.random_sets import random_orders
from dmicc_assets.enrichment.rare_scores import RareScores, rare_scores
from dmicc_assets.enrichment.sample_scores import compiled_gseapy
from dmicc_assets.enrichment.set_scores import enrichment_scores
from dmicc_assets.enrichment.tilted_sets import Bins, Tilts, draw_counts, draw_positions, log_probability

N = 300
T = np.sort(np.random.default_rng(1).standard_t(8, N) * 1.6)[::-1]
ENDS = [pytest.param(np.abs(T), id="top"), pytest.param(np.abs(T)[::-1], id="bottom")]


@cache
def every_pair_and_triple(at_bottom: bool) -> dict[int, np.ndarray]:
    """Scores of all sets of 2 and of 3 genes, in descending order."""
    weight = np.abs(T)[::-1] if at_bottom else np.abs(T)
    of = {2: N, 3: 120}
    scores = {k: enrichment_scores(np.array(list(combinations(range(n), k))), weight[:n])[0] for k, n in of.items()}
    return {k: -np.sort(-each) for k, each in scores.items()}


@pytest.mark.parametrize("at_bottom", [False, True])
@pytest.mark.parametrize(("size", "n"), [(2, N), (3, 120)])
def test_mean_over_seeds_is_the_enumerated_p(size: int, n: int, at_bottom: bool) -> None:
    weight = (np.abs(T)[::-1] if at_bottom else np.abs(T))[:n]
    every = every_pair_and_triple(at_bottom)[size]
    scores = every[[4, 40, 400]]
    true = (every[:, None] >= scores * (1 - 1e-12)).mean(axis=0)
    found = [rare_scores(weight, size, scores, seed) for seed in range(6)]
    mean, spread = np.mean([each.p for each in found], axis=0), np.std([each.p for each in found], axis=0)
    assert (np.abs(mean - true) < 5 * spread / np.sqrt(6) + 1e-12).all()
    assert (spread / true < 0.8).all()


@cache
def random_sets(size: int) -> np.ndarray:
    return np.sort(random_orders(N, size, 60_000, np.random.default_rng(size)), axis=1)


@pytest.mark.parametrize("weight", ENDS)
@pytest.mark.parametrize("size", [10, 30, 120])
def test_agrees_with_counting_and_with_its_own_error(weight: np.ndarray, size: int) -> None:
    es, _ = enrichment_scores(random_sets(size), weight)
    counted = np.array([0.01, 0.001, 0.0005])
    scores = np.quantile(es, 1 - counted)
    found = [rare_scores(weight, size, scores, seed) for seed in range(6)]
    log_ratio = np.log2([each.p / counted for each in found])
    # Of 60,000 counted sets 30 reach the highest score: that share is uncertain by a fifth.
    assert np.abs(log_ratio.mean()) < 0.35
    assert np.sqrt(np.mean(np.square(log_ratio / [each.log2_error for each in found]))) < 1.8


def test_agrees_with_multilevel_splitting_far_beyond_counting() -> None:
    rng = np.random.default_rng(4)
    sets = {f"UP{m}": sorted(rng.choice(m, 25, replace=False).tolist()) for m in (60, 80, 100)}
    scores, _ = enrichment_scores(np.array(list(sets.values())), np.abs(T))
    asked = {term: [str(i) for i in hits] for term, hits in sets.items()}
    by_seed = []
    for seed in (1, 2, 3):
        splitting = compiled_gseapy()["fgsea_rs"](
            [str(i) for i in range(N)], T.tolist(), asked, 1.0, 1, 25, 101, 1000, 1e-50, 1, seed
        )
        by_seed.append({str(one.term): one.pval for one in splitting.summaries})
    expected = np.log2([[each[term] for term in sets] for each in by_seed]).mean(axis=0)
    # Multilevel splitting divides by the share of positive scores, about a half.
    found = np.log2(rare_scores(np.abs(T), 25, scores, 1, smallest=1e-50).p / 0.5)
    assert found.max() < np.log2(1e-5)
    assert np.abs(found - expected).max() < 2.0


def test_no_p_is_zero_and_the_smallest_is_asked_for() -> None:
    scores = np.array([0.999, 1.0])
    assert rare_scores(np.abs(T), 25, scores, 1, smallest=1e-8).p.tolist() == [1e-8, 1e-8]
    assert not (rare_scores(np.abs(T), 3, scores, 1, smallest=1e-300).p == 0).any()


@pytest.mark.parametrize(("n", "size"), [(60, 8), (200, 5), (200, 8), (1000, 15)])
def test_a_score_near_1_in_a_short_list_has_a_small_p(n: int, size: int) -> None:
    weight = np.abs(np.sort(np.random.default_rng(2).standard_t(8, n) * 1.6)[::-1])
    p = rare_scores(weight, size, np.array([0.9, 0.95, 0.99, 1.0]), 1).p
    assert ((p > 0) & (p < 1e-3)).all()
    assert p[1:].max() <= p[0]


def test_seeded_and_blind_to_the_order_of_scores() -> None:
    scores = np.array([0.6, 0.75, 0.7])
    found, again = (rare_scores(np.abs(T), 20, scores, 3) for _ in range(2))
    assert (found.p == again.p).all()
    turned = rare_scores(np.abs(T), 20, scores[::-1].copy(), 3)
    assert (turned.p[::-1] == found.p).all()
    assert (rare_scores(np.abs(T), 20, scores, 4).p != found.p).all()
    assert found.p[1] < found.p[2] < found.p[0]


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0], ids=["all zero", "most zero", "none zero"])
@pytest.mark.parametrize("size", [1, 2, 60, N - 1])
def test_any_weights_and_sizes_give_a_p_or_say_that_there_is_none(share: float, size: int) -> None:
    weight = np.where(np.random.default_rng(3).random(N) < share, np.abs(T), 0.0)
    found: RareScores = rare_scores(weight, size, np.array([0.4, 0.9]), 1)
    known = found.p[np.isfinite(found.p)]
    assert ((known > 0) & (known <= 1.5)).all()


def test_tilted_sets_have_the_probability_that_is_said() -> None:
    """Of 12 genes in 4 bins all sets of 3 are listed: drawn shares and stated probabilities agree, and sum to 1."""
    bins = Bins.of(np.linspace(2, 1, 12))
    tilt = Tilts.of(np.linspace(1.0, -1.5, bins.width.size)[None], bins, 3)
    bin_of = np.repeat(np.arange(bins.width.size), bins.width)
    every = np.array(list(combinations(range(12), 3)))
    counts = np.array([np.bincount(bin_of[each], minlength=bins.width.size) for each in every])
    stated = np.exp(log_probability(counts, tilt)[:, 0])
    assert stated.sum() == pytest.approx(1)
    rng, many = np.random.default_rng(1), 40_000
    drawn = draw_positions(draw_counts(tilt, bins, 3, many, rng), bins, rng)
    at = {tuple(each): i for i, each in enumerate(every.tolist())}
    seen = np.bincount([at[tuple(each)] for each in drawn.tolist()], minlength=len(every))
    assert np.square((seen - many * stated) / np.sqrt(many * stated)).sum() < 220 + 5 * np.sqrt(2 * 220)


@pytest.mark.parametrize("steepness", [0.0, 1.0, 6.0])
@pytest.mark.parametrize("size", [1, 7, 9, 40, N - 2])
def test_the_probability_of_a_size_is_that_of_binomial_numbers_added_up(size: int, steepness: float) -> None:
    """By convolution, where few or many genes are taken of bins with like and with unlike odds."""
    bins = Bins.of(np.abs(T))
    tilt = Tilts.of(np.linspace(steepness, -steepness, bins.width.size)[None], bins, size)
    taken = 1 / (1 + np.exp(-tilt.log_odds[0]))
    numbers = [binom.pmf(np.arange(w + 1), w, p) for w, p in zip(bins.width, taken, strict=True)]
    said = np.exp(-(bins.width * np.logaddexp(0.0, tilt.log_odds[0])).sum() - tilt.log_scale[0])
    assert said == pytest.approx(reduce(np.convolve, numbers)[size], rel=1e-10)
