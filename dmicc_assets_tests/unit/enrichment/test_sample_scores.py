"""ssGSEA and GSVA against the formulas of their papers, written out gene by gene; order, ties and absent values."""

from collections.abc import Callable
from dataclasses import replace
from math import erf, sqrt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import dmicc_assets as dm
from dmicc_assets.enrichment.gene_sets import GeneSet, GeneSetLibrary
from dmicc_assets.enrichment.sample_scores import sample_scores
from dmicc_assets.enrichment.score_differences import score_differences, score_matrix
from dmicc_assets.types import ExpressionMatrix, FloatArray

GENES = tuple(f"G{i:02d}" for i in range(40))
SETS = {"low": GENES[:12], "mixed": (*GENES[8:16], *GENES[30:35]), "two": GENES[38:]}
LIBRARY = GeneSetLibrary("LIB", "1", "2026-01-01", "", Path(), {k: GeneSet(k.title(), v) for k, v in SETS.items()})


def matrix(seed: int = 1, n: int = 7) -> ExpressionMatrix:
    values = np.random.default_rng(seed).normal(8, 2, (len(GENES), n))
    return ExpressionMatrix(values, GENES, tuple(f"S{j}" for j in range(n)))


def barbie(values: FloatArray, is_in: list[bool]) -> float:
    """Barbie 2009: the sum over the ranked list of the weighted share of the set less the share of the others."""
    order = sorted(range(len(values)), key=lambda i: -values[i])
    rank = {gene: len(values) - place for place, gene in enumerate(order)}
    whole = sum(rank[i] ** 0.25 for i in order if is_in[i])
    inside = outside = total = 0.0
    for gene in order:
        if is_in[gene]:
            inside += rank[gene] ** 0.25 / whole
        else:
            outside += 1 / is_in.count(False)
        total += inside - outside
    return total


def haenzelmann(values: FloatArray, is_in: list[bool], sample: int) -> float:
    """Hänzelmann 2013, equations 1 to 5: Gaussian kernel, symmetric ranks, tau 1, largest deviations added."""
    p, n = values.shape
    density = [
        sum(
            0.5 * (1 + erf((values[i, sample] - values[i, k]) / (values[i].std(ddof=1) / 4) / sqrt(2)))
            for k in range(n)
        )
        / n
        for i in range(p)
    ]
    order = sorted(range(p), key=lambda i: -density[i])
    weight = {gene: abs(p / 2 - (p - place)) for place, gene in enumerate(order)}
    whole = sum(weight[i] for i in order if is_in[i])
    walk, highest, lowest = 0.0, 0.0, 0.0
    for gene in order:
        walk += weight[gene] / whole if is_in[gene] else -1 / is_in.count(False)
        highest, lowest = max(highest, walk), min(lowest, walk)
    return highest + lowest


def scored(of: ExpressionMatrix, method: str, least: int = 2) -> dict[tuple[str, str], float]:
    rows = sample_scores(of, [LIBRARY], method, least).scores  # pyright: ignore[reportArgumentType]
    return {(term, sample): score for term, sample, score in rows.select("term", "sample", "score").iter_rows()}


@pytest.mark.parametrize("method", ["ssgsea", "gsva"])
def test_scores_are_those_of_the_paper(method: str) -> None:
    given = matrix()
    found = scored(given, method)
    assert len(found) == len(SETS) * 7
    for term, genes in SETS.items():
        is_in = [gene in genes for gene in GENES]
        for j, sample in enumerate(given.samples):
            wanted = barbie(given.values[:, j], is_in) if method == "ssgsea" else haenzelmann(given.values, is_in, j)
            assert found[term, sample] == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("method", ["ssgsea", "gsva"])
def test_the_order_of_genes_and_samples_and_threads_change_no_score(method: str) -> None:
    given = matrix()
    given.values[:, 2] = np.round(given.values[:, 2] / 3)  # ties
    other = given.take_features(GENES[::-1]).take_samples(given.samples[::-1])
    assert scored(other, method) == pytest.approx(scored(given, method), abs=1e-12)
    threaded = sample_scores(given, [LIBRARY], method, 2, threads=2).scores  # pyright: ignore[reportArgumentType]
    assert threaded.equals(sample_scores(given, [LIBRARY], method, 2).scores)  # pyright: ignore[reportArgumentType]


def test_ssgsea_does_not_depend_on_the_names_of_genes_of_one_value() -> None:
    """Half of the genes are 0, as in TPM: their order is the mean over all, and a flat sample has the score 0."""
    given = matrix()
    given.values[::2] = 0
    given.values[:, 1] = 3
    names = dict(zip(GENES, GENES[::-1], strict=True))
    other = ExpressionMatrix(given.values, tuple(names[gene] for gene in GENES), given.samples)
    sets = {term: GeneSet(each.name, tuple(names[g] for g in each.genes)) for term, each in LIBRARY.sets.items()}
    renamed = sample_scores(other, [replace(LIBRARY, sets=sets)], "ssgsea", 2).scores
    np.testing.assert_allclose(renamed["score"], sample_scores(given, [LIBRARY], "ssgsea", 2).scores["score"])
    np.testing.assert_allclose(renamed.filter(sample="S1")["score"], 0, atol=1e-12)


def test_ssgsea_of_a_sample_needs_no_other_and_gsva_does() -> None:
    given = matrix()
    alone = given.take_samples(["S3"])
    assert scored(alone, "ssgsea")["low", "S3"] == pytest.approx(scored(given, "ssgsea")["low", "S3"], abs=1e-12)
    with pytest.raises(ValueError, match="expected two or more, got one"):
        scored(alone, "gsva")
    assert scored(given.take_samples(["S3", "S4"]), "gsva")["low", "S3"] != scored(given, "gsva")["low", "S3"]


def test_missing_and_constant_genes_are_left_out_and_counted() -> None:
    given = matrix()
    given.values[0, 1] = np.nan
    given.values[5] = 7.0
    single = sample_scores(given, [LIBRARY], "ssgsea", 2)
    relative = sample_scores(given, [LIBRARY], "gsva", 2)
    assert single.notes() == {"n_genes": 39, "n_missing": 1, "n_constant": 0}
    assert relative.notes() == {"n_genes": 38, "n_missing": 1, "n_constant": 1}
    assert set(single.scores.filter(term="low")["n_genes"]) == {11}
    assert set(relative.scores.filter(term="low")["n_genes"]) == {10}
    assert relative.scores["score"].is_finite().all()


def test_sizes_and_sets_of_all_genes() -> None:
    everything = GeneSetLibrary("ALL", "1", "", "", Path(), {"all": GeneSet(None, GENES)})
    assert sample_scores(matrix(), [everything], "ssgsea").scores.is_empty()
    assert sample_scores(matrix(), [], "gsva").scores.is_empty()
    assert set(sample_scores(matrix(), [LIBRARY], "ssgsea", 10).scores["term"]) == {"low", "mixed"}


def frame(of: ExpressionMatrix) -> pl.DataFrame:
    return pl.DataFrame({"gene": of.features, **{s: of.values[:, j] for j, s in enumerate(of.samples)}})


@pytest.mark.parametrize("score", [dm.ssgsea, dm.gsva])
def test_the_front_door_takes_frames_and_a_file_or_genes_by_set(
    tmp_path: Path, score: Callable[..., pl.DataFrame]
) -> None:
    path = tmp_path / "LIB.gmt"
    path.write_text("".join("\t".join([name, "", *genes]) + "\n" for name, genes in SETS.items()))
    given = frame(matrix())
    from_file, from_genes = score(given, path, min_size=2), score(given, SETS, min_size=2)
    assert from_file.drop("library").equals(from_genes.drop("library"))
    assert from_file["library"].unique().to_list() == ["LIB"]
    shuffled = given.sample(fraction=1, shuffle=True, seed=2).select("gene", *reversed(given.columns[1:]))
    again = score(shuffled, SETS, min_size=2).sort("term", "sample")
    np.testing.assert_allclose(again["score"], from_genes.sort("term", "sample")["score"], atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sets": {"A": []}}, "sets: no gene in 'A'"),
        ({"sets": {}}, "sets: expected one or more"),
        ({"sets": {"A": ["Tp53", "Gapdh"]}, "min_size": 1}, r"no set has 1 to 500 .*measured: G00.*sets: Gapdh, Tp53"),
        ({"sets": {"A": "TP53"}}, "sets: expected several genes in 'A', got the text 'TP53'"),
        ({"min_size": 0}, "min_size: expected greater than or equal to 1"),
        ({"min_size": 9, "max_size": 8}, "min_size: expected at most max_size"),
        ({"expression": frame(matrix()).rename({"gene": "id"})}, "expected 'gene' or 'probe' as the first column"),
        ({"expression": pl.concat([frame(matrix())] * 2)}, "G00"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"expression": frame(matrix()), "sets": SETS, "min_size": 2} | change
    with pytest.raises(ValueError, match=message):
        dm.ssgsea(**given)  # pyright: ignore[reportArgumentType]


def test_differences_are_within_datasets() -> None:
    """Dataset B is 100 higher and has other shares of cases: that is no difference between the groups."""
    rows = [("A", f"a{i}", i < 4, float(i % 2)) for i in range(6)] + [
        ("B", f"b{i}", i < 2, 100.0 + i % 2 + (i < 2)) for i in range(6)
    ]
    samples = pl.DataFrame([row[:3] for row in rows], schema=["dataset", "sample", "is_case"], orient="row")
    scores = pl.DataFrame([(d, s, x) for d, s, _, x in rows], schema=["dataset", "sample", "score"], orient="row")
    named = scores.with_columns(library=pl.lit("L"), term=pl.lit("T"), term_name=pl.lit("t"), method=pl.lit("ssgsea"))
    (row,) = score_differences(named, samples).iter_rows(named=True)
    within = sqrt((2 * 1 * 0.5**2 + 4 * 0.5**2) / 4)
    assert (row["n_case"], row["n_control"]) == (6, 6)
    assert row["difference"] == pytest.approx((0 * 6 + 1 / within * 6) / 12)
    flat = named.with_columns(score=pl.lit(1.0))
    assert score_differences(flat, samples).is_empty()


def test_the_matrix_of_scores_is_standardised_within_datasets() -> None:
    names = [f"{d}{i}" for d in "ab" for i in range(4)]
    samples = pl.DataFrame(
        {"dataset": ["A"] * 4 + ["B"] * 4, "sample": names, "is_case": [True, True, False, False] * 2}
    )
    of_set = {"library": "L", "term_name": None, "method": "ssgsea"}
    rows = [
        {"dataset": d.upper(), "sample": f"{d}{i}", "term": term, "score": 100 * (d == "b") + value}
        for term, values in (("far", (3.0, 4.0, 1.0, 2.0)), ("near", (1.0, 2.0, 1.5, 2.5)), ("flat", (1.0,) * 4))
        for d in "ab"
        for i, value in enumerate(values)
    ]
    scores = pl.DataFrame([row | of_set for row in rows])
    found = score_matrix(scores, samples, 5)
    assert found.features == ("far", "near")
    assert found.samples == tuple(names)
    np.testing.assert_allclose(found.values[:, :4], found.values[:, 4:])
    np.testing.assert_allclose(found.values[0, :4], (np.array([3, 4, 1, 2]) - 2.5) / np.std([3, 4, 1, 2], ddof=1))
    alike = scores.with_columns(term_name=pl.lit("pathway"))
    assert score_matrix(alike, samples, 5).features == ("pathway (L far)", "pathway (L near)")
    assert score_matrix(scores, samples, 1).features == ("far",)
