"""A worker process of `dmicc run`: it does one piece of work after the other. Without dagster.

It ends with the process that began it, whatever ends that one, and takes its own children with it.
"""

import os
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from dmicc_assets.geo.formats.limits import multiply_limits
from dmicc_assets.geo.http.memory import Memory
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.task import Answer, Task, answer
from dmicc_assets.resampling.parallel import use_at_most


def main() -> None:
    """Work until the command ends or sends None; arguments: descriptor of the connection, processes of a core call."""
    connection = Connection(int(sys.argv[1]))
    use_at_most(int(sys.argv[2]))
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
