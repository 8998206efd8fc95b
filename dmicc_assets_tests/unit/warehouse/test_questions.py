"""Every worked question runs on a lake with rows and on an empty one, answers in the stated shape, and is right."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dmicc_assets.model.frozen_model import risk_model_from_table
from dmicc_assets.study.settings import Settings
from dmicc_assets.warehouse.build import open_warehouse, sql_folder
from dmicc_assets.warehouse.data_dictionary import Question, questions, read_question
from dmicc_assets_tests.worlds.simulated_lake import (
    ENTERED,
    OPPOSITE,
    SWAPPED,
    UNUSED,
    filled_tables,
    model_matrix,
    simulated_workspace,
)

QUESTIONS = questions()


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(simulated_workspace(tmp_path_factory.mktemp("lake") / "home").settings) as connection:
        yield connection


def ask(connection: duckdb.DuckDBPyConnection, name: str) -> pl.DataFrame:
    return connection.sql((sql_folder() / "questions" / f"{name}.sql").read_text()).pl()


def shape(connection: duckdb.DuckDBPyConnection, question: Question) -> list[tuple[str, str]]:
    text = (sql_folder() / "questions" / f"{question.name}.sql").read_text().strip().removesuffix(";")
    return [(name, sql_type) for name, sql_type, *_ in connection.execute(f"DESCRIBE {text}").fetchall()]


def test_there_are_enough() -> None:
    assert len(QUESTIONS) >= 15


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_question_answers_with_rows_of_the_stated_shape(
    warehouse: duckdb.DuckDBPyConnection, question: Question
) -> None:
    assert shape(warehouse, question) == [(name, sql_type) for name, sql_type, _ in question.columns]
    assert len(ask(warehouse, question.name)) > 0


def test_and_with_none_on_an_empty_lake(settings: Settings) -> None:
    with open_warehouse(settings) as connection:
        rows = {question.name: len(ask(connection, question.name)) for question in QUESTIONS}
    assert set(rows.values()) == {0}, rows


@pytest.mark.parametrize(
    "text", ["SELECT 1;", "-- Which?\nSELECT 1;", "-- Which?\n-- Answer: one row\n--   a | BIGINT\nSELECT 1;"]
)
def test_a_header_that_does_not_state_the_answer_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "which.sql"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"which\.sql: expected a question"):
        read_question(path)


def test_the_gene_that_is_the_other_way_round_is_the_only_one(warehouse: duckdb.DuckDBPyConnection) -> None:
    answer = ask(warehouse, "opposite_directions")
    assert answer["gene"].to_list() == [OPPOSITE]
    assert answer["log_fc_up"][0] > 0 > answer["log_fc_down"][0]
    assert {answer["cohort_up"][0], answer["cohort_down"][0]} == {"a", "b"}


def test_log_fc_of_every_gene(warehouse: duckdb.DuckDBPyConnection) -> None:
    answer = ask(warehouse, "log_fc_across_cohorts")
    statistics = filled_tables().rows("differential/statistics")
    assert set(answer["gene"]) == set(statistics["gene"])
    assert answer["n_differential"].sum() == len(filled_tables().rows("differential/genes"))
    ours = statistics.filter(pl.col("gene") == "G020", pl.col("cohort") == "a")["log_fc"][0]
    by_cohort = warehouse.execute("SELECT log_fc FROM differential.statistics WHERE gene = 'G020' ORDER BY cohort")
    assert by_cohort.fetchall()[0] == (ours,)


def test_samples_with_each_others_label_are_found(warehouse: duckdb.DuckDBPyConnection) -> None:
    answer = ask(warehouse, "samples_that_look_mislabelled").filter(pl.col("cohort") == "b")
    by_expression = answer.filter(pl.col("reason") == "expression")
    assert set(by_expression["sample"]) == set(SWAPPED)
    assert (by_expression["statistic"] > 1).all()


def test_pathways_of_both_diseases_with_the_genes_of_both(warehouse: duckdb.DuckDBPyConnection) -> None:
    answer = ask(warehouse, "shared_pathways")
    assert answer["term"].to_list() == [f"GO:000000{i}" for i in range(7)]
    assert answer["shared_genes"].to_list() == [["G020", "G021"]] * 7


def test_what_changed_names_the_gene_that_entered_and_the_areas_that_moved(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    answer = ask(warehouse, "what_changed_since_the_last_revision")
    genes = answer.filter(pl.col("what") == "differential.genes")
    assert set(genes.select("gene", "change").iter_rows()) == {(ENTERED, "entered")}
    moved = answer.filter(pl.col("what") == "validation.roc")
    assert len(moved) == len(filled_tables().rows("validation/roc"))
    assert (moved["after"] - moved["before"]).round(6).unique().to_list() == [0.01]


def test_new_patients_get_the_models_probability(warehouse: duckdb.DuckDBPyConnection) -> None:
    results = filled_tables()
    model = risk_model_from_table(results.rows("model/coefficients"))
    answer = ask(warehouse, "score_of_a_new_patient").sort("sample")
    first = model_matrix(results, "GSE3").take_features(model.genes).values[:, :1]
    assert answer["sample"].to_list() == list(UNUSED)
    assert answer["probability"][0] == pytest.approx(model.probability(first)[0], abs=1e-12)
    assert answer["out_of_range"].to_list()[1] == sorted(model.genes)
    assert answer["probability"][2] is None
    assert answer["missing_genes"].to_list()[2] == sorted(model.genes)


def test_the_share_of_random_sets_that_are_as_good(warehouse: duckdb.DuckDBPyConnection) -> None:
    nulls = filled_tables().rows("rigor/nulls", statistic="auc")
    answer = ask(warehouse, "random_genes_as_good").row(0, named=True)
    drawn = nulls.filter(pl.col("draw") > 0)["value"]
    assert answer["n_random"] == len(drawn) == 100
    assert answer["share_as_good"] == pytest.approx((drawn >= 0.9).mean())
    chance = ask(warehouse, "more_than_chance").row(0, named=True)
    size = filled_tables().rows("signature/overlap")["n_shared"][0]
    larger = (filled_tables().rows("rigor/nulls", statistic="signature_size")["value"][1:] >= size).sum()
    assert chance["permutation_p_value"] == pytest.approx((larger + 1) / 101)


def test_a_patient_with_several_samples(warehouse: duckdb.DuckDBPyConnection) -> None:
    answer = ask(warehouse, "patients_with_several_samples")
    samples = filled_tables().rows("cohort/samples", dataset="GSE3").group_by("patient").len()
    several = samples.filter(pl.col("len") > 1)
    assert dict(answer.select("patient", pl.col("n_case") + pl.col("n_control")).iter_rows()) == dict(
        several.iter_rows()
    )
