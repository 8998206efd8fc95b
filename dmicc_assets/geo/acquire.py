"""Which files a dataset needs, where they are served, and getting them: verified, through the client's cache.

A series' folder is listed, never guessed. What stands in the files is read by `dataset.py`.
"""

from collections.abc import Iterator
from pathlib import Path

from dmicc_assets.errors import DataError, RequestError, SourceError
from dmicc_assets.geo.accession import (
    PLATFORM,
    check_platform,
    check_series,
    matrix_name,
    platform_folder,
    series_folder,
)
from dmicc_assets.geo.cache import SourceFile
from dmicc_assets.geo.client import GeoClient, Observed, Verify
from dmicc_assets.geo.counts import ANNOTATION, annotation_url, counts_name, counts_url, verify_counts, verify_symbols
from dmicc_assets.geo.gzip_stream import CHECK
from dmicc_assets.geo.http_policy import NotServedError
from dmicc_assets.geo.platform import needs_entrez, read_platform_table
from dmicc_assets.geo.series_header import SeriesHeader
from dmicc_assets.geo.series_matrix import read_header, verify_series_matrix
from dmicc_assets.geo.soft import read_family, verify_family
from dmicc_assets.geo.tabular import read_sample_sheet, verify_matrix
from dmicc_assets.study import Dataset, accession_of, platform_of

_MATRIX_END = "_series_matrix.txt.gz"


def acquire(name: str, spec: Dataset, client: GeoClient, study_folder: Path) -> list[SourceFile]:
    """Get every file that a dataset is read from, verified, into the cache.

    Args:
        name: the dataset's name in its study, for geo its accession or accession-platform.
        spec: what the study file says of it.
        client: the way to GEO, the hub or the disk.
        study_folder: what a `file` dataset's paths are relative to.

    Returns:
        Files by role: `matrix`, `soft` or `counts` (one of them), `platform`, `gene_ids`, `samples`.

    Raises:
        SourceError: a file is missing, unreachable or not what it must be; names the accession and the URL.
        DataError: the series has no expression table anywhere.
        RequestError: the study must say which platform.
    """
    if spec.source == "geo":
        return _acquire_series(name, spec, client)
    files = [_first_served(name, _matrix_urls(spec, client, study_folder), "matrix", verify_matrix, client)]
    if spec.samples:
        url = _beside(spec, spec.samples, client, study_folder)
        files.append(_first_served(name, url, "samples", read_sample_sheet, client))
    if spec.platform:
        files += acquire_platform(spec.platform, client)
    return files


def observe(name: str, spec: Dataset, client: GeoClient, study_folder: Path) -> list[Observed]:
    """What is served now of the files that a dataset is read from, by the cheapest signal that tells versions apart.

    A listing and one conditional HEAD a file; where a server sends no validator, the file itself is fetched and
    its SHA-256 is the answer.

    Args:
        name: the dataset's name in its study.
        spec: what the study file says of it.
        client: the way to GEO, the hub or the disk.
        study_folder: what a `file` dataset's paths are relative to.

    Raises:
        SourceError: as `acquire`.
    """
    if spec.source == "geo":
        return list(_observe_series(name, spec, client))
    urls: list[tuple[list[str], str, Verify]] = [(_matrix_urls(spec, client, study_folder), "matrix", verify_matrix)]
    if spec.samples:
        urls.append((_beside(spec, spec.samples, client, study_folder), "samples", read_sample_sheet))
    observed = [_observe_first(name, *each, client) for each in urls]
    return observed + ([_observe_platform(spec.platform, client)] if spec.platform else [])


def find_matrix(accession: str, platform: str | None, client: GeoClient) -> str | None:
    """Path of a series' matrix below the root of GEO's tree; None when the series has none.

    Raises:
        SourceError: no such series, or no matrix of this platform.
        RequestError: several platforms and none chosen.
    """
    folder = series_folder(accession)
    names = [name for name in client.listing(client.geo(f"{folder}/matrix")) if name.endswith(_MATRIX_END)]
    if not names:
        if not client.listing(client.geo(folder)):
            raise SourceError(f"{accession}: no such series at {client.geo(folder)}/")
        return None
    alone = matrix_name(accession)
    if platform and matrix_name(accession, platform) in names:
        return f"{folder}/matrix/{matrix_name(accession, platform)}"
    if alone in names:
        return f"{folder}/matrix/{alone}"
    platforms = sorted(name.removeprefix(f"{accession}-").removesuffix(_MATRIX_END) for name in names)
    if platform:
        raise SourceError(
            f"{accession}: no matrix of {platform} at {client.geo(folder)}/matrix/ (there are {', '.join(platforms)})"
        )
    if len(names) == 1 and PLATFORM.fullmatch(platforms[0]):
        return f"{folder}/matrix/{names[0]}"
    choices = " or ".join(f"{accession}-{each}" for each in platforms)
    raise RequestError(f"{accession} is on several platforms: name the dataset {choices}")


def acquire_platform(platform: str, client: GeoClient) -> list[SourceFile]:
    """A platform's table, and NCBI's gene ids where the table names genes only by those.

    Raises:
        SourceError: served nowhere; names the platform and the URLs.
    """
    check = _verify_platform(platform)
    files = [_first_served(platform, _platform_urls(platform, client), "platform", check, client)]
    if needs_entrez(files[0].path, platform):
        files.append(client.fetch(annotation_url(client), "gene_ids", verify_symbols, ANNOTATION))
    return files


def choose_platform(name: str, platform: str | None, header: SeriesHeader) -> str:
    """The platform of the samples at hand, which must be the one that the study names.

    Raises:
        DataError: another platform than the study says, or none named anywhere.
    """
    found = header.platforms
    if platform and found and platform not in found:
        raise DataError(f"{name}: the study says {platform}, but the samples are on {', '.join(found)}")
    if platform is None and len(found) != 1:
        raise DataError(f"{name}: the series names {len(found)} platforms: say which one with `platform:`")
    return check_platform(platform or found[0])


def _acquire_series(name: str, spec: Dataset, client: GeoClient) -> list[SourceFile]:
    accession, platform = check_series(accession_of(name)), platform_of(name, spec)
    path = find_matrix(accession, platform, client)
    if path is not None:
        matrix = client.fetch(client.geo(path), "matrix", verify_series_matrix)
        header = read_header(matrix.path)
        if verify_series_matrix(matrix.path):
            return [matrix, *acquire_platform(choose_platform(name, platform, header), client)]
        if header.is_sequencing:  # an empty table is normal there (GSE118828)
            return [matrix, *_acquire_counts(name, accession, matrix.url, client)]
    url = client.geo(f"{series_folder(accession)}/soft/{accession}_family.soft.gz")
    try:
        family = client.fetch(url, "soft", verify_family)
    except NotServedError:
        raise DataError(f"{name}: its series matrix is missing or empty, and there is no {url}") from None
    found = read_family(family.path, platform)
    if not found.matrix.features:
        raise DataError(f"{name}: no sample has an expression table, neither in the matrix nor in {url}")
    try:
        return [family, *acquire_platform(choose_platform(name, platform, found.header), client)]
    except NotServedError:
        read_platform_table(family.path, choose_platform(name, platform, found.header))  # the family file has it too
        return [family]


def _acquire_counts(name: str, accession: str, matrix_url: str, client: GeoClient) -> list[SourceFile]:
    try:
        counts = client.fetch(counts_url(client, accession), "counts", verify_counts, counts_name(accession))
        return [counts, client.fetch(annotation_url(client), "gene_ids", verify_symbols, ANNOTATION)]
    except SourceError as error:
        if not isinstance(error, NotServedError) and error.check != CHECK:  # an HTML page for a file says no too
            raise
        raise DataError(
            f"{name}: no expression table: {matrix_url.rsplit('/', 1)[-1]} is empty and NCBI has no counts of it "
            f"({error}); use `source: file` with a matrix from its supplementary files"
        ) from None


def _platform_urls(platform: str, client: GeoClient) -> list[str]:
    """Where a platform's table may be, best first: NCBI's annotation, the submitter's SOFT, acc.cgi."""
    folder = platform_folder(platform)
    urls = [client.geo(f"{folder}/annot/{platform}.annot.gz"), client.geo(f"{folder}/soft/{platform}.soft.gz")]
    # Not `_family.soft.gz`: it holds every sample ever made on the platform (GPL570: gigabytes).
    return urls if client.is_offline else [*urls, f"{client.acc_url}?acc={platform}&targ=self&form=text&view=full"]


def _verify_platform(platform: str) -> Verify:
    return lambda path: read_platform_table(path, platform)


def _matrix_urls(spec: Dataset, client: GeoClient, study_folder: Path) -> list[str]:
    return _beside(spec, spec.matrix or "", client, study_folder)


def _beside(spec: Dataset, name: str, client: GeoClient, study_folder: Path) -> list[str]:
    """Where a name in the study file leads: below the hub (compressed or not), or beside the study file."""
    if spec.source == "file":
        return [(study_folder / name).resolve().as_uri()]
    if ".." in Path(name).parts:
        raise RequestError(f"{name!r}: expected a name below the hub")
    url = f"{client.xena_url}/{name}"
    return [url] if name.endswith(".gz") else [f"{url}.gz", url]


def _first_served(name: str, urls: list[str], role: str, verify: Verify, client: GeoClient) -> SourceFile:
    for url in urls:
        try:
            return client.fetch(url, role, verify, _file_name(url, name))
        except NotServedError:
            continue
    raise NotServedError(f"{name}: no {role} file at {' or '.join(urls)}")


def _file_name(url: str, name: str) -> str | None:
    """What to call a file whose URL is a query; None for the URL's own name."""
    return f"{name}.txt" if "?" in url else None


def _observe_series(name: str, spec: Dataset, client: GeoClient) -> Iterator[Observed]:
    accession, platform = check_series(accession_of(name)), platform_of(name, spec)
    path = find_matrix(accession, platform, client)
    family = f"{series_folder(accession)}/soft/{accession}_family.soft.gz"
    url = client.geo(path or family)
    role, verify = ("matrix", verify_series_matrix) if path else ("soft", verify_family)
    yield _observe_first(name, [url], role, verify, client)
    others: list[tuple[str, str, Verify, str | None]] = [
        (client.geo(family), "soft", verify_family, None),
        (counts_url(client, accession), "counts", verify_counts, counts_name(accession)),
    ]
    for other, kind, check, file_name in others:
        if other != url and client.cache.recorded(other, kind) is not None:  # where the values come from instead
            yield _observe_first(name, [other], kind, check, client, file_name)
    if platform:
        yield _observe_platform(platform, client)


def _observe_platform(platform: str, client: GeoClient) -> Observed:
    urls = _platform_urls(platform, client)
    recorded = [url for url in urls if client.cache.recorded(url, "platform") is not None]
    return _observe_first(platform, recorded or urls, "platform", _verify_platform(platform), client)


def _observe_first(
    name: str, urls: list[str], role: str, verify: Verify, client: GeoClient, file_name: str | None = None
) -> Observed:
    for url in urls:
        try:
            observed = client.observe(url, role)
        except NotServedError:
            continue
        if observed.validator:
            return observed
        fetched = client.fetch(url, role, verify, file_name or _file_name(url, name))
        return Observed(url, role, f"sha256={fetched.sha256}")
    raise SourceError(f"{name}: no {role} file at {' or '.join(urls)}")
