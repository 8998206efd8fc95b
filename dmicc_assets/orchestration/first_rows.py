"""Metadata to read: the first rows as a small table, and files written by the step."""

from collections.abc import Iterable

import dagster as dg

from dmicc_assets.checks.finding import SEVERITIES
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.steps import StepContext
from dmicc_assets.tables import TABLES

MOST_ROWS = 20
MOST_CHARACTERS = 120


def first_rows(context: StepContext, manifest: Manifest) -> dict[str, dg.MetadataValue]:
    """The first rows of a written table, those that warn before others; None for a matrix or an empty table."""
    if TABLES[manifest.table].is_matrix or not manifest.n_rows:
        return {}
    table = context.lake.read(manifest.table, manifest.partition)
    rows = (table if "severity" in table.columns else table.head(MOST_ROWS)).to_dicts()
    # rows that need attention first; other tables are in the order of their key
    rows.sort(key=lambda row: SEVERITIES.index(row.get("severity", SEVERITIES[0])))
    shown = [_line(table.columns), _line("---" for _ in rows[0]), *(_line(row.values()) for row in rows[:MOST_ROWS])]
    more = f"\n\n... of {len(table)} rows" if len(table) > MOST_ROWS else ""
    return {"first_rows": dg.MetadataValue.md("\n".join(shown) + more)}


def written_files(context: StepContext) -> dict[str, dg.MetadataValue]:
    """Paths of files that the step wrote outside the lake, as of the report."""
    files = context.step.files(context) if context.step.files is not None else ()
    return {path.name: dg.MetadataValue.path(path) for path in files}


def _line(values: Iterable[object]) -> str:
    return f"| {' | '.join(_cell(value) for value in values)} |"


def _cell(value: object) -> str:
    """One value as text that is safe in a table cell."""
    match value:
        case None:
            text = ""
        case float():
            text = f"{value:.4g}"
        case list():
            text = ", ".join(f"{v['key']}: {v['value']}" if isinstance(v, dict) else str(v) for v in value)
        case _:
            text = str(value)
    text = " ".join(text.split()).replace("|", "\\|")
    return f"{text[:MOST_CHARACTERS]}..." if len(text) > MOST_CHARACTERS else text
