"""The warehouse of a lake on an object store: tables copied from what is published, in place of views over files.

Matrices are not copied; `warehouse.problems` names them. Which files there are is the lake's matter.
"""

import re
from collections.abc import Iterator

from dmicc_assets.lake.store import EMPTY, Lake, StoredFile
from dmicc_assets.tables import TABLES
from dmicc_assets.types import PartitionKey
from dmicc_assets.warehouse.problems import NOT_COPIED, Problem, problem_of

_VIEW = re.compile(r"^CREATE VIEW ([\w.\"]+) AS\b", re.MULTILINE)
SCHEMA = "published"


def statements(lake: Lake, text: str) -> list[str]:
    """What creates a view: the text itself; of a published lake, if it reads files, a table of their rows and a view.

    Args:
        lake: the Parquet store.
        text: a SQL file, with patterns below `{{lake}}`.
    """
    found = _VIEW.search(text)
    if not lake.is_published or found is None or "{{lake}}" not in text:
        return [text]
    for table in TABLES.values():
        if table.is_matrix:
            text = text.replace(f"{{{{lake}}}}/{table.name}/*.parquet", f"{{{{lake}}}}/{table.name}/{EMPTY}")
    copied = f'{SCHEMA}."{found[1]}"'
    return [
        f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
        _VIEW.sub(f"CREATE TABLE {copied} AS", text, count=1),
        f"CREATE VIEW {found[1]} AS FROM {copied}",
    ]


def copied_tables(lake: Lake) -> list[Problem]:
    """Copy the rows of a published lake here; a problem for each object that is damaged."""
    return [
        problem_of(StoredFile(TABLES[table], PartitionKey(partition).study, lake.path(table, partition), False), why)
        for table, partition, why in lake.bring_tables()
    ]


def not_copied(lake: Lake) -> Iterator[Problem]:
    """A row of `warehouse.problems` for each matrix that the views lack, none of a lake in a folder."""
    if not lake.is_published:
        return
    for table in (each for each in TABLES.values() if each.is_matrix):
        for partition in lake.partitions(table.name):
            study = PartitionKey(partition).study
            remedy = f'`dmicc_assets.open("{study}")` reads it'
            yield Problem(study, table.view, str(lake.path(table.name, partition)), NOT_COPIED, remedy)
