"""The exit status of a command that is interrupted, whatever error the interruption becomes on its way."""

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import StringIO

import pytest
import typer
from rich.console import Console

from dmicc_assets.cli.exits import INTERRUPTED, Stream, run_command
from dmicc_assets.cli.json_lines import print_json
from dmicc_assets.errors import DataError, RequestError


def status_of(command: object, monkeypatch: pytest.MonkeyPatch, out: Stream | None = None) -> tuple[int, str]:
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
        run_command(app, Console(file=err, soft_wrap=True), out)
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


@pytest.fixture
def unread() -> Iterator[Stream]:
    """Standard output whose reader has left."""
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w") as file:
        yield Stream(file=file)


SAYS: dict[str, Callable[[Stream], object]] = {
    "text": lambda out: out.print("a line"),
    "json": lambda out: print_json(out, a=1),
    "at the end": lambda out: out.file.write("a table"),
}


@pytest.mark.parametrize("says", SAYS)
def test_a_command_without_a_reader_works_to_its_end(
    says: str, unread: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`dmicc run X | head -1` ended in the middle of its work, with the status of a failure."""
    done = list[int]()

    def work() -> None:
        for i in range(3):
            SAYS[says](unread)
            done.append(i)

    assert status_of(work, monkeypatch, unread) == (128 + signal.SIGPIPE, "")
    assert done == [0, 1, 2]


def test_a_failure_without_a_reader_is_a_failure(unread: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        unread.print("a line")
        raise DataError("no")

    assert status_of(work, monkeypatch, unread) == (1, "dmicc: no\n")


def test_a_query_whose_reader_leaves_has_the_status_of_its_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert status_of(BrokenPipeError(errno.EPIPE, "no"), monkeypatch) == (128 + signal.SIGPIPE, "")


def test_ctrl_c_before_the_command_line_is_read_is_an_interruption_too() -> None:
    def command() -> None:
        raise KeyboardInterrupt

    err = StringIO()
    with pytest.raises(SystemExit) as left:
        run_command(command, Console(file=err, soft_wrap=True))
    assert left.value.code == INTERRUPTED
    assert err.getvalue().startswith("dmicc: interrupted; ")
