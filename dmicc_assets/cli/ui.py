"""`dmicc ui`: Dagster's UI with its daemon as a child process, and the pages of `pages/` in this one, on loopback only.

Either ends with the other, and both with Ctrl-C, a signal to end, or the terminal; a run that a page started goes on.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress

import httpx2
import uvicorn
from rich.console import Console

from dmicc_assets.errors import DmiccError, RequestError
from dmicc_assets.pages.server import HOST, server
from dmicc_assets.pages.site import Site
from dmicc_assets.study.settings import Settings

# `dagster dev` warns that `dg dev` supersedes it, which does not help users of dmicc
_SUPERSEDED = "ignore:Function `dev_command` is superseded"
_PATIENCE = 40.0  # seconds that Dagster has to end its services, each of which it gives 20
_RELOAD = """mutation { reloadWorkspace { __typename } }"""


def serve_ui(out: Console, settings: Settings, port: int, pages_port: int) -> None:
    """Serve until a signal comes or one of the two ends.

    Raises:
        RequestError: a port is in use or not valid.
        DmiccError: Dagster or the pages ended by themselves.
    """
    if port == pages_port:
        raise RequestError(f"port {port} is asked for twice: Dagster and the pages need one each")
    _free(port, "--port").close()
    with _free(pages_port, "--pages-port") as listening:
        site = Site(settings, f"http://{HOST}:{port}", lambda: _tell_dagster(port))
        out.print(f"studies, reports, new study: http://{HOST}:{pages_port}")
        out.print(f"the Dagster UI (in a moment): http://{HOST}:{port}")
        out.print(f"state in {settings.home}, new study files in {site.folder}; Ctrl-C ends both")
        sys.stdout.flush()
        ended = threading.Event()
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, lambda *_: ended.set())
        pages = server(site, pages_port)
        thread = threading.Thread(target=_serve, args=(pages, listening, ended), daemon=True)
        dagster = _dagster(port, settings)
        thread.start()
        try:
            while not ended.wait(0.5) and dagster.poll() is None:
                pass
        finally:
            status, is_served = dagster.poll(), thread.is_alive()
            pages.should_exit = True
            _end(dagster)
            thread.join(5)
        for line in site.runs.going():
            out.print(line)
    if status is not None:
        raise DmiccError(f"Dagster has ended by itself (status {status}); what it said is above")
    if not is_served:
        raise DmiccError("the pages have ended by themselves; what they said is above")


def _serve(pages: uvicorn.Server, listening: socket.socket, ended: threading.Event) -> None:
    try:
        pages.run(sockets=[listening])
    finally:
        ended.set()


def _dagster(port: int, settings: Settings) -> "subprocess.Popen[bytes]":
    """Dagster's services, in a session of their own: Ctrl-C reaches them from here, once."""
    filters = os.environ.get("PYTHONWARNINGS")
    warnings = f"{filters},{_SUPERSEDED}" if filters else _SUPERSEDED
    return subprocess.Popen(
        [sys.executable, "-m", "dmicc_assets.cli.dagster_dev", str(os.getpid()), HOST, str(port)],
        env=os.environ | settings.environment() | {"PYTHONWARNINGS": warnings},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end(dagster: "subprocess.Popen[bytes]") -> None:
    """Interrupt Dagster, wait, and kill what is left of its session."""
    if dagster.poll() is None:
        dagster.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            dagster.wait(_PATIENCE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(dagster.pid, signal.SIGKILL)
    dagster.wait()


def _free(port: int, option: str) -> socket.socket:
    """A socket that listens on a port, which shows that it is free."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        raise RequestError(
            f"port {port} is not available ({error.strerror}); is the UI already running? set another {option}"
        ) from None
    return listening


def _tell_dagster(port: int) -> None:
    """Let Dagster load the studies again, beside: a person need not wait for it, and it may not be up yet."""

    def reload() -> None:
        with suppress(httpx2.TransportError):
            httpx2.post(f"http://{HOST}:{port}/graphql", json={"query": _RELOAD}, timeout=120)

    threading.Thread(target=reload, daemon=True).start()
