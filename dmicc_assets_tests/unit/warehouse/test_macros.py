"""The macros of a filled warehouse, and its file: opened from another directory, by the plain client, and by 1.5."""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.model.frozen_model import RiskModel, risk_model_from_table
from dmicc_assets.warehouse.build import ensure_warehouse, open_warehouse
from dmicc_assets_tests.worlds.simulated_lake import filled_tables, model_matrix, simulated_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return simulated_workspace(tmp_path_factory.mktemp("lake") / "home")


@pytest.fixture(scope="module")
def warehouse(workspace: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(workspace.settings) as connection:
        yield connection


@pytest.fixture(scope="module")
def model() -> RiskModel:
    return risk_model_from_table(filled_tables().rows("model/coefficients"))


def test_a_genes_card_has_its_place_in_every_cohort_and_validation_dataset(
    warehouse: duckdb.DuckDBPyConnection, model: RiskModel
) -> None:
    results, gene = filled_tables(), model.genes[0]
    card = warehouse.sql(f"FROM gene_card('{gene.lower()}')").pl()
    assert card["subject"].to_list() == ["a", "b", "GSE4"]
    assert card["is_biomarker"].all()
    statistics = results.rows("differential/statistics").filter(pl.col("gene") == gene).sort("cohort")
    assert card["log_fc"].to_list()[:2] == statistics["log_fc"].to_list()
    assert card["p_value"].to_list()[:2] == statistics["p_value"].to_list()
    assert card["log_fc"][2] is None
    ranks = results.rows("signature/ranking").filter(pl.col("gene") == gene).sort("cohort")["rank"].to_list()
    assert card["rank"].to_list()[:2] == ranks
    areas = results.rows("validation/roc").filter(pl.col("predictor") == gene)
    by_subject = dict(areas.select("subject", "auc").iter_rows())
    assert dict(card.select("subject", "auc").iter_rows()) == by_subject
    assert card["auc_kind"].to_list() == ["apparent", "apparent", "external"]


def test_a_gene_outside_the_signature_has_a_card_and_an_unknown_one_none(warehouse: duckdb.DuckDBPyConnection) -> None:
    card = warehouse.sql("FROM gene_card('G300')").pl()
    assert card["subject"].to_list() == ["a", "b"]
    assert card["auc"].to_list() == [None, None]
    assert warehouse.sql("FROM gene_card('NOSUCH')").pl().is_empty()


def test_the_risk_macro_is_the_models_probability(warehouse: duckdb.DuckDBPyConnection, model: RiskModel) -> None:
    matrix = model_matrix(filled_tables(), "GSE3").take_features(model.genes)
    arguments = ", ".join(f'"{gene}" := {gene}' for gene in reversed(model.genes))
    columns = ", ".join(model.genes)
    values = ", ".join(f"({', '.join(f'{value!r}::DOUBLE' for value in row)})" for row in matrix.values.T.tolist())
    query = f"SELECT risk_simulated({arguments}), risk_simulated({columns}) FROM (VALUES {values}) AS t({columns})"
    answer = np.array(warehouse.execute(query).fetchall())
    expected = model.probability(matrix.values)
    np.testing.assert_allclose(answer, np.column_stack([expected, expected]), rtol=0, atol=1e-12)


@pytest.mark.parametrize("call", ["risk_simulated(NULL, 7)", "risk_simulated(7, NULL)", "risk_simulated(7)"])
def test_without_a_gene_there_is_no_risk(warehouse: duckdb.DuckDBPyConnection, call: str) -> None:
    assert warehouse.execute(f"SELECT {call}, {call} IS NULL").fetchall() == [(None, True)]


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".tsv.gz"])
def test_a_file_of_new_samples_is_scored_in_sql(
    warehouse: duckdb.DuckDBPyConnection, model: RiskModel, tmp_path: Path, suffix: str
) -> None:
    values = np.column_stack([model.training_mean, model.training_min - 1, model.training_mean])
    frame = pl.DataFrame(values, schema=["P1", "P 2", "P3"])
    frame = frame.insert_column(0, pl.Series("symbol", model.genes)).with_columns(
        P3=pl.when(pl.col("symbol") != model.genes[1]).then("P3")
    )
    path = tmp_path / f"patients{suffix}"
    frame.write_csv(tmp_path / "plain", separator="," if suffix == ".csv" else "\t")
    content = (tmp_path / "plain").read_bytes()
    path.write_bytes(gzip.compress(content) if suffix.endswith(".gz") else content)
    rows = warehouse.execute(f"FROM score_file('simulated', '{path}') ORDER BY sample").fetchall()
    expected = model.linear_predictor(values)
    assert [row[0] for row in rows] == ["P 2", "P1", "P3"]
    assert rows[0][1] == pytest.approx(expected[1], abs=1e-10)
    assert rows[0][3] == sorted(model.genes)
    assert rows[1][2] == pytest.approx(model.probability(values)[0], abs=1e-12)
    assert rows[2][1:] == (None, None, [], [model.genes[1]], [])


def test_samples_in_a_query_are_scored_and_a_study_without_a_model_scores_none(
    warehouse: duckdb.DuckDBPyConnection, model: RiskModel
) -> None:
    given = " UNION ALL ".join(f"SELECT 'P1' AS sample, '{gene}' AS gene, 7 AS value" for gene in model.genes)
    query = f"WITH patients AS ({given}) SELECT probability FROM score('{{}}', 'patients')"
    expected = model.probability(np.full((len(model.genes), 1), 7.0))[0]
    assert warehouse.execute(query.format("simulated")).fetchall()[0][0] == pytest.approx(expected, abs=1e-12)
    assert warehouse.execute(query.format("other")).fetchall() == []


def test_the_plain_client_opens_the_file_from_another_directory(workspace: Workspace, tmp_path: Path) -> None:
    path = ensure_warehouse(workspace.settings)
    code = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True);"
        "print(c.execute('SELECT count(*) FROM differential.statistics').fetchall()[0][0],"
        " c.execute(\"SELECT count(*) FROM gene_card('G020')\").fetchall()[0][0])"
    )
    relative = os.path.relpath(path, tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, relative], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    n_rows = len(filled_tables().rows("differential/statistics"))
    assert done.stdout.split() == [str(n_rows), "3"]


def test_the_file_is_in_the_format_that_duckdb_1_5_reads(workspace: Workspace) -> None:
    # after a checksum of eight bytes: "DUCK", then the storage version: 65 for v1.2.0, 999 for 2.0's default
    header = ensure_warehouse(workspace.settings).read_bytes()[:24]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") == 65
