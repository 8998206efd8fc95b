"""A study's tables as files: TSV or Parquet, and one DuckDB file with tables instead of views.

Rows come from the warehouse, so that an export has the same columns as queries. Matrices as TSV are in `matrices.py`.
"""

import gzip
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from dmicc_assets.errors import DataError
from dmicc_assets.lake.published import lake_of
from dmicc_assets.lake.store import Lake
from dmicc_assets.study.settings import Settings
from dmicc_assets.tables import TABLES
from dmicc_assets.warehouse.build import STORAGE_VERSION, ensure_warehouse, leave_out_damaged, left_out, sql_folder
from dmicc_assets.warehouse.risk_macro import model_gene_names, models, risk_macro
from dmicc_assets.warehouse.views import VIEWED, column_comments, quoted

TableFormat = Literal["tsv", "parquet", "duckdb"]
TSV, PARQUET, GZIP = "text/tab-separated-values", "application/vnd.apache.parquet", "application/gzip"
# A larger table is gzipped; a smaller one opens in a spreadsheet.
PLAIN_BYTES = 1_000_000
_AS_TSV = "(FORMAT csv, DELIMITER '\t', HEADER)"
_AS_PARQUET = "(FORMAT parquet, COMPRESSION zstd)"
# Most tables are small: DuckDB's own 256 KB a block would be nearly empty.
_SMALL_BLOCKS = ", BLOCK_SIZE 16384"
_LIST = "array_to_string({0}, ';')"
_MAP = "array_to_string(list_transform(map_entries({0}), lambda e: e.key || '=' || e.value), '; ')"

_VIEWS = """
    SELECT schema_name || '.' || view_name, coalesce(comment, '')
    FROM duckdb_views()
    WHERE NOT internal AND database_name = 'views' AND schema_name <> 'main'
    ORDER BY 1
"""
_TABLES = "SELECT schema_name || '.' || table_name, coalesce(comment, '') FROM duckdb_tables() ORDER BY 1"
_DICTIONARY = """
    SELECT schema_name || '.' || table_name AS "table", column_name AS "column", data_type AS type, comment AS meaning
    FROM duckdb_columns()
    WHERE NOT internal
    ORDER BY 1, column_index
"""


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file of an export: its path relative to the folder, and its description."""

    path: str
    title: str
    media_type: str


def write_study_database(settings: Settings, study: str, path: Path, holds_matrices: bool = False) -> None:
    """One DuckDB file of the study: tables named as the warehouse's views, with their comments, and the macros.

    Args:
        settings: name the warehouse.
        study: the study.
        path: the file, which must not exist.
        holds_matrices: whether the matrices are in it too; they are several times as large as everything else.

    Raises:
        DataError: a file of the study is damaged. One of another study is no hindrance.
    """
    try:
        _write_study_database(settings, study, path, holds_matrices)
    except duckdb.Error:
        if not leave_out_damaged(settings):
            raise
        path.unlink(missing_ok=True)
        _write_study_database(settings, study, path, holds_matrices)


def _write_study_database(settings: Settings, study: str, path: Path, holds_matrices: bool) -> None:
    warehouse = ensure_warehouse(settings)
    if damaged := [line for line in left_out(settings) if line.startswith(f"{study} ")]:
        raise DataError(damaged[0])
    blocks = "" if holds_matrices else _SMALL_BLOCKS
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {_text(warehouse)} AS views (READ_ONLY)")
        connection.execute(f"ATTACH {_text(path)} AS study (STORAGE_VERSION '{STORAGE_VERSION}'{blocks})")
        connection.begin()  # one transaction: else each of several hundred statements waits for the disk
        connection.execute("USE views")
        written = set(_write_tables(connection, study, holds_matrices))
        connection.execute("USE study")
        for table in VIEWED:
            for comment in column_comments(table) if table.view in written else ():
                connection.execute(comment)
        _write_macros(connection, lake_of(settings), study)
        connection.commit()
        connection.execute("USE memory")
        connection.execute("DETACH study")


def _write_tables(connection: duckdb.DuckDBPyConnection, study: str, holds_matrices: bool) -> Iterator[str]:
    """Copy the study's rows of every view, and yield the names."""
    matrices = _matrix_views()
    for view, meaning in connection.execute(_VIEWS).fetchall():
        condition = _of_study(connection, view, study)
        if condition and (holds_matrices or view not in matrices):
            # rows in the order of their key, which DuckDB compresses best
            order = f"ORDER BY {', '.join(matrices[view])}" if view in matrices else ""
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS study.{view.split('.')[0]}")
            connection.execute(f"CREATE TABLE study.{view} AS FROM views.{view} WHERE {condition} {order}")
            connection.execute(f"COMMENT ON TABLE study.{view} IS {_text(meaning)}")
            yield view


def _write_macros(connection: duckdb.DuckDBPyConnection, lake: Lake, study: str) -> None:
    tables, _ = models(lake)
    connection.execute(model_gene_names(tables))
    for macro in sorted((sql_folder() / "macros").glob("*.sql")):
        connection.execute(macro.read_text(encoding="utf-8"))
    if study in tables:
        connection.execute(risk_macro(study, tables[study]))


def write_table_files(database: Path, folder: Path, table_format: TableFormat = "tsv") -> Iterator[ExportedFile]:
    """Every table of a study's DuckDB file as TSV or Parquet; earlier results if there are any.

    In TSV a list is joined by ';', a map is `key=value; key=value`, and a missing value is an empty field. A TSV over
    1 MB is gzipped.
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, meaning in connection.execute(_TABLES).fetchall():
            n_rows = connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
            if name.startswith("history.") and n_rows == 0:
                continue
            path = _table_path(folder, name, table_format)
            flat = ", ".join(_flat(column, sql_type) for column, sql_type in _columns(connection, name))
            rows, form = (f"(SELECT {flat} FROM {name})", _AS_TSV) if table_format == "tsv" else (name, _AS_PARQUET)
            connection.execute(f"COPY {rows} TO {_text(path)} {form}")
            if table_format == "tsv" and path.stat().st_size > PLAIN_BYTES:
                yield ExportedFile(below(folder, gzipped(path)), meaning, GZIP)
            else:
                yield ExportedFile(below(folder, path), meaning, TSV if table_format == "tsv" else PARQUET)


def gzipped(path: Path) -> Path:
    """Replace a file by its gzip, `<name>.gz`; equal files give equal gzips (no time, no name in the header)."""
    to = path.with_name(f"{path.name}.gz")
    with (
        path.open("rb") as plain,
        to.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as packed,
    ):
        shutil.copyfileobj(plain, packed)
    path.unlink()
    return to


def write_columns(settings: Settings, folder: Path) -> Iterator[ExportedFile]:
    """`columns.tsv`: type and meaning of every column of every view of the warehouse."""
    path = folder / "columns.tsv"
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(ensure_warehouse(settings)), read_only=True) as connection:
        connection.execute(f"COPY ({_DICTIONARY}) TO {_text(path)} {_AS_TSV}")
    yield ExportedFile(below(folder, path), "Type and meaning of every column", TSV)


def write_matrix_parquet(settings: Settings, study: str, folder: Path) -> Iterator[ExportedFile]:
    """Each matrix as Parquet, a row for each gene (or probe) and sample, as in the warehouse.

    Raises:
        DataError: a file of the lake is damaged.
    """
    with duckdb.connect(str(ensure_warehouse(settings)), read_only=True) as connection:
        for table in (table for table in VIEWED if table.is_matrix):
            path = _table_path(folder, table.view, "parquet")
            condition = _of_study(connection, table.view, study)
            try:
                connection.execute(f"COPY (FROM {table.view} WHERE {condition}) TO {_text(path)} {_AS_PARQUET}")
            except duckdb.Error as error:
                raise DataError(f"{study}: cannot be exported ({str(error).splitlines()[0]})") from None
            yield ExportedFile(below(folder, path), table.meaning, PARQUET)


def _matrix_views() -> dict[str, list[str]]:
    """The views of matrices and the columns of their keys, the sample last."""
    return {
        table.view: [column.name for column in table.columns if column.is_key]
        for table in TABLES.values()
        if table.is_matrix
    }


def _table_path(folder: Path, name: str, table_format: TableFormat) -> Path:
    path = folder / f"{name.replace('.', '/')}.{table_format}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _of_study(connection: duckdb.DuckDBPyConnection, view: str, study: str) -> str:
    """The condition that selects a study's rows of a view; empty for a view without a study column."""
    names = [name for name, _ in _columns(connection, view) if name in ("study", "study_a", "study_b")]
    return " OR ".join(f"{name} = {_text(study)}" for name in names)


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str]]:
    return [(name, sql_type) for name, sql_type, *_ in connection.execute(f"DESCRIBE {table}").fetchall()]


def _flat(column: str, sql_type: str) -> str:
    """SQL for a column as one text field, under its name."""
    name = f'"{column}"'
    if sql_type.endswith("[]"):
        return f"{_LIST.format(name)} AS {name}"
    if sql_type.startswith("MAP("):
        return f"{_MAP.format(name)} AS {name}"
    return name


def below(folder: Path, path: Path) -> str:
    """The path relative to the export's folder."""
    return str(path.relative_to(folder.parent))


def _text(value: object) -> str:
    return f"'{quoted(value)}'"
