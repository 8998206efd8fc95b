"""What is served now of the files that a dataset is read from, by the cheapest signal that tells versions apart.

The files are those that `acquire.py` would get, found by a look at the series' header; no table is parsed here.

1. The validators that a HEAD gives (`ETag`, `Last-Modified`, length), one request a file.
2. Where there are none, acc.cgi's dates: while they are those in the file that was fetched last, it stands.
3. Else the file itself is fetched, and its SHA-256, the truth, is the answer.

E-utilities are not asked: `UDAT` is of a record and not of a file, and knows no platform table and no counts, so that a
HEAD a file would be needed beside it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.accession import check_series
from dmicc_assets.geo.formats.counts import (
    ANNOTATION,
    annotation_url,
    counts_name,
    counts_url,
    verify_counts,
    verify_symbols,
)
from dmicc_assets.geo.formats.gzip_stream import inflate
from dmicc_assets.geo.formats.platform import needs_entrez
from dmicc_assets.geo.formats.series_header import SeriesHeader
from dmicc_assets.geo.formats.series_matrix import header_of, verify_series_matrix
from dmicc_assets.geo.formats.soft import series_platforms, verify_family
from dmicc_assets.geo.formats.tabular import read_sample_sheet, verify_matrix
from dmicc_assets.geo.http.cache import SourceFile
from dmicc_assets.geo.http.client import GeoClient, Observed, Verify
from dmicc_assets.geo.http.policy import NotServedError, TransientError, Validators
from dmicc_assets.geo.locate import (
    family_url,
    file_name,
    find_matrix,
    matrix_urls,
    platform_urls,
    urls_beside,
    verify_platform,
)
from dmicc_assets.geo.update_dates import is_platform_unrevised, is_series_unrevised
from dmicc_assets.study.schema import Dataset, accession_of, platform_of

NOT_SERVED = "not served"
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file that a dataset is read from.

    Attributes:
        role: what it is to the dataset.
        urls: where it may be served, best first.
        verify: the check of a file that has to be fetched.
        name: its name in the cache, where the URL's is none.
        is_unrevised: whether acc.cgi's dates are those of a file fetched before; None where acc.cgi has no dates.
    """

    role: str
    urls: list[str]
    verify: Verify
    name: str | None = None
    is_unrevised: Callable[[Path], bool] | None = None


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

    Raises:
        SourceError: the source cannot be reached, or does not have the series or the matrix.
        RequestError: the study must say which platform.
    """
    if spec.source == "geo":
        return list(_observe_series(name, spec, client, thorough))
    matrix = _Wanted("matrix", matrix_urls(spec, client, study_folder), verify_matrix)
    found = [_observe_file(matrix, client, thorough)]
    if found[0].validator == NOT_SERVED:
        raise SourceError(f"{name}: no matrix file at {' or '.join(matrix.urls)}")
    if spec.samples:
        sheet = _Wanted("samples", urls_beside(spec, spec.samples, client, study_folder), read_sample_sheet)
        found.append(_observe_file(sheet, client, thorough))
    return found + (list(_observe_platform(spec.platform, client, thorough)) if spec.platform else [])


def _observe_series(name: str, spec: Dataset, client: GeoClient, thorough: bool) -> Iterator[Observed]:
    accession, platform = check_series(accession_of(name)), platform_of(name, spec)
    path = find_matrix(accession, platform, client)
    if path is None:
        observed = list(_observe_family(accession, platform, client, thorough))
        if observed[0].validator == NOT_SERVED:
            raise SourceError(f"{accession}: neither a series matrix nor {observed[0].url}")
        yield from observed
        return
    wanted = _Wanted("matrix", [client.geo(path)], verify_series_matrix, is_unrevised=_by_dates(accession, client))
    matrix = _observe_file(wanted, client, thorough)
    yield matrix
    header = _matrix_header(matrix, client)
    if header is not None and header.row_counts == (0,):
        if not header.is_sequencing:
            yield from _observe_family(accession, platform, client, thorough)
            return
        counts = _Wanted("counts", [counts_url(client, accession)], verify_counts, counts_name(accession))
        yield _observe_file(counts, client, thorough)
        yield _observe_file(_gene_ids(client), client, thorough)
        return
    platforms = [platform] if platform else header.platforms if header is not None else []
    if len(platforms) == 1:  # several and none named is refused where the files are acquired
        yield from _observe_platform(platforms[0], client, thorough)


def _observe_family(accession: str, platform: str | None, client: GeoClient, thorough: bool) -> Iterator[Observed]:
    url = family_url(accession, client)
    family = _observe_file(
        _Wanted("soft", [url], verify_family, is_unrevised=_by_dates(accession, client)), client, thorough
    )
    yield family
    platforms = [platform] if platform else []
    if not platforms and family.validator != NOT_SERVED:
        platforms = _look_into(url, series_platforms, client) or []
    if len(platforms) == 1:
        yield from _observe_platform(platforms[0], client, thorough)


def _observe_platform(platform: str, client: GeoClient, thorough: bool) -> Iterator[Observed]:
    urls = platform_urls(platform, client)

    def is_unrevised(path: Path) -> bool:
        return is_platform_unrevised(path, platform, client)

    wanted = _Wanted("platform", urls, verify_platform(platform), file_name(urls[-1], platform), is_unrevised)
    found = _observe_file(wanted, client, thorough)
    yield found
    recorded = _recorded(found, client)
    if recorded is not None and _needs_entrez(recorded.path, platform):
        yield _observe_file(_gene_ids(client), client, thorough)


@lru_cache(maxsize=64)
def _needs_entrez(path: Path, platform: str) -> bool:
    """As `needs_entrez`, asked once: a file in the cache is named by its content."""
    return needs_entrez(path, platform)


def _gene_ids(client: GeoClient) -> _Wanted:
    return _Wanted("gene_ids", [annotation_url(client)], verify_symbols, ANNOTATION)


def _observe_file(wanted: _Wanted, client: GeoClient, thorough: bool) -> Observed:
    """The first of a file's URLs that is served, as `acquire` takes it."""
    for url in wanted.urls:
        try:
            seen = client.observe(url, wanted.role)
            return seen if seen.validator else Observed(url, wanted.role, _by_content(wanted, url, client, thorough))
        except NotServedError:
            continue
    return Observed(wanted.urls[0], wanted.role, NOT_SERVED)


def _by_content(wanted: _Wanted, url: str, client: GeoClient, thorough: bool) -> str:
    recorded = client.cache.recorded(url, wanted.role)
    if recorded is None or thorough or not _is_unrevised(wanted, recorded.path):
        recorded = client.fetch(url, wanted.role, wanted.verify, wanted.name if "?" in url else None)
    return f"sha256={recorded.sha256}"


def _is_unrevised(wanted: _Wanted, path: Path) -> bool:
    """By acc.cgi's dates; what acc.cgi does not know, or cannot say now, is fetched."""
    try:
        return wanted.is_unrevised is not None and wanted.is_unrevised(path)
    except SourceError:
        return False


def _by_dates(accession: str, client: GeoClient) -> Callable[[Path], bool]:
    return lambda path: is_series_unrevised(path, accession, client)


def _matrix_header(matrix: Observed, client: GeoClient) -> SeriesHeader | None:
    """The header of the matrix as it is served now; None when what is there is no series matrix.

    Raises:
        SourceError: the server cannot be reached.
    """
    recorded = _recorded(matrix, client)
    return _look_into(recorded.path.as_uri() if recorded is not None else matrix.url, header_of, client)


def _look_into(url: str, read: Callable[[Iterator[bytes], str], _Read], client: GeoClient) -> _Read | None:
    """What the beginning of a gzip file says; None when it is not such a file: getting it says what is wrong.

    Raises:
        SourceError: the server cannot be reached, or the connection broke.
    """
    with client.blocks(url) as blocks:
        try:
            return read(inflate(blocks, url), url)
        except TransientError:
            raise
        except SourceError:
            return None


def _recorded(observed: Observed, client: GeoClient) -> SourceFile | None:
    """The file of the cache that is the version observed, if it is there."""
    recorded = client.cache.recorded(observed.url, observed.role)
    if recorded is None:
        return None
    validators = Validators(recorded.etag, recorded.last_modified, recorded.n_bytes).text()
    return recorded if observed.validator in (validators, f"sha256={recorded.sha256}") else None
