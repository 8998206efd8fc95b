"""Builds dmicc.duckdb from sql/ under another name and replaces the old file, so that no reader waits for a writer.

The file has views and macros over the lake, no data; `sql/` defines the views.
"""

import glob
import os
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import duckdb

from dmicc_assets.errors import DataError, RequestError
from dmicc_assets.lake.store import Lake
from dmicc_assets.study.settings import Settings
from dmicc_assets.warehouse.risk_macro import model_gene_names, risk_macros
from dmicc_assets.warehouse.views import VIEWED, comments, quoted, view_texts

# DuckDB 1.5 cannot open a file with the default version of DuckDB 2.0.
STORAGE_VERSION = "v1.2.0"


def sql_folder() -> Path:
    """Folder of the SQL files: in the installed package, or beside it in a checkout."""
    package = Path(str(files("dmicc_assets")))
    return package / "sql" if (package / "sql").is_dir() else package.parent / "sql"


def view_files() -> list[Path]:
    """The SQL files in order of dependence: declared tables, other views, macros."""
    folder = sql_folder()
    declared = [folder / "views" / name for name in view_texts()]
    others = sorted((path for path in folder.glob("views/*/*.sql") if path not in declared), key=_reads_views)
    return [*declared, *others, *sorted(folder.glob("macros/*.sql"))]


def _reads_views(path: Path) -> tuple[bool, Path]:
    """Sort key that places a view on other views after those."""
    return "{{lake}}" not in path.read_text(encoding="utf-8"), path


def build_warehouse(settings: Settings) -> Path:
    """Build the file and replace the old one, which its readers keep until they close it.

    Returns:
        the file.

    Raises:
        DataError: a file of the lake is damaged.
    """
    lake = Lake(settings.lake, settings.locks)
    lake.prepare()
    beside = settings.warehouse.with_name(f".{settings.warehouse.name}.{os.getpid()}.part")
    beside.unlink(missing_ok=True)
    try:
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH '{quoted(beside)}' AS built (STORAGE_VERSION '{STORAGE_VERSION}')")
            connection.execute("USE built")
            # One transaction: each of several hundred statements would else write to the disk and wait for it.
            connection.begin()
            _create(connection, settings)
            connection.commit()
            connection.execute("USE memory")
            connection.execute("DETACH built")
        beside.chmod(0o444)
        beside.replace(settings.warehouse)
    finally:
        beside.unlink(missing_ok=True)
    return settings.warehouse


def ensure_warehouse(settings: Settings) -> Path:
    """The warehouse, rebuilt when it is missing or when lake, package version or schema changed."""
    if not settings.warehouse.exists() or _built(settings.warehouse) != _identity(settings):
        return build_warehouse(settings)
    return settings.warehouse


def refuse_absent(settings: Settings) -> str:
    """A line that says that a home has no results; empty when there are results.

    Raises:
        RequestError: the home does not exist; a query does not create it.
    """
    what_to_do = "`dmicc run STUDY` or `dmicc demo` computes results, DMICC_HOME sets another home"
    if not settings.lake.is_dir():
        raise RequestError(f"{settings.home}: this folder of results does not exist; {what_to_do}")
    if Lake(settings.lake, settings.locks).is_empty():
        return f"{settings.home} has no results, so every view is empty; {what_to_do}"
    return ""


def open_warehouse(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the warehouse, built first when needed.

    Raises:
        RequestError: the file cannot be opened.
    """
    path = ensure_warehouse(settings)
    try:
        return duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise RequestError(f"{path}: cannot be opened ({error})") from None


def _create(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    paths, folder = view_files(), quoted(glob.escape(str(settings.lake)))  # the views read `.../*.parquet`
    for schema in dict.fromkeys(path.parent.name for path in paths if path.parent.name != "macros"):
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
    lake = Lake(settings.lake, settings.locks)
    connection.execute(model_gene_names(lake))
    for path in paths:
        try:
            connection.execute(path.read_text(encoding="utf-8").replace("{{lake}}", folder))
        except duckdb.Error as error:
            what = str(error).splitlines()[0]
            raise DataError(f"{what}; `dmicc run STUDY --verify` computes a damaged file again") from None
    for macro in risk_macros(lake):
        connection.execute(macro)
    for comment in _comments():
        connection.execute(comment)
    connection.execute("CREATE SCHEMA IF NOT EXISTS warehouse")
    connection.execute(
        "CREATE TABLE warehouse.build (lake VARCHAR, version VARCHAR, schema_sha256 VARCHAR, built_at TIMESTAMPTZ)"
    )
    connection.execute("INSERT INTO warehouse.build VALUES (?, ?, ?, ?)", [*_identity(settings), datetime.now(UTC)])


def _identity(settings: Settings) -> list[str]:
    """Identity of a warehouse: lake, package version, SQL files, comments and risk models."""
    texts = [path.read_text(encoding="utf-8") for path in view_files()]
    texts += [*_comments(), *risk_macros(Lake(settings.lake, settings.locks))]
    schema = sha256("".join(texts).encode()).hexdigest()
    return [str(settings.lake), version("dmicc_assets"), schema]


def _comments() -> list[str]:
    return [comment for table in VIEWED for comment in comments(table)]


def _built(path: Path) -> list[str] | None:
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            row = connection.execute("SELECT lake, version, schema_sha256 FROM warehouse.build").fetchall()[0]
    except (duckdb.Error, IndexError):
        return None
    return list(row)
