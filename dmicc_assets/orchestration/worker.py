"""A worker process of `dmicc run`: it does one piece of work after the other. Without dagster.

It ends with the process that began it, whatever ends that one, and takes its own children with it.
"""

import os
import signal
import sys
from dataclasses import replace
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Lock, Thread

from dmicc_assets.geo.formats.limits import multiply_limits
from dmicc_assets.geo.http.memory import Memory
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.task import Answer, Task, answer
from dmicc_assets.resampling.parallel import use_at_most


def main() -> None:
    """Work until the command ends or sends None; arguments: descriptor of the connection, processes of a core call."""
    connection = Connection(int(sys.argv[1]))
    use_at_most(int(sys.argv[2]))
    workspace: Workspace = connection.recv()
    multiply_limits(workspace.settings.size_limits)
    tasks, is_sending = SimpleQueue[Task | None](), Lock()
    Thread(target=_receive, args=(connection, tasks), daemon=True).start()

    def send(what: str | Answer) -> None:
        with is_sending:
            connection.send(what)

    workspace = replace(workspace, report_progress=send, memory=Memory())
    while (task := tasks.get()) is not None:
        send(answer(workspace, task))


def _receive(connection: Connection, tasks: "SimpleQueue[Task | None]") -> None:
    """Pass tasks on; when the other side is gone, end this process and its children at once: no file is incomplete."""
    try:
        while True:
            tasks.put(connection.recv())
    except (EOFError, OSError):
        os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
