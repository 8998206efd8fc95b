"""What Dagster says is passed on to the terminal of `dmicc ui`, and taken from it in any case."""

import subprocess
import sys
import threading
from io import BytesIO, TextIOWrapper

import pytest

from dmicc_assets.cli.ui import _pass_on

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
