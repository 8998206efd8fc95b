"""The table `warehouse/partitions`: decisions of `currency.py` on a study, kept in the lake for SQL and reports.

A command updates the rows of its study; the rows of other studies are from their last command.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import polars as pl

from dmicc_assets.lake.currency import Currency
from dmicc_assets.lake.durable import write_beside
from dmicc_assets.lake.store import Lake
from dmicc_assets.tables import PARTITIONS
from dmicc_assets.types import ALL_STUDIES, PartitionKey

_DIGITS = 12


def keep(lake: Lake, study: str, states: Sequence[Currency]) -> None:
    """Store the decisions on a study and on the partition of all studies; nothing is stored without results."""
    if lake.has(study):
        _keep(lake, study, [state for state in states if state.key != ALL_STUDIES])
        _keep(lake, ALL_STUDIES, [state for state in states if state.key == ALL_STUDIES])


def stale_tables(states: Sequence[Currency]) -> dict[tuple[str, PartitionKey], Currency]:
    """Table and partition of everything that is outdated."""
    return {(table, state.key): state for state in states if not state.is_current for table in state.step.outputs}


def root_causes(states: Sequence[Currency]) -> dict[str, list[str]]:
    """Causes of outdated tables, each once, in the order of the steps, with the tables that they affect."""
    found: dict[str, list[str]] = {}
    for state in states:
        if not state.is_current:
            found.setdefault(state.root_cause, []).extend(f"{table} of {state.key}" for table in state.step.outputs)
    return found


def _keep(lake: Lake, study: str, states: Sequence[Currency]) -> None:
    rows = pl.DataFrame([row for state in states for row in _rows(lake, study, state)], schema=PARTITIONS.schema)
    path = lake.path(PARTITIONS.name, study)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_beside(path, rows.sort(PARTITIONS.key).write_parquet)
    lake.share(path)


def _rows(lake: Lake, study: str, state: Currency) -> Iterator[dict[str, Any]]:
    """One row for each table of the step."""
    now = datetime.now(UTC)
    for table in state.step.outputs:
        manifest = lake.manifest(table, state.key)
        yield {
            "study": study,
            "table_name": table,
            "partition": str(state.key),
            "is_current": state.is_current,
            "because": state.because or None,
            "root_cause": state.root_cause or None,
            "made_from": sorted(map(_input, manifest.inputs)) if manifest else [],
            "content": manifest.content if manifest else None,
            "written_at": datetime.fromisoformat(manifest.written_at) if manifest else None,
            "judged_at": now,
        }


def _input(read: Sequence[str]) -> str:
    """One input as a line; a long observation is replaced by its hash."""
    table, key, content = read
    if table == "observed":
        return f"what was served, {sha256(content.encode()).hexdigest()[:_DIGITS]}"
    return f"{table} of {key}, {content[:_DIGITS]}"
