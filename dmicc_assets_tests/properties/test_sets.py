"""Properties of overlaps, forests, enrichment and symbol look-up that hold for any input."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from dmicc_assets.enrichment.gene_sets import GeneSet, GeneSetLibrary
from dmicc_assets.enrichment.gsea import preranked
from dmicc_assets.enrichment.ora import over_representation
from dmicc_assets.enrichment.running_sum import running_sum
from dmicc_assets.enrichment.set_scores import enrichment_scores
from dmicc_assets.expression.symbols import current_symbols, find_symbols
from dmicc_assets.signature.forest import cv_error, importance, ranks
from dmicc_assets.signature.intersect import intersect_cohorts
from dmicc_assets.signature.ranking import choose_biomarkers
from dmicc_assets.stats.overlap import concordance_p_value, concordance_probability, expected_overlap, overlap_p_value
from dmicc_assets.study.schema import Enrichment

SYMBOLS = ["CYR61", "CCN1", "IGFBP10", "IGJ", "JCHAIN", "MT1M", "SPP1", "NOSUCH", "PPAP2B", "PLPP3"]
genes = st.sets(st.integers(0, 29).map(lambda i: f"G{i:02}"), max_size=30)


@settings(deadline=None)
@given(st.integers(1, 60), st.data())
def test_overlap_is_a_tail_whatever_the_order_of_sets(universe: int, data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(0, universe), min_size=2, max_size=4))
    p = [overlap_p_value(universe, sizes, k) for k in range(min(sizes) + 1)]
    assert p[0] == pytest.approx(1)
    assert np.all(np.diff(np.array(p, dtype=float)) <= 1e-12)
    again = [overlap_p_value(universe, sizes[::-1], k) for k in range(min(sizes) + 1)]
    assert_allclose(again, p, rtol=1e-9, atol=1e-15)
    # The mean of a count is the sum of its upper tails.
    assert_allclose(sum(p[1:]), expected_overlap(universe, sizes), rtol=1e-9, atol=1e-12)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_concordance_is_a_probability_of_both_signs_alike(shares: list[float]) -> None:
    p = concordance_probability(shares)
    assert 0 <= p <= 1 + 1e-12
    assert p == pytest.approx(concordance_probability([1 - share for share in shares]), abs=1e-12)
    tests = [concordance_p_value(k, 12, p) for k in range(13)]
    assert all(test is not None and 0 <= test <= 1 + 1e-12 for test in tests)
    # As likely as what was seen or less: the most likely number is no surprise at all.
    assert max(test or 0.0 for test in tests) == pytest.approx(1)


@settings(deadline=None)
@given(genes, genes, genes)
def test_signature_is_the_intersection_of_any_cohorts(a: set[str], b: set[str], c: set[str]) -> None:
    universe = [f"G{i:02}" for i in range(30)]

    def deg(names: set[str]) -> pl.DataFrame:
        ways = ["up" if int(name[1:]) % 3 else "down" for name in sorted(names)]
        table = {"gene": sorted(names), "log_fc": [1.0 if way == "up" else -1.0 for way in ways], "direction": ways}
        return pl.DataFrame(table, schema={"gene": pl.String, "log_fc": pl.Float64, "direction": pl.String})

    lists = {"a": deg(a), "b": deg(b), "c": deg(c)}
    tables = intersect_cohorts(lists, dict.fromkeys(lists, universe))
    assert set(tables.genes["gene"]) == a & b & c
    assert tables.genes.height == 3 * len(a & b & c)
    assert tables.overlap["n_concordant"].item() == tables.overlap["n_shared"].item() == len(a & b & c)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31 - 1), st.integers(1, 8), st.integers(6, 30))
def test_importance_is_blind_to_scale_and_within_its_bounds(seed: int, n_genes: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_genes, n)).astype(np.float32).astype(float)
    is_case = np.arange(n) < rng.integers(1, n)
    gini = importance(values, is_case, 10, [seed % 1000, seed % 1000 + 1])
    # Powers of two keep every comparison of two values, and every midpoint, as it is.
    assert_allclose(importance(values * 4.0, is_case, 10, [seed % 1000, seed % 1000 + 1]), gini, rtol=1e-12)
    assert (gini >= 0).all()
    # A tree removes at most the impurity of its root, and no sample of two classes has more than a half.
    assert (gini.sum(axis=1) <= n / 2 + 1e-9).all()
    assert (np.sort(ranks(gini), axis=1) == np.arange(1, n_genes + 1)).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 6), st.integers(2, 12))
def test_cv_error_is_a_share_and_a_start_of_a_longer_curve(seed: int, smaller: int, folds: int) -> None:
    rng = np.random.default_rng(seed)
    is_case = np.arange(20) < smaller
    values = rng.normal(size=(3, 20))
    curve = cv_error(values, is_case, 12, folds, seed)
    assert curve is not None
    assert ((curve >= 0) & (curve <= 1)).all()
    shorter = cv_error(values, is_case, 5, folds, seed)
    assert shorter is not None
    assert_allclose(curve[:5], shorter)


@settings(deadline=None)
@given(st.integers(0, 2**31 - 1), st.integers(1, 40))
def test_score_lies_within_one_and_mirrors(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    weight = np.abs(rng.normal(size=50)) + 0.01
    positions = np.sort(rng.choice(50, size, replace=False))[np.newaxis]
    es, _ = enrichment_scores(positions, weight)
    assert -1 - 1e-12 <= es[0] <= 1 + 1e-12
    mirrored, _ = enrichment_scores(49 - positions[:, ::-1], weight[::-1])
    assert abs(mirrored[0]) == pytest.approx(abs(es[0]))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31 - 1), st.integers(2, 20), st.integers(0, 3))
def test_the_curve_that_is_drawn_is_the_one_that_is_tested(seed: int, size: int, digits: int) -> None:
    rng = np.random.default_rng(seed)
    names = [f"G{i:02}" for i in rng.permutation(40)]
    statistics = pl.DataFrame({"gene": names, "t": np.round(rng.normal(size=40), digits)})
    genes = sorted(names[i] for i in rng.choice(40, size, replace=False))
    drawn = running_sum(statistics, genes)
    tested = preranked(statistics, of_sets({"T": genes}), Enrichment(min_size=1), seed=seed, permutations=5)
    assert tested["es"].item() == pytest.approx(drawn.score, abs=1e-12)
    edge = drawn.hits[drawn.hits <= drawn.peak] if drawn.score > 0 else drawn.hits[drawn.hits > drawn.peak][::-1]
    ranked = statistics.sort("t", "gene", descending=[True, False])["gene"]
    if (np.abs(drawn.curve - drawn.score) < 1e-9).sum() == 1:  # rounding chooses between equal peaks
        assert tested["leading_edge"].item().to_list() == [ranked[int(i)] for i in edge]
    assert drawn.curve[-1] == pytest.approx(0, abs=1e-12)
    shuffled = statistics.sample(fraction=1.0, shuffle=True, seed=seed % 1000)
    np.testing.assert_array_equal(running_sum(shuffled, genes[::-1]).curve, drawn.curve)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31 - 1), st.integers(1, 12))
def test_biomarkers_are_what_every_cohort_ranks_first(seed: int, top: int) -> None:
    rng = np.random.default_rng(seed)
    names, cohorts = np.array([f"G{i:02}" for i in range(12)]), ["a", "b", "c"]
    ranked = {cohort: rng.permutation(names) for cohort in cohorts}
    table = pl.concat(
        [pl.DataFrame({"cohort": cohort, "gene": ranked[cohort], "rank": range(1, 13)}) for cohort in cohorts]
    )
    chosen = choose_biomarkers(table, cohorts, top)
    assert set(chosen["gene"]) == set.intersection(*(set(ranked[cohort][:top]) for cohort in cohorts))
    assert chosen["rank_sum"].is_sorted()
    shuffled = table.sample(fraction=1.0, shuffle=True, seed=seed % 1000)
    assert choose_biomarkers(shuffled, cohorts[::-1], top).equals(chosen)
    assert choose_biomarkers(table, [*cohorts, "without genes"], top).height == 0


def of_sets(sets: dict[str, list[str]]) -> GeneSetLibrary:
    held = {term: GeneSet(None, tuple(sorted(names))) for term, names in sets.items()}
    return GeneSetLibrary("LIB", None, "2024-01-01", "0" * 64, Path("LIB.gmt"), held)


@settings(max_examples=40, deadline=None)
@given(genes.filter(bool), st.dictionaries(st.sampled_from("ABCDEF"), genes.filter(bool), min_size=1), st.randoms())
def test_over_representation_counts_add_up(query: set[str], sets: dict[str, set[str]], random: object) -> None:
    measured = [f"G{i:02}" for i in range(25)]
    shuffled = measured.copy()
    random.shuffle(shuffled)  # pyright: ignore[reportAttributeAccessIssue] - hypothesis's Random
    asked = sorted(query & set(measured))
    library = of_sets({term: sorted(names) for term, names in sets.items()})
    table = over_representation(asked, measured, library, Enrichment(min_size=1))
    assert over_representation(asked[::-1], shuffled, library, Enrichment(min_size=1)).equals(table)
    for row in table.iter_rows(named=True):
        held = sets[row["term"]] & set(measured)
        assert row["genes"] == sorted(held & set(asked))
        assert row["n_overlap"] == len(row["genes"]) > 0
        assert row["set_size"] == len(held)
        assert 0 < row["p_value"] <= row["adj_p_value"] <= 1


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_random_sets_are_not_enriched(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = [f"G{i:03}" for i in range(300)]
    statistics = pl.DataFrame({"gene": names, "t": rng.normal(size=300)})
    sets = {f"T{i:03}": [names[g] for g in rng.choice(300, 20, replace=False)] for i in range(200)}
    table = preranked(statistics, of_sets(sets), Enrichment(), seed=seed, permutations=400)
    # 200 draws of a uniform p: the share under 0.2 is within 5 standard errors of it, and none passes an FDR.
    assert abs((table["p_value"] <= 0.2).mean() - 0.2) < 0.15
    assert table["fdr"].min() >= 0.05


@settings(deadline=None)
@given(st.lists(st.sampled_from(SYMBOLS)), st.sets(st.sampled_from(SYMBOLS)))
def test_every_symbol_is_found_as_one_gene_or_missing(wanted: list[str], available: set[str]) -> None:
    match = find_symbols(wanted, available)
    assert set(match.found) | set(match.missing) == set(wanted)
    assert not set(match.found) & set(match.missing)
    assert set(match.found.values()) <= available
    today = current_symbols([*match.found, *match.found.values()])
    assert all(today[gene] == today[name] for gene, name in match.found.items())
    assert match.by_previous == {gene: name for gene, name in match.found.items() if gene != name}
    assert find_symbols(wanted, sorted(available, reverse=True)) == match
