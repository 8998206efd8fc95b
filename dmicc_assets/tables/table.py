"""Declaration of a table of the lake: its columns with types and meanings, its key and its partition.

Only the types of declarations are here; the other modules of this folder declare the tables, by group of assets.
"""

from collections.abc import Collection, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any

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
    """One column.

    Attributes:
        name: in the rows, in SQL and in the file.
        dtype: the type in the file; `sql_type` in DuckDB.
        meaning: one sentence that a biologist understands.
        is_key: part of the table's key.
        is_volatile: a time or an address, which is not part of the content hash.
        stored_unless: another column; where the two are equal, the file has NULL, which every reader replaces.
    """

    name: str
    dtype: pl.DataType
    meaning: str
    is_key: bool = False
    is_volatile: bool = False
    stored_unless: str | None = None

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
    """Columns copied together and unchanged from rows of another table, under the same names.

    Only copies that hold in every study are declared; a test compares them with the rows of a whole run.
    """

    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the lake, one asset, one view.

    Attributes:
        name: `group/table`; the asset key, the lake folder, the SQL view and its file.
        partition: what one Parquet file holds: a dataset, a cohort, a study or everything.
        columns: in the order users see them; names and types are part of every recipe.
        meaning: one sentence that a biologist understands.
        is_matrix: stored as a complete grid of features (genes or probes) by samples, feature-major.
        keeps_history: earlier contents are kept when a new one replaces them.
        taken: columns copied unchanged from other tables: the exact part of the column lineage.
    """

    name: str
    partition: PartitionKind
    columns: tuple[Column, ...]
    meaning: str
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
    def history_view(self) -> str:
        """The name in SQL of its earlier contents."""
        return f"history.{self.name.replace('/', '_')}"

    @property
    def key(self) -> list[str]:
        """Names of the key columns."""
        return [column.name for column in self.columns if column.is_key]

    @property
    def feature(self) -> str:
        """The key column that names the rows of a matrix: `gene`, or `probe`."""
        (name,) = (name for name in self.key if name not in (*self.partition_columns, SAMPLE.name))
        return name

    @property
    def partition_columns(self) -> tuple[str, ...]:
        """Columns with one value in all rows of a partition; the lake fills them."""
        return _PARTITION_COLUMNS[self.partition]

    @property
    def schema(self) -> pl.Schema:
        """Names and polars types, in order."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    @property
    def rows_schema(self) -> pl.Schema:
        """The schema without the partition columns, which the lake adds."""
        return pl.Schema({name: dtype for name, dtype in self.schema.items() if name not in self.partition_columns})

    def frame(self, rows: Mapping[str, Any] | Sequence[Mapping[str, Any]] = ()) -> pl.DataFrame:
        """Rows of one partition, in declared order and types, without the partition columns; NaN becomes NULL.

        Args:
            rows: columns by name, each an array or one value for all rows; or one mapping for each row; None without
                rows.

        Raises:
            ValueError: a declared column is missing, or a given column is not declared.
        """
        schema = self.rows_schema
        for given in [rows] if isinstance(rows, Mapping) else rows:
            if given.keys() != schema.keys():
                raise ValueError(f"{self.name}: {_misfit(given, schema)}")
        columns = rows if isinstance(rows, Mapping) else {name: [row[name] for row in rows] for name in schema}
        arrays = [pl.Series(n, columns[n], dtype) for n, dtype in schema.items() if not _is_one(columns[n])]
        constants = [pl.lit(columns[n], dtype).alias(n) for n, dtype in schema.items() if _is_one(columns[n])]
        frame = pl.DataFrame(arrays).with_columns(constants) if arrays else pl.select(constants)
        return frame.select(schema.names()).with_columns(pl.col(pl.Float64).fill_nan(None))


def _is_one(values: object) -> bool:
    """Whether a value holds for all rows, rather than being an array with one value for each row."""
    return isinstance(values, str) or not isinstance(values, Sized)


def _misfit(given: Collection[str], declared: Collection[str]) -> str:
    """Message on missing and undeclared columns, with what to do."""
    unfilled = ", ".join(name for name in declared if name not in given)
    unknown = ", ".join(name for name in given if name not in declared)
    return " and ".join(
        ([f"{unfilled} must be filled where the rows are made (None where there is no value)"] if unfilled else [])
        + ([f"{unknown} must be declared in tables/"] if unknown else [])
    )
