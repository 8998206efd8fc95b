import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
import yaml
from dagster._core.launcher import WorkerStatus
from filelock import FileLock

from dmicc_assets.cli import main as cli
from dmicc_assets.cli import terminal
from dmicc_assets.cli.exits import INTERRUPTED
from dmicc_assets.cli.one_ui import only_ui
from dmicc_assets.orchestration.keys import asset_key
from dmicc_assets.orchestration.run import DefectError
from dmicc_assets.study.settings import Settings
from dmicc_assets_tests.worlds.real_ui import free_ports

pytestmark = pytest.mark.apart

Dmicc = Callable[..., subprocess.CompletedProcess[str]]
ENDED = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE}


@pytest.fixture
def here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Dmicc:
    """Run the `dmicc` command in this process: of what only reads, the process is not the point."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            patch.setattr(os, "environ", os.environ | variables)
            patch.setattr(sys, "argv", ["dmicc", *arguments])
            for console in (cli.out, cli.err):
                patch.setattr(console, "_width", int(variables.get("COLUMNS", "80")))
            with pytest.raises(SystemExit) as left:
                cli.main()
        said = capsys.readouterr()
        return subprocess.CompletedProcess(["dmicc", *arguments], int(left.value.code or 0), said.out, said.err)

    return run


def one_clear_message(done: subprocess.CompletedProcess[str], status: int, *said: str) -> None:
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3, done.stderr
    for text in said:
        assert text in done.stderr


def test_check_says_what_the_paper_would_fetch(here: Dmicc, tmp_path: Path) -> None:
    done = here("check", "dm_icc", "--offline", DMICC_HOME=str(tmp_path / "h"), COLUMNS="200")
    assert done.returncode == 0, done.stderr
    for text in (
        "series matrix of GSE32225, annotation of GPL8432",
        "icc (149), normal (6)",
        "TCGA.CHOL.sampleMap/HiSeqV2",
    ):
        assert text in done.stdout


def test_without_a_reachable_geo_a_run_ends_in_a_clear_line(dmicc: Dmicc, tmp_path: Path) -> None:
    gone = {"DMICC_GEO_URL": (tmp_path / "no" / "geo").as_uri(), "DMICC_XENA_URL": (tmp_path / "no" / "xena").as_uri()}
    done = dmicc("run", "dm_icc", DMICC_HOME=str(tmp_path / "h"), **gone)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "GSE46239" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "nothing"), "no study 'nothing': known are broken, demo, dm_icc"),
        (("run", "broken"), "broken.yaml line 3: datasets.GSE1.labels: is missing"),
        (("check", "broken"), "broken.yaml line 3: datasets.GSE1.labels: is missing"),
        (("run", "small", "--only", "statistics"), "no group 'statistics': the groups are"),
        (("sql", "SELECT 1 FROM nowhere"), "the query failed"),
        (("sql", "missing.sql"), "missing.sql: no such file"),
    ],
)
def test_a_wrong_request_is_one_line_and_status_2(
    here: Dmicc, home: Settings, arguments: tuple[str, ...], said: str
) -> None:
    cohorts = "cohorts:\n  a: {title: t, datasets: [GSE1], case: x, control: y}\n"
    broken = f"study: broken\ndatasets:\n  GSE1: {{source: geo}}\ntitle: t\n{cohorts}"
    (home.study_folders[0] / "broken.yaml").write_text(broken)
    done = here(*arguments)
    one_clear_message(done, 2, said)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (
            ("sql", "FROM signature.genes"),
            2,
            "h: this folder of results does not exist; `dmicc run STUDY` or `dmicc demo`",
        ),
        (("forget", "demo"), 2, "demo: it has no results in"),
        (("export", "demo", "--to", "out"), 1, "demo has no results to export"),
        (("score", "demo", "patients.tsv"), 1, "demo has no risk model yet"),
        (("check", "demo"), 0, ""),
        (("outdated",), 0, ""),
    ],
)
def test_what_only_reads_makes_no_home(
    here: Dmicc, tmp_path: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    one_clear_message(here(*arguments, DMICC_HOME=str(tmp_path / "h")), status, said)
    assert not list(tmp_path.iterdir())


def test_check_names_a_library_that_the_folder_lacks(here: Dmicc, tmp_path: Path) -> None:
    (tmp_path / "HALLMARK.gmt").write_text("T\td\tA\n")
    done = here("check", "dm_icc", DMICC_GENE_SETS=str(tmp_path), COLUMNS="400")
    one_clear_message(done, 2, "enrichment.libraries: gene-set library", "(there: HALLMARK)")
    assert "the file is valid" not in done.stdout


def test_check_says_that_a_dataset_validates_what_it_trained(here: Dmicc, home: Settings) -> None:
    path = home.study_folders[0] / "small.yaml"
    text = yaml.safe_load(path.read_text())
    name, cohort = next(iter(text["cohorts"].items()))
    entry = {"dataset": cohort["datasets"][0], "case": cohort["case"], "control": cohort["control"]}
    path.write_text(yaml.safe_dump(text | {"validation": [entry]}))
    done = here("check", "small", COLUMNS="200")
    assert f"{entry['dataset']} trains the cohort {name}: finding I6" in done.stdout, done.stderr


def test_a_study_is_given_by_its_name_or_by_its_file(here: Dmicc, home: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (home.study_folders[0] / "small.yaml").rename(elsewhere / "small.yaml")
    one_clear_message(here("check", "small"), 2, "no study 'small': known are demo, dm_icc")
    one_clear_message(here("check", "small.yaml"), 2, "no study 'small'")
    done = here("check", "elsewhere/small.yaml")
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"small is found by its name if DMICC_STUDIES contains {elsewhere}\n"
    (elsewhere / "bad.yaml").write_text("study: [")
    one_clear_message(here("check", "elsewhere/bad.yaml"), 2, "bad.yaml line 1: not valid YAML")
    one_clear_message(here("run", "no/such.yaml"), 2, "no/such.yaml: no such study file; give a study by its name")
    (elsewhere / "small.txt").write_text("study: small")
    one_clear_message(here("run", "elsewhere/small.txt"), 2, "small.txt: expected a study file, NAME.yaml")


def test_a_query_comes_through_a_pipe(home: Settings, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "dmicc"), "sql", "--format", "csv"]
    for query, status, shown in (("SELECT 1 AS n;\n", 0, "n\n1\n"), ("\n", 2, "")):
        done = subprocess.run(command, cwd=tmp_path, input=query, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (status, shown)
        assert "not a terminal" not in done.stderr


@pytest.mark.parametrize(
    "failure",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        DefectError("Traceback ...\nsqlite3.OperationalError: database or disk is full\n"),
        pl.exceptions.ComputeError("No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, failure: Exception
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(terminal, "run_and_show", fails)
    monkeypatch.setattr(sys, "argv", ["dmicc", "run", "demo"])
    # what the command passes on to its children must not reach other tests
    monkeypatch.setattr(os, "environ", os.environ | {"DMICC_HOME": str(tmp_path / "home")})
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 1
    assert capsys.readouterr().err.replace("\n", " ").startswith("dmicc: no space is left on the disk; finished")


def test_ctrl_c_says_that_it_can_be_run_again(home: Settings, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "dmicc"), "run", "small", "--only", "source"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        while not list((home.lake / "source" / "files").glob("small.*.json")) and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == INTERRUPTED, said
    assert said.endswith(
        "dmicc: interrupted; finished results are kept and nothing is incomplete, run again to continue\n"
    )
    assert "Traceback" not in said


@pytest.mark.parametrize("after", ["Dagster UI", "Launching Dagster services"])
def test_the_ui_ends_in_silence_while_it_starts(home: Settings, tmp_path: Path, after: str) -> None:
    port, pages = free_ports()
    command = [str(Path(sys.executable).parent / "dmicc"), "ui", "--port", str(port), "--pages-port", str(pages)]
    log = tmp_path / "ui.log"
    with log.open("wb") as output, subprocess.Popen(command, cwd=tmp_path, stdout=output, stderr=output) as process:
        while after not in log.read_text() and process.poll() is None:
            time.sleep(0.05)
        time.sleep(1)  # in which the services of the second case begin to import
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, log.read_text()
    said = log.read_text()
    assert after in said
    assert "Traceback" not in said
    assert "\x1b[" not in said


def test_the_result_in_a_pipe_is_one_line_each(dmicc: Dmicc, home: Settings) -> None:
    done = dmicc("run", "small", "--only", "clinical", COLUMNS="40")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "Two simulated diseases that share ten genes"
    assert done.stdout == "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def test_a_port_that_is_taken_is_one_line(dmicc: Dmicc, home: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        by = f"port {port} is in use by process {os.getpid()} ("
        one_clear_message(dmicc("ui", "--port", port), 1, by, "set another --port")


def test_a_second_ui_of_a_home_names_the_first_and_leaves_it_alone(dmicc: Dmicc, home: Settings) -> None:
    with only_ui(home.locks, "http://127.0.0.1:3001"):
        for port in ("4010", "4020"):
            here = f"on this home already: http://127.0.0.1:3001 (process {os.getpid()})"
            one_clear_message(dmicc("ui", "--port", port), 1, here, "open it there")
    with only_ui(home.locks, "http://127.0.0.1:4000"):
        assert f"4000 (process {os.getpid()})" in (home.locks / "ui.lock").read_text()


def test_a_broken_study_touches_no_other(here: Dmicc, home: Settings) -> None:
    (home.study_folders[0] / "broken.yaml").write_text("study: [")
    assert here("check", "small").returncode == 0


def test_views_can_be_queried_before_any_run(here: Dmicc, home: Settings) -> None:
    done = here("sql", "SELECT count(*) AS n FROM cohort.expression", "--format", "csv")
    assert done.stdout == "n\n0\n"
    one_clear_message(
        done, 0, "has no results, so every view is empty; `dmicc run STUDY` or `dmicc demo` computes results"
    )


def test_a_second_run_says_for_whom_it_waits(dmicc: Dmicc, home: Settings) -> None:
    lock = FileLock(home.locks / "run.small.lock")
    with lock:
        (home.locks / "run.small.json").write_text('{"pid": 4711, "since": "2026-01-01T00:00:00+00:00"}')
        one_clear_message(dmicc("run", "small", "--no-wait"), 1, "another run of small is in progress (process 4711")


def test_forget_deletes_the_results_of_one_study(dmicc: Dmicc, home: Settings) -> None:
    assert dmicc("run", "small", "--only", "source").returncode == 0
    assert dmicc("forget", "small", "--yes").returncode == 0
    assert not list((home.lake / "source").rglob("small.*"))
    one_clear_message(dmicc("forget", "small"), 2, "it has no results in")


def health_of_runs(instance: dg.DagsterInstance) -> set[WorkerStatus]:
    """What the daemon's monitoring sees of the processes of runs in progress."""
    runs = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    assert instance.run_monitoring_enabled
    return {instance.run_launcher.check_run_worker_health(run).status for run in runs}


@pytest.mark.slow
def test_a_killed_run_is_taken_up_again(dmicc: Dmicc, home: Settings, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "dmicc"), "run", "small", "--only", "source"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not list((home.lake / "source" / "samples").glob("small.*.json")) and process.poll() is None:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    begun = time.time()
    done = dmicc("run", "small", "--only", "source")
    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stdout
    assert len(list((home.lake / "source" / "samples").glob("small.*.json"))) == 4
    assert not [path for path in home.lake.rglob(".*.part") if path.stat().st_mtime > begun]
    instance = dg.DagsterInstance.get()
    heard = instance.get_materialized_partitions(asset_key("source/samples"))
    assert heard == {path.stem for path in (home.lake / "source" / "samples").glob("small.*.json")}
    assert {run.status for run in instance.get_runs()} <= ENDED, "automation and the queue wait for nothing"


OF_THE_UI = """
import dagster as dg
from dmicc_assets.orchestration.build import build_defs
from dmicc_assets.orchestration.keys import STUDY_TAG, asset_key
job = build_defs().resolve_implicit_global_asset_job_def()
files, key = [asset_key("source/files")], "small.SIM101"
instance, tags = dg.DagsterInstance.get(), {STUDY_TAG: "small"}
job.execute_in_process(instance=instance, asset_selection=files, partition_key=key, tags=tags)
"""


def test_a_killed_run_of_the_ui_is_seen_and_ended(dmicc: Dmicc, home: Settings, tmp_path: Path) -> None:
    instance = dg.DagsterInstance.get()
    with FileLock(home.locks / "step.files.small.SIM101.lock"):  # it waits for it, begun
        with subprocess.Popen([sys.executable, "-c", OF_THE_UI], cwd=tmp_path, stderr=subprocess.PIPE) as process:
            while not (health := health_of_runs(instance)) and process.poll() is None:
                time.sleep(0.1)
            assert health == {WorkerStatus.RUNNING}
            os.kill(process.pid, signal.SIGKILL)
        assert health_of_runs(instance) == {WorkerStatus.FAILED}, "by which Dagster's daemon ends them"
    done = dmicc("run", "small", "--only", "clinical")
    assert done.returncode == 0, done.stderr
    assert {run.status for run in dg.DagsterInstance.get().get_runs()} == ENDED, "one failed, others went well"


@pytest.mark.parametrize("command", ["check", "run"])
def test_an_error_in_a_study_file_is_said_before_large_libraries_are_loaded(command: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("study: wrong\ntitle: A typo\ndatasets: []\n")
    code = (
        f"import sys; from dmicc_assets.cli.main import main; sys.argv = ['dmicc', '{command}', 'wrong']\n"
        "try: main()\nfinally: print([name for name in ('numpy', 'polars', 'scipy', 'dagster') if name in sys.modules])"
    )
    variables = {"DMICC_STUDIES": str(tmp_path), "DMICC_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | variables, capture_output=True, text=True, check=False
    )
    one_clear_message(done, 2, "wrong.yaml", "datasets")
    assert done.stdout == "[]\n"
    assert not (tmp_path / "home").exists()
