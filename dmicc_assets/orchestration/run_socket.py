"""Where the run server listens: a socket in DAGSTER_HOME, which its owner alone can use. Without dagster."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NAME = "runs.sock"
_SECONDS = 20.0  # that an answer may take, on a machine that is busy


@contextmanager
def listening(dagster_home: Path) -> Iterator[socket.socket]:
    """A socket that listens in the folder, in the place of one of an earlier server."""
    path = dagster_home / _NAME
    path.unlink(missing_ok=True)  # of a server that was killed; one that is there goes on without new runs
    with socket.socket(socket.AF_UNIX) as found, _short(dagster_home) as folder:
        umask = os.umask(0o177)
        try:
            found.bind(f"{folder}/{_NAME}")
        finally:
            os.umask(umask)
        found.listen()
        its_own = path.stat().st_ino
        try:
            yield found
        finally:
            with suppress(FileNotFoundError):
                if path.stat().st_ino == its_own:
                    path.unlink()


def answer_of(dagster_home: Path, asked: str) -> str:
    """The answer of the server of a folder to a text; empty where none listens.

    Raises:
        OSError: it gave no answer in time; it may have done what was asked.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_SECONDS)
        try:
            with _short(dagster_home) as folder:
                connection.connect(f"{folder}/{_NAME}")
        except OSError:
            return ""
        connection.sendall(asked.encode())
        connection.shutdown(socket.SHUT_WR)
        return received(connection)


def received(connection: socket.socket) -> str:
    """All that the other side says until it ends.

    Raises:
        OSError: it stopped for too long.
    """
    connection.settimeout(_SECONDS)
    parts = list[bytes]()
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts).decode()


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    """Another path of a folder: the path of a socket may have 107 bytes."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{opened}"
    finally:
        os.close(opened)
