"""A step of the asset graph: its inputs, outputs, relevant settings and recipe.

Without dagster (`orchestration/asset.py` makes assets of steps) and without mathematics.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import polars as pl

from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.http.memory import Memory
from dmicc_assets.geo.http.policy import Patience
from dmicc_assets.lake.contents import read_columns
from dmicc_assets.lake.shelf import shelf_of
from dmicc_assets.lake.store import Lake
from dmicc_assets.study.schema import Study
from dmicc_assets.study.settings import Settings
from dmicc_assets.tables import TABLES
from dmicc_assets.types import ALL_STUDIES, PartitionKey, PartitionKind

# Relations between the partitions of a step and those of an input table.
Through = Literal["same", "cohort_datasets", "cohorts", "validation", "datasets", "all_studies"]
Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Input:
    """A table that a step reads, with the relation between their partitions.

    With `is_read` False it only determines the order of a backfill; it is in no recipe, and nothing waits for it.
    """

    table: str
    through: Through = "same"
    is_read: bool = True


@dataclass(frozen=True)
class Result:
    """Result of a step: a frame for each of its tables, and notes."""

    frames: Frames
    notes: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Step:
    """One computation of the asset graph.

    Attributes:
        name: the op's name in Dagster.
        partition: kind of its partitions: dataset, cohort, study or all studies.
        outputs: the tables that it writes, all of them or none.
        inputs: the tables that it reads.
        settings: the part of the study file that affects one partition, as JSON-able data.
        version: raised when the computation changes.
        compute: the body.
        observe: the current version of its sources outside the lake, as text.
        files: files that it writes outside the lake, if any.
    """

    name: str
    partition: PartitionKind
    outputs: tuple[str, ...]
    inputs: tuple[Input, ...]
    settings: Callable[[Study, str], Any]
    version: str
    compute: Callable[["StepContext"], Result]
    observe: Callable[["StepContext"], str] | None = None
    files: Callable[["StepContext"], Sequence[Path]] | None = None

    @property
    def asks_source(self) -> bool:
        """Whether it observes a dataset's source; others observe gene-set libraries, or nothing."""
        return "source/files" in self.outputs

    @property
    def description(self) -> str:
        """The body's docstring."""
        return (self.compute.__doc__ or "").strip()


@dataclass(frozen=True)
class StepContext:
    """Argument of a body: its study, its partition, and the partitions of its inputs.

    One study's inputs are read through `results.reader.Results.of_step`.
    """

    step: Step
    key: PartitionKey
    study: Study
    study_file: Path
    settings: Settings
    lake: Lake
    studies: Mapping[str, Study]
    run_id: str = "none"
    report_progress: Callable[[str], None] = lambda _: None
    memory: Memory | None = None

    @property
    def part(self) -> str:
        """The dataset or cohort of the partition."""
        return self.key.part

    def client(self) -> GeoClient:
        """Client for GEO, Xena or a mirror on disk."""
        return open_client(self.settings, self.report_progress, memory=self.memory)

    def partitions(self, table: str) -> list[PartitionKey]:
        """Partitions of an input table that this partition reads.

        Raises:
            KeyError: the step does not declare the table.
        """
        through: Through | None = next((i.through for i in self.step.inputs if i.table == table and i.is_read), None)
        if through is None:
            raise KeyError(f"{self.step.name} reads {table} without declaring it")
        return related(self.study, self.key, through, table, self.studies)

    def read_there(self, table: str, columns: Sequence[str]) -> dict[str, pl.DataFrame]:
        """Columns of the materialised partitions of an input, for a step over all studies; none of damaged files."""
        return read_columns(self.lake, table, self.partitions(table), columns)


def step(
    partition: PartitionKind,
    outputs: Sequence[str],
    inputs: Sequence[Input],
    settings: Callable[[Study, str], Any],
    version: str,
    observe: Callable[[StepContext], str] | None = None,
    files: Callable[[StepContext], Sequence[Path]] | None = None,
) -> Callable[[Callable[[StepContext], Result]], Step]:
    """Make a step from a body, with the body's name and docstring."""

    def make(compute: Callable[[StepContext], Result]) -> Step:
        return Step(
            compute.__name__,
            partition,
            tuple(outputs),
            tuple(inputs),
            settings,
            version,
            compute,
            observe,
            files,
        )

    return make


def partition_keys(kind: PartitionKind, study: Study) -> list[PartitionKey]:
    """Every partition of a kind in one study; for `all_studies` the one partition that all studies share."""
    parts = {"dataset": study.datasets, "cohort": study.cohorts}
    if kind == "all_studies":
        return [ALL_STUDIES]
    return [PartitionKey(study.study)] if kind == "study" else [PartitionKey.of(study.study, p) for p in parts[kind]]


def open_client(
    settings: Settings,
    report_progress: Callable[[str], None],
    patience: Patience | None = None,
    memory: Memory | None = None,
) -> GeoClient:
    """Client for the sources in the settings; it reports downloads, and with a memory asks nothing twice."""

    def report_bytes(url: str, n_bytes: int, total: int | None) -> None:
        of = f" of {total / 1e6:.1f}" if total else ""
        report_progress(f"{url.rsplit('/', 1)[-1]}: {n_bytes / 1e6:.1f}{of} MB")

    return GeoClient(
        settings.geo_url,
        settings.geo_acc_url,
        settings.xena_url,
        settings.downloads,
        settings.locks,
        report_bytes,
        rate=settings.requests_per_second,
        patience=patience,
        variables={
            settings.enrichr_url: "DMICC_ENRICHR_URL",
            settings.go_url: "DMICC_GO_URL",
            settings.msigdb_url: "DMICC_MSIGDB_URL",
            settings.reactome_url: "DMICC_REACTOME_URL",
            settings.eutils_url: "DMICC_EUTILS_URL",
        },
        gene_url=settings.ncbi_gene_url,
        locks_url=settings.locks_url,
        shelf=shelf_of(settings),
        memory=memory,
    )


def related(
    study: Study, key: PartitionKey, through: Through, table: str, studies: Mapping[str, Study]
) -> list[PartitionKey]:
    """Partitions of `table` that the partition `key` reads through a relation."""
    name = study.study
    match through:
        case "same":
            return [key]
        case "cohort_datasets":
            return [PartitionKey.of(name, dataset) for dataset in study.cohorts[key.part].datasets]
        case "cohorts":
            return [PartitionKey.of(name, cohort) for cohort in study.cohorts]
        case "validation":
            return [PartitionKey.of(name, entry.dataset) for entry in study.validation]
        case "datasets":
            return [PartitionKey.of(name, dataset) for dataset in used_datasets(study)]
        case "all_studies":
            kind = TABLES[table].partition
            return [k for each in studies.values() for k in partition_keys(kind, each)]


def used_datasets(study: Study) -> list[str]:
    """Datasets that a cohort or a validation uses, in the order of the study file."""
    used = {dataset for cohort in study.cohorts.values() for dataset in cohort.datasets}
    used |= {entry.dataset for entry in study.validation}
    return [name for name in study.datasets if name in used]


def in_order(steps: Sequence[Step]) -> list[Step]:
    """The steps in order of dependence."""
    maker = {table: step for step in steps for table in step.outputs}
    done: dict[str, Step] = {}

    def visit(step: Step) -> None:
        if step.name not in done:
            for each in step.inputs:
                if each.table in maker:
                    visit(maker[each.table])
            done[step.name] = step

    for step in steps:
        visit(step)
    return list(done.values())
