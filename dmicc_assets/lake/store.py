"""The Parquet store: paths, manifests, atomic writes, content hashes, history.

The only module with paths in the lake. It computes nothing on the data and does not import dagster.
"""

import json
import shutil
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import polars as pl
from filelock import FileLock

from dmicc_assets.errors import DataError
from dmicc_assets.lake.content import content_of
from dmicc_assets.lake.declared_rows import declared_rows
from dmicc_assets.lake.durable import delete_abandoned, file_sha256, names_in, parquet_schema, write_beside
from dmicc_assets.lake.grid import rows_a_group
from dmicc_assets.lake.manifest import Manifest, Origin, read_manifest, what_differs
from dmicc_assets.lake.one_machine import OneMachine
from dmicc_assets.lake.rows_in_file import matrix_in, rows_in
from dmicc_assets.lake.stored_once import without_repeats
from dmicc_assets.tables import PARTITIONS, TABLES, Table
from dmicc_assets.tables.table import SAMPLE
from dmicc_assets.types import ExpressionMatrix, PartitionKey

Read = TypeVar("Read")
EMPTY, NOTHING = "_empty.parquet", "_nothing"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of rows in the lake: the current or an earlier content of a partition.

    `study` is the partition's; the partition of all studies is `all`.
    """

    table: Table
    study: str
    path: Path
    is_history: bool


class Lake(OneMachine):
    """The store under one folder."""

    def __init__(self, root: Path, locks: Path) -> None:
        self.root = root
        self._locks = locks

    def path(self, table: str, partition: str) -> Path:
        """Path of a partition's rows, whether or not it exists."""
        return self.root / table / f"{partition}.parquet"

    def kept_path(self, name: str, key: str) -> Path:
        """Path of what is kept only to save time: it can be computed again, and may be deleted at any moment."""
        return self.root / "kept" / name / key

    def prepare(self) -> None:
        """Give every table a folder with an empty file of the full schema, so that every view has a file.

        Delete temporary files of killed processes.
        """
        delete_abandoned(self.root)
        for table in (*TABLES.values(), PARTITIONS):
            self._prepare_history(table)
            path = self.root / table.name / EMPTY
            if parquet_schema(path) != dict(table.schema):
                path.parent.mkdir(parents=True, exist_ok=True)
                write_beside(path, table.schema.to_frame().write_parquet)

    @property
    def is_prepared(self) -> bool:
        """Whether every table has its empty file; its columns are not read."""
        return all((self.root / table.name / EMPTY).is_file() for table in (*TABLES.values(), PARTITIONS))

    def _prepare_history(self, table: Table) -> None:
        """Give a table's history a manifest and a file without rows, for the same reason."""
        folder = self._history_folder(table.name, NOTHING)
        empty = folder / "0.parquet"
        is_there = parquet_schema(empty) == dict(table.schema) and empty.with_suffix(".json").exists()
        if not table.keeps_history or is_there:
            return
        folder.mkdir(parents=True, exist_ok=True)
        write_beside(empty, table.schema.to_frame().write_parquet)
        nothing = {"table": table.name, "partition": NOTHING, "revision": 0, "n_rows": 0}
        text = json.dumps(nothing | {"written_at": _now(), "until": _now(), "because": ""})
        write_beside(folder / "0.json", lambda beside: beside.write_text(text))

    def partitions(self, table: str) -> list[str]:
        """Partitions of a table with a file or a manifest; a killed process may leave rows without a manifest."""
        names = (name.rpartition(".") for name in names_in(self.root / table) if not name.startswith("."))
        return sorted({stem for stem, _, ending in names if ending in ("json", "parquet")} - {Path(EMPTY).stem})

    def files(self, table: Table) -> Iterator[StoredFile]:
        """Every file of rows of a table, and of its history, damaged or not."""
        for path in (self.root / table.name).glob("*.parquet"):
            if path.name != EMPTY:
                yield StoredFile(table, self.study_of(path), path, is_history=False)
        yield from self.history_files(table)

    def history_files(self, table: Table) -> Iterator[StoredFile]:
        """Every file of earlier rows of a table, damaged or not."""
        for path in (self.root / "history" / table.name).glob("*/*.parquet"):
            if path.parent.name != NOTHING:
                yield StoredFile(table, self.study_of(path), path, is_history=True)

    def study_of(self, path: Path) -> str:
        """The study of a file of rows, or of its manifest."""
        is_history = path.relative_to(self.root).parts[0] == "history"
        return PartitionKey(path.parent.name if is_history else path.stem).study

    def is_unchanged(self, path: Path) -> bool:
        """Whether a file of rows has the checksum in its manifest; also true without a manifest."""
        try:
            stated = json.loads(path.with_suffix(".json").read_text())["sha256"]
        except (OSError, ValueError, TypeError, KeyError):
            return True
        return file_sha256(path) == stated

    def is_readable(self, table: str, partition: str) -> bool:
        """Whether a partition's file can be opened: its schema is read, no row."""
        return parquet_schema(self.path(table, partition)) is not None

    def is_empty(self) -> bool:
        """Whether nothing was ever written."""
        return not any(self.partitions(table) for table in TABLES)

    def has(self, study: str) -> bool:
        """Whether anything of a study was ever written."""
        return any(PartitionKey(partition).study == study for table in TABLES for partition in self.partitions(table))

    def manifest(self, table: str, partition: str) -> Manifest | None:
        """The manifest of a partition; None when it was never written, or its file is not the one written.

        A file and its manifest are renamed one after the other; if they do not match, they are read again when no
        writer holds the partition.
        """
        found = self._manifest(table, partition)
        if found is None and self.path(table, partition).with_suffix(".json").exists():
            with suppress(OSError), self.hold(table, partition):  # nothing writes to a home of others
                return self._manifest(table, partition)
        return found

    def _manifest(self, table: str, partition: str) -> Manifest | None:
        path = self.path(table, partition)
        try:
            manifest = read_manifest(path.with_suffix(".json"))
            return manifest if path.stat().st_size == manifest.n_bytes else None
        except (OSError, ValueError, TypeError):
            return None

    def was_written(self, table: str, partition: str) -> bool:
        """Whether a partition has rows or a manifest, damaged or not."""
        path = self.path(table, partition)
        return path.exists() or path.with_suffix(".json").exists()

    def verify(self, table: str, partition: str) -> bool:
        """Whether the file is unchanged since it was written."""
        manifest = self.manifest(table, partition)
        return manifest is not None and file_sha256(self.path(table, partition)) == manifest.sha256

    def read(self, table: str, partition: str) -> pl.DataFrame:
        """The rows of a partition without its partition columns.

        Raises:
            DataError: it was never materialised, its file is damaged, or another version wrote it.
        """
        return self._rows(TABLES[table], partition, list(TABLES[table].rows_schema))

    def _rows(self, table: Table, partition: str, columns: list[str]) -> pl.DataFrame:
        return self._read_file(table.name, partition, columns, lambda handle: rows_in(handle, table, columns))

    def read_matrix(self, table: str, partition: str, column: str = "value") -> ExpressionMatrix:
        """One value column of a matrix table, reshaped from its complete feature-major rows.

        Raises:
            DataError: it was never materialised, its file is damaged, or another version wrote it.
        """
        declared = TABLES[table]
        columns = [declared.feature, SAMPLE.name, column]
        return self._read_file(table, partition, columns, lambda handle: matrix_in(handle, declared, column))

    def _read_file(self, table: str, partition: str, columns: list[str], read: Callable[[BinaryIO], Read]) -> Read:
        """What is read from a partition's file, to its end though another may be renamed into its place."""
        path = self.path(table, partition)
        try:
            with path.open("rb") as handle:
                return read(handle)
        except FileNotFoundError:
            raise DataError(f"{table} of {partition} was never materialised: materialise it first") from None
        except (OSError, pl.exceptions.PolarsError) as error:
            raise self._unreadable(table, partition, columns, error) from None

    def _unreadable(self, table: str, partition: str, columns: list[str], error: Exception) -> DataError:
        """Error for an unreadable file: it was written by another version of this package, or is damaged."""
        path, declared = self.path(table, partition), TABLES[table]
        study = "STUDY" if declared.partition == "all_studies" else PartitionKey(partition).study
        with suppress(OSError, pl.exceptions.PolarsError):
            lacking = [name for name in columns if name not in (parquet_schema(path) or columns)]
            if lacking:
                manifest = self._manifest(table, partition)
                version = manifest.versions.get("dmicc_assets", "?") if manifest else "?"
                return DataError(
                    f"{table} of {partition} was written by another version of dmicc_assets ({version}): it has no "
                    f"{', '.join(lacking)}; `dmicc run {study}` computes it again"
                )
        return DataError(f"{path}: is damaged ({_first_line(error)}); `dmicc run {study} --verify` computes it again")

    def write(
        self, table: str, partition: str, frame: pl.DataFrame, origin: Origin, notes: Mapping[str, Any] | None = None
    ) -> Manifest:
        """Write a partition; its partition columns (study, dataset, cohort) are filled in.

        Raises:
            DataError: the frame is not as declared.
        """
        return self.write_declared(table, partition, declared_rows(TABLES[table], partition, frame), origin, notes)

    def write_declared(
        self,
        table: str,
        partition: str,
        rows: pl.DataFrame,
        origin: Origin,
        notes: Mapping[str, Any] | None = None,
        seconds: float = 0.0,
        files: Sequence[Path] = (),
    ) -> Manifest:
        """Write the rows of `declared_rows`; file and manifest are written under another name and renamed.

        An earlier partition with different content is kept in the history, if the table has one. `seconds` is the time
        of the computation; `files` are those that the step wrote outside the lake.

        Raises:
            LostRaceError: another machine published another result meanwhile.
        """
        declared = TABLES[table]
        path = self.path(table, partition)
        with self.hold(table, partition):
            old = self._manifest(table, partition)
            content = content_of(declared, rows, old, lambda: self._rows_before(declared, partition))
            if old is not None and old.content != content.digest:
                self._keep_history(declared, old, what_differs(old, origin))
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.with_suffix(".json").exists():
                # If the process is killed before the new manifest exists, the old one must not describe a file of the
                # same size.
                write_beside(path.with_suffix(".json"), lambda beside: beside.write_text("being replaced"))
            write_beside(path, lambda beside: _write_rows(declared, rows, beside))
            manifest = Manifest(
                table=table,
                partition=partition,
                recipe=origin.recipe,
                content=content.digest,
                content_version=content.version,
                sha256=file_sha256(path),
                n_bytes=path.stat().st_size,
                n_rows=len(rows),
                code_version=origin.code_version,
                settings=origin.settings,
                inputs=origin.inputs,
                versions=origin.versions,
                run_id=origin.run_id,
                written_at=_now(),
                notes=dict(notes or {}),
                seconds=round(seconds, 6),
            )
            text = json.dumps(asdict(manifest), indent=1, sort_keys=True)
            write_beside(path.with_suffix(".json"), lambda beside: beside.write_text(text))
            return self._publish(manifest, files)

    def _rows_before(self, table: Table, partition: str) -> pl.DataFrame | None:
        """All columns of a partition to be replaced; None when it is damaged or of another version."""
        try:
            return self._rows(table, partition, table.schema.names())
        except DataError:
            return None

    def history(self, table: str, partition: str) -> list[Path]:
        """Earlier files of a partition, oldest first; each has its manifest beside it."""
        folder = self._history_folder(table, partition)
        return sorted(folder.glob("*.parquet"), key=lambda path: int(path.stem))

    def forget(self, study: str) -> int:
        """Delete everything of a study, its history included; returns the number of partitions."""
        n_partitions = 0
        for table in (name for name, declared in TABLES.items() if declared.partition != "all_studies"):
            for partition in self.partitions(table):
                if PartitionKey(partition).study == study:
                    n_partitions += 1
                    self._delete(table, partition)
            for folder in (self.root / "history" / table).glob("*"):
                if PartitionKey(folder.name).study == study:
                    shutil.rmtree(folder)
        for kept in self.kept_path("atlas", "any").parent.glob(f"{study}.*"):
            kept.unlink(missing_ok=True)
        for failure in (self.root / "failures").glob("*/*.json"):
            if PartitionKey(failure.stem).study == study:
                failure.unlink(missing_ok=True)
                self.share(failure)
        self.path(PARTITIONS.name, study).unlink(missing_ok=True)
        self.share(self.path(PARTITIONS.name, study))
        return n_partitions

    def retire(self, study: str, named: Collection[str]) -> list[str]:
        """Delete results of datasets and cohorts that the study file no longer names; the history is kept.

        Args:
            study: the study.
            named: every partition that the file names now.

        Returns: the deleted partitions.
        """
        gone: set[str] = set()
        for table in (declared for declared in TABLES.values() if declared.partition in ("dataset", "cohort")):
            for partition in self.partitions(table.name):
                if PartitionKey(partition).study != study or partition in named:
                    continue
                with self.hold(table.name, partition):
                    if (old := self._manifest(table.name, partition)) is not None:
                        self._keep_history(table, old, "the study file no longer names it")
                    self._delete(table.name, partition)
                gone.add(partition)
        return sorted(gone)

    def _delete(self, table: str, partition: str) -> None:
        """Delete the rows first, because queries read them even without a manifest."""
        self.path(table, partition).unlink(missing_ok=True)
        self.path(table, partition).with_suffix(".json").unlink(missing_ok=True)

    @contextmanager
    def lock(self, name: str) -> Generator[None]:
        """Hold a named lock of this lake for all processes of the machine."""
        self._locks.mkdir(parents=True, exist_ok=True)
        with FileLock(self._locks / f"{name}.lock"):
            yield

    def hold(self, table: str, partition: str) -> AbstractContextManager[None]:
        """Hold one partition of a table while it is written."""
        return self.lock(f"{table.replace('/', '.')}.{partition}")

    def claim(self, step: str, key: str) -> AbstractContextManager[None]:
        """Hold one partition of a step while it is decided on, computed and written."""
        return self.lock(f"step.{step}.{key}")

    def _history_folder(self, table: str, partition: str) -> Path:
        return self.root / "history" / table / partition

    def _keep_history(self, table: Table, old: Manifest, because: str) -> None:
        """Copy a partition before it is deleted or replaced, with the date and the reason.

        A damaged file is not kept, because queries on the history could not read it.
        """
        if not table.keeps_history or file_sha256(self.path(table.name, old.partition)) != old.sha256:
            return
        folder = self._history_folder(table.name, old.partition)
        folder.mkdir(parents=True, exist_ok=True)
        revision = 1 + max((int(path.stem) for path in folder.glob("*.parquet")), default=0)
        ended = {"revision": revision, "until": _now(), "because": because}
        text = json.dumps(asdict(old) | ended, indent=1, sort_keys=True)
        kept = folder / f"{revision}.parquet"
        write_beside(kept.with_suffix(".json"), lambda beside: beside.write_text(text))
        write_beside(kept, lambda beside: shutil.copyfile(self.path(table.name, old.partition), beside))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _write_rows(table: Table, rows: pl.DataFrame, path: Path) -> None:
    """Write rows to a file; the names in a matrix become texts block by block, and not in memory."""
    texts = without_repeats(table, rows).lazy().cast(table.schema)
    texts.sink_parquet(path, compression="zstd", row_group_size=rows_a_group(table, rows))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
