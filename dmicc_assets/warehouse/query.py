"""`dmicc sql`: queries on the warehouse, as a table, CSV, JSON or Parquet, and a prompt with history."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Literal

import duckdb
import polars as pl
from rich.console import Console

from dmicc_assets.errors import DmiccError, RequestError
from dmicc_assets.study.settings import Settings
from dmicc_assets.warehouse.build import leave_out_damaged, open_warehouse
from dmicc_assets.warehouse.place import place_of
from dmicc_assets.warehouse.safe import restrict
from dmicc_assets.warehouse.shown_rows import show_rows, text_of
from dmicc_assets.wording import counted

Format = Literal["table", "csv", "tsv", "json"]


def run_query(settings: Settings, query: str, *, is_safe: bool = False) -> pl.DataFrame:
    """The rows of one query on the warehouse.

    Args:
        settings: settings with the warehouse to query.
        query: SQL.
        is_safe: whether the query may only read the lake (`restrict`), as one of somebody else.

    Raises:
        RequestError: the query is wrong, or not safe; the message is DuckDB's, in one line.
    """
    try:
        try:
            return _rows(settings, query, is_safe)
        except duckdb.Error as error:
            if isinstance(error, _OF_THE_QUERY) or "No files found" in str(error) or not leave_out_damaged(settings):
                raise
            return _rows(settings, query, is_safe)
    except (duckdb.Error, pl.exceptions.PolarsError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip(" ^")]
        raise RequestError(f"the query failed: {'; '.join(lines)}") from None
    except AttributeError:
        raise RequestError("the query gives no rows: expected a SELECT") from None


# What a query is wrong in by itself, whatever is in the lake.
_OF_THE_QUERY = (
    *(duckdb.ParserException, duckdb.SyntaxException, duckdb.CatalogException, duckdb.BinderException),
    *(duckdb.PermissionException, duckdb.NotImplementedException, duckdb.InterruptException),
)


def _rows(settings: Settings, query: str, is_safe: bool) -> pl.DataFrame:
    with open_warehouse(settings) as connection:
        if is_safe:
            restrict(connection, settings, query)
        return connection.sql(query).pl()


def query_and_print(
    console: Console,
    settings: Settings,
    query: str,
    output_format: Format,
    to: Path | None = None,
    *,
    is_safe: bool = False,
    for_excel: bool = False,
) -> None:
    """Run a query, or the query in a file, and print its rows or write them to a file.

    Args:
        console: where to print.
        settings: settings with the warehouse to query.
        query: SQL, or the name of a file that ends in `.sql`, unless it is to be safe.
        output_format: how to print.
        to: file to write instead, in the format of its ending (.parquet, .csv, .tsv, .json).
        is_safe: as for `run_query`.
        for_excel: whether texts are written so that a spreadsheet takes none for a formula.

    Raises:
        RequestError: the query or a file is wrong.
    """
    if to is not None and to.suffix not in _WRITERS:
        raise RequestError(f"{to}: expected a file name that ends in {', '.join(_WRITERS)}")
    if for_excel and (output_format if to is None else to.suffix[1:]) not in _OF_SPREADSHEETS:
        raise RequestError("--excel is for CSV and TSV, which a spreadsheet opens; leave it out for other formats")
    if query.endswith(".sql") and not is_safe:  # somebody else's query reads no file, not even as SQL
        path = Path(query)
        if not path.is_file():
            raise RequestError(f"{query}: no such file of SQL")
        query = path.read_text(encoding="utf-8")
    rows = run_query(settings, query, is_safe=is_safe)
    rows = without_formulas(rows) if for_excel else rows
    if to is not None:
        try:
            to.write_bytes(_WRITERS[to.suffix](rows))
        except (OSError, pl.exceptions.PolarsError) as error:
            raise RequestError(f"{to}: cannot be written ({getattr(error, 'strerror', None) or error})") from None
        console.print(f"{counted(len(rows), 'row')} in {to}")
    elif output_format == "table":
        show_rows(console, rows)
    else:
        print(_WRITERS[f".{output_format}"](rows).decode(), end="")


def without_formulas(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with a single quote before each text, and each name, that a spreadsheet would take for a formula.

    Those begin with `=`, `+`, `-`, `@`, a tab or a line end (OWASP, CSV injection); lists and maps become texts.
    """
    flat = _flat(rows)
    quoted = [
        pl.when(pl.col(name).str.contains(_FORMULA))
        .then(pl.lit("'") + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name, dtype in flat.schema.items()
        if dtype == pl.String
    ]
    names = {name: f"'{name}" for name in flat.columns if re.match(_FORMULA, name)}
    return flat.with_columns(quoted).rename(names)


_OF_SPREADSHEETS = ("table", "csv", "tsv")
_FORMULA = r"^[=+\-@\t\r\n]"


def prompt(console: Console, settings: Settings, *, is_safe: bool = False) -> None:
    """A prompt with history: a query ends with a semicolon, `.tables` lists the views, `.quit` or Ctrl-D leaves."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import FileHistory

    history = FileHistory(str(place_of(settings).path.with_name("sql_history")))
    session: PromptSession[str] = PromptSession(history=history)
    console.print("A query ends with a semicolon; .tables lists the views; .quit or Ctrl-D leaves.")
    lines: list[str] = []
    while True:
        try:
            line = session.prompt("sql> " if not lines else "...> ")
        except KeyboardInterrupt:
            lines = []
            continue
        except EOFError:
            return
        if not lines and line.strip() in _LEAVING:
            return
        if lines or line.strip():
            lines.append(_TABLES if line.strip() == ".tables" else line)
        if lines and lines[-1].rstrip().endswith(";"):
            _answer(console, settings, "\n".join(lines), is_safe)
            lines = []


_LEAVING = (".quit", ".exit", "quit", "exit", "quit;", "exit;")
_TABLES = "SELECT schema_name || '.' || view_name AS view, comment FROM duckdb_views() WHERE NOT internal ORDER BY 1;"


def _answer(console: Console, settings: Settings, query: str, is_safe: bool) -> None:
    try:
        show_rows(console, run_query(settings, query, is_safe=is_safe))
    except DmiccError as error:
        console.print(str(error))


def _flat(rows: pl.DataFrame) -> pl.DataFrame:
    """Lists and maps as text, because CSV has none."""
    nested = [name for name in rows.columns if rows[name].dtype.is_nested()]
    return rows.with_columns(
        pl.Series(name, [text_of(v, str) for v in rows[name].to_list()], dtype=pl.String) for name in nested
    )


def _parquet(rows: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    rows.write_parquet(buffer)
    return buffer.getvalue()


# Writers by file ending; `--format` has those of text formats.
_WRITERS: dict[str, Callable[[pl.DataFrame], bytes]] = {
    ".parquet": _parquet,
    ".csv": lambda rows: _flat(rows).write_csv().encode(),
    ".tsv": lambda rows: _flat(rows).write_csv(separator="\t").encode(),
    ".json": lambda rows: f"{rows.write_json()}\n".encode(),
}
