"""Machines as processes: code server, Dagster's daemon and Celery workers, each with a home, and runs for them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dmicc_assets.lake.workspace import Workspace, open_workspace
from dmicc_assets.study.settings import load_settings
from dmicc_assets.tables import TABLES
from dmicc_assets_tests.cluster.services import Services, answers, free_port, wait_for

SOON = "import dagster._daemon.controller as c; c.DEFAULT_DAEMON_INTERVAL_SECONDS = 2"
Contents = dict[tuple[str, str], str]
DEPLOY = Path(__file__).parents[2] / "deploy"
WORKSPACE = "workspace.yaml"


@dataclass
class Cluster:
    """A folder of homes, and what runs.

    Attributes:
        folder: of homes and logs.
        studies: folder of study files, the same for all, as a shared volume is.
        services: their addresses.
        variables: more variables of all machines; without them there are no sources.
    """

    folder: Path
    studies: Path
    services: Services
    variables: Mapping[str, str] = field(default_factory=dict)
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def environment(self, machine: str) -> dict[str, str]:
        """Variables of a machine: a home of its own, nothing shared but by network."""
        home = self.folder / machine
        dagster_home = home / "dagster"
        if not dagster_home.is_dir():
            dagster_home.mkdir(parents=True)
            text = (DEPLOY / "dagster.yaml").read_text()
            text = text.replace("poll_interval_seconds: 20", "poll_interval_seconds: 2")
            (dagster_home / "dagster.yaml").write_text(text)
            (home / "sitecustomize.py").write_text(SOON)
        paths = [str(home), *filter(None, [os.environ.get("PYTHONPATH")])]
        nowhere = (self.folder / "nowhere").as_uri()
        return (
            os.environ
            | self.services.environment()
            | {
                "DMICC_HOME": str(home),
                "DAGSTER_HOME": str(dagster_home),
                "DMICC_STUDIES": str(self.studies),
                "DMICC_GEO_URL": nowhere,
                "DMICC_XENA_URL": nowhere,
                "DMICC_CONCURRENT_RUNS": "2",
                "DMICC_WORKERS": "1",  # what is tried is the machines, not the processes of one
                "OPENBLAS_NUM_THREADS": "1",
                "PYTHONPATH": os.pathsep.join(paths),
            }
            | dict(self.variables)
        )

    @contextmanager
    def process(self, machine: str, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """A process of a machine, ended with its children."""
        with (
            (self.folder / f"{machine}.log").open("ab") as log,
            subprocess.Popen(
                command, cwd=self.folder, env=self.environment(machine), stdout=log, stderr=log, start_new_session=True
            ) as process,
        ):
            try:
                yield process
            finally:
                kill(process, signal.SIGTERM)

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """A code server, and Dagster's daemon, which takes runs from the queue, and watches and repeats them."""
        programs, port = Path(sys.executable).parent, free_port()
        text = (DEPLOY / WORKSPACE).read_text().replace("host: code", "host: 127.0.0.1").replace("4000", str(port))
        (self.folder / WORKSPACE).write_text(text)
        start = (str(programs / "dagster"), "code-server", "start", "--host", "127.0.0.1", "--port", str(port))
        with self.process("code", *start, "-m", "dmicc_assets.definitions"):
            wait_for(lambda: answers(port), 300)
            with self.process("daemon", str(programs / "dagster-daemon"), "run", "-w", str(self.folder / WORKSPACE)):
                yield

    @contextmanager
    def worker(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """A worker with a home of its own."""
        command = (sys.executable, "-m", "dmicc_assets.orchestration.celery_worker", "--name", name)
        with self.process(name, *command) as process:
            self.workers[name] = process
            yield process

    def reader(self) -> Workspace:
        """A machine that only reads; the address and the credentials of the store are in this process' environment."""
        settings = load_settings(
            home=self.folder / "reader", studies=str(self.studies), lake_url=self.services.lake, locks_url=None
        )
        return open_workspace(settings)

    def ask(self, *arguments: str) -> str:
        """What a script of `runs.py` prints, on the machine of the webserver."""
        command = [sys.executable, "-m", "dmicc_assets_tests.cluster.runs", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment("web"), check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    def submit(self, studies: Sequence[str]) -> None:
        """Put a run of each study into the queue."""
        self.ask("submit", *studies)


def kill(process: subprocess.Popen[bytes], how: int) -> None:
    """Signal a process and its children."""
    if process.poll() is None:
        os.killpg(process.pid, how)


def contents(workspace: Workspace) -> Contents:
    """Content of every table and partition of the studies."""
    lake = workspace.lake
    tables = [name for name, table in TABLES.items() if table.partition != "all_studies"]
    there = [(table, key) for table in tables for key in lake.partitions(table)]
    return {each: made.content for each in there if (made := lake.manifest(*each)) is not None}
