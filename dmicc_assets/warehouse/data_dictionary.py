"""The data dictionary `sql/README.md`, made from the declarations of `tables/` and the headers of the SQL files.

`generate.py` writes it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from dmicc_assets.study.settings import load_settings
from dmicc_assets.tables import Table
from dmicc_assets.warehouse.build import open_warehouse, sql_folder
from dmicc_assets.warehouse.views import VIEWED, view_texts

_COLUMN = re.compile(r"^  (\w+) \| (.+?) \| (.+)$")

_OPENING = """\
# The warehouse: a data dictionary

<!-- Made by `make generated`. -->

`$DMICC_HOME/dmicc.duckdb` holds views on the results in the lake beside it, and macros. It opens read-only, from any
directory, while runs go on:

```sh
dmicc sql "FROM signature.genes"                    # a table; --format csv or json, --to FILE.parquet
dmicc sql sql/questions/opposite_directions.sql     # a worked question
duckdb -readonly dmicc.duckdb                       # DuckDB's own client, 1.5 or 2.x
```

```python
connection = duckdb.connect("dmicc.duckdb", read_only=True)
connection.sql("FROM differential.genes").pl()  # polars; .df() is pandas
```

```r
connection <- DBI::dbConnect(duckdb::duckdb(), "dmicc.duckdb", read_only = TRUE)
DBI::dbGetQuery(connection, "FROM differential.genes")
```

DBeaver: a DuckDB connection to the file, with the driver property `duckdb.read_only` = `true`.

Expression and fold changes are log2. A missing value is NULL. `study` is the name of the study file; a cohort is the
merged datasets of one disease. `dmicc export STUDY --to DIR` makes a DuckDB file of one study that needs no lake.
"""

_HISTORY = """\
Replaced contents are kept. `history.<group>_<table>` has the columns of `<group>.<table>`, with
`revision` (counted from 1), `since`, `until` and `because` before them."""

_RISK = """\
### `risk_<study>("GENE" := value, ...)`

Probability by the study's risk model at this log2 expression of its genes, for each study with a model: one number for
one patient. A missing or NULL argument gives NULL. Genes may also be given in the model's order: `SELECT
risk_dm_icc("PARP12" := 9.1, "MT1M" := 7.4)`. SQL does not tell upper from lower case: of two genes that differ in
nothing else, the second has `_2` after its name."""

_PROBLEMS = """\
### `warehouse.problems`

Studies that are left out of the views because a file of theirs is damaged: `study`, `view`, `file`, `problem` and
`remedy`. All other studies answer. A damaged earlier result leaves its study out of `history` only."""


@dataclass(frozen=True, slots=True)
class Question:
    """A worked question as its header states it.

    Attributes:
        name: of its file, without `.sql`.
        question: the first line.
        answer: what one row is.
        columns: name, DuckDB type and meaning of each column of the answer.
    """

    name: str
    question: str
    answer: str
    columns: tuple[tuple[str, str, str], ...]


def header(path: Path) -> list[str]:
    """The comment that a SQL file opens with, a line each, without the dashes."""
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").removeprefix(" "))
    return lines


def read_question(path: Path) -> Question:
    """A worked question's header.

    Raises:
        ValueError: it does not state a question, what a row of the answer is, or the answer's columns.
    """
    lines = header(path)
    answers = [line.removeprefix("Answer: ") for line in lines if line.startswith("Answer: ")]
    columns = tuple((match[1], match[2], match[3]) for line in lines if (match := _COLUMN.match(line)))
    if not lines or not lines[0].endswith("?") or len(answers) != 1 or not columns:
        raise ValueError(f"{path.name}: expected a question, one line 'Answer: ...' and the answer's columns")
    return Question(path.stem, lines[0], answers[0], columns)


def questions() -> list[Question]:
    """Every worked question, by name."""
    return [read_question(path) for path in sorted((sql_folder() / "questions").glob("*.sql"))]


def data_dictionary() -> str:
    """The whole dictionary as Markdown."""
    parts = [_OPENING, "## Views\n"]
    for group in dict.fromkeys(table.group for table in VIEWED):
        views = [table for table in VIEWED if table.group == group]
        parts += [f"- {group}: " + ", ".join(f"[`{table.view}`](#{_anchor(table.view)})" for table in views)]
    parts.append("- history: [earlier results](#history)\n")
    parts += [_table_text(table) for table in VIEWED]
    parts += [f"{_PROBLEMS}\n", "## History\n", f"{_HISTORY}\n", *_view_texts()]
    parts += ["## Macros\n", *_macro_texts(), f"{_RISK}\n"]
    parts += ["## Questions\n", "Each file runs unchanged, on all studies, and states the columns of the answer.\n"]
    parts += ["| question | file | one row is |", "|---|---|---|"]
    parts += [f"| {q.question} | [{q.name}](questions/{q.name}.sql) | {q.answer} |" for q in questions()]
    return "\n".join(parts) + "\n"


def _table_text(table: Table) -> str:
    of = "for all studies" if table.partition == "all_studies" else f"for each {table.partition}"
    lines = [
        f"### `{table.view}`\n",
        f"{table.meaning} Key: {', '.join(table.key)}; one Parquet file {of}.\n",
        *_column_lines([(column.name, column.sql_type, column.meaning) for column in table.columns]),
        *(
            f"\nThe file has NULL for `{column.name}` where it equals `{column.stored_unless}`; the view has the value."
            for column in table.columns
            if column.stored_unless is not None
        ),
    ]
    return "\n".join(lines) + "\n"


def _view_texts() -> Iterator[str]:
    """The hand-written views, with columns as DuckDB has them."""
    declared = view_texts()
    with TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder))
        settings.prepare_home()
        with open_warehouse(settings) as connection:
            for path in sorted((sql_folder() / "views").rglob("*.sql")):
                view = f"{path.parent.name}.{path.stem}"
                if f"{path.parent.name}/{path.name}" not in declared:
                    columns = connection.execute(f"DESCRIBE {view}").fetchall()
                    lines = [f"- `{name}` {sql_type}" for name, sql_type, *_ in columns]
                    yield "\n".join([f"### `{view}`\n", " ".join(header(path)) + "\n", *lines]) + "\n"


def _macro_texts() -> Iterator[str]:
    for path in sorted((sql_folder() / "macros").glob("*.sql")):
        signature = re.search(r"CREATE MACRO (\w+\([^)]*\))", path.read_text(encoding="utf-8"))
        if signature is None:
            raise ValueError(f"{path.name}: expected a CREATE MACRO")
        yield f"### `{signature[1]}`\n\n{' '.join(header(path))}\n"


def _column_lines(columns: list[tuple[str, str, str]]) -> list[str]:
    rows = [f"| {name} | {sql_type} | {meaning.replace('|', chr(92) + '|')} |" for name, sql_type, meaning in columns]
    return ["| column | type | meaning |", "|---|---|---|", *rows]


def _anchor(view: str) -> str:
    """GitHub's anchor of a heading: the dot is dropped."""
    return view.replace(".", "")
