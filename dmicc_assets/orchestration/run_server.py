"""A process that begins the runs of the UI and the daemon: it has imported everything, and forks one for each run.

`python -m dmicc_assets.orchestration.run_server PARENT DAGSTER_HOME`: `dmicc ui` starts it, and `run_launcher.py` asks
it; what a run does is Dagster's `dagster api execute_run`.
"""

import gc
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

from dmicc_assets.orchestration.preloaded import COMPUTING
from dmicc_assets.orchestration.run_socket import listening, received

# What a run imports.
PRELOADED = (
    *("dagster._cli.api", "dagster._core.storage.runs.sqlite.sqlite_run_storage", "dagster._core.executor.in_process"),
    *("dagster._core.storage.schedules.sqlite.sqlite_schedule_storage", "upath.implementations.local"),
    *("dmicc_assets.definitions", *COMPUTING),
)
_FORK = multiprocessing.get_context("fork")
_LOOK_AFTER = 1.0  # seconds
_PATIENCE = 15.0  # seconds that interrupted runs have to tell Dagster


@contextmanager
def run_server(dagster_home: Path) -> Iterator[None]:
    """A server for the runs of a DAGSTER_HOME, until the block ends; on Linux, as forks of other systems are unsafe."""
    if sys.platform != "linux":
        yield
        return
    command = [sys.executable, "-P", "-m", "dmicc_assets.orchestration.run_server", str(os.getpid()), str(dagster_home)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(2 * _PATIENCE)


def main() -> None:
    """Serve until the parent is gone, or says by SIGTERM that it ends."""
    parent, ended = int(sys.argv[1]), threading.Event()
    for name in PRELOADED:
        import_module(name)
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    runs = dict[ForkProcess, str]()
    with ExitStack() as opened:
        try:
            server = opened.enter_context(listening(Path(sys.argv[2])))
        except OSError as error:
            sys.exit(f"dmicc: each run begins some seconds later, without its server: {error}")
        gc.freeze()  # a fork copies no page of what is there to look through it
        while not ended.is_set() and os.getppid() == parent:
            if server in wait([server, *(run.sentinel for run in runs)], _LOOK_AFTER):
                with server.accept()[0] as connection, suppress(OSError, ValueError):
                    _begin(server, connection, runs)
            _report_killed(runs)
    _interrupt(list(runs))
    _report_killed(runs)
    gc.unfreeze()  # else libraries complain at the end of what was not freed


def _begin(server: socket.socket, connection: socket.socket, runs: dict[ForkProcess, str]) -> None:
    """Fork the process of a run, and answer with its number."""
    asked = json.loads(received(connection))
    run = _FORK.Process(target=_execute, args=[asked, server, connection])
    run.start()
    runs[run] = asked["arguments"]
    connection.sendall(str(run.pid).encode())


def _execute(asked: dict[str, Any], *sockets: socket.socket) -> None:
    """Make a run, with the environment of whoever asked for it."""
    from dagster._cli.api import execute_run_command

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for each in sockets:
        each.close()
    os.environ.clear()
    os.environ.update(asked["environment"])
    execute_run_command.main([asked["arguments"]], standalone_mode=False)


def _report_killed(runs: dict[ForkProcess, str]) -> None:
    """Tell Dagster of runs whose process ended otherwise than by itself; a process of its own opens the databases."""
    for run in [run for run in runs if not run.is_alive()]:
        arguments = runs.pop(run)
        if run.exitcode:
            _FORK.Process(target=_say_how_it_ended, args=[arguments, run.exitcode]).start()


def _say_how_it_ended(arguments: str, status: int) -> None:
    from dagster import DagsterInstance
    from dagster._grpc.types import ExecuteRunArgs
    from dagster._serdes import deserialize_value

    asked = deserialize_value(arguments, ExecuteRunArgs)
    how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
    assert asked.instance_ref is not None
    with DagsterInstance.from_ref(asked.instance_ref) as instance:
        run = instance.get_run_by_id(asked.run_id)
        if run is not None and not run.is_finished:
            instance.report_run_failed(run, f"the process that made this run {how}")


def _interrupt(runs: list[ForkProcess]) -> None:
    """Interrupt runs, which then tell Dagster that they ended, and give them some time for it."""
    for run in runs:
        if run.is_alive() and run.pid is not None:
            os.kill(run.pid, signal.SIGINT)
    end = time.monotonic() + _PATIENCE
    for run in runs:
        run.join(max(end - time.monotonic(), 0.0))


if __name__ == "__main__":
    main()
