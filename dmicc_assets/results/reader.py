"""`Results`: the results of one study, read on demand, under the names in SQL (`results.signature.genes`).

Nothing is computed or judged here; `tables.py` reads the rows.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, Self, TypeVar

import polars as pl

from dmicc_assets.enrichment.libraries import gene_set_reader
from dmicc_assets.expression.copies import sample_units, without_copies
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.steps import StepContext
from dmicc_assets.lake.store import Lake
from dmicc_assets.results.tables import PART, GivenTables, MatrixKey, StudyTables, declared_tables, materialised_tables
from dmicc_assets.study.schema import Study
from dmicc_assets.study.settings import Settings
from dmicc_assets.tables import TABLES
from dmicc_assets.types import CaseControl, ExpressionMatrix

# (library, term) -> the genes of a gene set; empty when the library or the term is not available.
ReadGeneSet = Callable[[str, str], Sequence[str]]


class TableGroup:
    """The tables of one group as attributes: `results.signature` has `genes`, `overlap`, `ranking` and so on."""

    def __init__(self, results: "Results", name: str) -> None:
        self._results = results
        self._name = name

    def __getattr__(self, table: str) -> pl.DataFrame:
        if f"{self._name}/{table}" not in TABLES:
            raise AttributeError(f"{self._name} has no table {table!r}; it has {', '.join(self.__dir__())}")
        return self._results.rows(f"{self._name}/{table}")

    def __dir__(self) -> list[str]:
        return [name.split("/")[1] for name, table in TABLES.items() if table.group == self._name]

    def __repr__(self) -> str:
        return "\n".join(f"{self._name}.{name}: {TABLES[f'{self._name}/{name}'].meaning}" for name in self.__dir__())


class CohortTables(TableGroup):
    """The tables of the group `cohort`; called with a cohort's name, its expression with the two groups."""

    def __call__(self, name: str, column: str = "value_adjusted") -> CaseControl:
        """A cohort, samples sorted by name.

        Args:
            name: the cohort.
            column: `value` as merged, `value_adjusted` with the batch removed.
        """
        matrix = self._results.matrix("cohort/expression", name, column)
        return _case_control(name, "cohort", matrix, self._results.rows("cohort/samples", cohort=name))


class ValidationTables(TableGroup):
    """The tables of the group `validation`; called with a dataset's name, its expression with both groups."""

    def __call__(self, dataset: str) -> CaseControl:
        """A validation dataset with the two groups that the study compares in it, samples sorted by name."""
        entry = next(entry for entry in self._results.study.validation if entry.dataset == dataset)
        samples = self._results.rows("source/samples", dataset=dataset)
        samples = samples.filter(pl.col("label").is_in([entry.case, entry.control]))
        samples = samples.with_columns(
            is_case=pl.col("label") == entry.case,
            unit=pl.Series(sample_units(samples), dtype=pl.String),
        )
        if "batch" in samples.columns:
            samples = samples.with_columns(batch=pl.format("{}/{}", "dataset", "batch"))
        return _case_control(dataset, "dataset", self._results.matrix("expression/genes", dataset), samples)


GroupType = TypeVar("GroupType", bound=TableGroup)


class Group(Generic[GroupType]):
    """A group of tables as an attribute of `Results`."""

    def __init__(self, kind: type[GroupType]) -> None:
        self._kind = kind

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, results: "Results", owner: type | None = None) -> GroupType:
        return self._kind(results, self._name)


@dataclass(frozen=True, eq=False, repr=False)
class Results:
    """The results of one study.

    A table is an attribute of its group, as in SQL: `results.differential.statistics` has the rows of all cohorts, with
    the columns study and cohort; `results.rows("differential/statistics", cohort="dm")` has one. A table that was not
    computed is empty. Rows are read on first use and kept.

    Attributes:
        study: the study file.
        tables: where rows, matrices and manifests come from.
        gene_set: the genes of a gene set, by library and term.
    """

    study: Study
    tables: StudyTables
    gene_set: ReadGeneSet = lambda _library, _term: ()

    source = Group(TableGroup)
    expression = Group(TableGroup)
    cohort = Group(CohortTables)
    differential = Group(TableGroup)
    enrichment = Group(TableGroup)
    signature = Group(TableGroup)
    validation = Group(ValidationTables)
    model = Group(TableGroup)
    rigor = Group(TableGroup)
    clinical = Group(TableGroup)
    report = Group(TableGroup)

    @classmethod
    def of_study(
        cls, lake: Lake, study: Study, settings: Settings | None = None, only: Collection[str] | None = None
    ) -> Self:
        """A study's results in the lake; tables that were not materialised count as empty.

        Partitions that the current study file no longer names are left out.

        Args:
            lake: the Parquet store.
            study: the study.
            settings: say where gene-set libraries are; without them, or without a library there, its sets are empty.
            only: names of tables; the others count as empty.

        Reading a table raises a DataError when its file is damaged or was written by another version.
        """
        return cls(study, materialised_tables(lake, study, only), gene_set_reader(study.enrichment, settings))

    @classmethod
    def of_step(cls, context: StepContext) -> Self:
        """The declared inputs of a step, each with the partitions that its relation names.

        Reading another table raises a KeyError, a missing partition a DataError.
        """
        return cls(context.study, declared_tables(context), gene_set_reader(context.study.enrichment, context.settings))

    @classmethod
    def of_frames(
        cls,
        study: Study,
        frames: Mapping[str, pl.DataFrame],
        matrices: Mapping[MatrixKey, ExpressionMatrix] | None = None,
        manifests: Sequence[Manifest] = (),
    ) -> Self:
        """Results in memory.

        Args:
            study: the study.
            frames: rows by table name, with all cohorts or datasets of a table in one frame.
            matrices: by table, cohort or dataset, and value column: `("expression/genes", "GSE1", "value")`.
            manifests: manifests of partitions whose notes are needed.
        """
        return cls(study, GivenTables(frames, matrices or {}, manifests))

    def with_frames(
        self,
        frames: Mapping[str, pl.DataFrame],
        matrices: Mapping[MatrixKey, ExpressionMatrix] | None = None,
        manifests: Sequence[Manifest] = (),
    ) -> Self:
        """The same results with some of them replaced; arguments as for `of_frames`."""
        return replace(self, tables=GivenTables(frames, matrices or {}, manifests, rest=self.tables))

    @property
    def name(self) -> str:
        """The study's name."""
        return self.study.study

    def rows(self, table: str, **where: str) -> pl.DataFrame:
        """Rows of a table whose columns equal the given values: `rows("signature/ranking", cohort="dm")`.

        Raises:
            KeyError: no such table is declared.
        """
        part = where.get(PART.get(TABLES[table].partition, ""))
        frame = self.tables.rows(table, part)
        return frame.filter(*(pl.col(column) == value for column, value in where.items())) if where else frame

    def by_part(self, table: str) -> dict[str, pl.DataFrame]:
        """Rows of a table by cohort or dataset, in the order of the study file, without these columns."""
        columns = TABLES[table].partition_columns
        return {part: self.tables.rows(table, part).drop(columns, strict=False) for part in self.tables.parts(table)}

    def matrix(self, table: str, part: str, column: str = "value") -> ExpressionMatrix:
        """A value column of `expression/genes` of a dataset, or of `cohort/expression` of a cohort."""
        return self.tables.matrix(table, part, column)

    def is_made(self, table: str, part: str | None = None) -> bool:
        """Whether a table, or its part of a cohort or dataset, was materialised, even without rows."""
        return self.tables.manifest(table, part) is not None

    def notes(self, table: str, part: str | None = None) -> Mapping[str, Any]:
        """Notes of a partition's computation: numbers, decisions, seeds; empty without a partition."""
        manifest = self.tables.manifest(table, part)
        return manifest.notes if manifest else {}

    def is_counted(self, dataset: str) -> bool:
        """Whether a dataset has RNA-seq counts, which are scaled by TMM and not collapsed from probes."""
        return self.notes("expression/genes", dataset).get("normalise") == "TMM"

    def manifests(self) -> list[Manifest]:
        """Manifests of all partitions, in the order of the tables."""
        return self.tables.manifests()

    def cohorts(self, column: str = "value_adjusted") -> dict[str, CaseControl]:
        """Every cohort with its groups, in the order of the study file."""
        return {name: self.cohort(name, column) for name in self.study.cohorts}

    def validations(self) -> dict[str, CaseControl]:
        """Every validation dataset with its groups, in the order of the study file."""
        return {entry.dataset: self.validation(entry.dataset) for entry in self.study.validation}

    @property
    def signature_genes(self) -> list[str]:
        """The signature's genes, sorted by name."""
        return self.rows("signature/genes")["gene"].unique().sort().to_list()

    @property
    def biomarkers(self) -> list[str]:
        """The biomarkers, sorted by the sum of their ranks, then by name."""
        return self.rows("signature/biomarkers").sort("rank_sum", "gene")["gene"].to_list()

    def __repr__(self) -> str:
        groups = dict.fromkeys(TABLES[name].group for name in TABLES if hasattr(type(self), TABLES[name].group))
        return f"Results of {self.name}: {', '.join(groups)}"


def _case_control(
    name: str, kind: Literal["cohort", "dataset"], matrix: ExpressionMatrix, samples: pl.DataFrame
) -> CaseControl:
    samples = without_copies(samples.sort("sample"))
    return CaseControl(
        name,
        kind,
        matrix.take_samples(samples["sample"].to_list()),
        samples["is_case"].to_numpy(),
        tuple(samples.select(pl.coalesce("batch", "dataset") if "batch" in samples.columns else "dataset").to_series()),
        tuple(samples["patient"]),
        tuple(samples["unit"]) if "unit" in samples.columns else (),
    )
