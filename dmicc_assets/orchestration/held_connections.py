"""Dagster's PostgreSQL database in a process that tells it much: its connections are kept, and used again.

For each of the thousands of statements of a run Dagster connects anew, and the server begins a process: that took a
quarter of all CPU of a cluster. Files of one machine are in `held_databases.py`.
"""

import os
from typing import Any

from dagster_postgres import utils  # pyright: ignore[reportMissingImports] - in the extra `cluster`
from dagster_postgres.event_log import event_log  # pyright: ignore[reportMissingImports]
from dagster_postgres.run_storage import run_storage  # pyright: ignore[reportMissingImports]
from dagster_postgres.schedule_storage import schedule_storage  # pyright: ignore[reportMissingImports]
from sqlalchemy.engine import Engine

_CREATE = "create_pg_engine"  # by this name the storages call the function of `utils`
_engines: dict[tuple[int, str], Engine] = {}


def hold_connections() -> None:
    """Use one engine for each of Dagster's databases from now on, until the process ends.

    A connection that the server has closed meanwhile is replaced before it is used. A forked process has its own.
    """
    for storage in (event_log, run_storage, schedule_storage):
        setattr(storage, _CREATE, _engine_of)


def _engine_of(url: str, token_provider: Any = None, **_: Any) -> Engine:
    """The process' engine; what is left out has Dagster's engines keep no connection."""
    mine = os.getpid(), url
    if mine not in _engines:
        create = utils.create_pg_engine
        _engines[mine] = create(url, token_provider, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    return _engines[mine]
