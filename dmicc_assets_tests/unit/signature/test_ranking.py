"""Ranking and biomarkers: the rules of the choice, and very small signatures and cohorts."""

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from dmicc_assets.signature.forest import cv_error, importance, importances, ranks
from dmicc_assets.signature.ranking import choose_biomarkers, rank_signature
from dmicc_assets.study.schema import Ranking
from dmicc_assets.tables import TABLES
from dmicc_assets.types import CaseControl, ExpressionMatrix

SETTINGS = Ranking(trees=20, folds=5, top=2, seed=3)


def subject(values: NDArray[np.float64], n_case: int, name: str = "icc") -> CaseControl:
    n = values.shape[1]
    matrix = ExpressionMatrix(
        np.asarray(values, dtype=np.float64),
        tuple(f"G{i}" for i in range(len(values))),
        tuple(f"{name}{i}" for i in range(n)),
    )
    return CaseControl(name, "cohort", matrix, np.arange(n) < n_case, ("D",) * n, (None,) * n)


def graded(seed: int, n_case: int = 12, n: int = 24, genes: int = 6) -> NDArray[np.float64]:
    """G0 differs most between the groups, the last gene not at all."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(genes, n)) + np.linspace(2, 0, genes)[:, np.newaxis] * (np.arange(n) < n_case)


def test_rank_is_by_mean_gini_over_50_seeds() -> None:
    cohort = subject(graded(1), 12)
    table = rank_signature([cohort], ["G2", "G0", "G5", "G1"], SETTINGS).ranking
    assert table.schema == TABLES["signature/ranking"].rows_schema
    values = cohort.matrix.values[[0, 1, 2, 5]]
    gini = importance(values, cohort.is_case, 20, range(3, 53))
    by_gene = table.sort("gene")
    assert by_gene["gene"].to_list() == ["G0", "G1", "G2", "G5"]
    assert_allclose(by_gene["gini_importance"].to_numpy(), gini.mean(axis=0), rtol=1e-12)
    assert by_gene["rank"].to_list() == ranks(gini.mean(axis=0)).tolist()
    low, high = np.quantile(ranks(gini), [0.025, 0.975], axis=0)
    assert_allclose(by_gene["rank_low"].to_numpy(), low)
    assert_allclose(by_gene["rank_high"].to_numpy(), high)
    permuted = importances(values, cohort.is_case, 20, range(3, 13)).permutation.mean(axis=0)
    assert_allclose(by_gene["permutation_importance"].to_numpy(), permuted, rtol=1e-12)
    assert table["rank"].to_list() == [1, 2, 3, 4]
    assert table["gene"][0] == "G0"


def test_error_curve_is_reported_and_chooses_only_when_asked() -> None:
    cohort = subject(graded(1), 12)
    tables = rank_signature([cohort], ["G0", "G1", "G2"], SETTINGS)
    expected = cv_error(cohort.matrix.values[:3], cohort.is_case, 20, 5, 3)
    assert expected is not None
    curve = tables.error_curve
    assert curve.schema == TABLES["signature/error_curve"].rows_schema
    assert curve["n_trees"].to_list() == list(range(1, 21))
    assert_allclose(curve["cv_error"].to_numpy(), expected)
    chosen = 1 + int(np.argmin(expected))
    assert chosen < 20
    assert curve.filter("is_chosen")["n_trees"].to_list() == [chosen]
    assert tables.ranking["n_trees"].unique().to_list() == [20]
    by_cv = rank_signature([cohort], ["G0", "G1", "G2"], SETTINGS.model_copy(update={"use_cv_trees": True}))
    assert by_cv.ranking["n_trees"].unique().to_list() == [chosen]
    gini = importance(cohort.matrix.values[:3], cohort.is_case, chosen, range(3, 53)).mean(axis=0)
    assert_allclose(by_cv.ranking.sort("gene")["gini_importance"].to_numpy(), gini, rtol=1e-12)


def test_biomarkers_are_the_first_of_every_cohort() -> None:
    cohorts = [subject(graded(seed), 12, name) for seed, name in ((1, "dm"), (2, "icc"))]
    tables = rank_signature(cohorts, [f"G{i}" for i in range(6)], SETTINGS.model_copy(update={"top": 3}))
    first = [
        set(tables.ranking.filter(pl.col("cohort") == name, pl.col("rank") <= 3)["gene"].to_list())
        for name in ("dm", "icc")
    ]
    assert set(tables.biomarkers["gene"].to_list()) == first[0] & first[1]
    assert "G0" in tables.biomarkers["gene"].to_list()
    assert tables.biomarkers.schema == TABLES["signature/biomarkers"].rows_schema


def test_biomarkers_go_by_rank_sum_then_name() -> None:
    rows = [("a", "X", 1), ("a", "Y", 2), ("a", "Z", 3), ("b", "Y", 1), ("b", "X", 2), ("b", "W", 3)]
    ranking = pl.DataFrame(rows, schema=["cohort", "gene", "rank"], orient="row")
    assert choose_biomarkers(ranking, ["a", "b"], 3).rows() == [("X", 3), ("Y", 3)]
    assert choose_biomarkers(ranking, ["a", "b"], 1).rows() == []
    assert choose_biomarkers(ranking, ["a", "b", "nothing_ranked"], 3).rows() == []


def test_gene_with_a_missing_value_is_left_out_and_listed() -> None:
    # ra of GSE55235 and GSE55457 has missing cells after log2.
    with_missing = graded(2)
    with_missing[0, 3] = np.nan
    cohorts = [subject(graded(1), 12, "hcc"), subject(with_missing, 12, "ra")]
    tables = rank_signature(cohorts, ["G0", "G1", "G2"], SETTINGS)
    assert tables.left_out == {"hcc": [], "ra": ["G0"]}
    assert set(tables.ranking.filter(pl.col("cohort") == "ra")["gene"]) == {"G1", "G2"}
    assert "G0" not in tables.biomarkers["gene"].to_list()


def test_missing_values_are_filled_in_when_the_study_says_so() -> None:
    values = graded(2)
    values[0, 3] = np.nan
    values[4] = np.nan
    cohort, by_knn = subject(values, 12), SETTINGS.model_copy(update={"missing": "knn"})
    genes = ["G0", "G1", "G2", "G4"]
    tables = rank_signature([cohort], genes, by_knn)
    assert tables.filled_in == {"icc": ["G0"]}
    assert tables.left_out == {"icc": ["G4"]}
    filled = values[:3].copy()
    distance = np.sqrt(((values[1:3] - values[1:3, 3:4]) ** 2).sum(axis=0))
    distance[3] = np.inf
    filled[0, 3] = values[0, np.argsort(distance)[:10]].mean()
    expected = rank_signature([subject(filled, 12)], genes[:3], SETTINGS)
    assert tables.ranking.drop("cohort").equals(expected.ranking.drop("cohort"))
    assert tables.biomarkers.equals(expected.biomarkers)
    assert tables.error_curve.height == 20


def test_a_fold_fills_in_from_its_training_samples_only() -> None:
    """A gene that is missing in all but two samples: the folds that hold these out have nothing to fill in from."""
    values = graded(1)
    values[0, 2:] = np.nan
    curve = cv_error(values, np.arange(24) < 12, 5, 4, 1, fills_in=True)
    assert curve is not None
    assert np.isfinite(curve).all()
    with pytest.raises(ValueError, match="gene in row 0 has a missing or infinite value"):
        cv_error(values, np.arange(24) < 12, 5, 4, 1)


def test_every_gene_left_out_is_a_result() -> None:
    values = graded(1)
    values[:, 0] = np.nan
    tables = rank_signature([subject(values, 12)], ["G0", "G1"], SETTINGS)
    assert tables.left_out == {"icc": ["G0", "G1"]}
    assert (tables.ranking.height, tables.error_curve.height, tables.biomarkers.height) == (0, 0, 0)


def test_empty_signature_is_a_result() -> None:
    tables = rank_signature([subject(graded(1), 12)], [], SETTINGS)
    assert tables.left_out == {"icc": []}
    assert tables.ranking.schema == TABLES["signature/ranking"].rows_schema
    assert tables.error_curve.schema == TABLES["signature/error_curve"].rows_schema
    assert tables.biomarkers.schema == TABLES["signature/biomarkers"].rows_schema
    assert (tables.ranking.height, tables.error_curve.height, tables.biomarkers.height) == (0, 0, 0)


def test_signature_of_one_gene_is_its_biomarker() -> None:
    cohorts = [subject(graded(seed), 12, name) for seed, name in ((1, "dm"), (2, "icc"))]
    tables = rank_signature(cohorts, ["G1"], SETTINGS)
    assert tables.biomarkers.rows() == [("G1", 2)]
    assert tables.ranking.select("rank", "rank_low", "rank_high").unique().rows() == [(1, 1.0, 1.0)]


def test_class_of_one_is_ranked_without_a_curve() -> None:
    by_cv = SETTINGS.model_copy(update={"use_cv_trees": True})
    tables = rank_signature([subject(graded(1, n_case=23), 23)], ["G0", "G1", "G2"], by_cv)
    assert tables.ranking.height == 3
    assert tables.ranking["n_trees"].unique().to_list() == [20]
    assert tables.error_curve.height == 0
    assert tables.biomarkers.height == 2


def test_fewer_controls_than_folds_reduce_the_folds() -> None:
    tables = rank_signature([subject(graded(1, n_case=21), 21)], ["G0", "G1"], SETTINGS)
    assert tables.error_curve.height == 20


@pytest.mark.parametrize("n_case", [0, 24])
def test_empty_class_is_a_result(n_case: int) -> None:
    tables = rank_signature([subject(graded(1), n_case)], ["G0", "G1"], SETTINGS)
    assert (tables.ranking.height, tables.error_curve.height, tables.biomarkers.height) == (0, 0, 0)


def test_ties_go_by_name() -> None:
    values = graded(1)
    values[1:] = 0.0
    table = rank_signature([subject(values, 12)], ["G3", "G0", "G2", "G1"], SETTINGS).ranking
    assert table["gene"].to_list() == ["G0", "G1", "G2", "G3"]


def test_order_of_the_signature_and_repetition_change_nothing() -> None:
    cohort = subject(graded(1), 12)
    first = rank_signature([cohort], ["G0", "G1", "G2"], SETTINGS)
    second = rank_signature([cohort], ["G2", "G1", "G0"], SETTINGS)
    assert first.ranking.equals(second.ranking)
    assert first.error_curve.equals(second.error_curve)


def test_bad_requests_name_the_gene() -> None:
    values = graded(1)
    cohort = subject(values, 12)
    with pytest.raises(ValueError, match="cohort icc: gene 'PARP12' is not in its matrix"):
        rank_signature([cohort], ["G0", "PARP12"], SETTINGS)
    with pytest.raises(ValueError, match="duplicate gene 'G0'"):
        rank_signature([cohort], ["G0", "G0"], SETTINGS)
    with pytest.raises(ValueError, match="duplicate cohort"):
        rank_signature([cohort, cohort], ["G0"], SETTINGS)
    values[1, 0] = np.inf
    with pytest.raises(ValueError, match="cohort icc: gene 'G1' has an infinite value"):
        rank_signature([subject(values, 12)], ["G0", "G1"], SETTINGS)
