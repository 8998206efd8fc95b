"""The exit status of a command that is interrupted, whatever error the interruption becomes on its way."""

import os
import signal
import sys
from contextlib import suppress
from io import StringIO

import pytest
import typer
from rich.console import Console

from dmicc_assets.cli.exits import INTERRUPTED, run_command
from dmicc_assets.errors import DataError, RequestError


def status_of(command: object, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Exit status and last words of a command that is this function, or raises this error."""
    app, err = typer.Typer(), StringIO()

    @app.command()
    def run() -> None:
        if isinstance(command, Exception):
            raise command
        assert callable(command)
        command()

    monkeypatch.setattr(sys, "argv", ["dmicc"])
    with pytest.raises(SystemExit) as left:
        run_command(app, Console(file=err, soft_wrap=True))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return int(left.value.code or 0), err.getvalue()


def interrupted() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(
    "becomes",
    [None, RuntimeError("query interrupted"), DataError("a process died"), typer.Exit(1)],
    ids=["itself", "an error of a library", "a failed step", "a status"],
)
def test_an_interrupted_command_has_one_status(becomes: Exception | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        if becomes is None:
            interrupted()
        with suppress(KeyboardInterrupt):
            interrupted()
        raise becomes or AssertionError

    status, said = status_of(work, monkeypatch)
    assert status == INTERRUPTED
    assert said.startswith("dmicc: interrupted; finished results are kept")
    assert said.count("\n") == 1


def test_a_command_that_fails_or_ends_by_itself_keeps_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    assert status_of(DataError("no"), monkeypatch) == (1, "dmicc: no\n")
    assert status_of(RequestError("no"), monkeypatch) == (2, "dmicc: no\n")
    assert status_of(typer.Exit(1), monkeypatch) == (1, "")
    assert status_of(lambda: None, monkeypatch) == (0, "")
