"""A step of the asset graph: tables in, tables out, what of the study file matters, and its recipe.

Knows the lake and the study file; knows no dagster (`assets/asset.py` makes assets of steps) and no mathematics.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import polars as pl

from dmicc_assets.difference import difference
from dmicc_assets.errors import DataError
from dmicc_assets.expression.matrix import ExpressionMatrix, Subject
from dmicc_assets.geo.client import GeoClient
from dmicc_assets.lake import Lake, Manifest, Origin
from dmicc_assets.settings import Settings
from dmicc_assets.study import Study
from dmicc_assets.tables import TABLES, PartitionKind

# What of the study a step reads from a table of another partition kind.
Through = Literal["same", "cohort_datasets", "cohorts", "validation", "datasets", "everything"]
Frames = Mapping[str, pl.DataFrame]

_LIBRARIES = ("numpy", "scipy", "polars", "scikit-learn", "statsmodels")


@dataclass(frozen=True, slots=True)
class Input:
    """A table that a step reads, and through which relation of partitions.

    With `is_content` False it only says where bytes are, and other inputs say what they are: it is in no recipe. A
    header-only edit at GEO changes the files of a series and none of its values.
    With `is_read` False it only gives the order of a backfill: it is in no recipe, and nothing waits for it.
    """

    table: str
    through: Through = "same"
    is_content: bool = True
    is_read: bool = True


@dataclass(frozen=True)
class Result:
    """What a step computed: a frame for each of its tables, and what it says beside them."""

    frames: Frames
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One computation of the asset graph.

    Attributes:
        name: the op's name in Dagster.
        partition: what one run of it is for.
        outputs: the tables that it writes, all of them or none.
        inputs: the tables that it reads.
        settings: what of the study file matters to it, for one partition, as JSON-able data.
        version: raised when the computation changes.
        compute: the body.
        blocks_on: codes of the integrity checks that stop it.
        observe: what outside the lake matters to it (what a source serves now), as a text.
        files: files that it writes outside the lake, if any.
    """

    name: str
    partition: PartitionKind
    outputs: tuple[str, ...]
    inputs: tuple[Input, ...]
    settings: Callable[[Study, str], Any]
    version: str
    compute: Callable[["StepContext"], Result]
    blocks_on: tuple[str, ...] = ()
    observe: Callable[["StepContext"], str] | None = None
    files: Callable[["StepContext"], Sequence[Path]] | None = None

    @property
    def description(self) -> str:
        """The body's docstring."""
        return (self.compute.__doc__ or "").strip()


@dataclass(frozen=True)
class StepContext:
    """What a body gets: its study, its partition, and the tables that the step declares as inputs."""

    step: Step
    key: str
    study: Study
    study_file: Path
    settings: Settings
    lake: Lake
    studies: Mapping[str, Study]
    run_id: str = "none"
    report_progress: Callable[[str], None] = lambda _: None

    @property
    def part(self) -> str:
        """The dataset or cohort of the partition."""
        return self.key.split(".", 1)[1]

    def client(self) -> GeoClient:
        """The way to what GEO, Xena or a mirror on disk serve."""
        return open_client(self.settings, self.report_progress)

    def partitions(self, table: str) -> list[str]:
        """Partitions of an input table that this partition reads.

        Raises:
            KeyError: the step does not declare the table.
        """
        through: Through | None = next((i.through for i in self.step.inputs if i.table == table), None)
        if through is None:
            raise KeyError(f"{self.step.name} reads {table} without declaring it")
        return related(self.study, self.key, through, table, self.studies)

    def read(self, table: str, part: str | None = None) -> pl.DataFrame:
        """Rows of an input table; of the given cohort or dataset when it has several partitions here."""
        return self.lake.read(table, self._one(table, part))

    def read_each(self, table: str) -> dict[str, pl.DataFrame]:
        """Rows of an input table, by cohort or dataset."""
        return {_part(key): self.lake.read(table, key) for key in self.partitions(table)}

    def read_there(self, table: str) -> dict[str, pl.DataFrame]:
        """Rows of an input table, by partition, of those that were materialised: for a step over all studies."""
        there = [key for key in self.partitions(table) if self.lake.manifest(table, key)]
        return {key: self.lake.read(table, key) for key in there}

    def tables(self) -> dict[str, pl.DataFrame]:
        """Every input table but the matrices as one frame, with its column of cohort or dataset."""
        return {
            each.table: self._with_parts(each.table) for each in self.step.inputs if not TABLES[each.table].is_matrix
        }

    def _with_parts(self, table: str) -> pl.DataFrame:
        kind = TABLES[table].partition
        frames = self.read_each(table)
        if kind == "study":
            return pl.concat(frames.values())
        return pl.concat(frame.select(pl.lit(part).alias(kind), pl.all()) for part, frame in frames.items())

    def matrix(self, table: str, part: str | None = None, column: str = "value") -> ExpressionMatrix:
        """A value column of an input matrix."""
        return self.lake.read_matrix(table, self._one(table, part), column)

    def manifest(self, table: str, part: str | None = None) -> Manifest:
        """Manifest of an input partition."""
        key = self._one(table, part)
        found = self.lake.manifest(table, key)
        if found is None:
            raise DataError(f"{table} of {key} was never materialised: materialise it first")
        return found

    def cohort_subject(self, cohort: str, column: str = "value_adjusted") -> Subject:
        """A cohort with its groups."""
        matrix = self.matrix("cohort/expression", cohort, column)
        samples = self.read("cohort/samples", cohort)
        return _subject(cohort, "cohort", matrix, samples)

    def validation_subject(self, dataset: str) -> Subject:
        """A validation dataset with the two groups that the study compares in it."""
        entry = next(entry for entry in self.study.validation if entry.dataset == dataset)
        samples = self.read("source/samples", dataset).filter(pl.col("label").is_in([entry.case, entry.control]))
        samples = samples.with_columns(is_case=pl.col("label") == entry.case, dataset=pl.lit(dataset))
        return _subject(dataset, "dataset", self.matrix("expression/genes", dataset), samples)

    def _one(self, table: str, part: str | None) -> str:
        keys = self.partitions(table)
        wanted = keys if part is None else [key for key in keys if _part(key) == part]
        if len(wanted) != 1:
            raise KeyError(f"{self.step.name} of {self.key}: {table} has the partitions {keys}, asked for {part!r}")
        return wanted[0]


def step(
    partition: PartitionKind,
    outputs: Sequence[str],
    inputs: Sequence[Input],
    settings: Callable[[Study, str], Any],
    version: str,
    blocks_on: Sequence[str] = (),
    observe: Callable[[StepContext], str] | None = None,
    files: Callable[[StepContext], Sequence[Path]] | None = None,
) -> Callable[[Callable[[StepContext], Result]], Step]:
    """Make a step of a body; its name is the body's, its description the body's docstring."""

    def make(compute: Callable[[StepContext], Result]) -> Step:
        return Step(
            compute.__name__,
            partition,
            tuple(outputs),
            tuple(inputs),
            settings,
            version,
            compute,
            tuple(blocks_on),
            observe,
            files,
        )

    return make


def _subject(name: str, kind: Literal["cohort", "dataset"], matrix: ExpressionMatrix, samples: pl.DataFrame) -> Subject:
    samples = samples.sort("sample")
    return Subject(
        name,
        kind,
        matrix.take_samples(samples["sample"].to_list()),
        samples["is_case"].to_numpy(),
        tuple(samples["dataset"]),
        tuple(samples["patient"]),
    )


def _part(key: str) -> str:
    return key.split(".", 1)[-1]


def partition_keys(kind: PartitionKind, study: Study) -> list[str]:
    """Every partition of a kind in one study; for `everything` the one partition that all studies share."""
    parts = {"dataset": study.datasets, "cohort": study.cohorts}
    if kind == "everything":
        return ["all"]
    return [study.study] if kind == "study" else [f"{study.study}.{part}" for part in parts[kind]]


def open_client(settings: Settings, report_progress: Callable[[str], None]) -> GeoClient:
    """The way to the sources that the settings name; it tells what it is downloading."""

    def report_bytes(url: str, n_bytes: int, total: int | None) -> None:
        of = f" of {total / 1e6:.1f}" if total else ""
        report_progress(f"{url.rsplit('/', 1)[-1]}: {n_bytes / 1e6:.1f}{of} MB")

    return GeoClient(
        settings.geo_url,
        settings.geo_acc_url,
        settings.xena_url,
        settings.cache,
        settings.locks,
        settings.ncbi_api_key.get_secret_value() if settings.ncbi_api_key else None,
        report_bytes,
    )


def related(study: Study, key: str, through: Through, table: str, studies: Mapping[str, Study]) -> list[str]:
    """Partitions of `table` that the partition `key` reads through a relation."""
    name = study.study
    match through:
        case "same":
            return [key]
        case "cohort_datasets":
            return [f"{name}.{dataset}" for dataset in study.cohorts[_part(key)].datasets]
        case "cohorts":
            return [f"{name}.{cohort}" for cohort in study.cohorts]
        case "validation":
            return [f"{name}.{entry.dataset}" for entry in study.validation]
        case "datasets":
            return [f"{name}.{dataset}" for dataset in used_datasets(study)]
        case "everything":
            kind = TABLES[table].partition
            return [k for each in studies.values() for k in partition_keys(kind, each)]


def used_datasets(study: Study) -> list[str]:
    """Datasets that a cohort or a validation uses, in the order of the study file."""
    used = {dataset for cohort in study.cohorts.values() for dataset in cohort.datasets}
    used |= {entry.dataset for entry in study.validation}
    return [name for name in study.datasets if name in used]


def origin(context: StepContext, observed: str | None = None) -> Origin:
    """What a partition would be made from now: the recipe and what it is the hash of.

    Args:
        context: the step and its partition.
        observed: what outside the lake matters, if the step observes anything; asked for when not given.

    Raises:
        DataError: an input was never materialised; the message names it.
    """
    step = context.step
    inputs: list[list[str]] = []
    for each in (each for each in step.inputs if each.is_read):
        for key in related(context.study, context.key, each.through, each.table, context.studies):
            manifest = context.lake.manifest(each.table, key)
            if manifest is not None and each.is_content:
                inputs.append([each.table, key, manifest.content])
            elif manifest is None and each.through != "everything":
                group = TABLES[each.table].group
                raise DataError(
                    f"{each.table} of {key} was never materialised: run it without --only, or --only {group} first"
                )
    if step.observe is not None:
        inputs.append(["observed", context.key, observed if observed is not None else step.observe(context)])
    settings = json.loads(json.dumps(step.settings(context.study, _part(context.key)), default=_plain))
    tables = {table: TABLES[table].version for table in step.outputs}
    recipe = json.dumps([step.name, step.version, tables, settings, sorted(inputs)], sort_keys=True)
    return Origin(sha256(recipe.encode()).hexdigest(), step.version, settings, inputs, versions(), context.run_id)


def is_current(context: StepContext, now: Origin) -> bool:
    """Whether every output was made from just this, and its file is there."""
    if context.step.files is not None and not all(path.exists() for path in context.step.files(context)):
        return False
    manifests = [context.lake.manifest(table, context.key) for table in context.step.outputs]
    return all(manifest is not None and manifest.recipe == now.recipe for manifest in manifests)


@dataclass(frozen=True)
class Written:
    """A partition that was written.

    Attributes:
        manifest: of what is there now.
        before: of what it replaced, if anything.
        difference: what a person wants to know of the two, in a line.
    """

    manifest: Manifest
    before: Manifest | None
    difference: str


def run_step(context: StepContext, now: Origin) -> Iterator[Written]:
    """Compute a partition and write its tables."""
    try:
        result = context.step.compute(context)
    except ValueError as error:  # how the core refuses numbers it cannot work on; it names gene, sample or column
        message = f"{context.step.name} of {context.key}: {error}"
        raise DataError(message, check=getattr(error, "check", None)) from error
    if set(result.frames) != set(context.step.outputs):
        raise DataError(
            f"{context.step.name} computed {sorted(result.frames)}, declared {sorted(context.step.outputs)}"
        )
    for table in context.step.outputs:
        before = context.lake.manifest(table, context.key)
        old = _earlier_rows(context.lake, table, context.key)
        manifest = context.lake.write(table, context.key, result.frames[table], now, result.notes)
        yield Written(manifest, before, _difference(manifest, before, old, result.frames[table]))


def _earlier_rows(lake: Lake, table: str, key: str) -> pl.DataFrame | None:
    """What is about to be replaced, where a history is kept; None when it is damaged or of another version."""
    if not TABLES[table].keeps_history or not lake.verify(table, key):
        return None
    try:
        return lake.read(table, key)
    except DataError:
        return None


def _difference(manifest: Manifest, before: Manifest | None, old: pl.DataFrame | None, new: pl.DataFrame) -> str:
    if before is None:
        return f"first time: {manifest.n_rows} rows"
    if before.content == manifest.content:
        return "nothing: the content is the same as before"
    return difference(before.n_rows, manifest.n_rows, old, new)


@cache
def versions() -> dict[str, str]:
    """Versions of this package and of the libraries that its numbers come from."""
    return {name: version(name) for name in ("dmicc_assets", *_LIBRARIES)}


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json")


def in_order(steps: Sequence[Step]) -> list[Step]:
    """The steps, each after those whose tables it reads."""
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
