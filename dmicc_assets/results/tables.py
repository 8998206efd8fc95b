"""Sources of a study's rows, matrices and manifests: the lake, or frames in memory. Each table is read once, on demand.

`reader.py` combines the rows (groups, order of genes).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

import polars as pl

from dmicc_assets.errors import DataError
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.steps import StepContext, partition_keys
from dmicc_assets.lake.store import Lake
from dmicc_assets.study.schema import Study
from dmicc_assets.tables import TABLES, Table
from dmicc_assets.types import ExpressionMatrix, PartitionKey, PartitionKind

# table, dataset or cohort, value column
MatrixKey = tuple[str, str, str]
# Number of matrices kept: a cohort's figures use two, as merged and with the batch removed.
MATRICES_KEPT = 2
PART: dict[PartitionKind, str] = {"dataset": "dataset", "cohort": "cohort"}


class StudyTables(Protocol):
    """The tables of one study; a part is a dataset or cohort."""

    def parts(self, table: str) -> list[str]:
        """Datasets or cohorts that a table has rows of, in the order of the study file."""
        ...

    def rows(self, table: str, part: str | None = None) -> pl.DataFrame:
        """Rows of a table, or of one part of it, with the columns in SQL; empty when absent."""
        ...

    def matrix(self, table: str, part: str, column: str) -> ExpressionMatrix:
        """A value column of a matrix table."""
        ...

    def manifest(self, table: str, part: str | None) -> Manifest | None:
        """Manifest of one partition; None when it was never materialised."""
        ...

    def manifests(self) -> list[Manifest]:
        """Manifest of every partition, in the order of the tables."""
        ...


def materialised_tables(lake: Lake, study: Study, only: Collection[str] | None = None) -> "LakeTables":
    """A study's partitions in the lake that the current study file names.

    Args:
        lake: the Parquet store.
        study: the study.
        only: names of tables; the others count as empty.
    """
    names = [name for name, table in TABLES.items() if table.partition != "all_studies"]
    names = [name for name in names if only is None or name in only]

    def partitions(table: str) -> list[PartitionKey]:
        keys = partition_keys(TABLES[table].partition, study) if table in names else []
        return [key for key in keys if lake.manifest(table, key) is not None]

    return LakeTables(lake, names, partitions)


def declared_tables(context: StepContext) -> "LakeTables":
    """The inputs of a step, each with the partitions that its relation names; all must exist.

    Raises:
        KeyError: when a table is read that the step does not declare.
    """
    names = [each.table for each in context.step.inputs if each.is_read]
    return LakeTables(context.lake, names, context.partitions)


class LakeTables:
    """Tables of the lake: rows are read once, and the last matrices are kept.

    A lake of an earlier version of the package may have other columns in tables that the run has not reached yet, so
    only the requested table is read.

    Args:
        lake: the Parquet store.
        names: the tables that may be read.
        partitions: the partitions to read of a table, in the order of the study file.
    """

    def __init__(self, lake: Lake, names: Sequence[str], partitions: Callable[[str], Sequence[PartitionKey]]) -> None:
        self._lake = lake
        self._names = names
        self._partitions = partitions
        self._keys: dict[str, dict[str, PartitionKey]] = {}
        self._frames: dict[tuple[str, str], pl.DataFrame] = {}
        self._read_matrix = lru_cache(MATRICES_KEPT)(lake.read_matrix)

    def parts(self, table: str) -> list[str]:
        """Datasets or cohorts that a table has rows of, in the order of the study file."""
        return list(self._keys_of(table))

    def rows(self, table: str, part: str | None = None) -> pl.DataFrame:
        """Rows of a table or one part of it; rows of a matrix are not kept, because they are many.

        Raises:
            DataError: a file is damaged, or was written by another version.
        """
        keys = [key for name, key in self._keys_of(table).items() if part in (None, name)]
        return pl.concat([TABLES[table].schema.to_frame(), *(self._frame(TABLES[table], key) for key in keys)])

    def matrix(self, table: str, part: str, column: str) -> ExpressionMatrix:
        """A value column of a matrix table.

        Raises:
            DataError: the table was never materialised, is not among the tables to read, or its file is damaged.
        """
        key = self._keys_of(table).get(part)
        if key is None:
            raise DataError(f"{table} of {part} was never materialised: materialise it first")
        return self._read_matrix(table, key, column)

    def manifest(self, table: str, part: str | None) -> Manifest | None:
        """Manifest of one partition; None when it was never materialised."""
        keys = [key for name, key in self._keys_of(table).items() if part in (None, name)]
        return self._lake.manifest(table, keys[0]) if len(keys) == 1 else None

    def manifests(self) -> list[Manifest]:
        """Manifest of every partition, in the order of the tables."""
        keys = [(table, key) for table in self._names for key in self._keys_of(table).values()]
        return [found for table, key in keys if (found := self._lake.manifest(table, key)) is not None]

    def _keys_of(self, table: str) -> dict[str, PartitionKey]:
        if table not in self._keys:
            self._keys[table] = {key.part: key for key in self._partitions(table)}
        return self._keys[table]

    def _frame(self, table: Table, key: PartitionKey) -> pl.DataFrame:
        if (table.name, key) in self._frames:
            return self._frames[table.name, key]
        filled = dict(zip(table.partition_columns, key.names, strict=False))
        rows = self._lake.read(table.name, key).with_columns(pl.lit(name).alias(kind) for kind, name in filled.items())
        rows = rows.select(table.schema.names())
        if not table.is_matrix:
            self._frames[table.name, key] = rows
        return rows


@dataclass(frozen=True)
class GivenTables:
    """Tables in memory, alone or in place of others.

    Attributes:
        frames: rows by table name, all cohorts or datasets of a table below each other.
        matrices: by table, cohort or dataset, and value column.
        given: manifests.
        rest: source of everything else, if any.
    """

    frames: Mapping[str, pl.DataFrame] = field(default_factory=dict[str, pl.DataFrame])
    matrices: Mapping[MatrixKey, ExpressionMatrix] = field(default_factory=dict[MatrixKey, ExpressionMatrix])
    given: Sequence[Manifest] = ()
    rest: StudyTables | None = None

    def parts(self, table: str) -> list[str]:
        """Datasets or cohorts that a table has rows of, in the order of its rows."""
        if table not in self.frames and self.rest is not None:
            return self.rest.parts(table)
        kind = PART.get(TABLES[table].partition)
        return self.rows(table)[kind].unique(maintain_order=True).to_list() if kind else []

    def rows(self, table: str, part: str | None = None) -> pl.DataFrame:
        """Rows of a table or one part of it; an absent one is empty."""
        if table not in self.frames and self.rest is not None:
            return self.rest.rows(table, part)
        frame = self.frames[table] if table in self.frames else TABLES[table].schema.to_frame()
        return frame if part is None else frame.filter(pl.col(PART[TABLES[table].partition]) == part)

    def matrix(self, table: str, part: str, column: str) -> ExpressionMatrix:
        """A value column of a matrix table."""
        if (table, part, column) not in self.matrices and self.rest is not None:
            return self.rest.matrix(table, part, column)
        return self.matrices[table, part, column]

    def manifest(self, table: str, part: str | None) -> Manifest | None:
        """Manifest of one partition; None when there is none."""
        of_table = (each for each in self.given if each.table == table)
        found = next((each for each in of_table if part in (None, PartitionKey(each.partition).part)), None)
        return found if found is not None or self.rest is None else self.rest.manifest(table, part)

    def manifests(self) -> list[Manifest]:
        """Every manifest; given ones replace those of the rest."""
        others = self.rest.manifests() if self.rest is not None else []
        found = {(each.table, each.partition): each for each in [*others, *self.given]}
        return list(found.values())
