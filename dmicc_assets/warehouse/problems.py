"""Files of the lake that DuckDB cannot read: their studies are left out of the warehouse, and named in it.

`build.py` builds without the studies in `warehouse.problems`; `dmicc run STUDY --verify` computes a damaged file again.
"""

import glob
import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import astuple, dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from dmicc_assets.lake.store import EMPTY, NOTHING, Lake, StoredFile
from dmicc_assets.tables import PARTITIONS
from dmicc_assets.types import ALL_STUDIES
from dmicc_assets.warehouse.views import VIEWED, quoted, selected_columns

CREATE = """
CREATE TABLE warehouse.problems (study VARCHAR, view VARCHAR, file VARCHAR, problem VARCHAR, remedy VARCHAR);
COMMENT ON TABLE warehouse.problems IS 'Studies with a damaged file, left out of the views; matrices not copied.';
COMMENT ON COLUMN warehouse.problems.study IS 'study that is left out';
COMMENT ON COLUMN warehouse.problems.view IS 'view that reads the file; a file of the history leaves out history only';
COMMENT ON COLUMN warehouse.problems.file IS 'damaged file';
COMMENT ON COLUMN warehouse.problems.problem IS 'why it cannot be read';
COMMENT ON COLUMN warehouse.problems.remedy IS 'what to do';
"""
# Of a matrix of a lake on an object store; its study is in all other views.
NOT_COPIED = "is a matrix, which is not copied from the object store"
_HISTORY = "history."
_FOLDER = "expected a file, found a folder"
_LAKE_FILES = re.compile(r"'\{\{lake\}\}/([^']+)'")


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that cannot be read: a row of `warehouse.problems`."""

    study: str
    view: str
    file: str
    problem: str
    remedy: str

    @property
    def line(self) -> str:
        """The problem in a line."""
        where = "the history" if self.view.startswith(_HISTORY) else "every view"
        return f"{self.study} is left out of {where}: {self.file}: {self.problem}; {self.remedy}"


def find_problems(lake: Lake, *, is_thorough: bool) -> list[Problem]:
    """Every file that cannot be read, of every study.

    Args:
        lake: the Parquet store.
        is_thorough: whether to read every row and compare checksums, else only schemas are read.
    """
    return find_problems_in((stored for table in VIEWED for stored in lake.files(table)), lake, is_thorough=is_thorough)


def folders(lake: Lake) -> list[Problem]:
    """Folders in the places of files of the history: views read over them."""
    files = (stored for table in VIEWED for stored in lake.history_files(table))
    return [problem_of(stored, _FOLDER) for stored in files if stored.path.is_dir()]


def still_there(lake: Lake, earlier: Iterable[Problem]) -> list[Problem]:
    """Those of earlier problems whose file is still damaged; a view alone would not notice a damaged row."""
    paths = {each.file for each in earlier}
    files = (stored for table in VIEWED for stored in lake.files(table)) if paths else ()
    return find_problems_in((stored for stored in files if str(stored.path) in paths), lake, is_thorough=True)


def find_problems_in(files: Iterable[StoredFile], lake: Lake, *, is_thorough: bool) -> list[Problem]:
    """Those of the files that cannot be read, as problems."""
    with duckdb.connect() as connection:
        return [
            problem_of(stored, why)
            for stored in files
            if (why := _why_unreadable(connection, lake, stored, is_thorough=is_thorough))
        ]


def problem_of(stored: StoredFile, why: str) -> Problem:
    """The row of `warehouse.problems` of a file."""
    study = "STUDY" if stored.study == ALL_STUDIES else stored.study
    remedy = f"`dmicc run {study} --verify` computes it again"
    if stored.is_history:
        remedy = "delete it, or bring it back from a backup: an earlier result cannot be computed again"
    elif stored.table == PARTITIONS:
        remedy = f"`dmicc run {study}` writes it again"
    view = stored.table.history_view if stored.is_history else stored.table.view
    return Problem(stored.study, view, str(stored.path), why, remedy)


def insert(connection: duckdb.DuckDBPyConnection, problems: Iterable[Problem]) -> None:
    """Create `warehouse.problems` with these rows."""
    connection.execute(CREATE)
    for each in problems:
        connection.execute("INSERT INTO warehouse.problems VALUES (?, ?, ?, ?, ?)", list(astuple(each)))


def read_problems(connection: duckdb.DuckDBPyConnection) -> list[Problem]:
    """The rows of `warehouse.problems`, but those of matrices that are not copied."""
    columns = "study, view, file, problem, remedy"
    rows = connection.execute(f"SELECT {columns} FROM warehouse.problems WHERE problem <> ? ORDER BY ALL", [NOT_COPIED])
    return [Problem(*row) for row in rows.fetchall()]


def without(
    text: str, lake: Lake, problems: Collection[Problem], empties: Lake | None = None, *, is_of_one_form: bool = False
) -> str:
    """The text of a view, reading the files of all studies but those with a problem.

    Without problems the view reads a pattern, so that it shows files that are written later. Else it reads the
    files that are there, and the warehouse is built again when others are.

    Args:
        text: SQL with patterns below `{{lake}}`.
        lake: the Parquet store.
        problems: what is damaged.
        empties: a lake of which the empty tables are taken, if those of the lake are not up to date.
        is_of_one_form: whether all files of the view's table have its columns, so that the first file tells them: it
            is the empty one, because names of studies begin with a small letter. Else every file is opened.
    """
    if is_of_one_form:
        text = text.replace("union_by_name = true", "union_by_name = false")
    if not problems and empties is None:
        return text.replace("{{lake}}", quoted(glob.escape(str(lake.root))))
    of_results = {each.study for each in problems if not each.view.startswith(_HISTORY)}
    of_history = {each.study for each in problems}

    def files(match: re.Match[str]) -> str:
        pattern = match[1]
        left_out = of_history if pattern.startswith("history/") else of_results
        paths = [path for path in sorted(lake.root.glob(pattern)) if lake.study_of(path) not in left_out]
        if empties is not None:
            own = [path for path in paths if not {path.name, path.parent.name} & {EMPTY, NOTHING}]
            paths = [*sorted(empties.root.glob(pattern)), *own]
        return _file_list(paths)

    return _LAKE_FILES.sub(files, text)


def _file_list(paths: Iterable[Path]) -> str:
    """Files as a list in SQL; no sign in a name is taken for a pattern."""
    return f"[{', '.join(_literal(glob.escape(str(path))) for path in paths)}]"


def _literal(text: str) -> str:
    return f"'{quoted(text)}'"


def _why_unreadable(connection: duckdb.DuckDBPyConnection, lake: Lake, stored: StoredFile, *, is_thorough: bool) -> str:
    """Why the views cannot read a file; empty when they can."""
    path = stored.path
    if not path.is_file():
        return _FOLDER if path.is_dir() else ""
    empty = lake.root / stored.table.name / EMPTY
    files = _file_list((empty, path) if empty.is_file() else (path,))
    rows = f"SELECT {selected_columns(stored.table)} FROM read_parquet({files}, union_by_name = true)"
    try:
        connection.execute(f"SELECT count(COLUMNS(*)) FROM ({rows})" if is_thorough else f"DESCRIBE {rows}").fetchall()
    except duckdb.Error as error:
        return f"is damaged ({str(error).splitlines()[0]})"
    if is_thorough and not lake.is_unchanged(path):
        return "was changed after it was written"
    return next(_manifest_problems(path.with_suffix(".json")), "") if stored.is_history else ""


def _manifest_problems(path: Path) -> Iterator[str]:
    """What is wrong with the manifest of an earlier content, which its view reads."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(manifest["revision"], int):
            yield f"its manifest {path.name} has no number of its revision"
        for name in ("written_at", "until"):
            datetime.fromisoformat(manifest[name])
    except FileNotFoundError:
        return
    except (OSError, ValueError, TypeError, KeyError) as error:
        yield f"its manifest {path.name} is damaged ({error})"
