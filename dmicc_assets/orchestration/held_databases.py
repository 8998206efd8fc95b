"""Dagster's SQLite files while a command tells it something: one transaction a step, and not one an event.

Dagster opens a file, writes an event, and waits for the disk; that of each run it first makes table by table. That took
most of a report, and a connection for each of 35 questions on a new run much of the rest.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.runs import SqliteRunStorage
from sqlalchemy import Connection, Engine, NullPool, create_engine

# By these names Dagster's storages open the file of a run's events or that of all events, and the file of all runs.
_CONNECT, _CONNECT_RUNS = "_connect", "connect"
_BUSY_SECONDS = 60.0

Connect = Callable[[str], AbstractContextManager[Connection]]


class Transactions:
    """The transactions of files, one each, and the next after the last.

    Attributes:
        connections: by file.
    """

    def __init__(self) -> None:
        self.connections: dict[str, Connection] = {}

    def add(self, file: str, connection: Connection) -> None:
        """Begin one of another file."""
        connection.begin()
        self.connections[file] = connection

    def commit(self) -> None:
        """Let others read what was written, and write."""
        for each in self.connections.values():
            each.commit()
            each.begin()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Write all of a block or, if an error ends it, nothing."""
        try:
            yield
        except BaseException:
            for each in self.connections.values():
                each.rollback()
                each.begin()
            raise
        self.commit()

    def close(self) -> None:
        """Commit for the last time."""
        for each in self.connections.values():
            with each:
                each.commit()


class HeldDatabases:
    """Dagster's files of events, and its file of runs, which is only kept open; its other databases are used as ever.

    Args:
        instance: Dagster's.
    """

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._events, self._runs = instance.event_log_storage, instance.run_storage
        self._engines: dict[str, Engine] = {}
        self._empty: bytes | None = None

    @contextmanager
    def held(self, run_id: str | None = None) -> "Iterator[Transactions]":
        """Write to each file in transactions until the block ends, which commits the last ones, also after an error.

        Other processes read what was committed; what they write waits, as for any other writer.

        Args:
            run_id: a new run that the block reports, if any.
        """
        transactions = Transactions()
        with ExitStack() as patched:
            patched.callback(transactions.close)
            if isinstance(self._events, SqliteEventLogStorage):
                patched.enter_context(self._held_events(self._events, run_id, transactions))
            if isinstance(self._runs, SqliteRunStorage):
                patched.enter_context(self._one_connection(self._runs))
            yield transactions

    @contextmanager
    def _held_events(
        self, storage: SqliteEventLogStorage, run_id: str | None, transactions: Transactions
    ) -> Iterator[None]:
        connect: Connect = getattr(storage, _CONNECT)
        if run_id is not None:
            self._make(storage, run_id, connect)

        @contextmanager
        def held(file: str) -> Iterator[Connection]:
            if file not in transactions.connections:
                if file not in storage._initialized_dbs:
                    with connect(file):  # makes it, or looks at its version
                        pass
                transactions.add(file, self._engine(storage.conn_string_for_shard(file)).connect())
            yield transactions.connections[file]

        with _in_place(storage, _CONNECT, held):
            yield

    @contextmanager
    def _one_connection(self, storage: SqliteRunStorage) -> Iterator[None]:
        """Have the file of runs opened once, and each change of it committed at once.

        A process that held it while it waits for the file of events would wait for ever for one that does the opposite.
        """
        with self._engine(storage._conn_string).connect() as connection:

            @contextmanager
            def connected() -> Iterator[Connection]:
                with nullcontext() if connection.in_transaction() else connection.begin():
                    yield connection

            with _in_place(storage, _CONNECT_RUNS, connected):
                yield

    def _make(self, storage: SqliteEventLogStorage, run_id: str, connect: Connect) -> None:
        """Make the file of a new run: by Dagster at first, then as a copy of that one as it was when it was empty.

        It is made before others know of the run, who would make it too.
        """
        path = Path(storage.path_for_shard(run_id))
        if self._empty is None:
            with connect(run_id):
                pass
            self._empty = path.read_bytes()
        else:
            path.write_bytes(self._empty)
            storage._initialized_dbs.add(run_id)

    def _engine(self, url: str) -> Engine:
        if url not in self._engines:
            self._engines[url] = create_engine(url, poolclass=NullPool, connect_args={"timeout": _BUSY_SECONDS})
        return self._engines[url]


@contextmanager
def _in_place(storage: object, name: str, ours: Callable[..., Any]) -> Iterator[None]:
    """Put ours in the place of a storage's method until the block ends."""
    setattr(storage, name, ours)
    try:
        yield
    finally:
        delattr(storage, name)
