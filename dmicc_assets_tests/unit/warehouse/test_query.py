"""`dmicc sql`: a query as a readable table, CSV, JSON or Parquet, and a prompt with history."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from dmicc_assets.errors import RequestError
from dmicc_assets.study.settings import Settings
from dmicc_assets.warehouse.query import (
    Format,
    prompt,
    query_and_print,
    run_query,
    without_formulas,
)
from dmicc_assets.warehouse.shown_rows import MOST_ROWS_SHOWN, show_rows
from dmicc_assets_tests.worlds.simulated_lake import simulated_workspace

Typed = Callable[[str], str]
WIDE = pl.DataFrame({f"column_{i}": [f"value {i} of the first row", "second"] for i in range(10)})


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return simulated_workspace(tmp_path_factory.mktemp("lake") / "home").settings


def shown(rows: pl.DataFrame, width: int = 80, is_terminal: bool = True) -> str:
    console = Console(width=width, file=StringIO(), force_terminal=is_terminal, color_system=None)
    show_rows(console, rows)
    return console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue] - the StringIO above


def test_a_table_has_a_line_a_row() -> None:
    rows = pl.DataFrame({"gene": ["PARP12", None], "log_fc": [1.23456789, -2.0], "genes": [["A", "B"], []]})
    lines = [line.split() for line in shown(rows).splitlines()]
    assert lines == [["gene", "log_fc", "genes"], ["PARP12", "1.23457", "A,", "B"], ["-2"]]


def test_people_see_six_digits_wherever_a_number_stands_and_files_all(
    filled: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    query = (
        "SELECT 1 / 3 AS a, 0.3333333333333333 AS b, [1 / 3, 2] AS c, {'x': 1 / 3, 'y': NULL} AS d, 12345678.00 AS e"
    )
    assert shown(run_query(filled, query)).split() == [
        *"abcde", "0.333333", "0.333333", "0.333333,", "2", "x=0.333333;", "y=None", "12345678.00",
    ]  # fmt: skip
    query_and_print(Console(), filled, query, "csv")
    assert capsys.readouterr().out.splitlines()[1] == (
        '0.3333333333333333,0.3333333333333333,"0.3333333333333333, 2.0",x=0.3333333333333333; y=None,12345678.00'
    )


def test_rows_too_wide_for_the_terminal_stand_below_each_other_and_lose_nothing() -> None:
    text = shown(WIDE)
    assert "row 1" in text
    assert all(f"column_{i}  value {i} of the first row" in text for i in range(10))
    assert "…" not in text


def test_without_a_terminal_a_line_is_as_long_as_it_must_be() -> None:
    lines = shown(WIDE, is_terminal=False).splitlines()
    assert len(lines) == 3
    assert all(f"value {i} of the first row" in lines[1] for i in range(10))


def test_a_long_text_is_wrapped_not_cut() -> None:
    text = shown(pl.DataFrame({"view": ["signature.genes"], "comment": ["word " * 40]}))
    assert text.count("word") == 40
    assert "row 1" not in text


def test_what_is_left_out_is_counted() -> None:
    text = shown(pl.DataFrame({"n": range(MOST_ROWS_SHOWN + 7)}))
    assert f"... 7 more rows of {MOST_ROWS_SHOWN + 7}; a pipe or --format csv gives all" in text


def test_a_pipe_gets_every_row_in_one_line_without_blanks_at_its_end() -> None:
    rows = pl.DataFrame({"n": range(MOST_ROWS_SHOWN + 7), "text": ["two\nlines", *["x"] * (MOST_ROWS_SHOWN + 6)]})
    lines = shown(rows, is_terminal=False).splitlines()
    assert len(lines) == MOST_ROWS_SHOWN + 8
    assert lines[:3] == ["n    text", "0    two lines", "1    x"]
    assert shown(rows.head(1), is_terminal=False).splitlines()[1] == "0  two lines"


def test_csv_json_and_parquet_hold_the_same_rows(
    filled: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "SELECT term, p_value, genes FROM enrichment.terms ORDER BY ALL"
    rows = run_query(filled, query)
    assert len(rows) > 0
    console = Console(file=StringIO())
    query_and_print(console, filled, query, "csv")
    printed = pl.read_csv(StringIO(capsys.readouterr().out))
    assert printed["term"].to_list() == rows["term"].to_list()
    assert printed["genes"].to_list() == [", ".join(genes) for genes in rows["genes"]]
    query_and_print(console, filled, query, "json")
    assert [row["genes"] for row in json.loads(capsys.readouterr().out)] == rows["genes"].to_list()
    for name, read in {"terms.parquet": pl.read_parquet, "terms.json": pl.read_json}.items():
        query_and_print(console, filled, query, "table", tmp_path / name)
        assert read(tmp_path / name)["genes"].to_list() == rows["genes"].to_list()
    for name, separator in {"terms.csv": ",", "terms.tsv": "\t"}.items():
        query_and_print(console, filled, query, "table", tmp_path / name)
        assert pl.read_csv(tmp_path / name, separator=separator).equals(printed)
    query_and_print(console, filled, "SELECT characteristics FROM source.samples WHERE label = 'neither'", "tsv")
    assert "state=neither" in capsys.readouterr().out.splitlines()


def test_a_file_of_sql_is_run(filled: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "question.sql"
    path.write_text("-- How many?\nSELECT count(*) AS n FROM signature.biomarkers;\n")
    query_and_print(Console(file=StringIO()), filled, str(path), "csv")
    assert capsys.readouterr().out == "n\n2\n"


@pytest.mark.parametrize(
    ("query", "to", "message"),
    [
        ("SELEC 1", None, r'the query failed: Parser Error: syntax error at or near "SELEC"; LINE 1: SELEC 1'),
        ("FROM nowhere", None, "Table with name nowhere does not exist"),
        ("CREATE TABLE t (a INT)", None, "read-only mode"),
        ("", None, "the query gives no rows"),
        ("none.sql", None, r"none\.sql: no such file of SQL"),
        ("SELECT 1", "rows.xls", r"rows\.xls: expected a file name that ends in \.parquet, \.csv, \.tsv, \.json"),
        ("SELECT 1", "no/such/rows.parquet", r"rows\.parquet: cannot be written"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    filled: Settings, tmp_path: Path, query: str, to: str | None, message: str
) -> None:
    with pytest.raises(RequestError, match=message) as refused:
        query_and_print(Console(file=StringIO()), filled, query, "table", tmp_path / to if to else None)
    assert len(str(refused.value).splitlines()) == 1


@pytest.fixture
def typed(filled: Settings) -> Iterator[object]:
    def answers(keys: str) -> str:
        console = Console(width=80, file=StringIO())
        with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
            keyboard.send_text(keys)
            prompt(console, filled)
        return console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue] - the StringIO above

    yield answers
    (filled.home / "sql_history").unlink(missing_ok=True)


def test_the_prompt_answers_goes_on_after_a_mistake_and_remembers(typed: Typed, filled: Settings) -> None:
    text = typed("SELECT gene\rFROM signature.biomarkers;\rFROM nowhere;\r.tables\r\x04")
    assert "Catalog Error" in text
    assert text.index("G020") < text.index("Catalog Error") < text.index("validation.roc_curve")
    history = (filled.home / "sql_history").read_text()
    assert str(datetime.now().year) in history
    assert "+FROM signature.biomarkers;" in history
    # arrow up: the last query again
    assert "n_shared" in typed("SELECT n_shared FROM signature.overlap;\r.quit\r")
    assert "n_shared" in typed("\x1b[A\x1b[A\r.quit\r")


@pytest.mark.parametrize("leaving", [".quit\r", "exit;\r", "\x04"])
def test_the_prompt_is_left(typed: Typed, leaving: str) -> None:
    assert typed(f"\r{leaving}").count("\n") == 1


def test_no_cell_and_no_name_is_a_formula_for_a_spreadsheet() -> None:
    texts = ["=1+1", "+x", "-x", "@x", "\tx", "\rx", "\nx", "GENE-1", "", None]
    rows = pl.DataFrame({"=name": texts, "n": range(-5, 5), "genes": [["=A", "B"]] * 10})
    found = without_formulas(rows)
    assert found.columns == ["'=name", "n", "genes"]
    assert found["'=name"].to_list() == ["'=1+1", "'+x", "'-x", "'@x", "'\tx", "'\rx", "'\nx", "GENE-1", "", None]
    assert found["n"].to_list() == list(range(-5, 5))
    assert found["genes"][0] == "'=A, B"
    assert without_formulas(pl.DataFrame({"n": [1]})).rows() == [(1,)]


@pytest.mark.parametrize(("output_format", "to"), [("json", None), ("csv", "rows.parquet"), ("tsv", "rows.json")])
def test_only_what_a_spreadsheet_opens_is_written_for_one(
    output_format: Format, to: str | None, tmp_path: Path
) -> None:
    path = None if to is None else tmp_path / to
    with pytest.raises(RequestError, match="--excel is for CSV and TSV"):
        query_and_print(Console(), Settings(home=tmp_path), "SELECT 1", output_format, path, for_excel=True)
    assert not list(tmp_path.iterdir())
