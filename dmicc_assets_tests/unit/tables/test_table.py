import ast

import numpy as np
import polars as pl
import pytest

from dmicc_assets.tables import TABLES, Table
from dmicc_assets.tables.table import COHORT, COUNT, GENE, REAL, STUDY, TEXTS, Column
from dmicc_assets_tests.conftest import ROOT

TABLE = Table(
    "some/table",
    "cohort",
    (STUDY, COHORT, GENE, Column("n", COUNT, "n"), Column("value", REAL, "v"), Column("names", TEXTS, "names")),
    "A table.",
)
SCHEMA = {"gene": pl.String(), "n": pl.Int64(), "value": pl.Float64(), "names": pl.List(pl.String())}


def test_rows_have_the_declared_columns_but_those_of_the_partition() -> None:
    assert dict(TABLE.rows_schema) == SCHEMA
    assert TABLE.frame().schema == SCHEMA
    assert TABLE.frame([]).is_empty()


def test_columns_are_arrays_or_one_value_for_all_rows() -> None:
    columns = {"names": [["x"], []], "value": np.array([1.5, np.nan]), "n": np.array([1, 2], np.int32), "gene": "A"}
    frame = TABLE.frame(columns)
    assert frame.schema == SCHEMA
    assert frame.rows() == [("A", 1, 1.5, ["x"]), ("A", 2, None, [])]
    assert TABLE.frame({"gene": "A", "n": [], "value": 1, "names": None}).is_empty()
    assert TABLE.frame({"gene": "A", "n": 1, "value": np.inf, "names": None}).rows() == [("A", 1, np.inf, None)]


def test_rows_may_be_mappings() -> None:
    rows = [{"gene": "A", "n": 1, "value": 2, "names": ["x"]}, {"names": None, "value": None, "n": None, "gene": "B"}]
    frame = TABLE.frame(rows)
    assert frame.schema == SCHEMA
    assert frame.rows() == [("A", 1, 2.0, ["x"]), ("B", None, None, None)]


@pytest.mark.parametrize("as_rows", [False, True])
def test_what_does_not_fit_is_named(as_rows: bool) -> None:
    given = {"gene": "A", "value": 1.0, "other": 1, "study": "s"}
    with pytest.raises(ValueError, match=r"some/table: n, names must be filled .* and other, study must be declared"):
        TABLE.frame([given] if as_rows else given)


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(pl.exceptions.ShapeError):
        TABLE.frame({"gene": ["A", "B"], "n": [1], "value": None, "names": None})


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_declaration_names_columns_that_are_there(table: Table) -> None:
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    assert set(table.partition_columns) <= set(table.key)
    for taken in table.taken:
        assert set(taken.columns) <= set(names) & set(TABLES[taken.table].schema)


def test_no_module_states_the_types_of_a_tables_columns_again() -> None:
    """A frame of a table's rows is made by the declaration."""
    declared = {frozenset(table.rows_schema) for table in TABLES.values()}
    for path in (ROOT / "dmicc_assets").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict) and all(ast.unparse(value).startswith("pl.") for value in node.values):
                names = {key.value for key in node.keys if isinstance(key, ast.Constant)}
                assert frozenset(names) not in declared, f"{path}:{node.lineno}"
