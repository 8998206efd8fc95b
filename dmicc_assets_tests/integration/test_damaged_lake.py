"""One study cannot harm another: one with damaged files is left out of the warehouse and named, others answer."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dmicc_assets.assets.atlas import disease_overlap
from dmicc_assets.errors import DataError, RequestError
from dmicc_assets.export.tables import write_study_database
from dmicc_assets.lake.recipes import origin, run_step
from dmicc_assets.lake.store import EMPTY, Lake
from dmicc_assets.study.settings import Settings
from dmicc_assets.types import ALL_STUDIES
from dmicc_assets.warehouse.build import build_warehouse, left_out, open_warehouse
from dmicc_assets.warehouse.query import run_query
from dmicc_assets_tests.unit.lake.test_lake import GENES, ORIGIN
from dmicc_assets_tests.unit.warehouse.test_risk_macro import coefficients
from dmicc_assets_tests.worlds.simulated_lake import STUDY, simulated_workspace

TABLE, MODEL = "differential/genes", "model/coefficients"
IN_BOTH = "SELECT study, count(*) FROM differential.genes GROUP BY ALL ORDER BY ALL"
IN_HISTORY = "SELECT study, count(DISTINCT (until, revision)) FROM history.differential_genes GROUP BY ALL ORDER BY ALL"


@pytest.fixture
def two(lake: Lake) -> Lake:
    """Two studies with a list of genes, an earlier one, and a model."""
    for study in ("good", "bad"):
        lake.write(TABLE, f"{study}.c", GENES.head(1), ORIGIN)
        lake.write(TABLE, f"{study}.c", GENES, ORIGIN)
        lake.write(MODEL, study, coefficients(0.0, {"A": 1.0}), ORIGIN)
    return lake


def without_footer(path: Path) -> None:
    whole = path.read_bytes()
    length = int.from_bytes(whole[-8:-4], "little")
    path.write_bytes(whole[: -8 - length] + b"\xff" * length + whole[-8:])


def without_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def of_other_types(path: Path) -> None:
    frame = pl.read_parquet(path)
    name = next(name for name, dtype in frame.schema.items() if dtype.is_float())
    frame.with_columns(pl.struct(a=pl.col(name)).alias(name)).write_parquet(path)


def of_text(path: Path) -> None:
    frame = pl.read_parquet(path)
    name = next(name for name, dtype in frame.schema.items() if dtype.is_float())
    frame.with_columns(pl.lit("not a number").alias(name)).write_parquet(path)


def with_damaged_rows(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    for i in range(4, len(whole) // 2):
        whole[i] ^= 0xFF
    path.write_bytes(whole)


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = (without_footer, without_end, empty, of_other_types, of_text, with_damaged_rows)


@pytest.mark.parametrize(
    ("table", "damage"),
    [*((TABLE, each) for each in DAMAGES), (MODEL, without_footer), (MODEL, of_text), (MODEL, with_damaged_rows)],
)
def test_a_damaged_study_is_left_out_and_named_and_another_answers(
    settings: Settings, two: Lake, table: str, damage: Callable[[Path], None]
) -> None:
    build_warehouse(settings)
    path = two.path(table, "bad.c" if table == TABLE else "bad")
    damage(path)
    run_query(settings, f"SELECT * FROM {table.replace('/', '.')}")
    assert run_query(settings, IN_BOTH).rows() == [("good", 2)]
    assert run_query(settings, IN_HISTORY).rows() == [("good", 1)]
    assert run_query(settings, "SELECT risk_good(0.0)").item() == 0.5
    problem = run_query(settings, "SELECT study, file, remedy FROM warehouse.problems").row(0)
    assert problem == ("bad", str(path), "`dmicc run bad --verify` computes it again")
    assert [line.startswith("bad is left out of every view: ") for line in left_out(settings)] == [True]


@pytest.mark.parametrize("damage", [without_footer, with_damaged_rows])
def test_a_study_is_back_once_it_is_whole_again(settings: Settings, two: Lake, damage: Callable[[Path], None]) -> None:
    path = two.path(TABLE, "bad.c")
    whole = path.read_bytes()
    damage(path)
    run_query(settings, "SELECT * FROM differential.genes")
    assert len(left_out(settings)) == 1
    path.write_bytes(whole)
    assert run_query(settings, IN_BOTH).rows() == [("bad", 2), ("good", 2)]
    assert left_out(settings) == []
    two.write(TABLE, "third.c", GENES, ORIGIN)
    assert len(run_query(settings, IN_BOTH)) == 3


def test_a_folder_in_the_place_of_a_file_is_named_when_the_warehouse_is_built(settings: Settings, two: Lake) -> None:
    as_folder(two.path(TABLE, "bad.c"))
    assert run_query(settings, IN_BOTH).rows() == [("good", 2)]
    assert "expected a file, found a folder" in left_out(settings)[0]


def not_json(text: str) -> str:
    return text[: len(text) // 2]


def not_a_date(text: str) -> str:
    return json.dumps(json.loads(text) | {"until": "yesterday"})


def not_a_number(text: str) -> str:
    return json.dumps(json.loads(text) | {"revision": "first"})


@pytest.mark.parametrize("damage", [not_json, not_a_date, not_a_number])
def test_a_damaged_manifest_of_the_history_leaves_out_the_history_alone(
    settings: Settings, two: Lake, damage: Callable[[str], str]
) -> None:
    path = two.history(TABLE, "bad.c")[0].with_suffix(".json")
    path.write_text(damage(path.read_text()))
    assert run_query(settings, IN_HISTORY).rows() == [("good", 1)]
    assert run_query(settings, IN_BOTH).rows() == [("bad", 2), ("good", 2)]
    assert "left out of the history" in left_out(settings)[0]
    assert set(run_query(settings, "SELECT study FROM history.revisions")["study"]) == {"good"}
    assert set(run_query(settings, "SELECT study FROM history.differences")["study"]) == {"good"}


@pytest.mark.parametrize("damage", [without_footer, with_damaged_rows])
def test_damaged_earlier_rows_leave_out_the_history_alone(
    settings: Settings, two: Lake, damage: Callable[[Path], None]
) -> None:
    damage(two.history(TABLE, "bad.c")[0])
    assert run_query(settings, IN_HISTORY).rows() == [("good", 1)]
    assert run_query(settings, IN_BOTH).rows() == [("bad", 2), ("good", 2)]


@pytest.mark.parametrize("damage", [without_footer, empty, of_text])
def test_a_damaged_file_of_no_study_is_written_again(
    settings: Settings, two: Lake, damage: Callable[[Path], None]
) -> None:
    damage(two.root / TABLE / EMPTY)
    assert run_query(settings, IN_BOTH).rows() == [("bad", 2), ("good", 2)]


@pytest.mark.parametrize(
    ("genes", "arguments"),
    [
        (["C1orf112", "C1ORF112", "c1ORF112"], ["C1ORF112", "C1orf112_2", "c1ORF112_3"]),
        (["A", "a", "a_2"], ["A", "a_2", "a_2_2"]),
        (["", "x"], ["gene", "x"]),
        (['q"uote', "it's; DROP", "two\nlines", "select", "-", "😀", "\0"], None),
    ],
)
def test_genes_of_any_names_make_a_model_and_stop_no_query(
    settings: Settings, two: Lake, genes: list[str], arguments: list[str] | None
) -> None:
    two.write(MODEL, "bad", coefficients(0.0, {gene: float(i + 1) for i, gene in enumerate(genes)}), ORIGIN)
    assert left_out(settings) == []
    values = ", ".join("0.5::DOUBLE" for _ in genes)
    risk = run_query(settings, f"SELECT risk_bad({values}), risk_good(0.0)").row(0)
    assert risk == (pytest.approx(1 / (1 + 2.718281828459045 ** (-0.5 * sum(range(1, len(genes) + 1))))), 0.5)
    query = "SELECT parameters FROM duckdb_functions() WHERE function_name = 'risk_bad'"
    assert arguments is None or run_query(settings, query).item().to_list() == arguments


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), None])
def test_a_model_of_impossible_numbers_stops_no_query(settings: Settings, two: Lake, value: float | None) -> None:
    rows = coefficients(0.0, {"A": 1.0}).with_columns(probability_coefficient=pl.lit(value, pl.Float64))
    two.write(MODEL, "bad", rows, ORIGIN)
    assert run_query(settings, "SELECT risk_good(0.0)").item() == 0.5


def test_a_wrong_query_leaves_nothing_out(settings: Settings, two: Lake) -> None:
    for query in ("FROM read_csv('no_such_file.csv')", "SELECT CAST('x' AS INTEGER)", "SELECT error('mine')"):
        with pytest.raises(RequestError, match="the query failed"):
            run_query(settings, query)
    assert left_out(settings) == []
    with open_warehouse(settings) as connection:
        assert connection.execute("SELECT count(*) FROM warehouse.problems").fetchall() == [(0,)]


def test_what_all_studies_say_together_leaves_a_damaged_one_out_until_it_is_whole(tmp_path: Path) -> None:
    workspace = simulated_workspace(tmp_path / "home")
    context = workspace.context(disease_overlap, ALL_STUDIES)
    key = f"{STUDY}.a"
    whole, path = origin(context), workspace.lake.path("differential/genes", key)
    rows = path.read_bytes()
    without_footer(path)
    assert key in {read for _, read, _ in whole.inputs}
    damaged = origin(context)
    assert damaged.recipe != whole.recipe
    run_step(context, damaged)
    assert workspace.lake.read("atlas/disease_overlap", ALL_STUDIES).is_empty()
    path.write_bytes(rows)
    assert origin(context).recipe == whole.recipe


def test_what_a_study_found_of_earlier_lists_is_not_taken_into_the_atlas(tmp_path: Path) -> None:
    workspace = simulated_workspace(tmp_path / "home")
    lake, context = workspace.lake, workspace.context(disease_overlap, ALL_STUDIES)
    p = pl.lit(0.25).alias("sharing_p_value")
    own = lake.read("signature/overlap", STUDY).with_columns(pl.lit(STUDY).alias("study"), p)
    now = [[table, f"{STUDY}.{cohort}", ""] for table in ("differential/genes", "cohort/samples") for cohort in "ab"]
    for each in now:
        manifest = lake.manifest(each[0], each[1])
        each[2] = manifest.content if manifest else ""
    for read, is_taken in (([*now[:-1], [*now[-1][:2], "earlier"]], False), (now, True)):
        lake.write("signature/overlap", STUDY, own, replace(ORIGIN, inputs=read))
        run_step(context, origin(context))
        (found,) = lake.read("atlas/disease_overlap", ALL_STUDIES)["sharing_p_value"]
        assert (found == 0.25) == is_taken


@pytest.mark.parametrize("damage", [without_footer, with_damaged_rows])
def test_a_study_is_exported_whatever_another_is(
    settings: Settings, two: Lake, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    build_warehouse(settings)
    damage(two.path(TABLE, "bad.c"))
    write_study_database(settings, "good", tmp_path / "good.duckdb")
    with duckdb.connect(str(tmp_path / "good.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT study, gene FROM differential.genes").fetchall() == [
            ("good", "A"),
            ("good", "B"),
        ]
        assert connection.execute("SELECT risk_good(0.0)").fetchall() == [(0.5,)]
    with pytest.raises(DataError, match="dmicc run bad --verify"):
        write_study_database(settings, "bad", tmp_path / "bad.duckdb")
