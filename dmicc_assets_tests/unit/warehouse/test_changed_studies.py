"""A changed study changes its part of the warehouse only, and the answer is that of a warehouse built from nothing."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from dmicc_assets.lake.store import Lake
from dmicc_assets.study.settings import Settings
from dmicc_assets.warehouse import lake_state
from dmicc_assets.warehouse.build import build_warehouse, ensure_warehouse, left_out, open_warehouse
from dmicc_assets_tests.unit.lake.test_lake import GENES, ORIGIN

LISTED = "SELECT study, cohort, gene, log_fc FROM differential.genes ORDER BY ALL"
MACROS = "SELECT function_name, macro_definition FROM duckdb_functions() WHERE function_name LIKE 'risk_%' ORDER BY ALL"


@pytest.fixture
def studies(settings: Settings, lake: Lake) -> Lake:
    """Three studies, two of them with a model."""
    for study in "abc":
        lake.write("differential/genes", f"{study}.x", GENES, ORIGIN)
    for study in "ab":
        write_model(lake, study, 1.5)
    build_warehouse(settings)
    return lake


def write_model(lake: Lake, study: str, coefficient: float) -> None:
    rows = pl.DataFrame({"term": ["(Intercept)", "G1"], "probability_coefficient": [0.5, coefficient]})
    declared = lake_state.TABLES["model/coefficients"].rows_schema
    others = [pl.lit(None, dtype).alias(name) for name, dtype in declared.items() if name not in rows.columns]
    lake.write("model/coefficients", study, rows.with_columns(others), ORIGIN)


def answers(settings: Settings) -> tuple[object, ...]:
    with open_warehouse(settings) as connection:
        return tuple(connection.execute(query).fetchall() for query in (LISTED, MACROS, "FROM warehouse.problems"))


def from_nothing(settings: Settings) -> tuple[object, ...]:
    """The answers of a warehouse that is built from the files alone."""
    settings.warehouse.unlink()
    shutil.rmtree(settings.lake / "kept")
    return answers(settings)


def test_nothing_is_built_and_no_file_is_looked_at_when_nothing_changed(
    settings: Settings, studies: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    inode = settings.warehouse.stat().st_ino

    def look(path: Path) -> None:
        raise AssertionError(f"{path} is looked at")

    monkeypatch.setattr(lake_state, "parquet_schema", look)
    assert build_warehouse(settings).stat().st_ino == inode
    assert ensure_warehouse(settings).stat().st_ino == inode


@pytest.mark.parametrize("spoilt", ["[1]", '{"folder": 1, "found": {"a.x": 3}}', '{"folder": 1, "found": [3]}'])
def test_what_was_kept_and_is_damaged_is_found_again(settings: Settings, studies: Lake, spoilt: str) -> None:
    right = answers(settings)
    for name, table in (("columns", "differential.genes"), ("models", "model.coefficients")):
        path = studies.kept_path(name, table)
        assert path.is_file()
        path.write_text(spoilt)
    build_warehouse(settings)
    assert answers(settings) == right


def test_a_changed_study_is_looked_at_alone_and_answers_as_if_all_were_built(
    settings: Settings, studies: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    studies.write("differential/genes", "b.x", GENES.head(1), ORIGIN)
    write_model(studies, "b", 2.5)
    looked, read = list[str](), lake_state.parquet_schema

    def look(path: Path) -> object:
        looked.append(path.name)
        return read(path)

    monkeypatch.setattr(lake_state, "parquet_schema", look)
    build_warehouse(settings)
    assert sorted(looked) == ["b.parquet", "b.x.parquet"]
    changed = answers(settings)
    assert "2.5" in str(changed[1])
    assert changed == from_nothing(settings)


def test_a_removed_study_disappears(settings: Settings, studies: Lake) -> None:
    studies.forget("a")
    listed, macros, _ = answers(settings)
    assert {row[0] for row in listed} == {"b", "c"}  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
    assert "risk_a" not in str(macros)
    assert (listed, macros) == from_nothing(settings)[:2]


def test_a_damaged_study_is_named_and_left_out_until_it_is_whole(settings: Settings, studies: Lake) -> None:
    path = studies.path("differential/genes", "a.x")
    whole, before = path.read_bytes(), answers(settings)
    path.write_bytes(whole[:-20])
    build_warehouse(settings)
    assert left_out(settings)[0].startswith("a is left out of every view: ")
    listed, macros, problems = answers(settings)
    assert (listed, macros, problems) == from_nothing(settings)
    assert "risk_a" not in str(macros)
    path.write_bytes(whole)
    assert answers(settings) == before


def test_a_query_on_one_study_opens_no_file_of_another(settings: Settings, studies: Lake) -> None:
    with open_warehouse(settings) as connection:
        studies.path("differential/genes", "b.x").write_bytes(b"nothing that could be read")
        rows = connection.execute("SELECT gene FROM differential.genes WHERE study = 'a' ORDER BY 1").fetchall()
    assert rows == [("A",), ("B",)]


def test_a_file_of_an_earlier_version_has_null_where_it_has_no_column(settings: Settings, studies: Lake) -> None:
    path = studies.path("differential/genes", "a.x")
    before = pl.read_parquet(path)
    before.drop("log_fc").write_parquet(path)
    build_warehouse(settings)
    with open_warehouse(settings) as connection:
        rows = connection.execute(
            "SELECT study, count(gene), count(log_fc) FROM differential.genes GROUP BY 1"
        ).fetchall()
    assert sorted(rows) == [("a", 2, 0), ("b", 2, 2), ("c", 2, 2)]
    before.write_parquet(path)
    assert answers(settings) == from_nothing(settings)
