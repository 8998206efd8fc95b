"""Dagster's SQLite files of events while a command tells it something: one transaction a file, and not one an event.

Dagster opens a file, writes an event, and waits for the disk; that of each run it first makes table by table. That took
most of a report.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy import Connection, Engine, NullPool, create_engine

_CONNECT = "_connect"  # by this name Dagster's storage opens the file of a run, or that of all events
_BUSY_SECONDS = 60.0

Connect = Callable[[str], AbstractContextManager[Connection]]


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
    def held(self, run_id: str | None = None) -> Iterator[Callable[[], None]]:
        """Write to each file in one transaction, which ends with the block, also with one that ends in an error.

        Other processes read what was told before; what they write waits, as for any other writer.

        Args:
            run_id: a new run that the block reports, if any.

        Yields:
            a function that ends the transactions, so that others read what was told until then; new ones follow.
        """
        storage = self._storage
        if not isinstance(storage, SqliteEventLogStorage):
            yield lambda: None
            return
        connect: Connect = getattr(storage, _CONNECT)
        if run_id is not None:
            self._make(storage, run_id, connect)
        with ExitStack() as transactions:
            connections: dict[str, Connection] = {}

            @contextmanager
            def held(file: str) -> Iterator[Connection]:
                if file not in connections:
                    if file not in storage._initialized_dbs:
                        with connect(file):  # makes it, or looks at its version
                            pass
                    connections[file] = transactions.enter_context(self._engine(storage, file).begin())
                yield connections[file]

            def commit() -> None:
                transactions.close()
                connections.clear()

            setattr(storage, _CONNECT, held)
            try:
                yield commit
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
