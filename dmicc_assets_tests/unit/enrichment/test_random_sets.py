"""Random gene sets: every set of a size is as likely, sizes share random orders, and a seed gives the same scores."""

from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dmicc_assets.enrichment.random_sets import RandomSets, random_orders
from dmicc_assets.enrichment.set_scores import enrichment_scores


def test_every_set_of_a_size_is_as_likely_among_the_first_of_longer_orders() -> None:
    orders = random_orders(6, 5, 20_000, np.random.default_rng(1))
    for size in range(1, 6):
        possible = list(combinations(range(6), size))
        sets, counts = np.unique(np.sort(orders[:, :size], axis=1), axis=0, return_counts=True)
        assert [tuple(row) for row in sets.tolist()] == possible
        expected = len(orders) / len(possible)
        assert np.abs(counts - expected).max() < 4.5 * np.sqrt(expected)


@pytest.mark.parametrize(("n", "first"), [(1000, 999), (12_000, 100), (70_000, 50)])
def test_positions_of_an_order_are_distinct_and_any_of_the_list(n: int, first: int) -> None:
    orders = random_orders(n, first, 50, np.random.default_rng(2))
    assert orders.shape == (50, first)
    assert (np.diff(np.sort(orders, axis=1), axis=1) > 0).all()
    assert orders.min() >= 0
    assert n * 0.98 < orders.max() < n
    assert orders.mean() == pytest.approx((n - 1) / 2, rel=0.06)


def test_the_null_of_a_size_is_that_of_sets_drawn_for_it_alone() -> None:
    """Mean scores of each sign, of 4,000 sets of either kind, agree within 4 standard errors at every size."""
    weight = np.abs(np.random.default_rng(3).normal(size=300))
    shared, rng = RandomSets(weight, 4000, seed=1, largest=120), np.random.default_rng(4)
    for size in (5, 40, 120):
        drawn = np.sort(rng.permuted(np.tile(np.arange(300), (4000, 1)), axis=1)[:, :size], axis=1)
        alone, found = enrichment_scores(drawn, weight)[0], shared.scores(size)
        for sign in (1, -1):
            a, b = (sign * each[sign * each > 0] for each in (alone, found))
            error = np.sqrt(a.var() / a.size + b.var() / b.size)
            assert abs(a.mean() - b.mean()) < 4 * error
            assert abs(a.size - b.size) < 4 * np.sqrt(2 * 1000)


def test_a_seed_gives_the_same_scores_in_any_order_of_sizes() -> None:
    weight = np.abs(np.random.default_rng(3).normal(size=200))
    one, other = (RandomSets(weight, 30, seed=1, largest=40) for _ in range(2))
    other.scores(40)
    assert_allclose(other.scores(12), one.scores(12), rtol=0)
    assert not np.array_equal(RandomSets(weight, 30, seed=2, largest=40).scores(12), one.scores(12))


@pytest.mark.parametrize("size", [-1, 0, 41, 200])
def test_a_size_that_was_not_asked_for_is_refused(size: int) -> None:
    """Sets of another size than the real one would be a wrong null."""
    sets = RandomSets(np.ones(200), 3, seed=1, largest=40)
    with pytest.raises(ValueError, match="1 to 40 genes"):
        sets.scores(size)
