"""Overlap of gene lists: R's phyper and binom.test, and the multi-set tail against enumeration."""

from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from dmicc_assets.stats.overlap import (
    concordance_p_value,
    concordance_probability,
    expected_overlap,
    hypergeometric_tail,
    overlap_p_value,
)
from dmicc_assets_tests.oracle import ORACLE

GOLDEN = ORACLE / "sets"


def golden(name: str) -> pl.DataFrame:
    return pl.read_csv(GOLDEN / name, separator="\t", infer_schema_length=None)


def test_upper_tail_is_phyper() -> None:
    r = golden("phyper.tsv")
    p = hypergeometric_tail(*(r[column].to_numpy() for column in ("k", "marked", "universe", "drawn")))
    assert_allclose(p, r["p_value"].to_numpy(), rtol=1e-7)


def test_multi_set_tail_is_rs() -> None:
    for row in golden("multi_set.tsv").iter_rows(named=True):
        sizes = [int(size) for size in row["sizes"].split()]
        assert_allclose(overlap_p_value(row["universe"], sizes, row["k"]), row["p_value"], rtol=1e-7)


@pytest.mark.parametrize("sizes", [(2, 3, 4), (3, 3, 3), (1, 5, 2), (4, 4, 5)])
def test_multi_set_tail_is_the_enumeration(sizes: tuple[int, ...]) -> None:
    universe = range(5)
    first = set(range(sizes[0]))
    shared = [
        len(first & set(second) & set(third))
        for second in combinations(universe, sizes[1])
        for third in combinations(universe, sizes[2])
    ]
    for k in range(min(sizes) + 1):
        exact = sum(n >= k for n in shared) / len(shared)
        assert_allclose(overlap_p_value(5, sizes, k), exact, rtol=1e-12, atol=1e-15)


def test_four_sets_in_exact_arithmetic() -> None:
    universe, sizes, k = 40, [9, 12, 15, 20], 2
    state = {sizes[0]: Fraction(1)}
    for size in sizes[1:]:
        after: dict[int, Fraction] = {}
        for before, probability in state.items():
            for x in range(max(0, before + size - universe), min(before, size) + 1):
                ways = Fraction(comb(before, x) * comb(universe - before, size - x), comb(universe, size))
                after[x] = after.get(x, Fraction(0)) + probability * ways
        state = after
    exact = float(sum(p for x, p in state.items() if x >= k))
    assert_allclose(overlap_p_value(universe, sizes, k), exact, rtol=1e-12)


def test_expected_overlap_and_nothing_shared() -> None:
    assert expected_overlap(12651, [100, 50]) == pytest.approx(100 * 50 / 12651)
    assert overlap_p_value(100, [10, 20], 0) == 1.0


def test_not_defined_is_none() -> None:
    assert overlap_p_value(100, [10], 10) is None
    assert expected_overlap(100, [10]) is None
    assert overlap_p_value(0, [0, 0], 0) is None
    assert expected_overlap(0, [0, 0]) is None
    assert concordance_p_value(0, 0, 0.5) is None


def test_binomial_is_binom_test() -> None:
    for row in golden("binomial.tsv").iter_rows(named=True):
        assert_allclose(concordance_p_value(row["x"], row["n"], row["p"]), row["p_value"], rtol=1e-7)


def test_chance_of_concordance_is_of_the_shares_not_one_half() -> None:
    assert concordance_probability([0.9, 0.8]) == pytest.approx(0.9 * 0.8 + 0.1 * 0.2)
    assert concordance_probability([0.5, 0.5, 0.5]) == pytest.approx(0.25)
    assert concordance_probability([1.0, 0.0]) == 0.0


@pytest.mark.parametrize(
    ("sizes", "n_shared", "message"),
    [
        ([10, 101], 1, "a set of 101 genes does not fit a universe of 100"),
        ([10, -1], 0, "a set of -1 genes"),
        ([10, 20], 11, "11 shared genes do not fit sets of 10, 20 genes"),
    ],
)
def test_counts_that_do_not_fit_are_named(sizes: list[int], n_shared: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        overlap_p_value(100, sizes, n_shared)


def test_tail_falls_with_the_number_shared() -> None:
    p = [overlap_p_value(200, [30, 40, 50], k) for k in range(31)]
    assert np.all(np.diff(np.array(p, dtype=float)) <= 0)
