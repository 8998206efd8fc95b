"""The warehouse of a lake on an object store: tables of what is published, made again when that changes."""

from pathlib import Path

import duckdb
import numpy as np
import pytest

from dmicc_assets.lake import published
from dmicc_assets.lake.manifest import Origin
from dmicc_assets.lake.published import PublishedLake
from dmicc_assets.study.settings import Settings, load_settings
from dmicc_assets.types import ExpressionMatrix, matrix_rows
from dmicc_assets.warehouse.build import ensure_warehouse, left_out, refuse_absent
from dmicc_assets.warehouse.query import run_query
from dmicc_assets_tests.worlds.memory_storage import MemoryStorage, machine
from dmicc_assets_tests.worlds.two_genes import GENES, ORIGIN


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> MemoryStorage:
    storage = MemoryStorage()
    monkeypatch.setattr(published, "open_storage", lambda _: storage)
    return storage


@pytest.fixture
def reader(storage: MemoryStorage, tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "reader", lake_url="s3://bucket")


@pytest.fixture
def writer(storage: MemoryStorage, tmp_path: Path) -> PublishedLake:
    lake = machine(storage, tmp_path / "writer")
    matrix = ExpressionMatrix(np.ones((2, 2)), ("A", "B"), ("S1", "S2"))
    lake.write("differential/genes", "s.c", GENES, ORIGIN)
    lake.write("expression/genes", "s.D", matrix_rows({"value": matrix, "count": matrix}), ORIGIN)
    return lake


def test_the_warehouse_holds_tables_without_matrices_and_follows_what_is_published(
    writer: PublishedLake, reader: Settings
) -> None:
    assert refuse_absent(reader) == "", "a reader needs no home of its own before"
    assert run_query(reader, "SELECT gene FROM differential.genes ORDER BY gene")["gene"].to_list() == ["A", "B"]
    first = ensure_warehouse(reader).stat().st_mtime_ns
    assert ensure_warehouse(reader).stat().st_mtime_ns == first, "nothing was published since"
    writer.write("differential/genes", "s.c", GENES.head(1), Origin("other", "1", {}, [], {}, "run"))
    assert run_query(reader, "FROM differential.genes")["gene"].to_list() == ["B"]
    earlier = run_query(reader, "SELECT revision, gene FROM history.differential_genes ORDER BY gene")
    assert earlier.rows() == [(1, "A"), (1, "B")]
    assert run_query(reader, "FROM expression.genes").is_empty()
    problems = run_query(reader, "SELECT study, view, problem, remedy FROM warehouse.problems").rows()
    why = "is a matrix, which is not copied from the object store"
    assert problems == [("s", "expression.genes", why, '`dmicc_assets.open("s")` reads it')]
    assert left_out(reader) == [], "the study is in all other views"


def test_the_file_needs_neither_the_store_nor_the_working_copy(
    writer: PublishedLake, reader: Settings, tmp_path: Path
) -> None:
    moved = ensure_warehouse(reader).rename(tmp_path / "moved.duckdb")
    reader.lake.rename(tmp_path / "gone")
    with duckdb.connect(str(moved), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM differential.genes").fetchall() == [(2,)]


def test_a_study_with_a_damaged_object_is_left_out_and_named(
    writer: PublishedLake, reader: Settings, storage: MemoryStorage
) -> None:
    writer.write("differential/genes", "t.c", GENES, ORIGIN)
    (damaged,) = storage.listing("t/objects")
    storage.upload(damaged, b"PAR1 and then nothing")
    assert set(run_query(reader, "FROM differential.genes")["study"]) == {"s"}
    (line,) = left_out(reader)
    assert line.startswith("t is left out of every view: ")
    assert "is damaged in the object store" in line
    assert "`dmicc run t --verify` computes it again" in line
