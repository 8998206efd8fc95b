"""Runs that a page starts: `dmicc run` as a process of its own, which goes on when the page or the server ends.

Its output is a file that the page shows; Dagster has its runs as it has those of a terminal.
"""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dmicc_assets.errors import RequestError
from dmicc_assets.lake.locks import holder
from dmicc_assets.study.settings import Settings

_MOST_LINES = 40
_LAST_BYTES = 20_000
_MAIN = "from dmicc_assets.cli.main import main; main()"


@dataclass(frozen=True, slots=True)
class RunState:
    """A study's latest run from a page, and whether any run of it is going on.

    Attributes:
        is_going: whether a run of the study is going on, whoever started it.
        is_ours: whether this server started that one, so that it can stop it.
        who: what is known of a run that is going on.
        log: file of the latest run's output.
        lines: its last lines.
        status: exit status of the latest run that this server started; None before its end, or without one.
    """

    is_going: bool
    is_ours: bool
    who: str
    log: Path
    lines: tuple[str, ...]
    status: int | None


@dataclass
class Runs:
    """The runs that this server started, by study."""

    settings: Settings
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict[str, "subprocess.Popen[bytes]"])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def log(self, study: str) -> Path:
        """The file of a study's latest output."""
        return self.settings.home / "runs" / f"{study}.log"

    def start(self, study: str) -> None:
        """Start a run of a study.

        Raises:
            RequestError: one is going on.
        """
        with self.lock:
            if (going := self.state(study)).is_going:
                raise RequestError(f"a run of {study} is going on ({going.who})")
            path = self.log(study)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as output:
                now = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S")
                output.write(f"{now}  dmicc run {study}\n".encode())
                output.flush()
                self.processes[study] = subprocess.Popen(
                    # -P: no module beside the user's files takes the place of one of Python's
                    [sys.executable, "-P", "-c", _MAIN, "run", study],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=os.environ | self.settings.environment(),
                    start_new_session=True,  # Ctrl-C in the terminal of `dmicc ui` does not reach it
                )

    def stop(self, study: str) -> None:
        """Interrupt a run as Ctrl-C does: finished results are kept.

        Raises:
            RequestError: this server started none that is going on.
        """
        process = self.processes.get(study)
        if process is None or process.poll() is not None:
            raise RequestError(f"no run of {study} that this page started is going on")
        os.killpg(process.pid, signal.SIGINT)

    def state(self, study: str) -> RunState:
        """What is known of a study's runs."""
        process, path = self.processes.get(study), self.log(study)
        is_ours = process is not None and process.poll() is None
        who = holder(self.settings.locks, study)
        if is_ours and process is not None:
            who = f"process {process.pid}"
        status = None if process is None or is_ours else process.returncode
        return RunState(who is not None, is_ours, who or "", path, _last_lines(path), status)

    def going(self) -> list[str]:
        """One line for each run of this server that goes on after it, for its last words."""
        return [
            f"the run of {study} goes on (process {process.pid}, output in {self.log(study)})"
            for study, process in self.processes.items()
            if process.poll() is None
        ]


def when(stamp: str) -> str:
    """A time of the lake in this machine's time zone, to the minute, with the zone."""
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC).astimezone().strftime("%Y-%m-%d %H:%M %Z")


def _last_lines(path: Path) -> tuple[str, ...]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LAST_BYTES))
            return tuple(file.read().decode("utf-8", "replace").splitlines()[-_MOST_LINES:])
    except FileNotFoundError:
        return ()
