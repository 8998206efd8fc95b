"""Who does the work of `dmicc run`: this process alone, or a few worker processes that last as long as the command.

A worker that is killed fails its piece of work, and another takes its place. What is done next is `schedule.py`'s.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import wait

from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.free_memory import free_memory
from dmicc_assets.orchestration.task import Answer, Task, answer
from dmicc_assets.orchestration.worker_process import Forks, WorkerProcess
from dmicc_assets.resampling.parallel import cores

MOST = 4
_LOOK_AFTER = 30.0  # seconds without an answer


class Crew:
    """The processes of one run; a context that ends them.

    Args:
        workspace: settings, studies and lake.
        most: pieces of work at once; by default as many as there are cores, and at most four. One on systems other than
            Linux, where libraries that were loaded before a fork are not safe.
    """

    def __init__(self, workspace: Workspace, most: int | None = None) -> None:
        self._workspace = workspace
        self.most = (most or min(cores(), MOST)) if sys.platform == "linux" else 1
        self._forks: Forks | None = None
        self._workers = list[WorkerProcess]()
        self._needs = dict[Task, int]()
        self._answered = list[tuple[Task, Answer]]()

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_: object) -> None:
        self.dismiss()
        for worker in self._workers:
            worker.end()
        if self._forks is not None:
            self._forks.end()

    def has_processes(self, *, pays: bool) -> bool:
        """Whether a worker process can take work at once.

        Args:
            pays: begin to load the libraries for them, if that was not begun.
        """
        if self._forks is not None and not self._forks.is_ready and not self._forks.is_alive:
            if not self._forks.was_ready:  # it cannot load, perhaps for want of memory, and the next could not either
                self.most = 1
            self._forks.end()
            self._forks, pays = None, True
        if self._forks is None and pays and self.most > 1:
            self._forks = Forks(max(1, cores() // self.most))
        return self._forks is not None and self._forks.is_ready

    @property
    def n_at_work(self) -> int:
        """Pieces of work in progress, or done and not asked for."""
        return len(self._needs) + len(self._answered)

    @property
    def is_at_work(self) -> bool:
        """Whether there is an answer to wait for."""
        return self.n_at_work > 0

    def has_room(self, needs: Callable[[], int]) -> bool:
        """Whether one more piece of work can begin beside the others.

        There must be a process for it, and so much free memory that the work in progress and this can take all that
        they may need.

        Args:
            needs: gives the bytes that it may take; not asked while every process is at work.
        """
        return self.n_at_work < self.most and free_memory() >= needs() + sum(self._needs.values())

    def begin(self, task: Task, needs: int, *, here: bool) -> None:
        """Begin a piece of work.

        Args:
            task: the work.
            needs: bytes that it may take.
            here: do it in this process, and return when it is done.
        """
        worker = None if here else self._idle()
        if worker is None:
            self._answered.append((task, answer(self._workspace, task)))
            return
        self._needs[task] = needs
        worker.begin(task)

    def _idle(self) -> WorkerProcess | None:
        """A worker process without work; None if a new one could not be begun."""
        for worker in self._workers:
            if worker.task is None:
                return worker
        assert self._forks is not None
        with suppress(OSError):  # the process that forks has been killed: another is begun for the next piece of work
            self._workers.append(WorkerProcess(self._workspace, self._forks))
            return self._workers[-1]
        return None

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

    def _heard(self, worker: WorkerProcess) -> Iterator[tuple[Task, Answer]]:
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
