"""Dagster's instance of a home: its databases are made by one process at a time, and repaired if two made them.

What is stored in them is Dagster's matter.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import dagster as dg
from alembic.script import ScriptDirectory
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.sql import get_alembic_config

from dmicc_assets.errors import RequestError
from dmicc_assets.orchestration.told import mark_of_records
from dmicc_assets.study.settings import Settings

_DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance of the environment's DAGSTER_HOME, with all its databases.

    Dagster makes and marks a database without a lock: two first runs at once would leave two marks of its version, and
    every later command would end in an error.

    Raises:
        RequestError: a database is damaged.
    """
    with settings.home_lock():
        for name in _DATABASES:
            _keep_one_mark(settings.dagster_home / name)
        instance = dg.DagsterInstance.get()
        mark = mark_of_records(settings)
        if not mark.exists():
            mark.parent.mkdir(parents=True, exist_ok=True)  # where Dagster keeps its records in another way
            mark.write_text(uuid4().hex)
    return instance


def _keep_one_mark(database: Path) -> None:
    """Keep one mark of a database's version, where two first runs at once left two."""
    if not database.is_file():
        return
    try:
        with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
            is_marked = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
            if connection.execute(is_marked).fetchone() is None:
                return
            marks = [mark for (mark,) in connection.execute("SELECT version_num FROM alembic_version")]
            if len(marks) > 1:
                # all of its tables were made as of today; a second process may have marked an earlier version
                kept = _head() if _head() in marks else marks[0]
                connection.execute("DELETE FROM alembic_version")
                connection.execute("INSERT INTO alembic_version VALUES (?)", (kept,))
    except sqlite3.DatabaseError as error:
        raise RequestError(
            f"{database}: Dagster cannot read its database ({error}); move the folder {database.parent} away: "
            "results are in the lake, and the next run tells Dagster of them"
        ) from None


def _head() -> str | None:
    """Version of the databases that the installed Dagster makes."""
    return ScriptDirectory.from_config(get_alembic_config(sqlite_run_storage.__file__)).get_current_head()
