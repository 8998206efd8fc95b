"""The first rows of a table in an asset's metadata, as a small table that opens in the UI. No matrix is shown so."""

from collections.abc import Iterable

import dagster as dg

from dmicc_assets.lake import Manifest
from dmicc_assets.step import StepContext
from dmicc_assets.tables import TABLES

MOST_ROWS = 20
MOST_CHARACTERS = 120
# what asks for attention first; other tables stand in the order of their key
_SEVERITIES = ("error", "warning", "info", "ok")


def first_rows(context: StepContext, manifest: Manifest) -> dict[str, dg.MetadataValue]:
    """The first rows of what was just written, those that warn before others; none of a matrix or an empty table."""
    if TABLES[manifest.table].is_matrix or not manifest.n_rows:
        return {}
    table = context.lake.read(manifest.table, manifest.partition)
    rows = (table if "severity" in table.columns else table.head(MOST_ROWS)).to_dicts()
    rows.sort(key=lambda row: _SEVERITIES.index(row.get("severity", _SEVERITIES[0])))
    shown = [_line(table.columns), _line("---" for _ in rows[0]), *(_line(row.values()) for row in rows[:MOST_ROWS])]
    more = f"\n\n... of {len(table)} rows" if len(table) > MOST_ROWS else ""
    return {"first_rows": dg.MetadataValue.md("\n".join(shown) + more)}


def _line(values: Iterable[object]) -> str:
    return f"| {' | '.join(_cell(value) for value in values)} |"


def _cell(value: object) -> str:
    """One value as text that keeps to its cell."""
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
