"""The contents of a table's partitions of all studies, and some of their columns, read together.

`store.py` reads one partition; `looked_at.py` keeps what was found.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

import polars as pl

from dmicc_assets.errors import DataError
from dmicc_assets.lake.looked_at import looked_at
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.stored_once import columns_read, with_repeats
from dmicc_assets.tables import TABLES
from dmicc_assets.types import PartitionKey


def contents(lake: Lake, table: str, keys: Iterable[PartitionKey]) -> dict[PartitionKey, str]:
    """The content of each partition that was written and whose file can be opened.

    Args:
        lake: the Parquet store.
        table: the table.
        keys: partitions of any study.
    """

    def look(key: str) -> str | None:
        manifest = lake.manifest(table, key)
        return manifest.content if manifest is not None and lake.is_readable(table, key) else None

    found = looked_at(lake, table, "contents", look)
    return {key: content for key in keys if (content := found.get(key)) is not None}


def read_columns(
    lake: Lake, table: str, keys: Iterable[PartitionKey], columns: Sequence[str]
) -> dict[str, pl.DataFrame]:
    """Some columns of the partitions that were written, read together; those of damaged files are left out."""
    declared = TABLES[table]
    there, by = sorted(contents(lake, table, keys)), declared.partition_columns
    if not there:
        return {}
    try:
        stored = pl.scan_parquet([lake.path(table, key) for key in there])
        rows = stored.select(*by, *columns_read(declared, columns)).collect()
    except (OSError, pl.exceptions.PolarsError):  # one of them: each is read to find it
        return dict(_each(lake, table, there, columns))
    rows = with_repeats(declared, rows).select(*by, *columns)
    parts = rows.partition_by(by, as_dict=True, include_key=False)
    return {key: parts.get(key.names, rows.head(0).select(columns)) for key in there}


def _each(
    lake: Lake, table: str, keys: Iterable[PartitionKey], columns: Sequence[str]
) -> Iterator[tuple[str, pl.DataFrame]]:
    for key in keys:
        with suppress(DataError):
            yield key, lake.read(table, key).select(columns)
