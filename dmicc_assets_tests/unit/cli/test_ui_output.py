"""What Dagster says is passed on to the terminal of `dmicc ui`, and taken from it in any case."""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from rich.console import Console

from dmicc_assets.cli.ui import _pass_on, _say_ready

# More than a pipe holds, so that it ends only if somebody reads.
_SAYS = 'for i in range(20_000): print(f"\\x1b[32mline\\x1b[0m {i}")'


class _Broken(BytesIO):
    def write(self, _: object) -> int:
        raise BrokenPipeError


def passed_on(to: BytesIO | None, monkeypatch: pytest.MonkeyPatch, *, is_ended: bool = False) -> None:
    """Pass on what a process says, which must end by itself."""
    ended = threading.Event()
    if is_ended:
        ended.set()
    monkeypatch.setattr(sys, "stderr", to and TextIOWrapper(to))
    with subprocess.Popen([sys.executable, "-S", "-c", _SAYS], stdout=subprocess.PIPE) as process:
        _pass_on(process, ended)
        assert process.wait(10) == 0


def test_every_line_is_passed_on_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    said = BytesIO()
    passed_on(said, monkeypatch)
    assert said.getvalue().decode().splitlines() == [f"line {i}" for i in range(20_000)]


def test_nothing_is_said_of_what_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    said = BytesIO()
    passed_on(said, monkeypatch, is_ended=True)
    assert said.getvalue() == b""


def test_lines_are_taken_though_nobody_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    passed_on(_Broken(), monkeypatch)
    passed_on(None, monkeypatch)  # as Python has it after `2>&-`


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: a test's output is its own."""


def test_it_is_said_once_that_dagster_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that only listens does not answer yet; what the user's environment names as a proxy is not asked."""
    monkeypatch.setattr("dmicc_assets.cli.ui._LOOK_AFTER", 0.02)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    said, ended = StringIO(), threading.Event()
    with HTTPServer(("127.0.0.1", 0), _Answers) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        asking = threading.Thread(target=_say_ready, args=(Console(file=said, soft_wrap=True), url, ended))
        asking.start()
        asking.join(0.1)
        assert (asking.is_alive(), said.getvalue()) == (True, "")
        server.handle_request()
        asking.join(10)
        assert said.getvalue() == f"ready: the Dagster UI answers at {url}\n"


def test_nothing_is_said_of_a_dagster_that_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dmicc_assets.cli.ui._LOOK_AFTER", 0.02)
    said, ended = StringIO(), threading.Event()
    asking = threading.Thread(target=_say_ready, args=(Console(file=said), "http://127.0.0.1:9", ended))
    asking.start()
    ended.set()
    asking.join(10)
    assert (asking.is_alive(), said.getvalue()) == (False, "")
