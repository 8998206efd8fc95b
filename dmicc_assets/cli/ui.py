"""`dmicc ui`: starts Dagster's `dagster dev` on this project, webserver and daemon, on loopback only."""

import os
import socket
import sys
from typing import NoReturn

from rich.console import Console

from dmicc_assets.errors import RequestError
from dmicc_assets.study.settings import Settings

HOST = "127.0.0.1"
# `dagster dev` warns that `dg dev` supersedes it, which does not help users of dmicc
_SUPERSEDED = "ignore:Function `dev_command` is superseded"


def become_ui(out: Console, settings: Settings, port: int) -> NoReturn:
    """Replace this process by the UI, so that Ctrl-C reaches it and ends its child processes.

    Raises:
        RequestError: the port is in use or not valid.
    """
    _refuse_taken(port)
    filters = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = f"{filters},{_SUPERSEDED}" if filters else _SUPERSEDED
    out.print(f"starting the Dagster UI on http://{HOST}:{port} (state in {settings.home}); Ctrl-C ends it")
    command = [sys.executable, "-m", "dagster", "dev", "-m", "dmicc_assets.definitions"]
    sys.stdout.flush()
    os.execv(sys.executable, [*command, "--host", HOST, "--port", str(port)])


def _refuse_taken(port: int) -> None:
    """Check the port before Dagster starts, because a failing webserver would leave the daemon running."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError as error:
            raise RequestError(
                f"port {port} is not available ({error.strerror}); is the UI already running? set another --port"
            ) from None
