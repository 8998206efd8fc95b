"""`dmicc sql`: queries on the warehouse, as a table, CSV, JSON or Parquet, and a prompt with history."""

from pathlib import Path
from typing import Literal

import duckdb
import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dmicc_assets.errors import DmiccError, RequestError
from dmicc_assets.settings import Settings
from dmicc_assets.warehouse import open_warehouse

MOST_ROWS_SHOWN = 100


def run_query(settings: Settings, query: str) -> pl.DataFrame:
    """The rows of one query on the warehouse.

    Raises:
        RequestError: the query is wrong; the message is DuckDB's.
    """
    with open_warehouse(settings) as connection:
        try:
            return connection.sql(query).pl()
        except (duckdb.Error, pl.exceptions.PolarsError) as error:
            raise RequestError(f"the query failed: {error}") from None
        except AttributeError:
            raise RequestError("the query gives no rows: expected a SELECT") from None


def query_and_print(
    console: Console,
    settings: Settings,
    query: str,
    output_format: Literal["table", "csv", "json"],
    to: Path | None = None,
) -> None:
    """Run a query, or the query in a file, and print its rows or write them to a Parquet file.

    Raises:
        RequestError: the query or the file is wrong.
    """
    path = Path(query)
    if query.endswith(".sql"):
        if not path.is_file():
            raise RequestError(f"{query}: no such file of SQL")
        query = path.read_text(encoding="utf-8")
    rows = run_query(settings, query)
    if to is not None:
        rows.write_parquet(to)
        console.print(f"{len(rows)} rows in {to}")
    elif output_format == "csv":
        print(_flat(rows).write_csv(), end="")
    elif output_format == "json":
        print(rows.write_json())
    else:
        show_rows(console, rows)


def show_rows(console: Console, rows: pl.DataFrame) -> None:
    """A table in the terminal, cut after a hundred rows, with the count of what was left out."""
    table = Table(*rows.columns, box=None, pad_edge=False)
    for row in rows.head(MOST_ROWS_SHOWN).iter_rows():
        table.add_row(*(Text(_text(value)) for value in row))
    console.print(table)
    if len(rows) > MOST_ROWS_SHOWN:
        console.print(f"... {len(rows) - MOST_ROWS_SHOWN} more rows of {len(rows)}; --format csv prints all")


def prompt(console: Console, settings: Settings) -> None:
    """A prompt with history: a query ends with a semicolon, `.tables` lists the views, Ctrl-D leaves."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import FileHistory

    session: PromptSession[str] = PromptSession(history=FileHistory(str(settings.home / "sql_history")))
    console.print("A query ends with a semicolon; .tables lists the views; Ctrl-D leaves.")
    lines: list[str] = []
    while True:
        try:
            line = session.prompt("sql> " if not lines else "...> ")
        except KeyboardInterrupt:
            lines = []
            continue
        except EOFError:
            return
        lines.append(_TABLES if line.strip() == ".tables" else line)
        if lines[-1].rstrip().endswith(";"):
            _answer(console, settings, "\n".join(lines))
            lines = []


_TABLES = "SELECT schema_name || '.' || view_name AS view, comment FROM duckdb_views() WHERE NOT internal ORDER BY 1;"


def _answer(console: Console, settings: Settings, query: str) -> None:
    try:
        show_rows(console, run_query(settings, query))
    except DmiccError as error:
        console.print(str(error), markup=False)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:.6g}"
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _flat(rows: pl.DataFrame) -> pl.DataFrame:
    """Lists as text, since CSV has none."""
    nested = [name for name in rows.columns if rows[name].dtype.is_nested()]
    return rows.with_columns(
        pl.Series(name, [_text(v) for v in rows[name].to_list()], dtype=pl.String) for name in nested
    )
