"""A home that several processes begin to use at once, and one that an earlier version's processes left broken."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from dmicc_assets.errors import RequestError
from dmicc_assets.orchestration.instance import open_instance
from dmicc_assets.study.settings import Settings
from dmicc_assets_tests.worlds.local_study import local_study, values_of

pytestmark = pytest.mark.apart
DMICC = [sys.executable, "-c", "from dmicc_assets.cli.main import main; main()"]
# What every command does that uses Dagster, without the rest: many begin at the same moment.
OPENS = """
import dagster
from dmicc_assets.orchestration.instance import open_instance
from dmicc_assets.study.settings import load_settings
settings = load_settings()
settings.prepare_home()
open_instance(settings).get_runs_count()
"""


def marks(settings: Settings) -> dict[str, list[str]]:
    """The marks of the version of each of Dagster's databases."""
    found: dict[str, list[str]] = {}
    for path in settings.dagster_home.rglob("*.db"):
        with closing(sqlite3.connect(path)) as connection:
            found[path.stem] = [mark for (mark,) in connection.execute("SELECT version_num FROM alembic_version")]
    return {name: found[name] for name in ("runs", "index", "schedules")}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Two studies of local files, and no home yet."""
    settings = local_study(tmp_path, {name: values_of(name, 4, 4, seed) for seed, name in enumerate("AB")})
    folder = settings.study_folders[0]
    (folder / "other.yaml").write_text((folder / "local.yaml").read_text().replace("study: local", "study: other"))
    return settings.model_copy(update={"home": tmp_path / "fresh"})


def at_once(commands: list[list[str]], settings: Settings) -> list[subprocess.Popen[str]]:
    environment = os.environ | settings.environment()
    begun = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for command in commands]
    for process in begun:
        _, errors = process.communicate(timeout=300)
        assert (process.returncode, "Traceback" in errors) == (0, False), errors
    return begun


@pytest.mark.slow
def test_processes_that_begin_at_once_make_a_home_once(settings: Settings) -> None:
    runs = [[*DMICC, "run", study, "--only", "source"] for study in ("local", "other")]
    at_once([*runs, [sys.executable, "-c", OPENS]], settings)
    assert all(len(each) == 1 for each in marks(settings).values())
    assert len(set(map(tuple, marks(settings).values()))) == 1
    assert {path.stem for path in (settings.lake / "source" / "files").glob("*.A.json")} == {"local.A", "other.A"}
    at_once(runs, settings)


def test_a_home_with_two_marks_is_repaired_with_its_records(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    settings.prepare_home()
    with open_instance(settings) as instance:
        run = instance.create_run_for_job(job_def=_job())
    before = marks(settings)
    for name in ("history/runs.db", "history/runs/index.db", "schedules/schedules.db"):
        with closing(sqlite3.connect(settings.dagster_home / name)) as connection, connection:
            connection.execute("INSERT INTO alembic_version VALUES ('5771160a95ad')")
    with open_instance(settings) as instance:
        assert instance.get_run_by_id(run.run_id) is not None
    assert marks(settings) == before
    (settings.dagster_home / "history" / "runs.db").write_bytes(b"no database" * 1000)
    with pytest.raises(RequestError, match=r"runs\.db: Dagster cannot read its database"):
        open_instance(settings)


def _job() -> dg.JobDefinition:
    @dg.op
    def nothing() -> None: ...

    @dg.job
    def job() -> None:
        nothing()

    return job
