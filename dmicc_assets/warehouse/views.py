"""The generated SQL of every declared table: its view, the view of its earlier contents, its comments.

`generate.py` writes the files in `sql/views/`; further views in this folder are written by hand.
"""

from collections.abc import Iterator
from functools import cache
from textwrap import wrap

import duckdb

from dmicc_assets.tables import PARTITIONS, TABLES, Column, Table
from dmicc_assets.tables.table import MAP, STUDY

VIEWED = (*TABLES.values(), PARTITIONS)
# First line of generated files.
MADE = "-- Made by `make generated` from the table's declaration.\n"

_VIEW = """\
{comment}
CREATE VIEW {view} AS
SELECT
    {columns}
FROM read_parquet('{{{{lake}}}}/{table}/*.parquet', union_by_name = true{filename});
"""
# The study by the name of its file: a query on one study then opens no file of another.
_STUDY = "string_split(parse_filename(filename), '.')[1]"
_HISTORY = """\
-- Earlier contents of {of}, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW {view} AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    {columns}
FROM read_parquet('{{{{lake}}}}/history/{table}/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{{{lake}}}}/history/{table}/*/*.json',
    columns = {{revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'}},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
"""


def view_texts() -> dict[str, str]:
    """The text of each file, by its path below `sql/views/`."""
    views = {f"{table.name}.sql": _view(table) for table in VIEWED}
    return views | {_file(table.history_view): _history(table) for table in VIEWED if table.keeps_history}


def comments(table: Table) -> Iterator[str]:
    """The statements that put the meanings of a table and its columns on its view."""
    yield f"COMMENT ON VIEW {table.view} IS '{quoted(table.meaning)}'"
    yield from column_comments(table)


def column_comments(table: Table) -> Iterator[str]:
    """The statements that put the meanings of a table's columns on its view, or on a table of the same name."""
    for column in table.columns:
        yield f"COMMENT ON COLUMN {table.view}.{_name(column)} IS '{quoted(column.meaning)}'"


def quoted(text: object) -> str:
    """A text escaped for a SQL literal in single quotes."""
    return str(text).replace("'", "''")


def _file(view: str) -> str:
    return f"{view.replace('.', '/')}.sql"


def _view(table: Table) -> str:
    comment = "\n".join(wrap(table.meaning, 118, initial_indent="-- ", subsequent_indent="-- "))
    columns, filename = selected_columns(table), ""
    if (named := f"CAST({STUDY.name} AS") in columns:
        columns, filename = columns.replace(named, f"CAST({_STUDY} AS", 1), ", filename = true"
    return MADE + _VIEW.format(comment=comment, view=table.view, columns=columns, table=table.name, filename=filename)


def _history(table: Table) -> str:
    columns = selected_columns(table, "rows.")
    return MADE + _HISTORY.format(of=table.view, view=table.history_view, columns=columns, table=table.name)


def selected_columns(table: Table, prefix: str = "") -> str:
    """Every column with its type; a map is stored as a list of its entries, an equal column not at all."""
    lines: list[str] = []
    for column in table.columns:
        stored = prefix + _name(column)
        value = f"map_from_entries({stored})" if column.dtype == MAP else stored
        if column.stored_unless is not None:
            value = f"coalesce({stored}, {prefix}{column.stored_unless})"
        lines.append(f"CAST({value} AS {column.sql_type}) AS {_name(column)}")
    return ",\n    ".join(lines)


def _name(column: Column) -> str:
    """The column's name in SQL: in quotes when it is a reserved word."""
    return f'"{column.name}"' if column.name in _reserved_words() else column.name


@cache
def _reserved_words() -> frozenset[str]:
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'")
        return frozenset(word for (word,) in rows.fetchall())
