"""Dagster's SQLite files of events while a command tells it something: one transaction a step, and not one an event.

Dagster opens a file, writes an event, and waits for the disk; that of each run it first makes table by table. That took
most of a report.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy import Connection, Engine, NullPool, create_engine

_CONNECT = "_connect"  # by this name Dagster's storage opens the file of a run, or that of all events
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
    """Dagster's files of events; its other databases are used as ever.

    Args:
        instance: Dagster's.
    """

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._storage = instance.event_log_storage
        self._engines: dict[str, Engine] = {}
        self._empty: bytes | None = None

    @contextmanager
    def held(self, run_id: str | None = None) -> "Iterator[Transactions]":
        """Write to each file in transactions until the block ends, which commits the last ones, also after an error.

        Other processes read what was committed; what they write waits, as for any other writer.

        Args:
            run_id: a new run that the block reports, if any.
        """
        storage, transactions = self._storage, Transactions()
        if not isinstance(storage, SqliteEventLogStorage):
            yield transactions
            return
        connect: Connect = getattr(storage, _CONNECT)
        if run_id is not None:
            self._make(storage, run_id, connect)

        @contextmanager
        def held(file: str) -> Iterator[Connection]:
            if file not in transactions.connections:
                if file not in storage._initialized_dbs:
                    with connect(file):  # makes it, or looks at its version
                        pass
                transactions.add(file, self._engine(storage, file).connect())
            yield transactions.connections[file]

        setattr(storage, _CONNECT, held)
        try:
            yield transactions
        finally:
            setattr(storage, _CONNECT, connect)
            transactions.close()

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

    def _engine(self, storage: SqliteEventLogStorage, file: str) -> Engine:
        url = storage.conn_string_for_shard(file)
        if url not in self._engines:
            self._engines[url] = create_engine(url, poolclass=NullPool, connect_args={"timeout": _BUSY_SECONDS})
        return self._engines[url]
