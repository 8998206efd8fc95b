"""The atlas tests each pair of cohorts for sharing as a study does, and adjusts for the number of pairs."""

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmicc_assets.signature.atlas import RESULTS, Earlier, axes_of, disease_overlap, results_of_studies
from dmicc_assets.signature.kept_axes import KeptAxes, _largest, keep_axes, replace_list
from dmicc_assets.signature.sharing import CohortList, sharing_test
from dmicc_assets.stats.overlap import expected_overlap, overlap_p_value
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


DRAWN: dict[int, KeptAxes] = {}


def kept(one: CohortList) -> KeptAxes:
    """The null lists of a cohort, drawn once for all tests."""
    return DRAWN.setdefault(id(one), axes_of(one))


def overlap(
    lists: dict[str, CohortList],
    there: set[str],
    names: dict[str, tuple[str, str]] | None = None,
    earlier: Earlier | None = None,
    of_studies: pl.DataFrame | None = None,
) -> pl.DataFrame:
    genes = {key: pl.DataFrame({"gene": each.listed, "direction": "up"}) for key, each in lists.items()}
    statistics = {key: pl.DataFrame({"gene": GENES}) for key in lists}
    names = names or {"s.a": ("GSE1-GPL1", "x1"), "s.b": ("y", "y1"), "t.c": ("GSE1-GPL2", "x1")}
    samples = {key: pl.DataFrame([names[key]], ["dataset", "sample"], orient="row") for key in lists}
    read = {key: kept(lists[key]) for key in there}.get
    return disease_overlap(genes, statistics, samples, read, earlier, of_studies)


def of_study(p: float) -> pl.DataFrame | None:
    """What the study of the first pair found of it; another study has one cohort, a third was not tested."""
    found = pl.DataFrame([[p] * len(RESULTS)], schema=list(RESULTS), orient="row")
    return results_of_studies({"s": found, "t": found}, {"s": ["b", "a"], "t": ["c"], "u": ["d", "e"]})


def test_what_a_study_found_of_its_own_two_cohorts_is_the_result_here(lists: dict[str, CohortList]) -> None:
    there = set(lists)
    tested = overlap(lists, there)
    found = overlap(lists, there, of_studies=of_study(0.25))
    assert found.select(RESULTS).row(0) == (0.25, 0.25, 0.25)
    assert found.select(RESULTS).rows()[1:] == tested.select(RESULTS).rows()[1:]
    p = sorted([0.25, tested["sharing_p_value"][2]])
    assert found["sharing_adj_p_value"][0] == pytest.approx(min(2 * p[0], p[1]) if p[0] == 0.25 else 0.25)
    # it needs no null lists, and replaces what an earlier atlas said of cohorts that are the same
    alone = overlap(lists, set(), of_studies=of_study(0.25))
    assert alone["sharing_p_value"].to_list() == [0.25, None, None]
    again = overlap(lists, there, earlier=Earlier(tested, frozenset(lists)), of_studies=of_study(0.25))
    assert again.equals(found)


def test_what_a_study_found_of_its_two_cohorts_goes_when_it_has_a_third(lists: dict[str, CohortList]) -> None:
    there = set(lists)
    before = overlap(lists, there, of_studies=of_study(0.25))
    assert overlap(lists, there, earlier=Earlier(before, frozenset(lists))).equals(overlap(lists, there))


def test_what_a_study_found_of_cohorts_that_share_samples_is_not_taken(lists: dict[str, CohortList]) -> None:
    same = {"s.a": ("GSE1-GPL1", "x1"), "s.b": ("GSE1-GPL2", "x1"), "t.c": ("y", "y1")}
    found = overlap(lists, set(lists), same, of_studies=of_study(0.25))
    assert (found["shares_samples"][0], found["sharing_p_value"][0]) == (True, None)
    assert results_of_studies({}, {"s": ["a", "b"]}) is None


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


def test_lists_drawn_once_give_the_p_values_of_lists_drawn_for_the_pair(lists: dict[str, CohortList]) -> None:
    """One draw of 1,999 axes differs from another by their Monte Carlo error only: here at p of about 0.2 and less."""
    noise = cohort("n.n", 7, slice(0, 0))
    for other in ("s.a", "t.c"):
        pair = sharing_test([noise, lists[other]], np.random.default_rng(3))
        if not pair.n_shared:
            continue
        for before, here in zip(pair.replaced, (kept(noise), kept(lists[other])), strict=True):
            now = replace_list(here, kept(lists[other]) if before.name == "n.n" else kept(noise))
            p = before.p_value
            assert now.p_value == pytest.approx(p, abs=4 * np.sqrt(2 * p * (1 - p) / 2000) + 1 / 2000)
            assert now.expected == pytest.approx(before.expected, abs=0.15)


def test_a_list_is_compared_over_the_genes_that_the_other_cohort_has(lists: dict[str, CohortList]) -> None:
    a, b = lists["s.a"], lists["s.b"]
    few = np.array([i for i, gene in enumerate(GENES) if gene != a.listed[0] and i % 3])
    there = {GENES[i] for i in few}
    narrow = CohortList(
        "n.b", tuple(GENES[i] for i in few), b.space.take(few), tuple(g for g in b.listed if g in there)
    )
    result = replace_list(kept(a), axes_of(narrow))
    assert result.expected < replace_list(kept(a), kept(b)).expected
    with pytest.raises(ValueError, match="both lists share"):
        replace_list(kept(a), replace(kept(b), listed=np.array([], dtype=np.int64)))


Cohorts = dict[str, dict[str, str]]
SETS = st.dictionaries(st.sampled_from(GENES[:9]), st.sampled_from(["up", "down"]), max_size=6)
MEASURED = st.sets(st.sampled_from(GENES[:12]), max_size=12)
COHORTS = st.dictionaries(
    st.sampled_from(["a.x", "a.y", "b.x", "c.x", "d.x"]), st.tuples(SETS, MEASURED, st.sampled_from(["S1", "GSM1"]))
)
Drawn = dict[str, tuple[dict[str, str], set[str], str]]


@cache
def any_axes(key: str) -> KeptAxes:
    """Null lists of noise, the same for a cohort of this name."""
    return keep_axes(cohort(key, sum(map(ord, key)), slice(0, 4)), np.random.default_rng(1), 19)


def atlas_of(drawn: Drawn, earlier: Earlier | None = None) -> pl.DataFrame:
    genes = {
        key: pl.DataFrame(list(up.items()), ["gene", "direction"], orient="row") for key, (up, _, _) in drawn.items()
    }
    genes = {key: each.cast({"gene": pl.String, "direction": pl.String}) for key, each in genes.items()}
    statistics = {key: pl.DataFrame({"gene": sorted(m)}, {"gene": pl.String}) for key, (_, m, _) in drawn.items()}
    samples = {key: pl.DataFrame({"dataset": [key], "sample": [sample]}) for key, (_, _, sample) in drawn.items()}

    def read(key: str) -> KeptAxes | None:
        names = np.array([gene.encode() for gene in sorted(set(genes[key]["gene"]) & drawn[key][1])])
        whole = any_axes(key)
        return KeptAxes(whole.names, whole.genes, whole.axes, whole.rows_of(names)) if len(names) else None

    return disease_overlap(genes, statistics, samples, read, earlier)


@given(COHORTS, COHORTS)
@settings(max_examples=10, deadline=None)
def test_an_atlas_of_what_changed_is_the_whole_atlas(before: Drawn, now: Drawn) -> None:
    same = frozenset(key for key in now if before.get(key) == now[key])
    assert atlas_of(now, Earlier(atlas_of(before), same)).equals(atlas_of(now))


@given(COHORTS)
@settings(max_examples=10, deadline=None)
def test_counts_are_those_of_sets(drawn: Drawn) -> None:
    for row in atlas_of(drawn).iter_rows(named=True):
        (a, in_a, _), (b, in_b, _) = (drawn[f"{row[f'study_{side}']}.{row[f'cohort_{side}']}"] for side in "ab")
        both = in_a & in_b
        sizes, shared = [len(both & a.keys()), len(both & b.keys())], both & a.keys() & b.keys()
        assert [row["n_universe"], row["n_a"], row["n_b"], row["n_shared"]] == [len(both), *sizes, len(shared)]
        assert row["n_concordant"] == sum(a[gene] == b[gene] for gene in shared)
        assert row["n_expected"] == expected_overlap(len(both), sizes)
        assert row["p_value"] == overlap_p_value(len(both), sizes, len(shared))


def test_of_equal_scores_any_are_among_the_largest() -> None:
    score = np.array([[3, 1, 1, 1, 0], [5, 4, 3, 2, 1], [0, 0, 0, 0, 0]], dtype=np.float32)
    best = _largest(score, 2)
    assert best.sum(axis=1).tolist() == [2, 2, 2]
    assert best[0, 0]
    assert not best[0, 4]
    assert best[1].tolist() == [True, True, False, False, False]
    assert _largest(score, 5).all()
