"""Gene sets and lists under permuted labels: the same scores, lists of one length, p-values that count the observed."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from dmicc_assets.enrichment.gene_sets import GeneSetLibrary, read_gmt
from dmicc_assets.enrichment.gsea import preranked
from dmicc_assets.enrichment.ora import over_representation
from dmicc_assets.enrichment.relabelled import RelabelledGenes, scores_under_labels
from dmicc_assets.enrichment.score_significance import label_significance
from dmicc_assets.enrichment.set_scores import enrichment_scores
from dmicc_assets.enrichment.terms import enriched_terms
from dmicc_assets.study.schema import Enrichment

GENES = tuple(f"G{i:03}" for i in range(200))
ANY = Enrichment(min_size=1, max_size=150)


def relabelled(seed: int = 1, n: int = 50) -> RelabelledGenes:
    rng = np.random.default_rng(seed)
    return RelabelledGenes(GENES, rng.normal(size=(n, 200)), rng.normal(size=(n, 200)))


def library(folder: Path, sets: dict[str, list[str]]) -> GeneSetLibrary:
    path = folder / "LIB.gmt"
    path.write_text("".join("\t".join([term, "", *genes]) + "\n" for term, genes in sets.items()))
    return read_gmt(path)


def sets_of(seed: int) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [sorted(rng.choice(200, size, replace=False).tolist()) for size in (1, 7, 7, 30, 120, 199)]


def test_scores_of_all_sizes_at_once_are_those_of_one_size() -> None:
    t, sets = relabelled().t, sets_of(2)
    t[0, 50:] = 0.0
    t[1] = 0.0
    for row, scores in zip(t, scores_under_labels(t, [np.array(hits)[None] for hits in sets]), strict=True):
        order = np.argsort(-row, kind="stable")
        rank = np.argsort(order)
        for hits, score in zip(sets, scores, strict=True):
            expected, _ = enrichment_scores(np.sort(rank[hits])[None], np.abs(row)[order])
            assert_allclose(score, expected[0], atol=1e-12)


def test_lists_are_as_long_and_both_thresholds_are_loosened_alike() -> None:
    null = relabelled()
    statistics = pl.DataFrame({"gene": GENES, "log_fc": null.log_fc[0], "t": null.t[0]})
    chosen = statistics.filter((pl.col("log_fc").abs() >= 1) & (pl.col("t").abs() >= 1))["gene"].to_list()
    lists = null.lists(chosen, statistics)
    assert set(lists.sum(axis=1)) == {len(chosen)}
    # Under the true labels the list is the disease's own.
    assert [gene for gene, kept in zip(GENES, lists[0], strict=True) if kept] == chosen
    assert not null.lists([], statistics).any()


def test_a_gene_without_statistics_is_the_last_of_a_list() -> None:
    null = relabelled()
    null.t[:, 3] = null.log_fc[:, 3] = np.nan
    statistics = pl.DataFrame({"gene": GENES, "log_fc": [1.0] * 200, "t": [2.0] * 200})
    assert not null.lists(GENES[:199], statistics)[:, 3].any()
    assert (null.t_of(["G003"]) == 0).all()


def test_significance_counts_the_score_itself_and_its_sign_only() -> None:
    null = np.array([[0.5, -0.2], [0.3, 0.4], [-0.9, 0.4], [0.6, 0.4]])
    p, fdr = label_significance(np.array([0.5, -0.3]), null)
    # Of 0.5, 0.3 and 0.6 two are as extreme; of -0.2 none.
    assert_allclose(p, [3 / 4, 1 / 2])
    assert np.isfinite(fdr).all()
    p, fdr = label_significance(np.array([0.5]), np.array([[-0.1], [-0.2]]))
    assert p[0] == 1
    assert np.isnan(fdr[0])


def test_the_labels_p_value_of_a_list_is_a_share_of_lists(tmp_path: Path) -> None:
    sets = library(tmp_path, {"A": list(GENES[:20]), "B": list(GENES[10:60])})
    null = relabelled()
    statistics = pl.DataFrame({"gene": GENES, "log_fc": null.log_fc[1], "t": null.t[1]})
    chosen = statistics.sort(pl.col("t").abs(), descending=True)["gene"].head(30).to_list()
    table = enriched_terms(pl.DataFrame({"gene": chosen}), statistics, [sets], ANY, null)
    assert table.notes["labellings"] == 50
    lists = null.lists(chosen, statistics)
    for term, k, p in table.terms.select("term", "n_overlap", "label_p_value").iter_rows():
        inside = [int(gene[1:]) for gene in sets.sets[term].genes]
        assert p == (1 + (lists[:, inside].sum(axis=1) >= k).sum()) / 51
    assert over_representation(chosen, GENES, sets, ANY)["label_p_value"].is_null().all()


def correlated(seed: int, n_sets: int = 10, rho: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Values of 200 genes in modules, and the groups: nothing differs."""
    rng = np.random.default_rng(seed)
    module = np.arange(200) % n_sets
    values = np.sqrt(1 - rho) * rng.normal(size=(200, 24)) + np.sqrt(rho) * rng.normal(size=(n_sets, 24))[module]
    return values, np.arange(24) < 12


def test_null_sets_of_correlated_genes_fire_at_their_rate_under_labels_and_not_under_genes(tmp_path: Path) -> None:
    from dmicc_assets.stats.relabelling import moderated_t_over_labels

    sets = library(tmp_path, {f"M{m}": list(GENES[m::10]) for m in range(10)})
    tables = []
    for seed in range(10):
        values, is_case = correlated(seed)
        rng = np.random.default_rng(seed)
        labels = np.array([is_case, *(rng.permutation(is_case) for _ in range(40))])
        many = moderated_t_over_labels(values, labels)
        null = RelabelledGenes(GENES, many.log_fc[1:], many.t[1:])
        statistics = pl.DataFrame({"gene": GENES, "t": many.t[0]})
        tables.append(preranked(statistics, sets, ANY, 1, 50, relabelled=null))
    table = pl.concat(tables)
    rate, genes = (table.select((pl.col(name) < 0.05).mean()).item() for name in ("label_p_value", "p_value"))
    assert 0.01 <= rate <= 0.10
    assert genes > 0.25


@pytest.mark.parametrize("n", [0, 5])
def test_without_labellings_there_is_no_p_value_of_labels(n: int, tmp_path: Path) -> None:
    sets = library(tmp_path, {"A": list(GENES[::10])})
    statistics = pl.DataFrame({"gene": GENES, "t": np.linspace(3, -3, 200)})
    table = preranked(statistics, sets, ANY, 1, 100, relabelled=relabelled(n=n))
    assert table["label_p_value"].is_null().all() == (n == 0)
