"""Random gene sets: every set of a size is as likely, and a size's sets depend on the seed and the size alone."""

from itertools import combinations

import numpy as np
import pytest

from dmicc_assets.enrichment.random_sets import RandomSets, random_positions


@pytest.mark.parametrize(("n", "size"), [(6, 1), (6, 2), (6, 3), (6, 4), (6, 5)])
def test_every_set_of_a_size_is_as_likely(n: int, size: int) -> None:
    drawn = random_positions(n, size, 60_000, np.random.default_rng(1))
    possible = list(combinations(range(n), size))
    sets, counts = np.unique(drawn, axis=0, return_counts=True)
    assert [tuple(row) for row in sets.tolist()] == possible
    expected = len(drawn) / len(possible)
    assert np.abs(counts - expected).max() < 4.5 * np.sqrt(expected)


def test_positions_are_distinct_and_ascending() -> None:
    for size in (10, 450, 551, 999):
        drawn = random_positions(1000, size, 50, np.random.default_rng(2))
        assert drawn.shape == (50, size)
        assert (np.diff(drawn, axis=1) > 0).all()
        assert drawn.min() >= 0
        assert drawn.max() < 1000


def test_a_size_is_drawn_once_and_in_any_order_alike() -> None:
    weight = np.abs(np.random.default_rng(3).normal(size=200))
    one, other = RandomSets(weight, 30, seed=1), RandomSets(weight, 30, seed=1)
    first = one.scores(12)
    other.scores(40)
    assert one.scores(12) is first
    np.testing.assert_array_equal(other.scores(12), first)
    assert not np.array_equal(RandomSets(weight, 30, seed=2).scores(12), first)
