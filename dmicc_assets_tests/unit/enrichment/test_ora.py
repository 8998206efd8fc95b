"""Over-representation: R's phyper and p.adjust, and extreme two-by-two tables."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from dmicc_assets.enrichment.gene_sets import GeneSetLibrary, read_gmt
from dmicc_assets.enrichment.ora import over_representation
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.stats.overlap import hypergeometric_tail
from dmicc_assets.study.schema import Enrichment
from dmicc_assets.tables import TABLES
from dmicc_assets_tests.oracle import MADE_UP, ORACLE

GOLDEN = ORACLE / "sets"
ANY_SIZE = Enrichment(min_size=1, max_size=500)


def library(folder: Path, **sets: str) -> GeneSetLibrary:
    path = folder / "LIB.gmt"
    path.write_text("".join(f"{term}\t\t{chr(9).join(genes.split())}\n" for term, genes in sets.items()))
    return read_gmt(path)


def test_every_number_is_rs() -> None:
    measured = pl.read_csv(GOLDEN / "measured.tsv", separator="\t", infer_schema_length=None)
    query = measured.filter(pl.col("is_query").cast(pl.String).str.to_lowercase() == "true")["gene"].to_list()
    settings = Enrichment(min_size=10, max_size=150)
    table = over_representation(query, measured["gene"].to_list(), read_gmt(GOLDEN / "library.gmt"), settings)
    assert table.schema == TABLES["enrichment/terms"].rows_schema
    r = pl.read_csv(GOLDEN / "ora.tsv", separator="\t", infer_schema_length=None).sort("term")
    ours = table.sort("term")
    assert ours["term"].to_list() == r["term"].to_list()
    for count in ("n_overlap", "set_size", "n_query", "n_background"):
        assert ours[count].to_list() == r[count].to_list()
    for number in ("odds_ratio", "p_value", "adj_p_value"):
        assert_allclose(ours[number].to_numpy(), r[number].to_numpy(), rtol=1e-7)
    assert [" ".join(genes) for genes in ours["genes"].to_list()] == r["genes"].to_list()
    assert ours["term_name"][0] == "set T01"
    assert table["p_value"].is_sorted()


def test_adjustment_over_all_terms_is_rs() -> None:
    r = MADE_UP.table("ora", "terms")
    p = hypergeometric_tail(*(r[name].to_numpy() for name in ("k", "M", "N", "n_query")))
    assert_allclose(p, r["p"].to_numpy(), rtol=1e-7)
    adjusted = adjust_p_values(p)
    assert_allclose(adjusted, r["p_adj_all"].to_numpy(), rtol=1e-7)
    summary = MADE_UP.summary("ora", "summary")
    assert (len(r), (adjusted < 0.05).sum()) == (summary["n_terms"], summary["n_padj_all_05"])


def test_every_number_of_1500_terms_is_rs(tmp_path: Path) -> None:
    """R's answer has counts without genes: made-up sets with the same counts have the same numbers."""
    r, summary = MADE_UP.table("ora", "terms"), MADE_UP.summary("ora", "summary")
    ours = of_counts(r, tmp_path).sort("term")
    theirs = r.filter(pl.col("k") > 0).sort("term")
    assert ours["term"].to_list() == theirs["term"].to_list()
    assert (len(ours), (ours["adj_p_value"] < 0.05).sum()) == (summary["n_terms_hit"], summary["n_padj_hits_05"])
    assert ours.sort("p_value", "term")["term"][:5].to_list() == summary["top5"]
    for count, column in (("n_overlap", "k"), ("set_size", "M"), ("n_query", "n_query"), ("n_background", "N")):
        assert ours[count].to_list() == theirs[column].to_list()
    pairs = {"p_value": "p", "adj_p_value": "p_adj_hits", "odds_ratio": "odds_ratio"}
    for number, column in pairs.items():
        assert_allclose(ours[number].to_numpy(), theirs[column].cast(pl.Float64).to_numpy(), rtol=1e-7)
    share = (ours["n_overlap"] / ours["n_query"]) / (ours["set_size"] / ours["n_background"])
    assert_allclose(share.to_numpy(), theirs["fold"].to_numpy(), rtol=1e-12)


def of_counts(r: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """Over-representation of sets that have the sizes and overlaps of a table of R's."""
    n_query, n_background = r["n_query"][0], r["N"][0]
    query, others = [f"Q{i}" for i in range(n_query)], [f"B{i}" for i in range(n_background - n_query)]
    sets = [("ROOT", query + others)]
    sets += [(term, query[:k] + others[: size - k]) for term, k, size in r.select("term", "k", "M").iter_rows()]
    path = folder / "GO.gmt"
    path.write_text("".join(f"{term}\t\t{chr(9).join(genes)}\n" for term, genes in sets))
    return over_representation(query, query + others, read_gmt(path), Enrichment())


def test_background_is_measured_and_annotated_before_the_size_filter(tmp_path: Path) -> None:
    sets = library(tmp_path, small="A B", large="C D E F G H", fitting="A C I")
    table = over_representation(
        ["A", "X"], ["A", "B", "C", "D", "E", "F", "X"], sets, Enrichment(min_size=2, max_size=4)
    )
    # 'large' is in the background with C to F although it has as many genes as allowed; X is annotated nowhere.
    assert table["n_background"].unique().to_list() == [6]
    assert table["n_query"].unique().to_list() == [1]
    assert set(table["term"]) == {"small", "fitting"}
    too_large = over_representation(["A"], ["A", "B", "C", "D", "E", "F"], sets, Enrichment(min_size=2, max_size=3))
    assert too_large["n_background"].unique().to_list() == [6]


def test_the_smallest_and_the_largest_size_allowed_are_allowed(tmp_path: Path) -> None:
    sets = library(tmp_path, one="A", two="A B", four="A B C D", five="A B C D E")
    table = over_representation(["A"], list("ABCDEF"), sets, Enrichment(min_size=2, max_size=4))
    assert set(table["term"]) == {"two", "four"}


def test_sets_without_a_hit_are_no_rows_and_no_tests(tmp_path: Path) -> None:
    sets = library(tmp_path, hit="A B C", other="A D", missed="E F")
    table = over_representation(["A"], list("ABCDEF"), sets, ANY_SIZE)
    assert set(table["term"]) == {"hit", "other"}
    assert_allclose(table.sort("term")["p_value"].to_numpy(), [3 / 6, 2 / 6])
    assert_allclose(table["adj_p_value"].to_numpy(), [0.5, 0.5])


def test_odds_ratio_may_be_infinite_and_is_null_when_undefined(tmp_path: Path) -> None:
    sets = library(tmp_path, within="A B", holds="A B C D", everything="A B C D E F", none_both="A E")
    table = over_representation(list("ABC"), list("ABCDEF"), sets, ANY_SIZE)
    odds = dict(table.select("term", "odds_ratio").iter_rows())
    assert odds["within"] == np.inf
    assert odds["holds"] == np.inf
    assert odds["everything"] is None
    assert odds["none_both"] == pytest.approx(1 * 2 / (2 * 1))


def test_earlier_symbols_are_found_and_named_as_measured(tmp_path: Path) -> None:
    sets = library(tmp_path, adhesion="CCN1 SPP1", other="JCHAIN MT1M")
    table = over_representation(["CYR61", "IGJ"], ["CYR61", "SPP1", "IGJ", "MT1M"], sets, ANY_SIZE)
    assert dict(table.select("term", "genes").iter_rows()) == {"adhesion": ["CYR61"], "other": ["IGJ"]}
    assert table["n_background"].unique().to_list() == [4]


def test_nothing_to_test_is_an_empty_table(tmp_path: Path) -> None:
    sets = library(tmp_path, one="A B", two="C D")
    for query, background in (([], ["A", "B"]), (["X"], ["A", "X"]), ([], []), (["X"], ["X"])):
        table = over_representation(query, background, sets, ANY_SIZE)
        assert table.height == 0
        assert table.schema == TABLES["enrichment/terms"].rows_schema
    assert over_representation(["A"], ["A", "B"], sets, Enrichment(min_size=3)).height == 0


def test_query_gene_that_was_not_measured_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="gene 'Z' of the query is not among the measured genes"):
        over_representation(["A", "Z"], ["A"], library(tmp_path, one="A"), ANY_SIZE)


def test_repeated_genes_count_once(tmp_path: Path) -> None:
    sets = library(tmp_path, one="A B", two="C D")
    once = over_representation(["A"], list("ABCD"), sets, ANY_SIZE)
    assert over_representation(["A", "A"], list("AABCD"), sets, ANY_SIZE).equals(once)
