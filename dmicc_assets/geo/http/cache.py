"""The content-addressed cache: verified files named by their SHA-256, and for each URL the file that it served last.

No network here. Only `adopt` gives a file its final name; the caller verifies the file before.
"""

import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from dmicc_assets.geo.formats.gzip_stream import text_blocks

_WEEK = 7 * 24 * 3600
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A verified file in the cache.

    Attributes:
        role: `matrix`, `platform`, `soft`, `counts`, `gene_ids`, `samples` or `clinical`.
        url: where it was served.
        path: the file, named by its SHA-256 and the name it was served under.
        sha256: of the file as served.
        n_bytes: its size.
        last_modified: the server's `Last-Modified`, None when it sent none.
        etag: the server's `ETag`, None when it sent none.
        retrieved_at: when it was downloaded, UTC.
    """

    role: str
    url: str
    path: Path
    sha256: str
    n_bytes: int
    last_modified: str | None
    etag: str | None
    retrieved_at: datetime

    def look(self, read: Callable[[Iterator[bytes], str], _Read]) -> _Read:
        """Apply `read` to the decompressed content and the file's name.

        Raises:
            SourceError: as `read`; a damaged file.
        """
        return read(text_blocks(self.path), self.path.name)


class Shelf(Protocol):
    """Where several machines share what they downloaded."""

    def bring(self, name: str, to: Path) -> bool:
        """Copy a file here; False when it is not on the shelf."""
        ...

    def give(self, name: str, path: Path) -> None:
        """Put a file on the shelf."""
        ...


class FileCache:
    """Verified files by content, in one folder that studies and processes share.

    Args:
        folder: of the files.
        shelf: where other machines take files from and give theirs to, if there is one.
    """

    def __init__(self, folder: Path, shelf: Shelf | None = None) -> None:
        self.folder = folder
        self._shelf = shelf

    def recorded(self, url: str, role: str) -> SourceFile | None:
        """The file that this URL served last; None when it is missing or damaged."""
        record = self._record(url)
        try:
            if not record.exists():
                self._bring(record)
            content: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
            retrieved_at = datetime.fromisoformat(content["retrieved_at"])
            content |= {"role": role, "path": self.folder / content["path"], "retrieved_at": retrieved_at}
            found = SourceFile(**content)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if found.url == url and self.is_whole(found) else None

    def adopt(
        self, part: Path, name: str, role: str, url: str, last_modified: str | None = None, etag: str | None = None
    ) -> SourceFile:
        """Move a verified file to its name in the cache, and record that the URL served it."""
        digest = sha256_of(part)
        path = self.path_of(digest, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        n_bytes = part.stat().st_size
        part.replace(path)
        self._give(path)
        found = SourceFile(role, url, path, digest, n_bytes, last_modified, etag, datetime.now(UTC))
        self._write_record(found)
        return found

    def forget(self, url: str) -> None:
        """Ask for the whole of a URL's file the next time, whatever was served before."""
        self._record(url).unlink(missing_ok=True)

    def path_of(self, sha256: str, name: str) -> Path:
        """Path in the cache for a file of this content and name, whether or not it exists."""
        return self.folder / sha256[:2] / sha256 / _plain(name)

    def part_of(self, url: str, name: str) -> Path:
        """Path of an unfinished download of this URL, apart from the verified files."""
        part = self.folder / "partial" / _key(url) / _plain(name)
        part.parent.mkdir(parents=True, exist_ok=True)
        return part

    def is_whole(self, file: SourceFile) -> bool:
        """Whether a file exists and has the bytes that were downloaded; one that other machines have is copied here."""
        if self._is_ours(file.path) and not file.path.exists():
            self._bring(file.path)
        return file.path.is_file() and file.path.stat().st_size == file.n_bytes and sha256_of(file.path) == file.sha256

    def damaged(self) -> Iterator[Path]:
        """Every file in the cache whose content no longer has the SHA-256 in its name."""
        for path in sorted(self.folder.glob("[0-9a-f][0-9a-f]/*/*")):
            if sha256_of(path) != path.parent.name:
                yield path

    def sweep(self) -> None:
        """Delete downloads of killed processes that nobody continued for a week."""
        oldest = time.time() - _WEEK
        for path in [*self.folder.glob("partial/*/*"), *self.folder.glob("urls/*.json.*")]:
            with contextlib.suppress(FileNotFoundError):  # another process may take it up, or sweep too
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def _record(self, url: str) -> Path:
        return self.folder / "urls" / f"{_key(url)}.json"

    def _write_record(self, found: SourceFile) -> None:
        record = self._record(found.url)
        record.parent.mkdir(parents=True, exist_ok=True)
        content = {**asdict(found), "path": str(found.path.relative_to(self.folder))}
        content["retrieved_at"] = found.retrieved_at.isoformat()
        beside = record.with_name(f"{record.name}.{os.getpid()}")
        beside.write_text(json.dumps(content, indent=1), encoding="utf-8")
        beside.replace(record)
        self._give(record)

    def _is_ours(self, path: Path) -> bool:
        return path.is_relative_to(self.folder)

    def _give(self, path: Path) -> None:
        if self._shelf is not None:
            self._shelf.give(path.relative_to(self.folder).as_posix(), path)

    def _bring(self, path: Path) -> None:
        if self._shelf is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f"{path.name}.{os.getpid()}")
            if self._shelf.bring(path.relative_to(self.folder).as_posix(), beside):
                beside.replace(path)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _key(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:32]


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".") or "file"
