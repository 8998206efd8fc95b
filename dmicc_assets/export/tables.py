"""A study's tables as files: TSV, Parquet, and one DuckDB file with tables instead of views.

Rows come from the warehouse, so that an export has the same columns as queries; matrices are also written wide.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from dmicc_assets.errors import DataError
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.store import Lake
from dmicc_assets.study.settings import Settings
from dmicc_assets.tables import TABLES
from dmicc_assets.types import PartitionKey
from dmicc_assets.warehouse.build import STORAGE_VERSION, ensure_warehouse, leave_out_damaged, left_out, sql_folder
from dmicc_assets.warehouse.risk_macro import model_gene_names, models, risk_macro
from dmicc_assets.warehouse.views import VIEWED, column_comments, quoted

TSV, PARQUET = "text/tab-separated-values", "application/vnd.apache.parquet"
_AS_TSV = "(FORMAT csv, DELIMITER '\t', HEADER)"
_AS_PARQUET = "(FORMAT parquet, COMPRESSION zstd)"
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


def write_study_database(settings: Settings, study: str, path: Path) -> None:
    """One DuckDB file of the study: tables named as the warehouse's views, with their comments, and the macros.

    Raises:
        DataError: a file of the study is damaged. One of another study is no hindrance.
    """
    try:
        _write_study_database(settings, study, path)
    except duckdb.Error as error:
        if not leave_out_damaged(settings):
            raise DataError(f"{study}: cannot be exported ({str(error).splitlines()[0]})") from None
        path.unlink(missing_ok=True)
        _write_study_database(settings, study, path)


def _write_study_database(settings: Settings, study: str, path: Path) -> None:
    warehouse = ensure_warehouse(settings)
    if damaged := [line for line in left_out(settings) if line.startswith(f"{study} ")]:
        raise DataError(damaged[0])
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {_text(warehouse)} AS views (READ_ONLY)")
        connection.execute(f"ATTACH {_text(path)} AS study (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.begin()  # one transaction: else each of several hundred statements waits for the disk
        connection.execute("USE views")
        for view, meaning in connection.execute(_VIEWS).fetchall():
            if condition := _of_study(connection, view, study):
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS study.{view.split('.')[0]}")
                connection.execute(f"CREATE TABLE study.{view} AS FROM views.{view} WHERE {condition}")
                connection.execute(f"COMMENT ON TABLE study.{view} IS {_text(meaning)}")
        connection.execute("USE study")
        for comment in (comment for table in VIEWED for comment in column_comments(table)):
            connection.execute(comment)
        tables, _ = models(Lake(settings.lake, settings.locks))
        connection.execute(model_gene_names(tables))
        for macro in sorted((sql_folder() / "macros").glob("*.sql")):
            connection.execute(macro.read_text(encoding="utf-8"))
        if study in tables:
            connection.execute(risk_macro(study, tables[study]))
        connection.commit()
        connection.execute("USE memory")
        connection.execute("DETACH study")


def write_table_files(database: Path, folder: Path) -> Iterator[ExportedFile]:
    """Every table of a study's DuckDB file as Parquet and, except matrices, TSV; earlier results if there are any.

    In TSV a list is joined by ';', a map is `key=value; key=value`, and a missing value is an empty field.
    `columns.tsv` has type and meaning of every column.
    """
    matrices = {table.view for table in TABLES.values() if table.is_matrix}
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, meaning in connection.execute(_TABLES).fetchall():
            n_rows = connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
            if name.startswith("history.") and n_rows == 0:
                continue
            stem = folder / name.replace(".", "/")
            stem.parent.mkdir(exist_ok=True)
            connection.execute(f"COPY {name} TO {_text(f'{stem}.parquet')} {_AS_PARQUET}")
            yield ExportedFile(f"{_below(folder, stem)}.parquet", meaning, PARQUET)
            if name not in matrices:
                flat = ", ".join(_flat(column, sql_type) for column, sql_type in _columns(connection, name))
                connection.execute(f"COPY (SELECT {flat} FROM {name}) TO {_text(f'{stem}.tsv')} {_AS_TSV}")
                yield ExportedFile(f"{_below(folder, stem)}.tsv", meaning, TSV)
        connection.execute(f"COPY ({_DICTIONARY}) TO {_text(folder / 'columns.tsv')} {_AS_TSV}")
    yield ExportedFile(f"{folder.name}/columns.tsv", "Type and meaning of every column", TSV)


def write_matrix_files(lake: Lake, manifests: Sequence[Manifest], folder: Path) -> Iterator[ExportedFile]:
    """Each matrix of genes as TSV, genes by samples: `expression/genes/<dataset>.value.tsv`.

    A column without values gives no file. A matrix of probes, several times as large, is in the database and in
    Parquet.

    Raises:
        DataError: a file of the lake is damaged.
    """
    for table, key in ((each.table, PartitionKey(each.partition)) for each in manifests):
        is_by_gene = TABLES[table].is_matrix and TABLES[table].feature == "gene"
        for column in TABLES[table].columns if is_by_gene else ():
            if not column.is_key and (path := _matrix_file(lake, table, key, column.name, folder)):
                yield ExportedFile(_below(folder, path), f"{key.part}, genes by samples: {column.meaning}", TSV)


def _matrix_file(lake: Lake, table: str, key: PartitionKey, column: str, folder: Path) -> Path | None:
    matrix = lake.read_matrix(table, key, column)
    if np.isnan(matrix.values).all():
        return None
    path = folder / table / f"{key.part}.{column}.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame(matrix.values, schema=list(matrix.samples), orient="row").fill_nan(None)
    frame.insert_column(0, pl.Series("gene", matrix.features)).write_csv(path, separator="\t")
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


def _below(folder: Path, path: Path) -> str:
    """The path relative to the export's folder."""
    return str(path.relative_to(folder.parent))


def _text(value: object) -> str:
    return f"'{quoted(value)}'"
