"""Which files a dataset needs, and getting them: verified, through the client's cache.

Where they are served is in `locate.py`, what stands in them is read by `dataset.py`.
"""

from pathlib import Path

from dmicc_assets.errors import DataError, SourceError
from dmicc_assets.geo.accession import check_platform, check_series
from dmicc_assets.geo.formats.counts import (
    ANNOTATION,
    annotation_url,
    counts_name,
    counts_url,
    verify_counts,
    verify_symbols,
)
from dmicc_assets.geo.formats.gzip_stream import CHECK
from dmicc_assets.geo.formats.platform import needs_entrez, read_platform_table
from dmicc_assets.geo.formats.series_header import SeriesHeader
from dmicc_assets.geo.formats.series_matrix import read_header, verify_series_matrix
from dmicc_assets.geo.formats.soft import read_family, verify_family
from dmicc_assets.geo.formats.tabular import read_sample_sheet, verify_matrix
from dmicc_assets.geo.http.cache import SourceFile
from dmicc_assets.geo.http.client import GeoClient, Verify
from dmicc_assets.geo.http.policy import NotServedError
from dmicc_assets.geo.locate import (
    family_url,
    file_name,
    find_matrix,
    matrix_urls,
    platform_urls,
    urls_beside,
    verify_platform,
)
from dmicc_assets.study.schema import Dataset, accession_of, platform_of


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
    files = [_first_served(name, matrix_urls(spec, client, study_folder), "matrix", verify_matrix, client)]
    if spec.samples:
        url = urls_beside(spec, spec.samples, client, study_folder)
        files.append(_first_served(name, url, "samples", read_sample_sheet, client))
    if spec.platform:
        files += acquire_platform(spec.platform, client)
    return files


def acquire_platform(platform: str, client: GeoClient) -> list[SourceFile]:
    """A platform's table, and NCBI's gene ids where the table names genes only by those.

    Raises:
        SourceError: served nowhere; names the platform and the URLs.
    """
    check = verify_platform(platform)
    files = [_first_served(platform, platform_urls(platform, client), "platform", check, client)]
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
    url = family_url(accession, client)
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


def _first_served(name: str, urls: list[str], role: str, verify: Verify, client: GeoClient) -> SourceFile:
    for url in urls:
        try:
            return client.fetch(url, role, verify, file_name(url, name))
        except NotServedError:
            continue
    raise NotServedError(f"{name}: no {role} file at {' or '.join(urls)}")
