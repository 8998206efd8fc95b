"""Over-representation: R's phyper and p.adjust, and the corners of the two-by-two table."""

import gzip
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from dmicc_assets.differential.statistics import differential_genes
from dmicc_assets.enrichment.gene_sets import GeneSetLibrary, read_gmt
from dmicc_assets.enrichment.ora import over_representation
from dmicc_assets.stats.distributions import root_on_interval, two_sided_p
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.stats.overlap import hypergeometric_tail
from dmicc_assets.study.schema import Differential, Enrichment
from dmicc_assets.tables import TABLES
from dmicc_assets_tests.oracle import ORACLE

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


@pytest.mark.parametrize("ontology", ["cc", "mf"])
def test_every_number_is_the_oracles(shared: Path, tmp_path: Path, ontology: str) -> None:
    folder = shared / "oracle/golden/ora"
    universe = pl.read_csv(folder / "universe.tsv.gz", separator="\t", infer_schema_length=None)
    genes = universe["symbol"].to_list()
    query = universe.filter(pl.col("is_deg").cast(pl.String).str.to_lowercase() == "true")["symbol"].to_list()
    r = pl.read_csv(folder / f"go_{ontology}.tsv.gz", separator="\t", null_values="NA", infer_schema_length=None)
    # The oracle's GMT has only the sets of 10 to 500 genes; its background has the larger ones too. One set that is too
    # large to be tested makes up for them, with as many genes, and as many of the query, as the oracle counted.
    sets = gzip.decompress((folder / f"go_{ontology}.gmt.gz").read_bytes()).decode()
    small = {gene for line in sets.splitlines() for gene in line.split("\t")[2:]}
    n_query, n_background = r["n_query"][0], r["N"][0]
    root = [gene for gene in query if gene not in small][: n_query - len(small & set(query))]
    others = [gene for gene in genes if gene not in small and gene not in query]
    root += [*small, *others[: n_background - len(small) - len(root)]]
    path = tmp_path / "GO.gmt"
    path.write_text(sets + "\t".join(["ROOT", "", *root]) + "\n")
    ours = over_representation(query, genes, read_gmt(path), Enrichment()).sort("term")
    r = r.filter(pl.col("k") > 0).sort("term")
    for count, theirs in (("n_overlap", "k"), ("set_size", "M"), ("n_query", "n_query"), ("n_background", "N")):
        assert ours[count].to_list() == r[theirs].to_list()
    for number, theirs in (("p_value", "p"), ("adj_p_value", "p_adj_hits")):
        assert_allclose(ours[number].to_numpy(), r[theirs].to_numpy(), rtol=1e-7)
    odds = r["odds_ratio"].cast(pl.Float64, strict=False).fill_null(np.inf)
    assert_allclose(ours["odds_ratio"].to_numpy(), odds.to_numpy(), rtol=1e-9)
    assert ours["term"].to_list() == r["term"].to_list()
    assert ["/".join(hits) for hits in ours["genes"].to_list()] == r["genes"].to_list()
    assert ours["term_name"].to_list() == r["name"].to_list()
    share = (ours["n_overlap"] / ours["n_query"]) / (ours["set_size"] / ours["n_background"])
    assert_allclose(share.to_numpy(), r["fold"].to_numpy(), rtol=1e-12)
    assert_summary(folder, ontology.upper(), ours)


def assert_summary(folder: Path, ontology: str, ours: pl.DataFrame) -> None:
    """What the oracle counts of an ontology's terms, the five most significant ones among it."""
    summary = json.loads((folder / "summary.json").read_text())[ontology]
    found = {
        "N_background": ours["n_background"][0],
        "K_query": ours["n_query"][0],
        "n_terms_hit": len(ours),
        "n_padj_hits_05": (ours["adj_p_value"] < 0.05).sum(),
    }
    assert found == {key: summary[key] for key in found}
    if ours["term_name"].null_count() == 0:
        assert ours.sort("p_value", "term")["term_name"][:5].to_list() == summary["top5"]


@pytest.mark.parametrize("file", ["go_cc", "go_mf", "go_bp_nogenes"])
def test_adjustment_over_all_terms_is_the_oracles(shared: Path, file: str) -> None:
    r = pl.read_csv(shared / f"oracle/golden/ora/{file}.tsv.gz", separator="\t", null_values="NA")
    columns = (r[name].to_numpy() for name in ("k", "M", "N", "n_query"))
    p = hypergeometric_tail(*columns)
    assert_allclose(p, r["p"].to_numpy(), rtol=1e-7)
    adjusted = adjust_p_values(p)
    assert_allclose(adjusted, r["p_adj_all"].to_numpy(), rtol=1e-7)
    summary = json.loads((shared / "oracle/golden/ora/summary.json").read_text())[file[3:5].upper()]
    assert (len(r), (adjusted < 0.05).sum()) == (summary["n_terms"], summary["n_padj_all_05"])


def test_query_and_p_values_follow_from_the_oracles_ranked_genes(shared: Path) -> None:
    """The probes of these genes are not kept: of t follows p, with the prior's degrees of freedom as unknown."""
    read = lambda name: pl.read_csv(  # noqa: E731 (short)
        shared / f"oracle/golden/ora/{name}.tsv.gz", separator="\t", infer_schema_length=None
    )
    ranked, universe = read("ranked_all_bcrabl"), read("universe")
    t, p = ranked["t"].to_numpy(), ranked["P.Value"].to_numpy()
    middle = int(np.argsort(np.abs(t))[-50])
    df = root_on_interval(lambda df: float(np.log(two_sided_p(t[[middle]], df)[0] / p[middle])), 60.0, 200.0)
    assert_allclose(two_sided_p(t, df), p, rtol=1e-7)
    statistics = ranked.select("symbol", gene=pl.col("entrez").cast(str), log_fc="logFC", p_value="P.Value")
    statistics = statistics.with_columns(adj_p_value=pl.Series(adjust_p_values(p)), t=pl.Series(t))
    chosen = differential_genes(statistics, Differential(log_fc=0.3, p_value=0.01, adjust="none"))
    is_deg = universe.filter(pl.col("is_deg").cast(str).str.to_lowercase() == "true")
    assert set(chosen["gene"]) == set(is_deg["entrez"].cast(str))
    assert sorted(zip(ranked["entrez"], ranked["symbol"], strict=True)) == sorted(
        universe.select("entrez", "symbol").iter_rows()
    )


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


def test_every_p_value_of_the_oracles_4981_processes(shared: Path, tmp_path: Path) -> None:
    """The oracle kept their counts without the genes: made-up sets with the same counts have the same numbers."""
    r = pl.read_csv(shared / "oracle/golden/ora/go_bp_nogenes.tsv.gz", separator="\t", null_values="NA")
    n_query, n_background = r["n_query"][0], r["N"][0]
    query, others = [f"Q{i}" for i in range(n_query)], [f"B{i}" for i in range(n_background - n_query)]
    sets = [("ROOT", query + others)]
    sets += [(term, query[:k] + others[: size - k]) for term, k, size in r.select("term", "k", "M").iter_rows()]
    path = tmp_path / "GO.gmt"
    path.write_text("".join(f"{term}\t\t{chr(9).join(genes)}\n" for term, genes in sets))
    ours = over_representation(query, query + others, read_gmt(path), Enrichment()).sort("term")
    theirs = r.filter(pl.col("k") > 0).sort("term")
    assert ours["term"].to_list() == theirs["term"].to_list()
    assert len(ours) == 3588
    assert_summary(shared / "oracle/golden/ora", "BP", ours)
    for number, column in (("p_value", "p"), ("adj_p_value", "p_adj_hits")):
        assert_allclose(ours[number].to_numpy(), theirs[column].to_numpy(), rtol=1e-7)
