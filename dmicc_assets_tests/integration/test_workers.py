"""`dmicc run` with worker processes: the same results and records as alone, and what happens when one of them ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
import yaml

from dmicc_assets.cli.exits import INTERRUPTED
from dmicc_assets.lake.store import Lake
from dmicc_assets.orchestration.keys import asset_key
from dmicc_assets.study.settings import Settings
from dmicc_assets.tables import TABLES
from dmicc_assets_tests.worlds import made_study as made
from dmicc_assets_tests.worlds.local_study import local_study, values_of

Started = Callable[..., "subprocess.Popen[str]"]
CODE = "from dmicc_assets.cli.main import main; main()"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The study of `made_folder`, of which nothing was computed."""
    matrices = {name: values_of(name, 8, 8, seed) for seed, name in enumerate("ABV")}
    settings = local_study(tmp_path, matrices, enrichment={"libraries": [], "min_size": 1})
    made.enter(settings, monkeypatch)
    return settings


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Started:
    """Start `dmicc run local` with two workers."""

    def run(*arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", CODE, "run", "local", *arguments]
        environment = os.environ | settings.environment() | {"DMICC_WORKERS": "2"}
        return subprocess.Popen(
            command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    return run


def children(pid: int) -> list[int]:
    """The child processes of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def workers(command: "subprocess.Popen[str]") -> list[int]:
    """The worker processes of a command: forks of its child that loads the libraries."""
    forks = [pid for pid in children(command.pid) if "orchestration.worker" in Path(f"/proc/{pid}/cmdline").read_text()]
    return [worker for pid in forks for worker in children(pid)]


def first_worker(command: "subprocess.Popen[str]") -> int:
    """The first worker process, which has work from its beginning."""
    while command.poll() is None:
        if found := workers(command):
            return found[0]
        time.sleep(0.02)
    raise AssertionError(command.communicate())


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def contents(settings: Settings) -> dict[str, str]:
    lake = Lake(settings.lake, settings.locks)
    found = {f"{table} of {key}": lake.manifest(table, key) for table in TABLES for key in lake.partitions(table)}
    return {name: manifest.content for name, manifest in found.items() if manifest}


def records(table: str, keys: set[str]) -> dict[tuple[str, str], str]:
    """What Dagster has of a table: versions of each partition and of its inputs, without numbers of events."""
    found = dict[tuple[str, str], str]()
    for record in dg.DagsterInstance.get().fetch_materializations(asset_key(table), limit=50).records:
        event = record.asset_materialization
        if event is not None and event.partition in keys:
            versions = {(event.partition or "", name): text for name, text in (event.tags or {}).items()}
            found |= {tag: text for tag, text in versions.items() if "event_pointer" not in tag[1]}
    return found


@pytest.mark.slow
def test_two_workers_find_what_one_process_finds_and_dagster_has_the_same(
    made_study: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"local.A", "local.B", "local.V", "local.a", "local.b", "local"}
    tables = [table for table, declared in TABLES.items() if declared.partition in ("dataset", "cohort", "study")]
    alone = contents(made_study), {table: records(table, keys) for table in tables}
    beside = tmp_path / "two"
    beside.mkdir()
    matrices = {name: values_of(name, 8, 8, seed) for seed, name in enumerate("ABV")}
    settings = local_study(beside, matrices, enrichment={"libraries": [], "min_size": 1})
    made.enter(settings, monkeypatch)
    command = [sys.executable, "-c", CODE, "run", "local", "--until", "model"]
    done = subprocess.run(command, env=os.environ | {"DMICC_WORKERS": "2"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = contents(settings)
    assert {name.split()[0] for name in found} >= {"model/coefficients", "signature/biomarkers", "expression/genes"}
    assert {name for name, content in found.items() if content != alone[0][name]} <= {
        f"source/files of local.{dataset}" for dataset in "ABV"
    }, "which name the folder"
    made_tables = {name.split()[0] for name in found} - {"source/files"}
    for table in made_tables:
        ours = {tag: text for tag, text in records(table, keys).items() if "source" not in tag[1]}
        assert ours, table
        assert ours == {tag: text for tag, text in alone[1][table].items() if "source" not in tag[1]}


def test_a_worker_that_is_killed_fails_its_step_and_the_next_run_goes_on(start: Started, settings: Settings) -> None:
    command = start("--until", "validation")
    os.kill(first_worker(command), signal.SIGKILL)
    _, said = command.communicate(timeout=300)
    assert command.returncode == 1, said
    assert "Traceback" not in said, said
    (last,) = [line for line in said.splitlines() if line.startswith("dmicc: ")]
    assert last.endswith(
        "failed: the process that computed it was killed by SIGKILL (is there too little memory?); run again to "
        "compute it"
    ), said
    assert contents(settings), "the others ended"
    runs = dg.DagsterInstance.get().get_runs()
    assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE}
    again = start("--until", "validation")
    told, said = again.communicate(timeout=300)
    assert again.returncode == 0, said
    assert "up to date" in told
    assert {f"cohort/expression of local.{cohort}" for cohort in "ab"} <= contents(settings).keys()


def test_an_error_of_a_step_ends_what_needs_it_and_fails_its_check(start: Started, settings: Settings) -> None:
    path = settings.study_folders[0] / "local.yaml"
    study = yaml.safe_load(path.read_text())
    study["datasets"]["B"]["labels"] = [{**study["datasets"]["B"]["labels"][0], "expect": 99}]
    study["datasets"]["B"]["labels"] += study["datasets"]["A"]["labels"][1:]
    path.write_text(yaml.safe_dump(study))
    command = start("--until", "cohort")
    _, said = command.communicate(timeout=300)
    assert command.returncode == 1, said
    assert "dataset of local.B failed: B: 8 samples are sick, the study expects 99" in said
    assert "2 parts that need it were not tried; everything else was materialised" in said
    check = dg.AssetCheckKey(asset_key("source/datasets"), "D04_label_rules")
    history = dg.DagsterInstance.get().event_log_storage.get_asset_check_execution_history(check, limit=10)
    assert sorted(record.status.value for record in history) == ["FAILED", "SUCCEEDED", "SUCCEEDED"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_leaves_no_worker_and_nothing_incomplete(
    how: signal.Signals, start: Started, settings: Settings
) -> None:
    command = start("--until", "validation")
    worker = first_worker(command)
    command.send_signal(how)
    _, said = command.communicate(timeout=60)
    if how == signal.SIGINT:
        assert command.returncode == INTERRUPTED, said
        assert said.endswith("nothing is incomplete, run again to continue\n"), said
    deadline = time.monotonic() + 10
    while is_there(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_there(worker)
    again = start("--until", "validation")
    _, said = again.communicate(timeout=300)
    assert again.returncode == 0, said
    assert "failed" not in said
