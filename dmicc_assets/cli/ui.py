"""`dmicc ui`: Dagster's UI with its daemon as a child process, and the pages of `pages/` in this one, on loopback.

Either ends with the other, and both with Ctrl-C, a signal to end, or the terminal; a run that a page started goes on.
"""

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress

import httpx2
import uvicorn
from rich.console import Console

from dmicc_assets.cli.one_ui import listener, only_ui
from dmicc_assets.errors import DmiccError, RequestError
from dmicc_assets.pages.loopback import NAMES
from dmicc_assets.pages.server import HOST, server
from dmicc_assets.pages.site import Site
from dmicc_assets.study.settings import Settings

# `dagster dev` warns that `dg dev` supersedes it, which does not help users of dmicc
_SUPERSEDED = "ignore:Function `dev_command` is superseded"
_COLOUR = re.compile(rb"\x1b\[[0-9;]*m")  # Dagster writes it into pipes and files too
_LOOK_AFTER = 0.5  # seconds between two looks whether it answers
_PATIENCE = 40.0  # seconds that Dagster has to end its services, each of which it gives 20
_RELOAD = """mutation { reloadWorkspace { __typename } }"""


def serve_ui(
    out: Console, settings: Settings, port: int, pages_port: int, host: str = HOST, *, has_no_login: bool = False
) -> None:
    """Serve until a signal comes or one of the two ends.

    Args:
        out: where to print.
        settings: of the home.
        port: of Dagster's UI.
        pages_port: of the pages.
        host: address of this machine to listen at.
        has_no_login: whether others may reach it without a login, which an address other than loopback needs.

    Raises:
        RequestError: a port is not valid, or others could reach it and nobody said that they may.
        DmiccError: the home's UI is running already, a port is in use, or Dagster or the pages ended by themselves.
    """
    _refuse_strangers(out, host, behind_a_proxy(port, pages_port), has_no_login=has_no_login)
    names, shown = names_of(host), name_in_url(host)
    if port == pages_port:
        raise RequestError(f"port {port} is asked for twice: Dagster and the pages need one each")
    addresses = f"http://{shown}:{pages_port}, and the Dagster UI at http://{shown}:{port}"
    with only_ui(settings.locks, addresses), _free_ports(host, port, pages_port) as listening:
        site = Site(settings, f"http://{shown}:{port}", lambda: _tell_dagster(shown, port))
        out.print(f"studies, reports, new study: http://{shown}:{pages_port}")
        out.print(f"the Dagster UI (in a moment): http://{shown}:{port}")
        out.print(f"state in {settings.home}, new study files in {site.folder}; Ctrl-C ends both")
        sys.stdout.flush()
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: ended.set())
        pages = server(site, pages_port, host, names)
        thread = threading.Thread(target=_serve, args=(pages, listening, ended), daemon=True)
        dagster = _dagster(host, port, settings)
        telling = threading.Thread(target=_pass_on, args=(dagster, ended), daemon=True)
        asking = threading.Thread(target=_say_ready, args=(out, f"http://{shown}:{port}", ended), daemon=True)
        for each in (thread, telling, asking):
            each.start()
        try:
            while not ended.wait(0.5) and dagster.poll() is None:
                pass
        finally:
            status, is_served = dagster.poll(), thread.is_alive()
            pages.should_exit = True
            if status is None and is_served:
                out.print("ending Dagster's services, and runs that they made; this takes some seconds")
                sys.stdout.flush()
            _end(dagster)
            thread.join(5)
            telling.join(5)
        for line in site.runs.going():
            out.print(line)
    if status is not None:
        raise DmiccError(f"Dagster has ended by itself (status {status}); what it said is above")
    if not is_served:
        raise DmiccError("the pages have ended by themselves; what they said is above")


def _refuse_strangers(out: Console, host: str, otherwise: str, *, has_no_login: bool) -> None:
    """Raise RequestError if others reach an address and nobody said that they may; warn if somebody did."""
    if not host.strip():
        raise RequestError("--host: expected an address of this machine, as 127.0.0.1, got nothing")
    if host in NAMES:
        return
    if not has_no_login:
        raise RequestError(
            f"--host {host}: whoever reaches it could run studies and read all results, because there is no login; "
            f"{otherwise}\nor add --without-login where nobody else can reach it"
        )
    out.print(f"warning: there is no login at {host}; {otherwise}")


def names_of(host: str) -> tuple[str, ...]:
    """The names that pages at an address answer to: loopback's, and its own; of every address, this machine's."""
    if host in NAMES:
        return NAMES
    everywhere = host in ("0.0.0.0", "::")
    own = (socket.gethostname(), socket.getfqdn()) if everywhere else (host,)
    return (*NAMES, *(name.lower() for name in dict.fromkeys(own) if name.lower() not in NAMES))


def name_in_url(host: str) -> str:
    """The name by which a browser on this machine reaches what listens at an address."""
    names = [host] if host in NAMES else [name for name in names_of(host) if name not in NAMES] or [HOST]
    return f"[{names[-1]}]" if ":" in names[-1] else names[-1]


def behind_a_proxy(port: int, pages_port: int) -> str:
    """How others reach a server on loopback by a login: what nginx has to know, for the pages and for Dagster's UI."""
    return f"""leave --host out and let a proxy on this machine ask for the login, as nginx does:
  auth_basic "dmicc"; auth_basic_user_file /etc/nginx/dmicc.htpasswd;
  location / {{ proxy_pass http://{HOST}:{pages_port}; proxy_set_header Host {HOST}:{pages_port};
               proxy_set_header Origin $dmicc_origin; }}
and in the same way, on another port or name, {HOST}:{port} for Dagster's UI; docs/ui.md has the whole file."""


def _serve(pages: uvicorn.Server, listening: socket.socket, ended: threading.Event) -> None:
    try:
        pages.run(sockets=[listening])
    finally:
        ended.set()


def _dagster(host: str, port: int, settings: Settings) -> "subprocess.Popen[bytes]":
    """Dagster's services, in a session of their own: Ctrl-C reaches them from here, once."""
    filters = os.environ.get("PYTHONWARNINGS")
    warnings = f"{filters},{_SUPERSEDED}" if filters else _SUPERSEDED
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "dmicc_assets.cli.dagster_dev", str(os.getpid()), host, str(port)],
        # Dagster imports from where it is started: a user's own statistics.py is not to be taken for Python's.
        cwd=sys.prefix,
        env=os.environ | settings.environment() | {"PYTHONWARNINGS": warnings, "PYTHONSAFEPATH": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _pass_on(dagster: "subprocess.Popen[bytes]", ended: threading.Event) -> None:
    """Show what Dagster says, until it is told to end: a service interrupted in its start says so by a traceback."""
    assert dagster.stdout is not None  # it was opened as a pipe
    for line in dagster.stdout:  # to its end, also where nobody hears it: Dagster would wait at a full pipe
        if not ended.is_set():
            with suppress(AttributeError, OSError, ValueError):  # standard error is not there, or was closed
                sys.stderr.buffer.write(line if sys.stderr.isatty() else _COLOUR.sub(b"", line))
                sys.stderr.flush()


def _say_ready(out: Console, url: str, ended: threading.Event) -> None:
    """Say that Dagster's UI answers, once it does: it takes ten seconds, or a minute on a machine at work."""
    while not ended.wait(_LOOK_AFTER):
        with suppress(httpx2.HTTPError):
            httpx2.get(f"{url}/server_info", timeout=5, trust_env=False)
            out.print(f"ready: the Dagster UI answers at {url}")
            out.file.flush()
            return


def _end(dagster: "subprocess.Popen[bytes]") -> None:
    """Interrupt Dagster, wait, and kill what is left of its session."""
    if dagster.poll() is None:
        dagster.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            dagster.wait(_PATIENCE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(dagster.pid, signal.SIGKILL)
    dagster.wait()


def _free_ports(host: str, port: int, pages_port: int) -> socket.socket:
    """A socket of the pages; Dagster's port is free too."""
    _free(host, port, "--port").close()
    return _free(host, pages_port, "--pages-port")


def _free(host: str, port: int, option: str) -> socket.socket:
    """A socket that listens on a port, which shows that it is free."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise RequestError(
                f"--host {host}: expected an address of this machine, as 127.0.0.1 ({error.strerror})"
            ) from None
        if error.errno == errno.EACCES:
            raise RequestError(f"port {port} is not for everybody ({error.strerror}): set another {option}") from None
        by = listener(port) or "a process of somebody else"
        raise DmiccError(f"port {port} is in use by {by}: set another {option}, or end that process") from None
    return listening


def _tell_dagster(host: str, port: int) -> None:
    """Let Dagster load the studies again, beside: a person need not wait for it, and it may not be up yet."""

    def reload() -> None:
        with suppress(httpx2.TransportError):
            httpx2.post(f"http://{host}:{port}/graphql", json={"query": _RELOAD}, timeout=120)

    threading.Thread(target=reload, daemon=True).start()
