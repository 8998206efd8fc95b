"""Preranked GSEA: gseapy's scores exactly, its null distribution statistically, and sets without a score."""

import logging
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from dmicc_assets.enrichment.gene_sets import GeneSetLibrary, read_gmt
from dmicc_assets.enrichment.gsea import preranked
from dmicc_assets.enrichment.random_sets import RandomSets
from dmicc_assets.enrichment.set_scores import enrichment_scores
from dmicc_assets.study.schema import Enrichment
from dmicc_assets.tables import TABLES

SETTINGS = Enrichment(min_size=5, max_size=100)


def library(folder: Path, sets: dict[str, list[str]]) -> GeneSetLibrary:
    path = folder / "LIB.gmt"
    path.write_text("".join("\t".join([term, "", *genes]) + "\n" for term, genes in sets.items()))
    return read_gmt(path)


def ranked(n: int = 400, seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame({"gene": [f"GENE{i:04}" for i in range(n)], "t": np.sort(rng.standard_t(8, n))[::-1] + 0.1})


def made_up(n: int = 400) -> dict[str, list[str]]:
    """30 random sets, one at each end of the list and one in its middle."""
    rng = np.random.default_rng(5)
    sets = {
        f"T{i:02}": sorted(f"GENE{g:04}" for g in rng.choice(n, rng.integers(6, 60), replace=False)) for i in range(30)
    }
    sets["TOP"] = [f"GENE{g:04}" for g in rng.choice(80, 20, replace=False)]
    sets["BOTTOM"] = [f"GENE{g:04}" for g in rng.choice(np.arange(n - 90, n), 25, replace=False)]
    return sets


def walked(weight: np.ndarray, hits: np.ndarray) -> float:
    """The running sum over the whole list, as the paper defines it."""
    inside = np.isin(np.arange(weight.size), hits)
    step = np.where(inside, weight / weight[inside].sum(), -1.0 / (weight.size - hits.size))
    total = np.cumsum(step)
    return float(total.max() if total.max() >= -total.min() - 1e-12 else total.min())


def test_score_is_the_largest_deviation_of_the_running_sum() -> None:
    rng = np.random.default_rng(3)
    weight = np.abs(rng.normal(size=120))
    for size in (1, 2, 15, 60, 119):
        positions = np.stack([np.sort(rng.choice(120, size, replace=False)) for _ in range(40)])
        es, at = enrichment_scores(positions, weight)
        assert_allclose(es, [walked(weight, hits) for hits in positions], rtol=1e-10, atol=1e-12)
        assert ((at >= 0) & (at < size)).all()


def test_a_random_set_that_scores_the_same_is_as_extreme(tmp_path: Path) -> None:
    # Of four genes two score above zero, alone; the first is then as good as half of the random ones.
    statistics = pl.DataFrame({"gene": list("ABCD"), "t": [4.0, 3.0, 2.0, 1.0]})
    table = preranked(statistics, library(tmp_path, {"FIRST": ["A"], "SECOND": ["B"]}), Enrichment(min_size=1), seed=1)
    p = dict(table.select("term", "p_value").iter_rows())
    assert p["FIRST"] == pytest.approx(0.5, abs=0.1)
    assert p["SECOND"] == 1


def test_a_size_weighs_in_the_fdr_by_its_sets(tmp_path: Path) -> None:
    # Nine sets of 20 genes and one of a single gene, whose random scores are spread otherwise.
    sets = {f"T{i}": [f"GENE{g:04}" for g in range(4 * i, 4 * i + 20)] for i in range(9)} | {"ONE": ["GENE0003"]}
    table = preranked(ranked(60), library(tmp_path, sets), Enrichment(min_size=1), seed=1, permutations=200)
    random = RandomSets(ranked(60)["t"].abs().to_numpy(), 200, seed=1, largest=59)
    pooled: list[tuple[float, int]] = []
    for size, n_sets in ((1, 1), (20, 9)):
        null = random.scores(size)
        pooled += [(es / null[null > 0].mean(), n_sets) for es in null[null > 0]]
    above = table.filter(pl.col("nes") > 0)
    for nes, fdr in above.select("nes", "fdr").iter_rows():
        share = sum(n for other, n in pooled if other >= nes) / sum(n for _, n in pooled)
        share = (share * len(pooled) + 1) / (len(pooled) + 1)
        assert fdr == pytest.approx(min(1.0, share / (above["nes"] >= nes).mean()), rel=1e-9)


def test_weights_of_zero_count_alike() -> None:
    es, _ = enrichment_scores(np.array([[0, 1, 2], [7, 8, 9]]), np.zeros(10))
    assert_allclose(es, [1.0, -1.0])


@pytest.mark.filterwarnings("ignore::DeprecationWarning:gseapy", "ignore:The inplace keyword")
def test_it_is_gseapys(tmp_path: Path) -> None:
    import gseapy
    import pandas as pd

    statistics, sets = ranked(), made_up()
    ours = preranked(statistics, library(tmp_path, sets), SETTINGS, seed=1, permutations=5_000).sort("term")
    series = pd.Series(statistics["t"].to_numpy(), index=statistics["gene"].to_list())
    theirs = gseapy.prerank(
        rnk=series, gene_sets=sets, min_size=5, max_size=100, permutation_num=5_000, seed=1, threads=1,
        outdir=None, no_plot=True, ascending=None,
    ).res2d.sort_values("Term")  # fmt: skip
    logging.shutdown()
    assert ours["term"].to_list() == theirs["Term"].to_list()
    assert_allclose(ours["es"].to_numpy(), theirs["ES"].astype(float), rtol=1e-9)
    assert [set(genes) for genes in ours["leading_edge"]] == [set(genes.split(";")) for genes in theirs["Lead_genes"]]
    # Two nulls of 5,000: the mean score of a sign is good to 3 %, a share of about 2,500 to 4 standard errors.
    assert_allclose(ours["nes"].to_numpy(), theirs["NES"].astype(float), rtol=0.03)
    p, q = ours["p_value"].to_numpy(), theirs["NOM p-val"].to_numpy(dtype=float)
    assert np.all(np.abs(p - q) < 4 * np.sqrt(2 * np.maximum(p * (1 - p), 0.001) / 2000))
    fdr = theirs["FDR q-val"].to_numpy(dtype=float)
    # Of 32 sets the share above steps as two change places: seeds differ from their mean by up to 0.1.
    assert_allclose(ours["fdr"].to_numpy(), fdr, atol=0.12)
    assert set(ours.filter(pl.col("fdr") < 0.01)["term"]) == {"TOP", "BOTTOM"}


def test_columns_order_and_leading_edge(tmp_path: Path) -> None:
    table = preranked(ranked(), library(tmp_path, made_up()), SETTINGS, seed=1)
    assert table.schema == TABLES["enrichment/gsea"].rows_schema
    assert (-table["nes"].abs()).is_sorted()
    assert table["p_value"].min() < 1e-6
    assert table.select(pl.col("label_p_value", "label_fdr").null_count()).row(0) == (table.height, table.height)
    edges = dict(table.select("term", "leading_edge").iter_rows())
    assert edges["TOP"] == sorted(edges["TOP"])
    assert edges["BOTTOM"] == sorted(edges["BOTTOM"], reverse=True)
    assert set(edges["TOP"]) <= set(made_up()["TOP"])
    es = dict(table.select("term", "es").iter_rows())
    assert es["TOP"] > 0.7
    assert es["BOTTOM"] < -0.7


def test_seeded_and_blind_to_the_order_of_rows_and_sets(tmp_path: Path) -> None:
    sets = library(tmp_path, made_up())
    first = preranked(ranked(), sets, SETTINGS, seed=1)
    (tmp_path / "again").mkdir()
    reverse = library(tmp_path / "again", dict(reversed(made_up().items())))
    again = preranked(ranked().sort("gene", descending=True), reverse, SETTINGS, seed=1)
    assert again.equals(first)
    assert not preranked(ranked(), sets, SETTINGS, seed=2).equals(first)


def test_ties_are_broken_by_gene_name(tmp_path: Path) -> None:
    sets = library(tmp_path, {"T": [f"GENE{i:04}" for i in range(10, 20)]})
    tied = ranked().with_columns(t=pl.col("t").round(0))
    assert preranked(tied, sets, SETTINGS, seed=1).equals(preranked(tied.reverse(), sets, SETTINGS, seed=1))


def test_sign_flip_mirrors_the_scores(tmp_path: Path) -> None:
    sets = library(tmp_path, made_up())
    plus = preranked(ranked(), sets, SETTINGS, seed=1).sort("term")
    minus = preranked(ranked().with_columns(t=-pl.col("t")), sets, SETTINGS, seed=1).sort("term")
    assert_allclose(plus["es"].to_numpy(), -minus["es"].to_numpy(), rtol=1e-9)


def test_gene_without_t_takes_no_part(tmp_path: Path) -> None:
    sets = library(tmp_path, made_up())
    extra = pl.DataFrame({"gene": ["NOT_TESTED", "NOT_EITHER"], "t": [None, float("nan")]})
    with_missing = preranked(pl.concat([ranked(), extra]), sets, SETTINGS, seed=1)
    assert with_missing.equals(preranked(ranked(), sets, SETTINGS, seed=1))


def test_earlier_symbols_are_found(tmp_path: Path) -> None:
    sets = library(tmp_path, {"T": ["CCN1", "JCHAIN", "GENE0002", "GENE0003", "GENE0004"]})
    named = ranked().with_columns(pl.col("gene").replace({"GENE0000": "CYR61", "GENE0001": "IGJ"}))
    table = preranked(named, sets, SETTINGS, seed=1)
    assert table["set_size"].to_list() == [5]
    assert table["leading_edge"][0].to_list() == ["CYR61", "IGJ", "GENE0002", "GENE0003", "GENE0004"]


def test_sets_of_other_sizes_and_the_whole_list_are_no_rows(tmp_path: Path) -> None:
    genes = ranked(50)["gene"].to_list()
    sets = library(tmp_path, {"SMALL": genes[:4], "LARGE": genes[:30], "ALL": genes})
    assert preranked(ranked(50), sets, Enrichment(min_size=5, max_size=29), seed=1).height == 0
    table = preranked(ranked(50), sets, Enrichment(min_size=5, max_size=100), seed=1)
    assert table["term"].to_list() == ["LARGE"]
    table = preranked(ranked(50), sets, Enrichment(min_size=4, max_size=30), seed=1)
    assert set(table["term"]) == {"SMALL", "LARGE"}


def test_nothing_ranked_is_an_empty_table(tmp_path: Path) -> None:
    sets = library(tmp_path, made_up())
    empty = preranked(ranked().clear(), sets, SETTINGS, seed=1)
    assert empty.height == 0
    assert empty.schema == TABLES["enrichment/gsea"].rows_schema


def test_score_without_a_random_one_of_its_sign_is_not_normalised(tmp_path: Path) -> None:
    # One random set: it has one sign only.
    table = preranked(ranked(), library(tmp_path, made_up()), SETTINGS, seed=1, permutations=1)
    alone = table.filter(pl.col("nes").is_null())
    assert alone.height > 0
    assert alone["fdr"].null_count() == alone.height
    assert set(alone["p_value"]) == {1.0}


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"gene": ["GENE0001"], "t": [0.5]}, "gene 'GENE0001' is a duplicate"),
        ({"gene": ["ENDLESS"], "t": [float("inf")]}, "gene 'ENDLESS' has an infinite t"),
    ],
)
def test_bad_statistics_name_the_gene(tmp_path: Path, extra: dict[str, list[object]], message: str) -> None:
    statistics = pl.concat([ranked(), pl.DataFrame(extra)])
    with pytest.raises(ValueError, match=message):
        preranked(statistics, library(tmp_path, made_up()), SETTINGS, seed=1)


def test_no_permutation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one permutation, got 0"):
        preranked(ranked(), library(tmp_path, made_up()), SETTINGS, seed=1, permutations=0)


def test_nothing_is_written_and_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    sets = library(tmp_path, made_up())
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    preranked(ranked().with_columns(t=pl.col("t").round(1)), sets, SETTINGS, seed=1)
    assert list((tmp_path / "here").iterdir()) == []
    assert capfd.readouterr() == ("", "")
