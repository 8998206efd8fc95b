"""Dagster's SQLite files while a command tells it something: kept open, and not waited for at each event.

Dagster makes an engine and a connection for each of its thousands of statements: each is compiled anew, and the end of
a file's last connection copies its log back and waits for the disk, as each commit does. That took most of a report.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from types import ModuleType
from typing import Any

from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from sqlalchemy import event
from sqlalchemy.engine import Engine

_STORAGES: tuple[ModuleType, ...] = (sqlite_event_log, sqlite_run_storage)
_CREATE = "create_engine"  # by this name both modules call SQLAlchemy's


@contextmanager
def held_databases() -> Iterator[None]:
    """Use one engine for each of Dagster's SQLite files, and keep the file open, until the block ends.

    A commit is safe against the end of the process. After a loss of power in the block the last ones may be missing,
    never half of one (https://sqlite.org/wal.html); the end of the block waits for the disk. So what `told.py` records
    after it is on the disk, and what a loss of power took from Dagster is told again.
    """
    held: dict[str, sqlite3.Connection] = {}
    engines: dict[str, Engine] = {}
    create: Callable[..., Engine] = getattr(sqlite_event_log, _CREATE)

    def engine_of(url: str, **given: Any) -> Engine:
        if url not in engines:
            engines[url] = create(url, **given)
            event.listen(engines[url], "connect", hold)
        return engines[url]

    def hold(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")
        ((_, _, path),) = connection.execute("PRAGMA database_list").fetchall()
        if path not in held:
            held[path] = sqlite3.connect(path, check_same_thread=False)
        # Only a connection that has read the file since it has a log keeps the log.
        held[path].execute("SELECT count(*) FROM sqlite_master").fetchone()

    for storage in _STORAGES:
        setattr(storage, _CREATE, engine_of)
    try:
        yield
    finally:
        for storage in _STORAGES:
            setattr(storage, _CREATE, create)
        for each in held.values():
            with closing(each):
                # By itself the end of a connection copies no log back while the UI has the file open.
                each.execute("PRAGMA wal_checkpoint")
