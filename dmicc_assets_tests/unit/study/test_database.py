"""A database of locks that refuses, goes away or comes back: psycopg2 is replaced by what it does then."""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from dmicc_assets.errors import DmiccError
from dmicc_assets.geo.http.shared_throttle import SharedThrottle
from dmicc_assets.lake.advisory_locks import AdvisoryLocks

URL = SecretStr("postgresql://user:secret@server/locks")
Answer = Callable[["Connection", str], None]


class RefusedError(Exception):
    """psycopg2.Error."""


class Connection:
    """A connection; `answer` raises what the server does on a statement."""

    def __init__(self, answer: Answer) -> None:
        self.closed, self.autocommit, self.description = 0, False, ["a column"]
        self._answer = answer

    def cursor(self) -> Any:
        return nullcontext(self)

    def execute(self, statement: str, _: object) -> None:
        self._answer(self, statement)

    def fetchone(self) -> tuple[float]:
        return (1.0,)

    def close(self) -> None:
        self.closed = 1


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], list[Connection]]:
    """Let the server answer so; gives the connections that are made."""

    def begin(answer: Answer) -> list[Connection]:
        made: list[Connection] = []

        def connect(*_: object, **_options: object) -> Connection:
            made.append(Connection(answer))
            return made[-1]

        monkeypatch.setitem(sys.modules, "psycopg2", SimpleNamespace(Error=RefusedError, connect=connect))
        return made

    return begin


def refuse(_: Connection, statement: str) -> None:
    if "pg_try_advisory_lock" in statement or "CREATE" in statement:
        raise RefusedError("ERROR:  permission denied\n")


def test_a_database_that_refuses_is_named_in_one_line_without_its_password(
    serve: Callable[[Answer], list[Connection]],
) -> None:
    made = serve(refuse)
    line = r"^DMICC_LOCKS_URL: server: ERROR:  permission denied$"
    with pytest.raises(DmiccError, match=line), AdvisoryLocks(URL, "s3://lake").hold("study s"):
        pass
    with pytest.raises(DmiccError, match=line):
        SharedThrottle(URL, "ncbi", 3.0).wait()
    assert all(each.closed for each in made), "a lock that is kept would stop every other machine"


def test_a_connection_that_the_server_ended_is_made_again_once(serve: Callable[[Answer], list[Connection]]) -> None:
    is_ended = [False]

    def answer(connection: Connection, _: str) -> None:
        if is_ended[0]:
            is_ended[0], connection.closed = False, 2
            raise RefusedError("server closed the connection unexpectedly")

    made = serve(answer)
    throttle = SharedThrottle(URL, "ncbi", 3.0)
    throttle.hold(1.0)
    is_ended[0] = True
    throttle.hold(1.0)
    assert [each.closed for each in made] == [2, 0]


def test_what_fails_inside_a_lock_is_not_taken_for_the_database(serve: Callable[[Answer], list[Connection]]) -> None:
    (made, inside) = serve(lambda _connection, _statement: None), RefusedError("of Dagster's own database")
    with pytest.raises(RefusedError) as caught, AdvisoryLocks(URL, "s3://lake").hold("study s"):
        raise inside
    assert caught.value is inside
    assert made[0].closed
