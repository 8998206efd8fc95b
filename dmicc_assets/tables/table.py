"""What a table of the lake is: its columns with types and meanings, its key and its partition.

Only the shape of a declaration lives here; the declarations are beside, one module a group of the asset graph.
"""

from dataclasses import dataclass

import polars as pl

from dmicc_assets.types import PartitionKind

TEXT = pl.String()
REAL = pl.Float64()
COUNT = pl.Int64()
FLAG = pl.Boolean()
TEXTS = pl.List(pl.String())
MAP = pl.List(pl.Struct({"key": pl.String(), "value": pl.String()}))
MOMENT = pl.Datetime("us", "UTC")

_SQL_TYPES: dict[pl.DataType, str] = {
    TEXT: "VARCHAR",
    REAL: "DOUBLE",
    COUNT: "BIGINT",
    FLAG: "BOOLEAN",
    TEXTS: "VARCHAR[]",
    MAP: "MAP(VARCHAR, VARCHAR)",
    MOMENT: "TIMESTAMPTZ",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a volatile one says when or from where, and is no part of the content."""

    name: str
    dtype: pl.DataType
    meaning: str
    is_key: bool = False
    is_volatile: bool = False

    @property
    def sql_type(self) -> str:
        """The column's type in DuckDB."""
        return _SQL_TYPES[self.dtype]


def key(name: str, meaning: str, dtype: pl.DataType = TEXT) -> Column:
    """A column of the table's key."""
    return Column(name, dtype, meaning, is_key=True)


STUDY = key("study", "study, as its file names it")
DATASET = key("dataset", "dataset of the study: a series accession, with its platform where a series has several")
COHORT = key("cohort", "cohort of the study: the merged datasets of one disease")
GENE = key("gene", "gene symbol as the platform's annotation has it")
SAMPLE = key("sample", "sample accession (GSM...) or barcode")
LIBRARY = key("library", "gene-set library: GO_BP, GO_CC, GO_MF, KEGG, ...")
TERM = key("term", "gene set: its accession (GO:0051607, hsa04512) or, where it has none, its name")
SUBJECT = key("subject", "name of the cohort or of the validation dataset")
SUBJECT_KIND = key("subject_kind", "'cohort' or 'dataset'")

_PARTITION_COLUMNS: dict[PartitionKind, tuple[str, ...]] = {
    "dataset": ("study", "dataset"),
    "cohort": ("study", "cohort"),
    "study": ("study",),
    "all_studies": (),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """Columns whose values are taken over unchanged, together, from rows of another table, under the same names.

    Only what holds in every study is declared; a test compares it with the rows of a whole run.
    """

    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the lake, one asset, one view.

    Attributes:
        name: `group/table`; the asset key, the lake folder, the SQL view and its file.
        partition: what one Parquet file of it is for.
        columns: in the order users see them, key columns first.
        meaning: one sentence that a biologist understands.
        version: raised when columns or meanings change; part of every recipe.
        is_matrix: stored as a complete gene-by-sample grid, gene-major.
        keeps_history: earlier contents are kept when a new one replaces them.
        taken: columns taken over unchanged from other tables: the exact part of the column lineage.
    """

    name: str
    partition: PartitionKind
    columns: tuple[Column, ...]
    meaning: str
    version: int = 1
    is_matrix: bool = False
    keeps_history: bool = False
    taken: tuple[Taken, ...] = ()

    @property
    def group(self) -> str:
        """The group of the asset graph: the SQL schema and the lake's folder."""
        return self.name.split("/")[0]

    @property
    def view(self) -> str:
        """The name in SQL."""
        return self.name.replace("/", ".")

    @property
    def key(self) -> list[str]:
        """Names of the key columns."""
        return [column.name for column in self.columns if column.is_key]

    @property
    def partition_columns(self) -> tuple[str, ...]:
        """Columns that are the same in every row of one partition, filled by the lake."""
        return _PARTITION_COLUMNS[self.partition]

    @property
    def schema(self) -> pl.Schema:
        """Names and polars types, in order."""
        return pl.Schema({column.name: column.dtype for column in self.columns})
