"""The socket of the run server: who answers, and what happens where nobody does."""

import socket
import stat
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from dmicc_assets.orchestration import run_socket
from dmicc_assets.orchestration.run_socket import answer_of, listening, received


def answering(server: socket.socket, answer: Callable[[str], str]) -> Thread:
    """A thread that answers one question."""

    def serve() -> None:
        with server.accept()[0] as connection:
            connection.sendall(answer(received(connection)).encode())

    thread = Thread(target=serve)
    thread.start()
    return thread


def test_a_server_answers_below_a_path_that_is_too_long_for_sockets(tmp_path: Path) -> None:
    home = tmp_path / ("long " * 30)
    home.mkdir()
    with listening(home) as server:
        thread = answering(server, lambda asked: asked[::-1])
        assert answer_of(home, "made " * 100_000) == " edam" * 100_000
        thread.join()
    assert not list(home.iterdir())


def test_others_cannot_use_it(tmp_path: Path) -> None:
    with listening(tmp_path):
        (path,) = tmp_path.iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_where_no_server_listens_the_answer_is_empty(tmp_path: Path) -> None:
    assert answer_of(tmp_path / "missing", "x") == ""
    assert answer_of(tmp_path, "x") == ""
    with socket.socket(socket.AF_UNIX) as killed, pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        killed.bind("runs.sock")
    assert answer_of(tmp_path, "x") == ""


def test_a_server_that_follows_one_that_was_killed_takes_its_place_and_leaves_it_to_the_next(tmp_path: Path) -> None:
    with listening(tmp_path), listening(tmp_path) as second:
        thread = answering(second, lambda _: "second")
        assert answer_of(tmp_path, "x") == "second"
        thread.join()
        with listening(tmp_path):
            pass
    assert not list(tmp_path.iterdir())


def test_a_server_that_says_nothing_is_no_missing_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that it may have begun must not be begun again."""
    monkeypatch.setattr(run_socket, "_SECONDS", 0.05)
    with listening(tmp_path), pytest.raises(OSError, match="timed out"):
        answer_of(tmp_path, "x")
