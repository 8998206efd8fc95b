"""Who does the work of `dmicc run`: this process alone, or a few worker processes that last as long as the command.

A worker that is killed fails its piece of work, and another takes its place. What is done next is `schedule.py`'s.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path

from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.free_memory import free_memory
from dmicc_assets.orchestration.task import Answer, Task, answer
from dmicc_assets.resampling.parallel import cores

MOST = 4
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")
_LOOK_AFTER = 30.0  # seconds without an answer
_PATIENCE = 5.0  # seconds for a process to end by itself


class Crew:
    """The processes of one run; a context that ends them.

    Args:
        workspace: settings, studies and lake.
        most: pieces of work at once; by default as many as there are cores, and at most four.
    """

    def __init__(self, workspace: Workspace, most: int | None = None) -> None:
        self._workspace = workspace
        self.most = most or min(cores(), MOST)
        self._workers = list[_Worker]()
        self._needs = dict[Task, int]()
        self._answered = list[tuple[Task, Answer]]()

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_: object) -> None:
        self.dismiss()
        for worker in self._workers:
            worker.end()

    @property
    def has_processes(self) -> bool:
        """Whether worker processes were begun."""
        return bool(self._workers)

    @property
    def n_at_work(self) -> int:
        """Pieces of work in progress, or done and not asked for."""
        return len(self._needs) + len(self._answered)

    @property
    def is_at_work(self) -> bool:
        """Whether there is an answer to wait for."""
        return self.n_at_work > 0

    def has_room(self, needs: int) -> bool:
        """Whether one more piece of work can begin beside the others.

        There must be a process for it, and so much free memory that the work in progress and this can take all that
        they may need.

        Args:
            needs: bytes that it may take.
        """
        return self.n_at_work < self.most and free_memory() >= needs + sum(self._needs.values())

    def begin(self, task: Task, needs: int, *, here: bool) -> None:
        """Begin a piece of work.

        Args:
            task: the work.
            needs: bytes that it may take.
            here: do it in this process, and return when it is done.
        """
        if here:
            self._answered.append((task, answer(self._workspace, task)))
            return
        idle = next((worker for worker in self._workers if worker.task is None), None)
        if idle is None:
            idle = _Worker(self._workspace, max(1, cores() // self.most))
            self._workers.append(idle)
        self._needs[task] = needs
        idle.begin(task)

    def dismiss(self) -> None:
        """Let the processes end by themselves, after their work."""
        for worker in self._workers:
            worker.dismiss()

    def answers(self, *, waits: bool = True) -> list[tuple[Task, Answer]]:
        """The next answers; with `waits` at least one."""
        while not self._answered:
            at_work = [worker.connection for worker in self._workers if worker.task is not None]
            wait(at_work, _LOOK_AFTER if waits else 0)
            self._answered = [each for worker in list(self._workers) for each in self._heard(worker)]
            if not waits:
                break
        found, self._answered = self._answered, []
        return found

    def _heard(self, worker: "_Worker") -> Iterator[tuple[Task, Answer]]:
        """What a worker has said; what it works on fails if it is gone."""
        task = worker.task
        if task is None:
            return
        said = worker.heard(self._workspace.report_progress or (lambda _: None))
        if said is None:
            return
        if not worker.is_alive:
            self._workers.remove(worker)
        del self._needs[task]
        yield task, said


class _Worker:
    """One worker process, in a session of its own: Ctrl-C reaches it by its end of the connection.

    Attributes:
        connection: to it.
        task: what it works on.
        is_alive: whether it can take another piece of work.
    """

    def __init__(self, workspace: Workspace, share: int) -> None:
        """Begin the process; `share` is the number of processes and threads that it may use."""
        here, there = socket.socketpair()
        threads = {name: str(share) for name in _THREADS if name not in os.environ}
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "dmicc_assets.orchestration.worker", str(there.fileno()), str(share)],
                env=os.environ | threads | {"PYTHONPATH": os.pathsep.join(_import_path())},
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
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
        status = self._process.returncode
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        why = " (is there too little memory?)" if status == -signal.SIGKILL else ""
        return Answer(failure=DmiccError(f"the process that computed it {how}{why}; run again to compute it"))

    def dismiss(self) -> None:
        """Let it end by itself, after its work."""
        self._send(None)

    def end(self) -> None:
        """End it, with its children, in the middle of its work if need be: no file is ever incomplete."""
        if self.task is None:
            with suppress(subprocess.TimeoutExpired):  # its libraries delete what they keep for their processes
                self._process.wait(_PATIENCE)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.connection.close()


def _import_path() -> list[str]:
    """Where this process imports from."""
    return [str(Path(each).absolute()) for each in sys.path if each and Path(each).exists()]
