"""What is wrong around a study is one line: folders that cannot be written, a damaged database or configuration.

Only a defect of the package shows a traceback. A home of somebody else can be read.
"""

import re
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from dmicc_assets.cli import main as cli
from dmicc_assets.study.settings import Settings
from dmicc_assets_tests.worlds import made_study as made
from dmicc_assets_tests.worlds.local_study import local_study, values_of
from dmicc_assets_tests.worlds.permissions import bound_by_permissions, unwritable
from dmicc_assets_tests.worlds.simulated_lake import simulated_workspace

Said = Callable[..., str]
DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")


@pytest.fixture
def says(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Said:
    """Run a command in this process, and give the one line that it says when it fails, behind those of its progress."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*arguments: str, status: int | None = None) -> str:
        monkeypatch.setattr(sys, "argv", ["dmicc", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        assert left.value.code in ((1, 2) if status is None else (status, status or None)), said.err
        *progress, line = said.err.strip().splitlines() or [""]
        told = [each for each in progress if not re.match(r"\d:\d\d:\d\d ", each)]
        assert status == 0 or (line.startswith("dmicc: ") and len(told) < 2), said.err
        return said.out if status == 0 else line

    return run


@pytest.fixture(scope="module")
def told_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of local files that was not run yet, and a home with Dagster's databases."""
    folder = tmp_path_factory.mktemp("told") / "state"
    folder.mkdir()
    settings = local_study(folder, {name: values_of(name, 8, 8, seed) for seed, name in enumerate("AB")})
    with pytest.MonkeyPatch.context() as patch:
        made.enter(settings, patch)
        with dg.DagsterInstance.get() as instance:
            instance.get_runs_count()
            instance.report_runless_asset_event(dg.AssetMaterialization("a"))
    return folder


@pytest.fixture
def here(told_home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = made.begin_again(told_home)
    made.enter(settings, monkeypatch)
    return settings


def garbage(path: Path) -> None:
    path.write_bytes(b"garbage" * 1000)


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def of_another_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
        connection.commit()


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("damage", [garbage, half, folder_instead])
def test_a_damaged_database_of_dagster_is_one_line(
    here: Settings, says: Said, database: str, damage: Callable[[Path], None]
) -> None:
    damage(here.dagster_home / database)
    said = says("run", "local", "--only", "source")
    assert said.startswith(f"dmicc: {here.dagster_home}")
    assert "database" in said
    assert "results are in the lake" in said
    shutil.move(here.dagster_home, here.home / "moved away")
    assert "4 up to date" in says("run", "local", "--only", "source", status=0)


@pytest.mark.parametrize(
    "text", ["storage: [", "storage:\n  nothing: 1\n", "- a\n- b\n", "unknown: 1\n", "run_coordinator: 5\n"]
)
def test_a_damaged_configuration_of_dagster_is_one_line(here: Settings, says: Said, text: str) -> None:
    path = here.dagster_home / "dagster.yaml"
    path.write_text(text)
    assert says("run", "local", "--only", "source").startswith(f"dmicc: {path}: is no configuration of Dagster; ")


@pytest.mark.parametrize("name", ["lake", "locks", "dagster", "downloads", "reports", ""])
def test_a_folder_that_cannot_be_written_is_one_line(here: Settings, says: Said, name: str) -> None:
    with unwritable(here.home / name):
        said = says("run", "local", status=2)
    assert said.startswith(f"dmicc: {(here.home / name)}: cannot be written; set DMICC_HOME to another folder")


@pytest.mark.parametrize("name", ["lake", "locks", "dagster", "downloads", "reports", ""])
def test_a_file_in_the_place_of_a_folder_is_one_line(here: Settings, says: Said, name: str) -> None:
    shutil.rmtree(here.home / name)
    (here.home / name).write_text("a file")
    assert "cannot be written" in says("run", "local", status=2)
    (here.home / name).unlink()
    here.prepare_home()


def test_a_folder_in_the_place_of_a_file_is_one_line(here: Settings, says: Said) -> None:
    path = here.lake / "source" / "files" / "local.A.parquet"
    path.mkdir(parents=True)
    assert says("run", "local", "--only", "source").endswith("a folder is in the place of a file: move it away")


READS = (
    ["sql", "SELECT count(*) AS n FROM signature.genes"],
    ["gene-sets", "list"],
    ["check", "simulated", "--offline"],
)


@pytest.mark.parametrize("built", ["never", "before", "by another version"])
def test_a_home_of_somebody_else_is_read(
    tmp_path: Path, says: Said, monkeypatch: pytest.MonkeyPatch, built: str
) -> None:
    workspace = simulated_workspace(tmp_path / "home")
    home = workspace.settings.home
    made.enter(workspace.settings, monkeypatch)
    if built == "before":
        says("sql", "SELECT 1", status=0)
    if built == "by another version":
        (home / "dmicc.duckdb").write_bytes(b"a file of another time")
        (home / "lake" / "signature" / "genes" / "_empty.parquet").write_bytes(b"")
    before = sorted((path, path.stat().st_mtime_ns) for path in home.rglob("*"))
    with unwritable(home):
        for arguments in READS:
            assert says(*arguments, status=0)
        assert "\n40\n" in says("sql", "SELECT count(*) AS n FROM signature.genes", "--format", "csv", status=0)
        assert "\n0\n" in says("sql", "SELECT count(*) AS n FROM warehouse.problems", "--format", "csv", status=0)
        says("export", "simulated", "--to", str(tmp_path / "export"), "--no-figures", status=0)
    assert sorted((path, path.stat().st_mtime_ns) for path in home.rglob("*")) == before
    cached = list((tmp_path / "cache").rglob("dmicc.duckdb"))
    assert len(cached) == (built != "before")
    assert all(path.parent.stat().st_mode & 0o077 == 0 for path in cached)


def test_without_any_folder_to_write_in_a_query_is_one_line(
    tmp_path: Path, says: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = simulated_workspace(tmp_path / "home")
    made.enter(workspace.settings, monkeypatch)
    (tmp_path / "cache").mkdir()
    with unwritable(tmp_path / "home", tmp_path / "cache"):
        assert "set XDG_CACHE_HOME to another folder" in says("sql", "SELECT 1", status=2)


def test_a_home_that_cannot_be_entered_is_one_line(tmp_path: Path, says: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = simulated_workspace(tmp_path / "home")
    made.enter(workspace.settings, monkeypatch)
    monkeypatch.setenv("DMICC_STUDIES", "")
    (tmp_path / "home").chmod(0)
    try:
        with bound_by_permissions():
            for arguments in (["sql", "SELECT 1"], ["run", "demo"], ["outdated"], ["export", "demo", "--to", "x"]):
                monkeypatch.setattr(sys, "argv", ["dmicc", *arguments])
                with pytest.raises(SystemExit) as left:
                    cli.main()
                assert left.value.code in (1, 2)
    finally:
        (tmp_path / "home").chmod(0o755)
