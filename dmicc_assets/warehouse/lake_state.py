"""What a warehouse depends on in its lake: damaged files, files of other columns, risk models.

Only partitions that changed are looked at (`lake/looked_at.py`); `build.py` builds from what is found.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

import polars as pl

from dmicc_assets.lake.durable import parquet_schema
from dmicc_assets.lake.looked_at import looked_at
from dmicc_assets.lake.store import Lake, StoredFile
from dmicc_assets.tables import TABLES, Table
from dmicc_assets.types import PartitionKey
from dmicc_assets.warehouse.problems import Problem, find_problems_in, problem_of
from dmicc_assets.warehouse.risk_macro import TABLE as MODEL
from dmicc_assets.warehouse.risk_macro import Coefficients, models
from dmicc_assets.warehouse.views import VIEWED


@dataclass(frozen=True, slots=True)
class LakeState:
    """What is in the lake.

    Attributes:
        problems: damaged files, one problem each.
        models: coefficients by study, of studies without a problem.
        of_one_form: tables of which every file has the declared columns.
    """

    problems: list[Problem]
    models: Mapping[str, Coefficients]
    of_one_form: frozenset[str]


def state_of(lake: Lake, known: Iterable[Problem], *, is_quick: bool = False) -> LakeState:
    """The state of a lake.

    Args:
        lake: the Parquet store.
        known: damaged files that were found by other means.
        is_quick: as in `looked_at`.
    """
    problems, of_one_form = {each.file: each for each in known}, set[str]()
    for table in VIEWED:
        if strange := _strange(lake, table, is_quick=is_quick):
            problems |= {each.file: each for each in find_problems_in(strange, lake, is_thorough=False)}
        else:
            of_one_form.add(table.name)
    tables, errors = models(lake, is_quick=is_quick)
    for study, error in errors.items():
        stored = StoredFile(TABLES[MODEL], study, lake.path(MODEL, study), is_history=False)
        problems.setdefault(str(stored.path), problem_of(stored, error))
    left_out = {each.study for each in problems.values()}
    whole = {study: table for study, table in tables.items() if study not in left_out}
    return LakeState(list(problems.values()), whole, frozenset(of_one_form))


def _strange(lake: Lake, table: Table, *, is_quick: bool) -> list[StoredFile]:
    """Files of a table that have not the declared columns: an earlier version wrote them, or they are damaged."""
    declared = _digest(dict(table.schema))

    def look(key: str) -> str:
        return _digest(parquet_schema(lake.path(table.name, key)))

    if lake.is_published and table.is_matrix:
        return []
    found = looked_at(lake, table.name, "columns", look, is_quick=is_quick, of_rows=True)
    strange = [key for key, digest in found.items() if digest != declared]
    return [StoredFile(table, PartitionKey(key).study, lake.path(table.name, key), is_history=False) for key in strange]


def _digest(schema: Mapping[str, pl.DataType] | None) -> str:
    columns = None if schema is None else [(name, str(dtype)) for name, dtype in schema.items()]
    return sha256(repr(columns).encode()).hexdigest()[:16]
