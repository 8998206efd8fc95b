"""The worker processes of `dmicc run` as the command sees them; what they do is `worker.py`'s."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from pathlib import Path
from time import monotonic

from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.task import Answer, Task

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")
# glibc's allocator: freed arrays are used again, and not given back to the system, which must clear each page anew.
_ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
_PATIENCE = 5.0  # seconds for a process to end by itself


class Forks:
    """The process that loads the libraries and forks the workers.

    Args:
        share: processes and threads that each worker may use.

    Attributes:
        was_ready: whether it has loaded them, as far as `is_ready` was asked.
    """

    def __init__(self, share: int) -> None:
        self._ended = dict[int, int]()
        here, there = socket.socketpair()
        threads = {name: str(share) for name in _THREADS if name not in os.environ}
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "dmicc_assets.orchestration.worker", str(there.fileno()), str(share)],
                env=_ALLOCATOR | os.environ | threads | {"PYTHONPATH": os.pathsep.join(_import_path())},
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is the command's, by whose end of the connection it ends
            )
        self._connection = Connection(here.detach())
        self.was_ready = False

    @property
    def is_alive(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    @property
    def is_ready(self) -> bool:
        """Whether it can fork at once."""
        with suppress(EOFError, OSError):
            if not self.was_ready and self._connection.poll():
                self._connection.recv()
                self.was_ready = True
        return self.was_ready and self.is_alive

    def fork(self, there: socket.socket) -> int:
        """Number of a new worker with this end of a connection.

        Raises:
            OSError: the process is gone.
        """
        try:
            send_handle(self._connection, there.fileno(), self._process.pid)
            while True:
                number, status = self._connection.recv()
                if status is None:
                    return int(number)
                self._ended[number] = status
        except EOFError as error:
            raise OSError("the process that forks workers is gone") from error

    def status(self, worker: int, seconds: float) -> int | None:
        """Exit status of a worker, waited for so long; None if it has not ended or is not known to have."""
        end = monotonic() + seconds
        with suppress(EOFError, OSError):
            while worker not in self._ended and self._connection.poll(max(end - monotonic(), 0.0)):
                number, status = self._connection.recv()
                self._ended[number] = status
        return self._ended.get(worker)

    def end(self) -> None:
        """End it; the workers go on until their own end."""
        self._connection.close()
        self._process.kill()
        self._process.wait()


class WorkerProcess:
    """One worker process.

    Args:
        workspace: settings, studies and lake.
        forks: whose fork it is.

    Attributes:
        connection: to it.
        task: what it works on.
        is_alive: whether it can take another piece of work.

    Raises:
        OSError: the process that forks is gone.
    """

    def __init__(self, workspace: Workspace, forks: Forks) -> None:
        here, there = socket.socketpair()
        self._forks = forks
        with here, there:
            self._number = forks.fork(there)
            self.connection = Connection(here.detach())
        self.task: Task | None = None
        self.is_alive = True
        self._send(replace(workspace, report_progress=None, memory=None))

    def begin(self, task: Task) -> None:
        """Give it a piece of work."""
        self.task = task
        self._send(task)

    def _send(self, what: object) -> None:
        """Send it something; that it is gone is heard when its answer is waited for."""
        with suppress(OSError):
            self.connection.send(what)

    def heard(self, report_progress: Callable[[str], None]) -> Answer | None:
        """Its answer, if there is one; what it says of its work is passed on."""
        try:
            while self.connection.poll():
                said: str | Answer = self.connection.recv()
                if isinstance(said, Answer):
                    self.task = None
                    return said
                report_progress(said)
        except (EOFError, OSError):
            return self._lost()
        return None

    def _lost(self) -> Answer:
        """The answer of a process that is gone."""
        self.task, self.is_alive = None, False  # it ends by itself: killing it would hide how it ended
        self.end()
        return Answer(failure=DmiccError(how_it_ended(self._forks.status(self._number, 0))))

    def dismiss(self) -> None:
        """Let it end by itself, after its work."""
        self._send(None)

    def end(self) -> None:
        """End it, with its children, in the middle of its work if need be: no file is ever incomplete."""
        patience = _PATIENCE if self.task is None else 0.0  # its libraries delete what they keep for their processes
        if self._forks.status(self._number, patience) is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._number, signal.SIGKILL)
            self._forks.status(self._number, _PATIENCE)
        self.connection.close()


def how_it_ended(status: int | None) -> str:
    """Why a step has failed whose process is gone, by its exit status; None if that is not known."""
    if status is None:
        how, why = "is gone", ""
    elif status < 0:
        how = f"was killed by {signal.Signals(-status).name}"
        why = " (is there too little memory?)" if status == -signal.SIGKILL else ""
    else:
        how, why = f"ended with status {status}", ""
    return f"the process that computed it {how}{why}; run again to compute it"


def _import_path() -> list[str]:
    """Where this process imports from."""
    return [str(Path(each).absolute()) for each in sys.path if each and Path(each).exists()]
