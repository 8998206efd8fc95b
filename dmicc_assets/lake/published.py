"""A lake that machines share through an object store: its folder here is a working copy of what is published there.

Rows are immutable objects; a manifest names its object and is swapped by compare-and-set, on which alone correctness
rests. `copies.py` keeps the working copy.
"""

import json
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from dmicc_assets.errors import DataError
from dmicc_assets.lake.advisory_locks import AdvisoryLocks
from dmicc_assets.lake.copies import Copies, Published, history_folder, object_folder
from dmicc_assets.lake.durable import file_sha256
from dmicc_assets.lake.manifest import Manifest, read_manifest
from dmicc_assets.lake.object_store import open_storage
from dmicc_assets.lake.storage import LostRaceError, Storage
from dmicc_assets.lake.store import Lake, Read
from dmicc_assets.study.settings import Settings
from dmicc_assets.tables import TABLES, Table
from dmicc_assets.types import PartitionKey

# A manifest is swapped right after its rows were uploaded; a reader may follow one that was replaced for as long.
ORPHAN_AFTER = timedelta(days=1)
_AT_ONCE = 8  # downloads side by side
_MOST_REPLACED = 20


def lake_of(settings: Settings) -> Lake:
    """The lake of these settings: a folder, or the working copy of a lake on an object store.

    Raises:
        RequestError: the object store cannot be used.
    """
    if settings.lake_url is None:
        return Lake(settings.lake, settings.locks)
    return PublishedLake(settings.lake, settings.locks, open_storage(settings.lake_url), AdvisoryLocks.of(settings))


class PublishedLake(Lake):
    """The working copy of a lake on an object store.

    Args:
        root: folder of the working copy, of this machine alone.
        locks: folder of this machine's locks.
        storage: the object store.
        across: locks that all machines share, if there are any; they only save work.
    """

    is_published = True

    def __init__(self, root: Path, locks: Path, storage: Storage, across: AdvisoryLocks | None = None) -> None:
        super().__init__(root, locks)
        self._storage, self._across = storage, across
        self._held = threading.local()
        self._copies = Copies(root, storage, self.hold)
        self._because: dict[tuple[str, str], str] = {}

    def refresh(self, study: str | None = None) -> None:
        """Take over what other machines published: of one study, or of all.

        What is published later replaces nothing: `write_declared` raises a LostRaceError.
        """
        here: dict[str, list[tuple[str, str]]] = {}
        for table in TABLES:
            for partition in self.partitions(table):
                of_study = PartitionKey(partition).study
                if study in (None, of_study):
                    here.setdefault(of_study, []).append((table, partition))
        studies = [study] if study is not None else sorted({*self._copies.studies(), *here})
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self._copies.refresh, studies, [here.get(each, []) for each in studies]))

    @contextmanager
    def hold(self, table: str, partition: str) -> Generator[None]:
        """Hold one partition of a table; a thread that holds it may do so again, to copy rows while it writes."""
        held: set[tuple[str, str]] = self._held.__dict__.setdefault("partitions", set())
        if (table, partition) in held:
            yield
            return
        with super().hold(table, partition):
            held.add((table, partition))
            try:
                yield
            finally:
                held.discard((table, partition))

    def _manifest(self, table: str, partition: str) -> Manifest | None:
        """The manifest in the working copy; the rows may not be copied yet."""
        try:
            return read_manifest(self.path(table, partition).with_suffix(".json"))
        except (OSError, ValueError, TypeError):
            return None

    def is_readable(self, table: str, partition: str) -> bool:
        """Whether a partition's rows can be opened, copied here first."""
        try:
            self._copies.bring_rows(table, partition)
        except DataError:  # the object is damaged or missing
            return False
        return super().is_readable(table, partition)

    def verify(self, table: str, partition: str) -> bool:
        """Whether the published rows are unchanged since they were written; a damaged copy is replaced first."""
        path = self.path(table, partition)
        with self.hold(table, partition):
            manifest = self._manifest(table, partition)
            if manifest is None:
                return False
            if path.exists() and file_sha256(path) != manifest.sha256:
                path.unlink()
            try:
                self._copies.bring_rows(table, partition)
            except DataError:  # the object is damaged too
                return False
            return path.exists()

    def _read_file(self, table: str, partition: str, columns: list[str], read: Callable[[BinaryIO], Read]) -> Read:
        for _ in range(_MOST_REPLACED):
            self._copies.bring_rows(table, partition)
            try:
                return super()._read_file(table, partition, columns, read)
            except DataError:  # another process of this machine may have taken over a newer manifest in between
                if self.path(table, partition).exists() or self._copies.published(table, partition) is None:
                    raise
        return super()._read_file(table, partition, columns, read)

    def _publish(self, manifest: Manifest, files: Sequence[Path]) -> Manifest:
        """Upload rows and files, then swap the manifest.

        Raises:
            LostRaceError: another machine published a result of another recipe since `refresh`.
        """
        table, partition = manifest.table, manifest.partition
        before = self._copies.published(table, partition)
        there = f"{object_folder(table, partition)}{manifest.sha256[:16]}-{uuid4().hex}"
        self._storage.upload(f"{there}.parquet", self.path(table, partition))
        attached: dict[str, str] = {}
        for path in files:
            name = path.relative_to(self.root.parent).as_posix()
            attached[name] = f"{there}/{path.name}"
            self._storage.upload(attached[name], path)
        if before is not None:
            revision = before.revision + (before.manifest.content != manifest.content)
            self._keep_revision(before)
        else:
            revision = 1 + self._copies.last_revision(table, partition)
        try:
            self._copies.swap(Published(manifest, f"{there}.parquet", revision, attached))
        except LostRaceError:
            winner = self._copies.take(table, partition)
            if winner is None or winner.manifest.recipe != manifest.recipe:
                raise
            return winner.manifest
        return manifest

    def _keep_history(self, table: Table, old: Manifest, because: str) -> None:
        """Remember why a partition is replaced or deleted; `_keep_revision` publishes it."""
        self._because[table.name, old.partition] = because

    def _keep_revision(self, before: Published) -> None:
        """Publish the manifest that will be replaced; a reader takes it for history once a later revision is there."""
        manifest = before.manifest
        because = self._because.pop((manifest.table, manifest.partition), None)
        if because is None or not TABLES[manifest.table].keeps_history:
            return
        until = datetime.now(UTC).isoformat(timespec="seconds")
        ended = asdict(manifest) | {"revision": before.revision, "until": until, "because": because}
        folder = history_folder(manifest.table, manifest.partition)
        text = json.dumps({"object": before.rows, "manifest": ended})
        self._storage.upload(f"{folder}/{before.revision}.json", text.encode())

    def _delete(self, table: str, partition: str) -> None:
        if (before := self._copies.published(table, partition)) is not None:
            self._keep_revision(before)
        self._copies.delete(table, partition)
        super()._delete(table, partition)

    def forget(self, study: str) -> int:
        """Delete everything of a study, its history included; returns the number of partitions."""
        n_partitions = super().forget(study)
        for name in self._storage.listing(study):
            self._storage.delete(name)
        return n_partitions

    def bring(self, table: str, partition: str, path: Path) -> bool:
        """Whether a file that the step of a table wrote outside the lake exists; copied here if it is elsewhere."""
        return self._copies.bring_file(table, partition, path)

    def has_file(self, table: str, partition: str, path: Path) -> bool:
        """Whether a file that the step of a table wrote outside the lake exists, here or in the store."""
        before = self._copies.published(table, partition)
        name = path.relative_to(self.root.parent).as_posix()
        return path.exists() or (before is not None and name in before.files)

    def share(self, path: Path) -> None:
        """Give a small file of the lake's folder to other machines, or tell them that it was deleted."""
        self._copies.share(PartitionKey(path.stem).study, path)

    def versions(self) -> list[str]:
        """Versions of all manifests that are published, as of the last `refresh`."""
        return self._copies.versions()

    def bring_tables(self) -> list[tuple[str, str, str]]:
        """Copy here what queries read: every table that is no matrix, and the history.

        Returns:
            table, partition and reason of what cannot be copied.
        """
        there = [(t.name, each) for t in TABLES.values() if not t.is_matrix for each in self.partitions(t.name)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            reasons = list(pool.map(self._why_not_brought, there))
            list(pool.map(self._copies.bring_history, self._copies.studies()))
        return [(*each, why) for each, why in zip(there, reasons, strict=True) if why]

    def _why_not_brought(self, one: tuple[str, str]) -> str:
        """Copy a partition's rows; the reason when they are damaged or missing in the store."""
        try:
            self._copies.bring_rows(*one)
        except DataError as error:
            return str(error).partition("; ")[0]
        return ""

    def history(self, table: str, partition: str) -> list[Path]:
        """Earlier files of a partition, oldest first; each has its manifest beside it."""
        self._copies.bring_history(PartitionKey(partition).study)
        return super().history(table, partition)

    @contextmanager
    def claim(self, step: str, key: str) -> Generator[None]:
        """Hold one partition of a step, on this machine and, where machines share locks, on all."""
        with super().claim(step, key), self._across.hold(f"step.{step}.{key}") if self._across else nullcontext():
            yield

    def sweep(self) -> int:
        """Delete objects that no manifest names and that are older than a day; returns their number.

        Those of a partition whose manifest was replaced within a day stay: a reader may follow the earlier one.
        """
        n_swept = 0
        for study in self._copies.studies():
            named = self._copies.named_objects(study)
            oldest = datetime.now(UTC) - ORPHAN_AFTER
            kept = self._copies.object_folders(study, oldest)
            for name, listed in self._storage.listing(f"{study}/objects").items():
                if name not in named and listed.modified_at < oldest and not name.startswith(kept):
                    self._storage.delete(name)
                    n_swept += 1
        return n_swept
