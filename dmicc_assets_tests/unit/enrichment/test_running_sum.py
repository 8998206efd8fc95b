"""The running sum by hand, and against the enrichment score of the tables."""

import numpy as np
import polars as pl
import pytest

from dmicc_assets.enrichment.running_sum import running_sum


def test_by_hand() -> None:
    ranked = pl.DataFrame({"gene": ["A", "B", "C", "D"], "t": [3.0, 1.0, -1.0, None]})
    found = running_sum(ranked, {"A", "C", "ABSENT"})
    np.testing.assert_allclose(found.curve, [0.75, -0.25, 0.0])
    assert found.hits.tolist() == [0, 2]
    assert found.score == 0.75


def test_without_weight_every_hit_counts_alike() -> None:
    ranked = pl.DataFrame({"gene": ["A", "B", "C", "D"], "t": [3.0, 2.0, -1.0, -4.0]})
    np.testing.assert_allclose(running_sum(ranked, {"A", "C"}, weight=0.0).curve, [0.5, 0.0, 0.5, 0.0])
    np.testing.assert_allclose(running_sum(ranked, {"A", "C"}, weight=2.0).curve, [0.9, 0.4, 0.5, 0.0])


def test_of_equal_deviations_the_upper_one_counts() -> None:
    ranked = pl.DataFrame({"gene": list("ABCD"), "t": [2.0, 1.0, -1.0, -2.0]})
    below_first = running_sum(ranked, {"B", "C"})
    np.testing.assert_allclose(below_first.curve, [-0.5, 0.0, 0.5, 0.0])
    assert below_first.score == 0.5


def test_ties_go_by_name_and_a_set_at_zero_has_equal_weights() -> None:
    ranked = pl.DataFrame({"gene": ["C", "A", "B", "D"], "t": [0.0, 0.0, 0.0, 0.0]})
    np.testing.assert_allclose(running_sum(ranked, {"A", "C"}).curve, [0.5, 0.0, 0.5, 0.0])


@pytest.mark.parametrize("genes", [set(), {"A", "B"}])
def test_none_or_all_in_the_set_is_refused(genes: set[str]) -> None:
    with pytest.raises(ValueError, match="of 2 ranked genes are in the set"):
        running_sum(pl.DataFrame({"gene": ["A", "B"], "t": [1.0, 2.0]}), genes)
