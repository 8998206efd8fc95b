"""Access to GEO, a Xena hub or a mirror on disk: listings, headers of files, verified files.

`geo/sources.py` lists the files that a dataset needs; HTTP is in `transfer.py`.
"""

import re
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urlsplit

from filelock import FileLock
from pydantic import SecretStr

from dmicc_assets.errors import RequestError, SourceError
from dmicc_assets.geo.formats.gzip_stream import decompressed
from dmicc_assets.geo.http.cache import FileCache, Shelf, SourceFile, sha256_of
from dmicc_assets.geo.http.limits import LIMITS, Limit
from dmicc_assets.geo.http.listing import parse_listing
from dmicc_assets.geo.http.memory import Memory
from dmicc_assets.geo.http.policy import Arriving, NotServedError, Patience, Validators, host_group
from dmicc_assets.geo.http.shared_throttle import AnyThrottle, SharedThrottle
from dmicc_assets.geo.http.throttle import Throttle
from dmicc_assets.study.addresses import GENE_URL, GEO_ACC_URL, REQUESTS_PER_SECOND

if TYPE_CHECKING:
    from dmicc_assets.geo.http.transfer import HttpTransfer

Verify = Callable[[Path], object]
Take = Callable[[Iterator[bytes], str], Iterator[bytes]]
Progress = Callable[[str, int, int | None], None]
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Observed:
    """A server's metadata of a file, without its content.

    Attributes:
        url: of the file.
        role: what the file is to the dataset, as in `SourceFile`.
        validator: changes when the file does: the server's validators, "" when it sends none; a local file's SHA-256.
    """

    url: str
    role: str
    validator: str


class GeoClient:
    """Client of four roots, each `https://`, `http://` or `file://`.

    Args:
        geo_url: root of GEO's tree.
        acc_url: GEO's `acc.cgi`; not asked when `geo_url` is a folder on disk.
        xena_url: root of a Xena hub's downloads.
        cache: folder of verified files.
        locks: folder that all processes of the machine share, for their common pace and one download at a time.
        progress: called with the URL, the bytes so far and the bytes in all during a download.
        rate: requests a second to one host.
        patience: time-outs, tries and back-off.
        variables: roots of other services, each with the variable that names it: for the advice in messages.
        gene_url: root of NCBI Gene's files.
        locks_url: database by which several machines share one pace; by default only this machine's processes do.
        shelf: where several machines share downloads; by default each has its own.
        memory: answers of this run, which are not asked for again; by default every question is asked.

    Attributes:
        asked: every URL that was asked for so far, also in vain, and also those of folders.
        copies: the copies of files on disk that are among the downloads.

    Raises:
        RequestError: a root is not an address of these kinds.
    """

    def __init__(
        self,
        geo_url: str,
        acc_url: str,
        xena_url: str,
        cache: Path,
        locks: Path,
        progress: Progress | None = None,
        *,
        rate: float = REQUESTS_PER_SECOND,
        patience: Patience | None = None,
        variables: Mapping[str, str] | None = None,
        gene_url: str = GENE_URL,
        locks_url: SecretStr | None = None,
        shelf: Shelf | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.geo_url, self.acc_url, self.xena_url, self.gene_url = map(_root, (geo_url, acc_url, xena_url, gene_url))
        self.cache = FileCache(cache, shelf)
        self.cache.sweep()
        self.asked, self.copies = set[str](), set[Path]()
        self._locks, self._locks_url = locks, locks_url
        self._progress = progress
        self.rate = rate
        self._patience = patience or Patience()
        self._variables = dict(variables or {})
        self._memory = memory
        self._roots = {
            self.geo_url: "DMICC_GEO_URL",
            self.acc_url: "DMICC_GEO_ACC_URL",
            self.download_url: "DMICC_GEO_ACC_URL",
            self.xena_url: "DMICC_XENA_URL",
            self.gene_url: "DMICC_NCBI_GENE_URL",
        }
        locks.mkdir(parents=True, exist_ok=True)

    @property
    def is_offline(self) -> bool:
        """Whether GEO is a folder on disk; the real GEO is then never asked."""
        return self.geo_url.startswith("file://") and self.acc_url == GEO_ACC_URL

    @property
    def download_url(self) -> str:
        """Address of NCBI's RNA-seq counts: beside `acc.cgi`, or `rnaseq_counts/` of a mirror on disk."""
        if self.is_offline:
            return f"{self.geo_url}/rnaseq_counts"
        return re.sub(r"/query/acc\.cgi$", "/download/", self.acc_url)

    def geo(self, path: str) -> str:
        """URL of a path below the root of GEO's tree."""
        return f"{self.geo_url}/{path}"

    def listing(self, url: str) -> list[str]:
        """Names in a folder, a subfolder's with a slash at its end; empty when there is no such folder.

        Raises:
            SourceError: the server cannot be reached, or answers with an error.
        """
        if (folder := self._local(url)) is not None:
            if not folder.is_dir():
                return []
            return sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in folder.iterdir())
        try:
            return self._once(f"GET {url}", lambda: parse_listing(self._http.text(f"{url.rstrip('/')}/")))
        except NotServedError:
            return []

    def fetch(self, url: str, role: str, verify: Verify, name: str | None = None) -> SourceFile:
        """A verified file in the cache; downloaded only when the server's version differs from the cached one.

        Args:
            url: of the file.
            role: what it is to the dataset.
            verify: raises SourceError when the file is damaged or of another format.
            name: its name in the cache; by default the URL's.

        Raises:
            NotServedError: the server does not have it.
            SourceError: the server cannot be reached, or the file failed its check in every try; the cache is then
                unchanged.
        """
        name = name or unquote(urlsplit(url).path).rsplit("/", 1)[-1]
        if (path := self._local(url)) is not None:
            return self._take(path, url, role, verify, name)
        return self._fetched(url, lambda: self._download(url, role, verify, name))

    def _download(self, url: str, role: str, verify: Verify, name: str) -> SourceFile:
        with FileLock(self._locks / f"download-{host_group(url)}.lock"):  # one connection for files
            recorded = self.cache.recorded(url, role)
            known = recorded and Validators(recorded.etag, recorded.last_modified, recorded.n_bytes)
            part = self.cache.part_of(url, name)
            found = self._http.download(url, part, verify, known, LIMITS.get(role))
            if found is None:
                if recorded is None:
                    raise SourceError(f"{url}: the server says 'not modified' of a file that was never downloaded")
                return recorded
            self._note_served(url, found.text())
            return self.cache.adopt(part, name, role, url, found.last_modified, found.etag)

    def fetch_part(self, url: str, role: str, take: Take, verify: Verify, name: str) -> SourceFile:
        """A part of a file that is much larger, verified, among the downloads; the rest is not transferred.

        Args:
            url: of the file, with a fragment that names the part.
            role: what the part is to the dataset.
            take: gives the part of the decompressed content, nothing where it is not there.
            verify: raises SourceError when the part is not what it must be.
            name: its name among the downloads.

        Raises:
            NotServedError: the server does not have the file, or the file does not have the part.
            SourceError: not reachable, or not what it must be.
        """
        return self._fetched(url, lambda: self._download_part(url, role, take, verify, name))

    def _download_part(self, url: str, role: str, take: Take, verify: Verify, name: str) -> SourceFile:
        with FileLock(self._locks / f"download-{host_group(url)}.lock"):
            recorded = self.cache.recorded(url, role)
            if recorded is not None and recorded.etag and recorded.etag == self.observe(url, role).validator:
                return recorded
            part = self.cache.part_of(url, name)
            with self._whole(url, LIMITS.get(role)) as (pieces, served), part.open("wb") as file:
                file.writelines(take(decompressed(pieces, url), url))
            if not part.stat().st_size:
                raise NotServedError(f"{url}: {name} is not in it")
            verify(part)
            self._note_served(url, served)
            return self.cache.adopt(part, name, role, url, etag=served)

    def observe(self, url: str, role: str) -> Observed:
        """The server's current metadata of a file, by a HEAD request; the cache has no influence.

        Raises:
            NotServedError: the server does not have it.
            SourceError: it cannot be reached, or answers with an error.
        """
        if (path := self._local(url)) is not None:
            if not path.is_file():
                raise NotServedError(f"{url}: not there")
            return Observed(url, role, f"sha256={sha256_of(path)}")
        return Observed(url, role, self._once(f"HEAD {url}", lambda: self._http.head(url).text()))

    def text(self, url: str, form: Mapping[str, str] | None = None) -> str:
        """A page's text; with a form, the answer to it.

        Raises:
            NotServedError: the server does not have it.
            SourceError: it cannot be reached, or answers with an error.
        """
        self.asked.add(url)
        return self._http.text(url, form) if form else self._once(f"GET {url}", lambda: self._http.text(url))

    @contextmanager
    def blocks(self, url: str) -> Generator[Iterator[bytes]]:
        """A file's unverified bytes as they arrive, to read its beginning; leaving early ends the transfer.

        Raises:
            NotServedError: the server does not have it.
            SourceError: it cannot be reached, or answers with an error.
        """
        if (path := self._local(url)) is not None:
            if not path.is_file():
                raise NotServedError(f"{url}: not there")
            with path.open("rb") as file:
                yield iter(lambda: file.read(1 << 16), b"")
            return
        with self._http.blocks(url) as blocks:
            yield blocks

    def _once(self, question: str, ask: Callable[[], _Answer]) -> _Answer:
        return ask() if self._memory is None else self._memory.once(question, ask)

    def _fetched(self, url: str, download: Callable[[], SourceFile]) -> SourceFile:
        """A file in the cache, which this run fetched before or fetches now."""
        if (memory := self._memory) is None:
            return download()
        if isinstance(absent := memory.answers.get(f"HEAD {url}"), NotServedError):
            raise absent
        try:
            found = memory.once(f"GET {url}", download)
        except NotServedError as error:
            memory.note(f"HEAD {url}", error)
            raise
        if self.cache.is_whole(found):
            return found
        memory.forget(f"GET {url}")  # it was deleted or damaged since
        return memory.once(f"GET {url}", download)

    def _note_served(self, url: str, validator: str) -> None:
        """Keep the validator of a download: a HEAD would give the same."""
        if self._memory is not None:
            self._memory.note(f"HEAD {url}", validator)

    @contextmanager
    def _whole(self, url: str, limit: Limit | None) -> Generator[tuple[Iterator[bytes], str]]:
        """A file's bytes, and its validator as `observe` gives it."""
        if self._local(url) is None:
            with self._http.arriving(url, limit=limit) as found:
                yield found.pieces, found.served.text()
            return
        with self.blocks(url) as pieces:
            yield pieces, self.observe(url, "").validator

    @contextmanager
    def beginning(self, url: str, role: str, limit: Limit | None = None) -> Generator[Arriving]:
        """A file's unverified bytes and its size by one request; a cached copy that is current is read instead.

        Args:
            url: of the file.
            role: what it is to the dataset.
            limit: how much is read from its start, if there is a limit.

        Raises:
            NotServedError: the server does not have it.
            SourceError: it cannot be reached, or answers with an error.
        """
        if (path := self._local(url)) is not None:
            with self.blocks(url) as pieces:
                yield Arriving(pieces, Validators(None, None, path.stat().st_size))
            return
        recorded = self.cache.recorded(url, role)
        known = recorded and Validators(recorded.etag, recorded.last_modified, recorded.n_bytes)
        with self._http.arriving(url, known, limit) as found:
            if found.is_known and recorded is not None and known is not None:
                with self.blocks(recorded.path.as_uri()) as pieces:
                    yield Arriving(pieces, known, is_known=True)
                return
            yield found

    @property
    def bytes_per_second(self) -> float | None:
        """The rate of all transfers so far; None before 64 KiB have come."""
        http = self.__dict__.get("_http")
        return http.n_received / http.seconds if http and http.n_received >= 1 << 16 and http.seconds else None

    def _local(self, url: str) -> Path | None:
        """The path of a `file://` URL that is asked for; None for any other."""
        self.asked.add(url)
        return local_path(url)

    def _take(self, path: Path, url: str, role: str, verify: Verify, name: str) -> SourceFile:
        """A local file, verified and copied into the cache unless its content is there already."""
        if not path.is_file():
            raise NotServedError(f"{path}: no such file")
        with FileLock(self._locks / "download-file.lock"):
            recorded = self.cache.recorded(url, role)
            if recorded is not None and recorded.sha256 == sha256_of(path):
                self.copies.add(recorded.path)
                return recorded
            part = self.cache.part_of(url, name)
            try:
                shutil.copyfile(path, part)
                verify(part)
            except OSError as error:
                raise SourceError(f"{path}: cannot be read ({error.strerror})") from None
            except SourceError:
                part.unlink()
                raise
            found = self.cache.adopt(part, name, role, url)
            self.copies.add(found.path)
            return found

    @cached_property
    def _http(self) -> "HttpTransfer":
        from dmicc_assets.geo.http.transfer import HttpTransfer

        # Pass no bound method of this object, so that the connection closes when the client is no longer referenced.
        throttle_of: Callable[[str], AnyThrottle] = partial(Throttle, self._locks, rate=self.rate)
        if self._locks_url is not None:
            throttle_of = partial(SharedThrottle, self._locks_url, rate=self.rate)
        return HttpTransfer(
            throttle_of,
            self._patience,
            partial(_advice, self._roots | self._variables),
            self._progress,
        )


def _advice(variables: Mapping[str, str], url: str) -> str:
    """What to set when a URL's host cannot be reached."""
    roots = sorted((root for root in variables if url.startswith(root)), key=len)  # acc.cgi may be below GEO's tree
    return f"{variables[roots[-1]]} to a mirror (https:// or file://)" if roots else "another address in the study file"


def local_path(url: str) -> Path | None:
    """The path of a `file://` URL; None for any other."""
    if not url.startswith("file://"):
        return None
    parts = urlsplit(url)
    return Path(unquote(f"{parts.path}?{parts.query}" if parts.query else parts.path))  # a file has no query


def _root(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http", "file") or not (parts.netloc or parts.scheme == "file"):
        raise RequestError(f"{url!r}: expected a URL that begins with https://, http:// or file://")
    return url.rstrip("/")
