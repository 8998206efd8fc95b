"""Area and rank tests of clustered samples: R, the independent case, definitions by loops, and size by simulation."""

import itertools

import numpy as np
import pytest

from dmicc_assets.stats.clustered import (
    cluster_codes,
    clustered_auc_interval,
    clustered_auc_variance,
    clustered_rank_sum,
    paired_differences,
    signed_rank,
)
from dmicc_assets.stats.roc import delong_interval, delong_variance, roc
from dmicc_assets.stats.two_sample import wilcoxon
from dmicc_assets_tests.oracle import ORACLE, read_table

SIGNED_RANK = read_table(ORACLE / "paired" / "signed_rank.tsv")


@pytest.mark.parametrize("case", SIGNED_RANK["case"].to_list())
def test_signed_rank_equals_r(case: str) -> None:
    row = SIGNED_RANK.filter(case=case).row(0, named=True)
    found = signed_rank(np.array([float(text) for text in str(row["difference"]).split(" ")]))
    assert found.statistic == pytest.approx(row["statistic"], abs=1e-9)
    assert found.p_value == pytest.approx(row["p_value"], rel=1e-7)


def test_without_a_difference_nothing_is_tested() -> None:
    assert np.isnan(signed_rank(np.array([0.0, np.nan])).p_value)


def test_samples_that_are_their_own_cluster_give_delong_and_the_rank_sum_test() -> None:
    rng = np.random.default_rng(1)
    is_case = np.arange(40) < 17
    score = rng.normal(size=40).round(1) + is_case
    curve, cluster = roc(score, is_case), np.arange(40)
    own = cluster[is_case], cluster[~is_case]
    assert clustered_auc_variance(curve, *own) == pytest.approx(delong_variance(curve), rel=1e-12)
    assert clustered_auc_interval(curve, *own) == pytest.approx(delong_interval(curve), rel=1e-12)
    expected = wilcoxon(score[None], is_case, exact=False).p_value[0]
    assert clustered_rank_sum(score, is_case, cluster).p_value == pytest.approx(expected, rel=1e-10)


def test_the_variance_is_obuchowskis_formula() -> None:
    rng = np.random.default_rng(2)
    is_case = np.array([1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0], dtype=bool)
    unit = ["a", "a", "a", "b", "b", "c", "d", "d", "e", "f", "f"]
    score = rng.normal(size=11) + is_case
    cluster = cluster_codes(unit)
    cases, controls = np.flatnonzero(is_case), np.flatnonzero(~is_case)
    wins = {(i, j): float(score[i] > score[j]) for i, j in itertools.product(cases, controls)}
    area = np.mean(list(wins.values()))
    above = {i: np.mean([wins[i, j] for j in controls]) - area for i in cases}
    below = {j: np.mean([wins[i, j] for i in cases]) - area for j in controls}
    of_case = {c: sum(above[i] for i in cases if cluster[i] == c) for c in set(cluster[cases])}
    of_control = {c: sum(below[j] for j in controls if cluster[j] == c) for c in set(cluster[controls])}
    expected = 4 / 3 / 5**2 * sum(v**2 for v in of_case.values())
    expected += 5 / 4 / 6**2 * sum(v**2 for v in of_control.values())
    expected += 2 * 6 / 5 / (5 * 6) * sum(v * of_control.get(c, 0.0) for c, v in of_case.items())
    curve = roc(score, is_case)
    assert clustered_auc_variance(curve, cluster[is_case], cluster[~is_case]) == pytest.approx(expected, rel=1e-12)


def test_a_group_of_one_cluster_has_no_interval() -> None:
    is_case = np.array([True, True, False, False])
    curve = roc(np.array([3.0, 2.0, 1.0, 2.5]), is_case)
    low, high = clustered_auc_interval(curve, np.array([0, 0]), np.array([1, 2]))
    assert np.isnan([low, high]).all()


def test_pairs_are_compared_by_the_means_of_their_groups() -> None:
    values = np.array([5.0, 7.0, 1.0, 4.0, np.nan, 2.0])
    is_case = np.array([1, 1, 0, 1, 1, 0], dtype=bool)
    found = paired_differences(values, is_case, np.array([0, 0, 0, 1, 2, 2]))
    np.testing.assert_array_equal(found, [5.0, np.nan, np.nan])


def _pairs(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noise of n patients: two thirds with both tissues, the others with one; values of a patient correlate."""
    cluster = np.array([i for i in range(n) for _ in range(2 if i % 3 else 1)])
    is_case = np.array([case for i in range(n) for case in ([True, False] if i % 3 else [i % 2 == 0])])
    own = rng.normal(size=n)
    return 1.5 * own[cluster] + rng.normal(size=len(cluster)), is_case, cluster


def test_the_tests_hold_their_size_where_independence_does_not() -> None:
    rng = np.random.default_rng(3)
    rejected, covered, too_wide = 0, 0, 0
    for _ in range(400):
        values, is_case, cluster = _pairs(rng, 30)
        rejected += clustered_rank_sum(values, is_case, cluster).p_value < 0.05
        curve = roc(values, is_case)
        low, high = clustered_auc_interval(curve, cluster[is_case], cluster[~is_case])
        wide_low, wide_high = delong_interval(curve)
        covered += low <= 0.5 <= high
        too_wide += wide_high - wide_low > high - low
    assert 8 <= rejected <= 34
    assert 360 <= covered <= 394
    assert too_wide > 390


def test_copies_do_not_make_a_difference_surer() -> None:
    rng = np.random.default_rng(4)
    rejected, naive = 0, 0
    for _ in range(300):
        values, is_case = np.repeat(rng.normal(size=16), 2), np.repeat(np.arange(16) < 8, 2)
        rejected += clustered_rank_sum(values, is_case, np.repeat(np.arange(16), 2)).p_value < 0.05
        naive += wilcoxon(values[None], is_case).p_value[0] < 0.05
    assert rejected <= 24
    assert naive >= 36
