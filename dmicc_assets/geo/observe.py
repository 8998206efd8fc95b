"""The current version of each file of a dataset, by the cheapest signal that distinguishes versions.

`sources.py` lists the files. The list can depend on a file's content, which is read from the cached copy or from the
beginning of the served file. No table is parsed here, and only the third signal downloads a file:

1. The validators that a HEAD gives (`ETag`, `Last-Modified`, length), one request for each file. In a run, those that
   came with the download of a file that was never downloaded before.
2. Without validators, the dates of acc.cgi: the file is current while they equal the dates in the cached file.
3. Otherwise the file is downloaded, and its SHA-256 identifies the version.

E-utilities are not used: `UDAT` dates a record rather than a file, and covers neither platform tables nor counts, so
that a HEAD for each file would still be needed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from dmicc_assets.errors import DataError, SourceError
from dmicc_assets.geo.formats.gzip_stream import decompressed
from dmicc_assets.geo.http.cache import SourceFile
from dmicc_assets.geo.http.challenge import ChallengeError
from dmicc_assets.geo.http.client import GeoClient, Observed, local_path
from dmicc_assets.geo.http.policy import NotServedError, PageError, TransientError, Validators
from dmicc_assets.geo.sources import visit_files
from dmicc_assets.geo.wanted import Wanted
from dmicc_assets.study.schema import Dataset

NOT_SERVED = "not served"
_Read = TypeVar("_Read")


def observe(
    name: str,
    spec: Dataset,
    client: GeoClient,
    study_folder: Path,
    *,
    thorough: bool = False,
    fetches: bool = False,
) -> list[Observed]:
    """The current version of each file that a dataset is read from; the same before and after the download.

    Args:
        name: the dataset's name in its study.
        spec: its section of the study file.
        client: reads from GEO, the Xena hub or the disk.
        study_folder: folder to which the paths of a `file` dataset are relative.
        thorough: download files without validators whatever acc.cgi's dates are, because dates only resolve days.
        fetches: download files that were never downloaded, in place of asking for their versions: `acquire` by a client
            that keeps answers then asks for nothing.

    Returns:
        The files that `acquire` would download; files that are not served have the validator `NOT_SERVED`.

    Raises:
        SourceError: the source cannot be reached, or lacks a file that the dataset needs.
        RequestError: the study must say which platform.
    """
    seen: list[Observed] = []

    def get(wanted: Wanted) -> _Glance | None:
        found = _observe_file(wanted, client, thorough, fetches)
        seen.append(found)
        return None if found.validator == NOT_SERVED else _Glance(found, client)

    with suppress(DataError):  # the served files do not make a dataset; `acquire` reports the reason
        visit_files(name, spec, client, study_folder, get)
    return seen


def observed_text(observed: Sequence[Observed]) -> str:
    """The current versions as text, one line for each file, in a fixed order."""
    return "\n".join(sorted(f"{each.role} {each.url} {each.validator}" for each in observed))


@dataclass(frozen=True, slots=True)
class _Glance:
    """A served file: its cached copy of this version, or else the part of it that is read."""

    observed: Observed
    client: GeoClient

    def look(self, read: Callable[[Iterator[bytes], str], _Read]) -> _Read:
        """Apply `read` to the content.

        Raises:
            SourceError: the server cannot be reached, or the connection broke.
            DataError: the file is damaged or of another format.
        """
        recorded = _recorded(self.observed, self.client)
        url = self.observed.url
        with self.client.blocks(url if recorded is None else recorded.path.as_uri()) as pieces:
            try:
                return read(decompressed(pieces, url), url)
            except TransientError:
                raise
            except SourceError as error:
                raise DataError(str(error)) from None


def _observe_file(wanted: Wanted, client: GeoClient, thorough: bool, fetches: bool) -> Observed:
    """The first of a file's URLs that is served, which `acquire` takes too."""

    def ask(url: str) -> Observed:
        fetched = _fetch_first(wanted, url, client) if fetches else None
        try:
            seen = client.observe(url, wanted.role)
        except ChallengeError:  # it comes and goes: what was fetched from there stands
            recorded = client.cache.recorded(url, wanted.role)
            if recorded is None:
                raise
            return Observed(url, wanted.role, f"sha256={recorded.sha256}")
        if seen.validator:
            return seen
        return Observed(url, wanted.role, _by_content(wanted, url, client, thorough) if fetched is None else fetched)

    try:
        return wanted.first(ask) or Observed(wanted.urls[0], wanted.role, NOT_SERVED)
    except PageError as error:  # `acquire` says so again
        raise DataError(str(error)) from None


def _fetch_first(wanted: Wanted, url: str, client: GeoClient) -> str | None:
    """Download a file that was never downloaded; the version by its SHA-256. None without a download.

    The download tells the same as a HEAD, so that a first run asks for the file once.

    Raises:
        NotServedError: the server does not have it.
        PageError: it sends an HTML page in its place.
        SourceError: the server cannot be reached, or answers with a challenge.
        DataError: the file is not what it must be; `acquire` says so again.
    """
    is_known = any(client.cache.recorded(each, wanted.role) for each in wanted.urls)
    if local_path(url) is not None or is_known:
        return None
    try:
        return f"sha256={wanted.fetch(url, client).sha256}"
    except (NotServedError, PageError, ChallengeError):
        raise
    except SourceError as error:
        if isinstance(error, TransientError) and error.unreachable:
            raise
        raise DataError(str(error)) from None


def _by_content(wanted: Wanted, url: str, client: GeoClient, thorough: bool) -> str:
    recorded = client.cache.recorded(url, wanted.role)
    if recorded is None or thorough or not _is_unrevised(wanted, recorded.path):
        recorded = wanted.fetch(url, client)
    return f"sha256={recorded.sha256}"


def _is_unrevised(wanted: Wanted, path: Path) -> bool:
    """Whether acc.cgi's dates show no revision; False when acc.cgi has no date or cannot be reached."""
    try:
        return wanted.is_unrevised is not None and wanted.is_unrevised(path)
    except SourceError:
        return False


def _recorded(observed: Observed, client: GeoClient) -> SourceFile | None:
    """The cached copy of the observed version, if there is one."""
    recorded = client.cache.recorded(observed.url, observed.role)
    if recorded is None:
        return None
    lengths = (recorded.n_bytes, None)  # a server may state none
    validators = [Validators(recorded.etag, recorded.last_modified, length).text() for length in lengths]
    known = (*validators, f"sha256={recorded.sha256}", recorded.etag)  # of a part, `etag` describes the whole file
    return recorded if observed.validator in known else None
