"""The worker processes of `dmicc run`: each does one piece of work after the other. Without dagster.

They are forks of one process that has loaded the libraries, which takes seconds. That one does nothing else: what
threads hold at a fork stays locked in it. A worker ends with the command, whatever ends that one, and takes its own
children with it.
"""

import atexit
import gc
import multiprocessing
import os
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from multiprocessing.reduction import recv_handle
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from dmicc_assets.geo.formats.limits import multiply_limits
from dmicc_assets.geo.http.memory import Memory
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.preloaded import COMPUTING
from dmicc_assets.orchestration.task import Answer, Task, answer
from dmicc_assets.resampling.parallel import use_at_most

_FORK = multiprocessing.get_context("fork")


def main() -> None:
    """Fork a worker for each connection that the command sends, until the command ends.

    Arguments: descriptor of the connection to the command, processes of a core call. Said are (0, None) once the
    libraries are loaded, then number and None of each worker that began, and number and exit status of each that ended.
    """
    command = Connection(int(sys.argv[1]))
    use_at_most(int(sys.argv[2]))
    for name in COMPUTING:
        import_module(name)
    gc.freeze()  # a fork copies no page of what is there to look through it
    workers = list[ForkProcess]()
    with suppress(EOFError, OSError):  # the command has ended
        command.send((0, None))
        while True:
            if command in wait([command, *(each.sentinel for each in workers)]):
                workers.append(_forked(command))
                command.send((workers[-1].pid, None))
            for worker in [each for each in workers if not each.is_alive()]:
                workers.remove(worker)
                command.send((worker.pid, worker.exitcode))
    os._exit(0)  # the workers end by themselves, and are not waited for


def _forked(command: Connection) -> ForkProcess:
    """A worker with the connection that the command sent."""
    descriptor = recv_handle(command)
    worker = _FORK.Process(target=_begin, args=[descriptor, command])
    worker.start()
    os.close(descriptor)
    return worker


def _begin(descriptor: int, command: Connection) -> None:
    """Be a worker, in a session of its own: it is ended with its children."""
    os.setsid()
    command.close()
    work(Connection(descriptor))
    # Libraries end their own processes, and delete what they keep for them; multiprocessing leaves that out in a fork.
    atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue] - there is no public one


def work(connection: Connection) -> None:
    """Do what is sent until the command ends or sends None."""
    received, is_sending = SimpleQueue[Any](), Lock()
    Thread(target=_receive, args=(connection, received), daemon=True).start()
    workspace: Workspace = received.get()
    multiply_limits(workspace.settings.size_limits)

    def send(what: str | Answer) -> None:
        with is_sending, suppress(OSError):  # the other side is gone: `_receive` ends this process
            connection.send(what)

    workspace = replace(workspace, report_progress=send, memory=Memory())
    while True:
        task: Task | None = received.get()
        if task is None:
            return
        send(answer(workspace, task))


def _receive(connection: Connection, received: "SimpleQueue[Any]") -> None:
    """Pass on what is sent; when the other side is gone, end this process and its children: no file is incomplete."""
    try:
        while True:
            received.put(connection.recv())
    except (EOFError, OSError):
        os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
