"""A query of somebody else: it reads the files of the lake, and can neither write nor read anything else.

`dmicc sql --safe` uses it; a page on which queries are typed must use it too.
"""

import glob

import duckdb

from dmicc_assets.errors import RequestError
from dmicc_assets.study.settings import Settings
from dmicc_assets.warehouse.place import place_of
from dmicc_assets.warehouse.views import quoted

# Beside others of the same machine.
MOST_MEMORY = "2GB"


def restrict(connection: duckdb.DuckDBPyConnection, settings: Settings, query: str) -> None:
    """Let a connection read only the lake, for good, if its query is one that can do no harm there.

    `COPY`, `EXPORT`, `ATTACH`, `INSTALL`, `SET` and the like are refused by what DuckDB's parser calls them: COPY could
    write into the folders that may be read.

    Args:
        connection: to the warehouse, read-only.
        settings: say where the lake is.
        query: SQL.

    Raises:
        RequestError: it is not exactly one SELECT.
    """
    statements = connection.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        kinds = ", ".join(statement.type.name for statement in statements) or "nothing"
        raise RequestError(f"a safe query is exactly one SELECT, got {kinds}")
    empties = place_of(settings).empties
    folders = [settings.lake, *([empties.root] if empties else [])]
    names = {name for folder in folders for name in (str(folder), glob.escape(str(folder)))}  # as views have them too
    allowed = ", ".join(f"'{quoted(name)}/'" for name in sorted(names))
    for setting in (
        f"allowed_directories = [{allowed}]",
        "temp_directory = ''",
        f"memory_limit = '{MOST_MEMORY}'",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")
