"""The working copy of a published lake: which versions it has, what is copied when, and swaps of manifests.

A copy of a manifest is kept beside the tables with its version in the store, so that a killed process leaves nothing
that counts as published. What is published, and when, is `published.py`'s.
"""

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dmicc_assets.errors import DataError
from dmicc_assets.lake.durable import file_sha256, write_beside
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.storage import Storage
from dmicc_assets.types import PartitionKey

FOLDER = ".published"


@dataclass(frozen=True, slots=True)
class Published:
    """What a store says of a partition.

    Attributes:
        manifest: of the partition.
        rows: name of the object with its rows.
        revision: counts the contents that the partition has had, from 1.
        files: objects of the files that its step wrote outside the lake, by path below the folder around the lake.
    """

    manifest: Manifest
    rows: str
    revision: int = 1
    files: Mapping[str, str] = field(default_factory=dict[str, str])

    def text(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)

    @classmethod
    def read(cls, text: str | bytes) -> "Published":
        """From what is stored."""
        content: dict[str, Any] = json.loads(text)
        return cls(Manifest(**content.pop("manifest")), **content)


class Copies:
    """The working copy below one folder.

    Args:
        root: folder of the lake.
        storage: the object store.
        hold: holds a partition of a table on this machine.
    """

    def __init__(self, root: Path, storage: Storage, hold: Callable[[str, str], AbstractContextManager[None]]) -> None:
        self._root, self._storage, self._hold = root, storage, hold
        self._seen: dict[str, dict[str, str]] = {}  # versions of manifests by study, as this object decided by them

    def studies(self) -> list[str]:
        """Studies in the store; names that begin with `_` are none."""
        return [name for name in self._storage.folders() if not name.startswith("_")]

    def refresh(self, study: str, copied: Collection[tuple[str, str]]) -> None:
        """Take the manifests and small files of a study that differ, and drop those that are gone.

        Args:
            study: the study.
            copied: table and partition of what the working copy has of it.
        """
        there = self._storage.listing(f"{study}/manifests")
        self._seen[study] = {name: listed.version for name, listed in there.items()}
        for name, listed in there.items():
            table, partition = _of_name(name)
            if not self._is_copy(table, partition, listed.version):
                with self._hold(table, partition):
                    if not self._is_copy(table, partition, listed.version):
                        self.take(table, partition)
        for table, partition in copied:
            if _name(table, partition) not in there:
                with self._hold(table, partition):  # another process may have published it since the listing
                    self.take(table, partition)
        self._refresh_files(study)

    def versions(self) -> list[str]:
        """Name and version of every manifest that the last refreshes saw."""
        return sorted(f"{name} {version}" for study in self._seen.values() for name, version in study.items())

    def published(self, table: str, partition: str) -> Published | None:
        """What the store said of a partition when it was last copied or published here."""
        kept = self._kept(table, partition)
        return None if kept is None else kept[1]

    def take(self, table: str, partition: str) -> Published | None:
        """Copy a partition's manifest as it is now; its rows are copied when they are read.

        The caller holds the partition.
        """
        name = _name(table, partition)
        found = self._storage.read(name)
        study = self._seen.setdefault(PartitionKey(partition).study, {})
        if found is None:
            study.pop(name, None)
            self._drop(table, partition)
            return None
        published, path = Published.read(found[0]), self._path(table, partition)
        if path.exists() and file_sha256(path) != published.manifest.sha256:
            path.unlink(missing_ok=True)  # before the new manifest, which must not describe other rows
        self._drop_files(table, partition)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(published.manifest), indent=1, sort_keys=True)
        write_beside(path.with_suffix(".json"), lambda beside: beside.write_text(text))
        self._keep(table, partition, found[1], published)
        study[name] = found[1]
        return published

    def swap(self, published: Published) -> None:
        """Replace the manifest in the store, if it is the one by which this process decided.

        Raises:
            LostRaceError: it is not.
        """
        table, partition = published.manifest.table, published.manifest.partition
        name, study = _name(table, partition), PartitionKey(partition).study
        if study in self._seen:
            expected = self._seen[study].get(name)
        else:
            kept = self._kept(table, partition)
            expected = None if kept is None else kept[0]
        version = self._storage.swap(name, published.text().encode(), expected)
        self._keep(table, partition, version, published)
        self._seen.setdefault(study, {})[name] = version

    def delete(self, table: str, partition: str) -> None:
        """Delete a partition's manifest in the store, and what is known of it."""
        name = _name(table, partition)
        self._storage.delete(name)
        self._seen.get(PartitionKey(partition).study, {}).pop(name, None)
        self._drop_files(table, partition)
        self._sidecar(f"{table}/{partition}.json").unlink(missing_ok=True)

    def bring_rows(self, table: str, partition: str) -> None:
        """Copy a partition's rows, unless they are here.

        Raises:
            DataError: they are missing in the store, or damaged.
        """
        path = self._path(table, partition)
        if self._has_rows(path, self.published(table, partition)):
            return
        with self._hold(table, partition):  # a process that writes the partition has published it then
            published = self.published(table, partition)
            if published is not None and not self._has_rows(path, published):
                self._bring(published.rows, path, published.manifest)

    def _has_rows(self, path: Path, published: Published | None) -> bool:
        """Whether the copy of the rows has its size; without a manifest whether there is one."""
        try:
            return published is None or path.stat().st_size == published.manifest.n_bytes
        except FileNotFoundError:
            return False

    def bring_history(self, study: str) -> None:
        """Copy the earlier contents of a study's partitions."""
        for name in self._storage.listing(f"{study}/history"):
            table, partition, revision = _of_history(name)
            current = self.published(table, partition)
            path = self._root / "history" / table / partition / f"{revision}.parquet"
            is_past = current is None or revision < current.revision  # else its replacement never came
            if path.exists() or not is_past or (found := self._storage.read(name)) is None:
                continue
            kept: dict[str, Any] = json.loads(found[0])
            text = json.dumps(kept["manifest"], indent=1, sort_keys=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_beside(path.with_suffix(".json"), lambda beside, text=text: beside.write_text(text))
            of_rows = {key: value for key, value in kept["manifest"].items() if key in Manifest.__dataclass_fields__}
            self._bring(kept["object"], path, Manifest(**of_rows))

    def last_revision(self, table: str, partition: str) -> int:
        """The number of the last earlier content of a partition; 0 without any."""
        names = self._storage.listing(history_folder(table, partition))
        return max((_of_history(name)[2] for name in names), default=0)

    def bring_file(self, table: str, partition: str, path: Path) -> bool:
        """Whether a file beside the lake exists, copied here if the store has it."""
        published = self.published(table, partition)
        name = path.relative_to(self._root.parent).as_posix()
        if not path.exists() and published is not None and name in published.files:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_beside(path, lambda beside: self._download(published.files[name], beside))
        return path.exists()

    def share(self, study: str, path: Path) -> None:
        """Publish a small file of the lake's folder as it is here, or delete it in the store."""
        relative = path.relative_to(self._root).as_posix()
        name, sidecar = f"{study}/files/{relative}", self._sidecar(f"files/{study}/{relative}")
        content = _content(path)  # before the sidecar is written, by which a refresh may delete the file meanwhile
        if content is not None:
            sidecar.parent.mkdir(parents=True, exist_ok=True)
            sidecar.write_text("")  # of no version: the next refresh takes what is there then
            self._storage.upload(name, content)
        else:
            sidecar.unlink(missing_ok=True)
            self._storage.delete(name)

    def named_objects(self, study: str) -> set[str]:
        """Every object that a manifest of a study names, in its history too."""
        named: set[str] = set()
        for name in self._storage.listing(f"{study}/manifests"):
            if (found := self._storage.read(name)) is not None:
                published = Published.read(found[0])
                named |= {published.rows, *published.files.values()}
        for name in self._storage.listing(f"{study}/history"):
            if (found := self._storage.read(name)) is not None:
                named.add(json.loads(found[0])["object"])
        return named

    def object_folders(self, study: str, since: datetime) -> tuple[str, ...]:
        """Folders of the objects of a study's partitions whose manifest was replaced since a time."""
        manifests = self._storage.listing(f"{study}/manifests")
        return tuple(object_folder(*_of_name(name)) for name, each in manifests.items() if each.modified_at >= since)

    def _refresh_files(self, study: str) -> None:
        """Take the small files of a study that differ, and delete those that were deleted elsewhere."""
        listing = self._storage.listing(f"{study}/files")
        there = {name.split("/", 2)[2]: (name, each.version) for name, each in listing.items()}
        for relative, (name, version) in there.items():
            path, sidecar = self._root / relative, self._sidecar(f"files/{study}/{relative}")
            if not path.exists() or _content(sidecar) != version.encode():
                path.parent.mkdir(parents=True, exist_ok=True)
                write_beside(path, lambda beside, name=name: self._download(name, beside))
                sidecar.parent.mkdir(parents=True, exist_ok=True)
                write_beside(sidecar, lambda beside, version=version: beside.write_text(version))
        folder = self._sidecar(f"files/{study}")
        written = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
        for sidecar in written:  # not those that another process is writing, under names that begin with a point
            relative = sidecar.relative_to(folder).as_posix()
            if relative not in there:
                (self._root / relative).unlink(missing_ok=True)
                sidecar.unlink(missing_ok=True)

    def _bring(self, name: str, path: Path, manifest: Manifest) -> None:
        def copy(beside: Path) -> None:
            self._download(name, beside)
            if file_sha256(beside) != manifest.sha256:
                study = PartitionKey(manifest.partition).study
                raise DataError(
                    f"{manifest.table} of {manifest.partition}: its object {name} is damaged in the object store; "
                    f"`dmicc run {study} --verify` computes it again"
                )

        write_beside(path, copy)

    def _download(self, name: str, to: Path) -> None:
        if not self._storage.download(name, to):
            study = name.partition("/")[0]
            raise DataError(f"{name}: is missing in the object store; `dmicc run {study} --verify` computes it again")

    def _is_copy(self, table: str, partition: str, version: str) -> bool:
        """Whether the manifest here is the published one of a version, and not one that was never published."""
        try:
            with self._sidecar(f"{table}/{partition}.json").open() as file:
                return file.readline().split() == [version, self._mark(table, partition)]
        except OSError:
            return False

    def _kept(self, table: str, partition: str) -> tuple[str, Published] | None:
        """Version and content of the published manifest that was copied last."""
        try:
            first, _, text = self._sidecar(f"{table}/{partition}.json").read_text().partition("\n")
            return first.split()[0], Published.read(text)
        except (OSError, ValueError, TypeError, KeyError, IndexError):
            return None

    def _keep(self, table: str, partition: str, version: str, published: Published) -> None:
        """Keep what is published, its version, and of which file of the working copy this is said."""
        sidecar, mark = self._sidecar(f"{table}/{partition}.json"), self._mark(table, partition)
        sidecar.parent.mkdir(parents=True, exist_ok=True)
        write_beside(sidecar, lambda beside: beside.write_text(f"{version} {mark}\n{published.text()}"))

    def _mark(self, table: str, partition: str) -> str:
        """What differs when the manifest in the working copy is written again."""
        found = self._path(table, partition).with_suffix(".json").stat()
        return f"{found.st_ino}.{found.st_mtime_ns}.{found.st_size}"

    def _drop(self, table: str, partition: str) -> None:
        """Delete a copy of what is not published: rows first, because queries read them even without a manifest."""
        path = self._path(table, partition)
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)
        self._drop_files(table, partition)
        self._sidecar(f"{table}/{partition}.json").unlink(missing_ok=True)

    def _drop_files(self, table: str, partition: str) -> None:
        """Delete the copies of files of an earlier manifest."""
        if (earlier := self.published(table, partition)) is not None:
            for name in earlier.files:
                (self._root.parent / name).unlink(missing_ok=True)

    def _path(self, table: str, partition: str) -> Path:
        return self._root / table / f"{partition}.parquet"

    def _sidecar(self, relative: str) -> Path:
        return self._root / FOLDER / relative


def _content(path: Path) -> bytes | None:
    """What a small file holds; None without one: another process may delete it at any moment."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _name(table: str, partition: str) -> str:
    return f"{PartitionKey(partition).study}/manifests/{table}/{partition}.json"


def _of_name(name: str) -> tuple[str, str]:
    """Table and partition of a manifest's name."""
    table, _, file = name.split("/", 2)[2].rpartition("/")
    return table, file.removesuffix(".json")


def object_folder(table: str, partition: str) -> str:
    """Folder of a partition's objects, with the `/` at its end."""
    return f"{PartitionKey(partition).study}/objects/{table}/{partition}/"


def history_folder(table: str, partition: str) -> str:
    """Folder of the manifests of a partition's earlier contents."""
    return f"{PartitionKey(partition).study}/history/{table}/{partition}"


def _of_history(name: str) -> tuple[str, str, int]:
    """Table, partition and revision of an earlier manifest's name."""
    folder, _, file = name.split("/", 2)[2].rpartition("/")
    table, _, partition = folder.rpartition("/")
    return table, partition, int(file.removesuffix(".json"))
