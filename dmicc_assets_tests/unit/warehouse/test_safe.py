"""`dmicc sql --safe`: one SELECT that reads the lake. Nothing is written, nothing else is read."""

from pathlib import Path

import pytest
from rich.console import Console

from dmicc_assets.errors import RequestError
from dmicc_assets.study.settings import Settings
from dmicc_assets.warehouse.query import query_and_print, run_query
from dmicc_assets_tests.worlds.simulated_lake import simulated_workspace


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = simulated_workspace(tmp_path_factory.mktemp("lake") / "it's [a] home").settings
    (settings.home / "lake2").mkdir()
    for folder in (settings.home, settings.home / "lake2"):
        (folder / "secret.csv").write_text("key\nplanted\n")
    return settings


def files_of(settings: Settings) -> list[tuple[Path, int]]:
    return sorted((path, path.stat().st_mtime_ns) for path in settings.home.rglob("*"))


def below(settings: Settings, query: str) -> str:
    return query.replace("HOME", str(settings.home).replace("'", "''"))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT gene FROM signature.genes",
        "FROM gene_card('G020')",
        "WITH a AS (SELECT 1 AS x) SELECT * FROM a",
        "FROM history.differences",
        "SELECT count(*) FROM cohort.expression",
        "SELECT 1; -- and no more",
    ],
)
def test_what_reads_the_lake_is_answered(filled: Settings, query: str) -> None:
    assert len(run_query(filled, query, is_safe=True)) > 0


@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO 'HOME/lake/x.csv'",
        "COPY (SELECT 1) TO 'HOME/x.csv'",
        "EXPORT DATABASE 'HOME/lake/x'",
        "ATTACH 'HOME/lake/x.duckdb'",
        "ATTACH ':memory:' AS m",
        "CREATE TABLE memory.t AS SELECT 1",
        "CREATE TEMP TABLE t AS SELECT 1",
        "CREATE MACRO f() AS 1",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "RESET allowed_directories",
        "SELECT 1; COPY (SELECT 1) TO 'HOME/lake/x.csv'",
        "SELECT 1; SELECT 2",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'HOME/lake/x.csv'",
        "PREPARE p AS COPY (SELECT 1) TO 'HOME/lake/x.csv'",
        "DELETE FROM warehouse.build",
        "CHECKPOINT",
        "",
    ],
)
def test_what_is_no_select_is_refused_and_writes_nothing(filled: Settings, query: str) -> None:
    run_query(filled, "SELECT 1", is_safe=True)
    before = files_of(filled)
    with pytest.raises(RequestError, match=r"a safe query is exactly one SELECT|the query failed: Parser") as refused:
        run_query(filled, below(filled, query), is_safe=True)
    assert len(str(refused.value).splitlines()) == 1
    assert files_of(filled) == before


@pytest.mark.parametrize(
    "query",
    [
        "FROM read_csv('HOME/secret.csv')",
        "FROM 'HOME/secret.csv'",
        "FROM read_csv('HOME/lake/../secret.csv')",
        "FROM read_csv('HOME/lake2/secret.csv')",
        "FROM read_text('/etc/passwd')",
        "FROM read_blob('/proc/self/environ')",
        "FROM glob('/etc/*')",
        "FROM read_csv('https://example.org/x.csv')",
        "FROM sniff_csv('HOME/secret.csv')",
        "FROM read_parquet('s3://bucket/x.parquet')",
        "FROM query('COPY (SELECT 1) TO ''HOME/lake/x.csv''')",
        "FROM score_file('simulated', 'HOME/secret.csv')",
        "SELECT getenv('HOME')",
    ],
)
def test_what_reads_anything_else_fails(filled: Settings, query: str) -> None:
    before = files_of(filled)
    with pytest.raises(RequestError, match="the query failed"):
        run_query(filled, below(filled, query), is_safe=True)
    assert files_of(filled) == before


def test_a_safe_query_is_never_the_name_of_a_file(filled: Settings, tmp_path: Path) -> None:
    path = tmp_path / "secret.sql"
    path.write_text("planted")
    with pytest.raises(RequestError, match="the query failed") as refused:
        query_and_print(Console(), filled, str(path), "csv", is_safe=True)
    assert "planted" not in str(refused.value)


def test_a_query_of_the_user_may_read_files(filled: Settings, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("key\nmine\n")
    assert run_query(filled, f"FROM read_csv('{tmp_path}/mine.csv')").item() == "mine"
