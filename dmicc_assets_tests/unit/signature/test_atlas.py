"""The atlas tests each pair of cohorts for sharing as a study does, and adjusts for the number of pairs."""

import numpy as np
import polars as pl
import pytest

from dmicc_assets.signature.atlas import disease_overlap
from dmicc_assets.signature.sharing import CohortList, sharing_test
from dmicc_assets.stats.random_axes import residual_space

GENES = tuple(f"G{i:03d}" for i in range(150))
PLANTED = 12


def cohort(key: str, seed: int, planted: slice) -> CohortList:
    """Noise, with some genes higher in cases; the list is of the largest t."""
    values = np.random.default_rng(seed).normal(8, 1, size=(len(GENES), 24))
    values[planted, :12] += 3.0
    design = np.column_stack([np.ones(24), np.arange(24) < 12]).astype(float)
    space = residual_space(values, design, 1)
    listed = np.argsort(-np.abs(space.t))[:PLANTED]
    return CohortList(key, GENES, space, tuple(GENES[i] for i in listed))


@pytest.fixture(scope="module")
def lists() -> dict[str, CohortList]:
    """Two diseases of the same genes, and one of others that has the samples of the first."""
    first, other = slice(0, PLANTED), slice(6, 6 + PLANTED)
    return {"s.a": cohort("s.a", 1, first), "s.b": cohort("s.b", 2, first), "t.c": cohort("t.c", 3, other)}


def overlap(
    lists: dict[str, CohortList], there: set[str], names: dict[str, tuple[str, str]] | None = None
) -> pl.DataFrame:
    genes = {key: pl.DataFrame({"gene": each.listed, "direction": "up"}) for key, each in lists.items()}
    statistics = {key: pl.DataFrame({"gene": GENES}) for key in lists}
    names = names or {"s.a": ("GSE1-GPL1", "x1"), "s.b": ("y", "y1"), "t.c": ("GSE1-GPL2", "x1")}
    samples = {key: pl.DataFrame([names[key]], ["dataset", "sample"], orient="row") for key in lists}
    return disease_overlap(genes, statistics, samples, lambda key: lists[key] if key in there else None)


def test_a_pair_is_tested_as_in_a_study_and_adjusted(lists: dict[str, CohortList]) -> None:
    rows = {(row["cohort_a"], row["cohort_b"]): row for row in overlap(lists, set(lists)).iter_rows(named=True)}
    alike, other = rows["a", "b"], rows["b", "c"]
    assert alike["sharing_p_value"] == pytest.approx(1 / 2000)
    assert alike["sharing_expected"] < alike["n_shared"]
    # two pairs are tested: the smallest p-value counts twice
    assert alike["sharing_adj_p_value"] == pytest.approx(min(2 * alike["sharing_p_value"], other["sharing_p_value"]))
    assert alike["direction_adj_p_value"] >= alike["direction_p_value"]
    alone = sharing_test([lists["s.a"], lists["s.b"]], np.random.default_rng(9))
    assert alone.sharing_expected == pytest.approx(alike["sharing_expected"], abs=0.2)


def test_cohorts_of_the_same_samples_are_not_tested(lists: dict[str, CohortList]) -> None:
    row = overlap(lists, set(lists)).row(1, named=True)
    assert (row["cohort_a"], row["cohort_b"], row["shares_samples"]) == ("a", "c", True)
    assert row["n_shared"] > 0
    assert [row[f"{test}_p_value"] for test in ("sharing", "direction")] == [None, None]


@pytest.mark.parametrize(
    ("sample", "shares"), [("S1", False), ("GSM12", True), ("TCGA-W5-AA2G-01", True), ("GSM12_left", False)]
)
def test_a_local_name_is_of_its_dataset_and_a_name_of_an_archive_of_one_sample(
    lists: dict[str, CohortList], sample: str, shares: bool
) -> None:
    pair = {key: lists[key] for key in ("s.a", "t.c")}
    row = overlap(pair, set(pair), {"s.a": ("liver", sample), "t.c": ("skin", sample)}).row(0, named=True)
    assert row["shares_samples"] is shares
    assert (row["sharing_p_value"] is None) is shares


def test_another_study_changes_no_pair_and_a_matrix_that_is_not_there_leaves_none(lists: dict[str, CohortList]) -> None:
    both = overlap({key: lists[key] for key in ("s.a", "s.b")}, {"s.a", "s.b"}).row(0, named=True)
    three = overlap(lists, set(lists)).row(0, named=True)
    assert both["sharing_expected"] == three["sharing_expected"]
    assert overlap(lists, {"s.a"})["sharing_p_value"].to_list() == [None] * 3
