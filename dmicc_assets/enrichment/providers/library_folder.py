"""The folder of fetched libraries: each a GMT file with a record of where it came from, made from verified downloads.

Which libraries a study asks for is said in `catalogue.py`; a folder of the user's own is read by `libraries.py`.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock

from dmicc_assets.enrichment.gene_sets import read_gmt
from dmicc_assets.enrichment.providers.catalogue import PROVIDERS
from dmicc_assets.enrichment.providers.provider import Contents, LibrarySource, Remote, Roots
from dmicc_assets.errors import RequestError, SourceError
from dmicc_assets.geo.http.cache import SourceFile
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.http.memory import Memory

_MOMENT = 60.0  # seconds: the steps of a run ask the same of a provider one after another
_answers: dict[tuple[Path, str], tuple[float, Any]] = {}
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class LibraryFolder:
    """Fetched libraries of one home.

    Attributes:
        folder: where they are kept.
        locks: folder of lock files that all processes of the machine share.
        client_of: opens the way to the providers; not called while nothing must be asked.
        roots: addresses of the providers.
        report: told what is fetched, and under which licence.
        memory: answers of this run, which are not asked for again; without it they are kept for a minute.
    """

    folder: Path
    locks: Path
    client_of: Callable[[], GeoClient]
    roots: Roots
    report: Callable[[str], None] = lambda _: None
    memory: Memory | None = None

    def path_of(self, source: LibrarySource) -> Path:
        """Where a library is, once it was fetched."""
        return self.folder / f"{source.file_name}.gmt"

    def observe(self, source: LibrarySource) -> str:
        """What the provider serves now of a library, as a text that changes when it does.

        A library is fetched when it is not there yet; a pinned one is never asked for again. A provider that cannot be
        reached serves what was fetched last.
        """
        held = self._held(source)
        if held:
            return held["observed"]
        try:
            if self.record(source) is None:
                self.fetch(source)
                return self.known(source)
            return self._once(f"observe {source}", lambda: self._observe(source))
        except SourceError:
            return self.known(source)

    def known(self, source: LibrarySource) -> str:
        """What was served when the library was fetched: no provider is asked."""
        record = self.record(source)
        return record["observed"] if record else "not there"

    def fetch(self, source: LibrarySource) -> Path:
        """A library as the provider serves it now; as fetched last, when the provider cannot be reached.

        Raises:
            SourceError: it cannot be had, and was never fetched; or what came is no library.
        """
        if self._held(source):
            return self.path_of(source)
        record = self.record(source)
        try:
            return self._once(f"fetch {source}", lambda: self._fetch(source))
        except SourceError as error:
            if not record:
                raise
            self.report(f"{source.name}: {error}; the copy of {record['retrieved_at'][:10]} is used")
            return self.path_of(source)

    def pin(self, source: LibrarySource, is_pinned: bool = True) -> None:
        """Keep a fetched library as it is, whatever its provider serves from now on; or no longer.

        Raises:
            RequestError: it was not fetched.
        """
        record = self.record(source)
        if record is None:
            raise RequestError(f"{source.name}: not fetched yet; `dmicc gene-sets get` fetches it")
        _replace(self._record_path(source), json.dumps({**record, "is_pinned": is_pinned}, indent=1))
        forget_answers()

    def remove(self, source: LibrarySource) -> bool:
        """Delete a fetched library; whether there was one."""
        found = self.path_of(source).is_file()
        for path in (self.path_of(source), self._record_path(source)):
            path.unlink(missing_ok=True)
        forget_answers()
        return found

    def records(self) -> list[dict[str, Any]]:
        """The record of every fetched library, by name."""
        return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(self.folder.glob("*.json"))]

    def _observe(self, source: LibrarySource) -> str:
        provider = PROVIDERS[source.provider]
        if provider.is_pinned(source):
            return _pinned(source, (self.record(source) or {}).get("sha256", []))
        client = self.client_of()
        validators: list[str] = []
        for remote in provider.remotes(source, self.roots):
            seen = self._once(f"HEAD {remote.url}", lambda url=remote.url: client.observe(url, "gene_sets").validator)
            validators.append(seen or f"sha256={self._download(remote, client).sha256}")
        return f"{source.file_name} {' '.join(validators)}"

    def _fetch(self, source: LibrarySource) -> Path:
        provider, client = PROVIDERS[source.provider], self.client_of()
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.locks / "gene-sets.lock"):
            files = [self._download(remote, client) for remote in provider.remotes(source, self.roots)]
            record = self.record(source)
            if record and record["sha256"] == [file.sha256 for file in files]:
                self._write_record(source, record)  # the same bytes may have new validators
                return self.path_of(source)
            self.report(f"{source.name} of {provider.title}; licence: {provider.licence}")
            try:
                contents = provider.read(source, [file.path for file in files])
            except SourceError:
                for file in files:  # "not modified" would give the same damaged file for ever
                    client.cache.forget(file.url)
                raise
            self._write(source, contents, files)
        return self.path_of(source)

    def _download(self, remote: Remote, client: GeoClient) -> SourceFile:
        """A file of a library, once for all libraries that are made from it; its validators came with it."""

        def ask() -> SourceFile:
            file = client.fetch(remote.url, "gene_sets", remote.verify, remote.file)
            self._note(f"HEAD {remote.url}", client.observe(remote.url, "gene_sets").validator)
            return file

        return self._once(f"GET {remote.url}", ask)

    def _write(self, source: LibrarySource, contents: Contents, files: Sequence[SourceFile]) -> None:
        """The GMT file and then its record, each in its place at once."""
        provider = PROVIDERS[source.provider]
        record = {
            "library": source.name,
            "provider": provider.title,
            "organism": source.organism,
            "version": contents.version or source.version,
            "date": contents.date or _date(files),
            "licence": provider.licence,
            "urls": [file.url for file in files],
            "sha256": [file.sha256 for file in files],
            "retrieved_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "n_sets": len(contents.sets),
            "notes": contents.notes,
            "is_pinned": provider.is_pinned(source),
        }
        lines = ("\t".join([name, "", *genes]) + "\n" for name, genes in contents.sets)
        beside = self.path_of(source).with_suffix(".part.gmt")
        beside.write_text("".join(lines), encoding="utf-8")
        try:
            read_gmt(beside)  # what cannot be read is not kept
        except SourceError:
            beside.unlink()
            raise
        beside.replace(self.path_of(source))
        self._write_record(source, record)

    def _write_record(self, source: LibrarySource, record: dict[str, Any]) -> None:
        """The record with what is served now.

        Raises:
            SourceError: what is served cannot be observed; then nothing is written.
        """
        if PROVIDERS[source.provider].is_pinned(source):
            observed = _pinned(source, record["sha256"])
        else:
            observed = self._once(f"observe {source}", lambda: self._observe(source))
        _replace(self._record_path(source), json.dumps({**record, "observed": observed}, indent=1))

    def is_held(self, record: Mapping[str, Any]) -> bool:
        """Whether nothing is asked any more of the library of a record."""
        return bool(record["is_pinned"])

    def _held(self, source: LibrarySource) -> dict[str, Any] | None:
        record = self.record(source)
        return record if record and self.is_held(record) else None

    def _record_path(self, source: LibrarySource) -> Path:
        return self.path_of(source).with_suffix(".json")

    def record(self, source: LibrarySource) -> dict[str, Any] | None:
        """What is recorded of a fetched library; None when it is not there."""
        try:
            found = json.loads(self._record_path(source).read_text(encoding="utf-8"))
            return found if self.path_of(source).is_file() and "observed" in found else None
        except (OSError, ValueError):
            return None

    def _once(self, question: str, ask: Callable[[], _Answer]) -> _Answer:
        """An answer of a provider, also that it gives none, for a moment."""
        if self.memory is not None:
            return self.memory.once(f"{self.folder} {question}", ask)
        known = _answers.get((self.folder, question))
        if known is None or time.monotonic() - known[0] > _MOMENT:
            try:
                known = time.monotonic(), ask()
            except SourceError as error:
                known = time.monotonic(), error
            _answers[self.folder, question] = known
        answer: Any = known[1]
        if isinstance(answer, SourceError):
            raise answer
        return answer

    def _note(self, question: str, answer: object) -> None:
        if self.memory is not None:
            self.memory.note(f"{self.folder} {question}", answer)
        _answers[self.folder, question] = time.monotonic(), answer


def forget_answers() -> None:
    """Ask every provider again, whatever it has just answered."""
    _answers.clear()


def _pinned(source: LibrarySource, hashes: Sequence[str]) -> str:
    return " ".join([source.file_name, *hashes])


def _date(files: Sequence[SourceFile]) -> str:
    """The day that the server says the newest file was changed on, else the day of the download."""
    from email.utils import parsedate_to_datetime

    days = [parsedate_to_datetime(file.last_modified) for file in files if file.last_modified]
    return (max(days) if days else datetime.now(UTC)).date().isoformat()


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f"{path.name}.part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
