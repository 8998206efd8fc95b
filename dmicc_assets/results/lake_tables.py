"""All that one study has in the lake as the `StudyTables` that figures, report and export read.

Only reading: which rows go into which figure is in `report/`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import polars as pl

from dmicc_assets.enrichment.gene_sets import GeneSetLibrary, library_path, read_gmt
from dmicc_assets.errors import RequestError
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.steps import partition_keys
from dmicc_assets.lake.store import Lake
from dmicc_assets.results.tables import ReadGeneSet, StudyTables
from dmicc_assets.study.schema import Study
from dmicc_assets.tables import TABLES, Table
from dmicc_assets.types import ExpressionMatrix, PartitionKey


def study_tables(lake: Lake, study: Study, gene_sets: Path | None, only: Collection[str] | None = None) -> StudyTables:
    """Every table of a study that was materialised; one that was not counts as empty.

    Partitions that today's study file no longer names are left out. Tables, matrices and gene sets are read when asked
    for.

    Args:
        lake: the Parquet store.
        study: the study.
        gene_sets: folder of gene-set libraries; without it, or without a library in it, its sets are empty.
        only: names of tables; the others count as empty.

    What is read raises a DataError when its file is damaged.
    """

    def matrix(table: str, part: str, column: str) -> ExpressionMatrix:
        return lake.read_matrix(table, PartitionKey.of(study.study, part), column)

    return StudyTables(study, _Frames(lake, study, only), matrix, _gene_sets_of(gene_sets))


class _Frames(Mapping[str, pl.DataFrame]):
    """Rows of each table of a study, read when asked for, once.

    A picture of one table must not read all of them: in a lake that an earlier version of the package wrote, the rest
    may have other columns until the run comes to it.
    """

    def __init__(self, lake: Lake, study: Study, only: Collection[str] | None) -> None:
        self._lake = lake
        self._study = study
        tables = (table for table in _tables_of_a_study() if not table.is_matrix)
        self._tables = {table.name: table for table in tables if only is None or table.name in only}
        self._read: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._read:
            table = self._tables[name]
            keys = partition_keys(table.partition, self._study)
            self._read[name] = pl.concat(_rows(self._lake, table, key) for key in keys)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def study_manifests(lake: Lake, study: Study) -> list[Manifest]:
    """The manifest of every partition of the study that was materialised, in the order of the tables."""
    keys = [(table.name, key) for table in _tables_of_a_study() for key in partition_keys(table.partition, study)]
    return [manifest for name, key in keys if (manifest := lake.manifest(name, key)) is not None]


def _tables_of_a_study() -> list[Table]:
    return [table for table in TABLES.values() if table.partition != "all_studies"]


def _rows(lake: Lake, table: Table, key: str) -> pl.DataFrame:
    """Rows of one partition with its columns of study and part; none when it was not materialised."""
    if lake.manifest(table.name, key) is None:
        return table.schema.to_frame()
    parts = dict(zip(table.partition_columns, PartitionKey(key).names, strict=False))
    rows = lake.read(table.name, key).with_columns(pl.lit(part).alias(column) for column, part in parts.items())
    return rows.select(table.schema.names())


def _gene_sets_of(folder: Path | None) -> ReadGeneSet:
    @cache
    def library(name: str) -> GeneSetLibrary | None:
        try:
            return read_gmt(library_path(folder, name))
        except RequestError:
            return None

    def gene_set(name: str, term: str) -> Sequence[str]:
        found = library(name)
        return found.sets[term].genes if found is not None and term in found.sets else ()

    return gene_set
