"""Builds dmicc.duckdb from sql/ under another name and replaces the old file, so that no reader waits for a writer.

The file has views and macros over the lake, no data; `sql/` defines the views.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from threading import get_ident

import duckdb

from dmicc_assets.errors import DataError, RequestError
from dmicc_assets.lake.published import lake_of
from dmicc_assets.lake.store import Lake
from dmicc_assets.study.settings import Settings
from dmicc_assets.warehouse.lake_state import LakeState, state_of
from dmicc_assets.warehouse.place import Place, place_of
from dmicc_assets.warehouse.problems import (
    Problem,
    find_problems,
    folders,
    insert,
    read_problems,
    still_there,
    without,
)
from dmicc_assets.warehouse.published import copied_tables, not_copied, statements
from dmicc_assets.warehouse.risk_macro import model_gene_names, risk_macros
from dmicc_assets.warehouse.views import VIEWED, comments, quoted, view_texts

# DuckDB 1.5 cannot open a file with the default version of DuckDB 2.0.
STORAGE_VERSION = "v1.2.0"
# Identity and problems of a warehouse.
Built = tuple[list[str], list[Problem]]


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


def build_warehouse(settings: Settings, known: Sequence[Problem] = ()) -> Path:
    """Build the file and replace the old one, which its readers keep until they close it; not if nothing changed.

    A study with a damaged file is left out and named in `warehouse.problems`.

    Args:
        settings: say where the lake and the warehouse are.
        known: damaged files; others are looked for among the files that changed.

    Returns:
        the file.

    Raises:
        DataError: the views cannot be made, and no file of the lake explains it.
    """
    lake, place = lake_of(settings), place_of(settings)
    lake.refresh()
    built = _built(place.path)
    before = [*known, *copied_tables(lake), *still_there(lake, built[1] if built else ()), *folders(lake)]
    state = state_of(lake, before)
    empties = place.empties or lake
    if _is_of(built, lake, state, place) and empties.is_prepared:
        return place.path
    empties.prepare()
    try:
        _replace(place, lake, state)
    except DataError:
        found = find_problems(lake, is_thorough=False)
        if {each.file for each in found} <= {each.file for each in state.problems}:
            raise
        _replace(place, lake, state_of(lake, [*state.problems, *found]))
    return place.path


def _replace(place: Place, lake: Lake, state: LakeState) -> None:
    """Build the file without the studies of some problems, and replace the old one."""
    beside = place.path.with_name(f".{place.path.name}.{os.getpid()}.{get_ident()}.part")
    beside.unlink(missing_ok=True)
    try:
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH '{quoted(beside)}' AS built (STORAGE_VERSION '{STORAGE_VERSION}')")
            connection.execute("USE built")
            # One transaction: each of several hundred statements would else write to the disk and wait for it.
            connection.begin()
            _create(connection, place, lake, state)
            connection.commit()
            connection.execute("USE memory")
            connection.execute("DETACH built")
        beside.chmod(0o444)
        beside.replace(place.path)
    finally:
        beside.unlink(missing_ok=True)


def ensure_warehouse(settings: Settings) -> Path:
    """The warehouse, rebuilt when it is missing, or when lake, package version, schema or damaged files changed."""
    lake, place = lake_of(settings), place_of(settings)
    lake.refresh()
    for each in [Place(settings.warehouse), *([place] if place.empties else [])]:
        built = _built(each.path)
        if built is not None and _is_of(built, lake, state_of(lake, still_there(lake, built[1]), is_quick=True), each):
            return each.path
    return build_warehouse(settings)


def _is_of(built: Built | None, lake: Lake, state: LakeState, place: Place) -> bool:
    """Whether a warehouse is that of the lake as it is."""
    if built is None or {each.file for each in state.problems} != {each.file for each in built[1]}:
        return False
    return built[0] == _identity(place, lake, state)


def leave_out_damaged(settings: Settings) -> bool:
    """Read every row of the lake, and build the warehouse without the studies of damaged files that are found.

    Returns:
        whether a study is left out that was not before.
    """
    built = _built(ensure_warehouse(settings))
    found = find_problems(lake_of(settings), is_thorough=True)
    is_new = not {each.file for each in found} <= {each.file for each in (built[1] if built else ())}
    if is_new:
        build_warehouse(settings, found)
    return is_new


def left_out(settings: Settings) -> list[str]:
    """A line for each study that the warehouse leaves out, because a file of it is damaged."""
    built = _built(place_of(settings).path)
    problems = built[1] if built else []
    return [each.line for each in {each.study: each for each in reversed(problems)}.values()]


def refuse_absent(settings: Settings) -> str:
    """A line that says that a home has no results; empty when there are results.

    Raises:
        RequestError: the home does not exist; a query does not create it.
    """
    what_to_do = "`dmicc run STUDY` or `dmicc demo` computes results, DMICC_HOME sets another home"
    if settings.lake_url is None and not settings.lake.is_dir():
        raise RequestError(f"{settings.home}: this folder of results does not exist; {what_to_do}")
    lake = lake_of(settings)
    lake.refresh()
    if lake.is_empty():
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


def _create(connection: duckdb.DuckDBPyConnection, place: Place, lake: Lake, state: LakeState) -> None:
    paths, problems = view_files(), state.problems
    for schema in dict.fromkeys(path.parent.name for path in paths if path.parent.name != "macros"):
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
    connection.execute(model_gene_names(state.models))
    for path in paths:
        is_of_one_form = f"{path.parent.name}/{path.stem}" in state.of_one_form
        try:
            for statement in statements(lake, path.read_text(encoding="utf-8")):
                connection.execute(without(statement, lake, problems, place.empties, is_of_one_form=is_of_one_form))
        except duckdb.Error as error:
            what = str(error).splitlines()[0]
            raise DataError(f"{path.stem}: {what}; `dmicc run STUDY --verify` computes a damaged file again") from None
    for macro in risk_macros(state.models):
        connection.execute(macro)
    for comment in _comments():
        connection.execute(comment)
    connection.execute("CREATE SCHEMA IF NOT EXISTS warehouse")
    connection.execute(
        "CREATE TABLE warehouse.build (lake VARCHAR, version VARCHAR, schema_sha256 VARCHAR, built_at TIMESTAMPTZ)"
    )
    identity = [*_identity(place, lake, state), datetime.now(UTC)]
    connection.execute("INSERT INTO warehouse.build VALUES (?, ?, ?, ?)", identity)
    insert(connection, [*problems, *not_copied(lake)])


def _identity(place: Place, lake: Lake, state: LakeState) -> list[str]:
    """Identity of a warehouse: lake, package version, SQL files, comments, risk models, tables of one form.

    Also the versions of what a published lake has; and the names of all files, if the views read a list of them and
    not a pattern, which finds those written later.
    """
    texts = [path.read_text(encoding="utf-8") for path in view_files()]
    texts += [*_comments(), *risk_macros(state.models), *sorted(state.of_one_form)]
    if state.problems or place.empties:
        texts += sorted(str(stored.path) for table in VIEWED for stored in lake.files(table))
    texts += lake.versions()
    schema = sha256("".join(texts).encode()).hexdigest()
    return [str(lake.root), version("dmicc_assets"), schema]


def _comments() -> list[str]:
    return [comment for table in VIEWED for comment in comments(table)]


def _built(path: Path) -> Built | None:
    """Identity and problems of a warehouse; None without a readable file of this version."""
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            row = connection.execute("SELECT lake, version, schema_sha256 FROM warehouse.build").fetchall()[0]
            return list(row), read_problems(connection)
    except (duckdb.Error, IndexError):
        return None
