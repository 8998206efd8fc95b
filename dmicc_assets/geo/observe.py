"""What is served now of the files of a dataset's plan, by the cheapest signal that tells versions apart.

The plan is that of `sources.py`. It is followed by a look into the copy that is there, or into the beginning of what
is served. No table is parsed here, and only the third signal downloads a file:

1. The validators that a HEAD gives (`ETag`, `Last-Modified`, length), one request a file.
2. Where there are none, acc.cgi's dates: while they are those in the file that was fetched last, it stands.
3. Else the file itself is fetched, and its SHA-256, the truth, is the answer.

E-utilities are not asked: `UDAT` is of a record and not of a file, and knows no platform table and no counts, so that a
HEAD a file would be needed beside it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from dmicc_assets.errors import DataError, SourceError
from dmicc_assets.geo.formats.gzip_stream import decompressed
from dmicc_assets.geo.http.cache import SourceFile
from dmicc_assets.geo.http.client import GeoClient, Observed
from dmicc_assets.geo.http.policy import NotServedError, TransientError, Validators
from dmicc_assets.geo.sources import Wanted, visit_files
from dmicc_assets.study.schema import Dataset

NOT_SERVED = "not served"
_Read = TypeVar("_Read")


def observe(
    name: str, spec: Dataset, client: GeoClient, study_folder: Path, *, thorough: bool = False
) -> list[Observed]:
    """What is served now of the files that a dataset is read from, the same before and after they were acquired.

    Args:
        name: the dataset's name in its study.
        spec: what the study file says of it.
        client: the way to GEO, the hub or the disk.
        study_folder: what a `file` dataset's paths are relative to.
        thorough: fetch what is served without validators whatever acc.cgi's dates say: they are of days.

    Returns:
        The files that `acquire` would get, and with the validator `NOT_SERVED` those that it would look for in vain.

    Raises:
        SourceError: the source cannot be reached, or does not have a file without which there is no dataset.
        RequestError: the study must say which platform.
    """
    seen: list[Observed] = []

    def get(wanted: Wanted) -> _Glance | None:
        found = _observe_file(wanted, client, thorough)
        seen.append(found)
        return None if found.validator == NOT_SERVED else _Glance(found, client)

    with suppress(DataError):  # what is served does not make a dataset: acquiring it says why
        visit_files(name, spec, client, study_folder, get)
    return seen


def observed_text(observed: Sequence[Observed]) -> str:
    """What is served now, one line a file, in a fixed order."""
    return "\n".join(sorted(f"{each.role} {each.url} {each.validator}" for each in observed))


@dataclass(frozen=True, slots=True)
class _Glance:
    """A file that is served now: its copy where there is one of this version, else as much as is asked for."""

    observed: Observed
    client: GeoClient

    def look(self, read: Callable[[Iterator[bytes], str], _Read]) -> _Read:
        """What `read` makes of the content.

        Raises:
            SourceError: the server cannot be reached, or the connection broke.
            DataError: the file is not what it must be.
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


def _observe_file(wanted: Wanted, client: GeoClient, thorough: bool) -> Observed:
    """The first of a file's URLs that is served, as `acquire` takes it."""
    for url in wanted.urls:
        try:
            seen = client.observe(url, wanted.role)
            return seen if seen.validator else Observed(url, wanted.role, _by_content(wanted, url, client, thorough))
        except NotServedError:
            continue
    return Observed(wanted.urls[0], wanted.role, NOT_SERVED)


def _by_content(wanted: Wanted, url: str, client: GeoClient, thorough: bool) -> str:
    recorded = client.cache.recorded(url, wanted.role)
    if recorded is None or thorough or not _is_unrevised(wanted, recorded.path):
        recorded = client.fetch(url, wanted.role, wanted.verify, wanted.name_of(url))
    return f"sha256={recorded.sha256}"


def _is_unrevised(wanted: Wanted, path: Path) -> bool:
    """By acc.cgi's dates; what acc.cgi does not know, or cannot say now, is fetched."""
    try:
        return wanted.is_unrevised is not None and wanted.is_unrevised(path)
    except SourceError:
        return False


def _recorded(observed: Observed, client: GeoClient) -> SourceFile | None:
    """The copy of the version observed, if there is one."""
    recorded = client.cache.recorded(observed.url, observed.role)
    if recorded is None:
        return None
    validators = Validators(recorded.etag, recorded.last_modified, recorded.n_bytes).text()
    return recorded if observed.validator in (validators, f"sha256={recorded.sha256}") else None
