"""The files that a dataset is read from: their roles, URLs and checks.

Nothing is downloaded here: `acquire.py` downloads these files, `observe.py` watches them, `dataset.py` reads them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from dmicc_assets.errors import DataError, RequestError, SourceError
from dmicc_assets.geo.accession import (
    PLATFORM,
    check_platform,
    check_series,
    matrix_name,
    platform_folder,
    series_folder,
)
from dmicc_assets.geo.formats.counts import ANNOTATION, ASSEMBLY, verify_counts, verify_symbols
from dmicc_assets.geo.formats.gzip_stream import CHECK
from dmicc_assets.geo.formats.platform import needs_entrez, read_platform_table
from dmicc_assets.geo.formats.series_matrix import matrix_start, verify_series_matrix
from dmicc_assets.geo.formats.soft import family_platforms, verify_family
from dmicc_assets.geo.formats.tabular import read_sample_sheet, verify_matrix
from dmicc_assets.geo.http.client import GeoClient, Verify, local_path
from dmicc_assets.geo.http.policy import NotServedError
from dmicc_assets.geo.update_dates import is_platform_unrevised, is_series_unrevised
from dmicc_assets.study.schema import Dataset, accession_of, platform_of

_MATRIX_END = "_series_matrix.txt.gz"
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that a dataset is read from.

    Attributes:
        role: `matrix`, `soft`, `counts`, `platform`, `gene_ids` or `samples`.
        urls: possible URLs, preferred first.
        verify: raises SourceError when a file is damaged or of another format.
        query_name: its file name when the URL is a query without one.
        is_unrevised: tells whether acc.cgi's dates equal those of an earlier copy; None when acc.cgi has no dates for
            it.
    """

    role: str
    urls: Sequence[str]
    verify: Verify
    query_name: str | None = None
    is_unrevised: Callable[[Path], bool] | None = None

    def name_of(self, url: str) -> str | None:
        """File name for one of the URLs; None for the name in the URL."""
        return self.query_name if "?" in url else None


class Held(Protocol):
    """A served file whose content the list of files can depend on."""

    def look(self, read: Callable[[Iterator[bytes], str], _Read]) -> _Read:
        """Apply `read` to the decompressed content and the file's name; it need not read all of the content."""
        ...


Get = Callable[[Wanted], Held | None]


def visit_files(name: str, spec: Dataset, client: GeoClient, study_folder: Path, get: Get) -> None:
    """Call `get` for every file that a dataset is read from; the next file depends on the content of the last one.

    Args:
        name: the dataset's name in its study, for geo its accession or accession-platform.
        spec: what the study file says of it.
        client: reads listings from GEO, the hub or the disk.
        study_folder: what a `file` dataset's paths are relative to.
        get: downloads or observes a file; returns None when none of its URLs serves it.

    Raises:
        SourceError: the series or a file does not exist; the message names the accession and the URL.
        DataError: the served files are not sufficient for a dataset, or are of another platform than the study names.
        RequestError: the study must say which platform.
    """
    if spec.source == "geo":
        _visit_series(name, spec, client, get)
        return
    urls = partial(_urls_beside, spec, client, study_folder)
    _needed(name, Wanted("matrix", urls(spec.matrix or ""), verify_matrix), get)
    if spec.samples:
        _needed(name, Wanted("samples", urls(spec.samples), read_sample_sheet), get)
    if spec.platform:
        _visit_platform(spec.platform, None, client, get)


def choose_platform(name: str, platform: str | None, found: Sequence[str]) -> str:
    """The platform of the samples, which must be the one that the study names, if it names one.

    Args:
        name: the dataset's name.
        platform: the platform in the study file; None when it names none.
        found: the platforms that the series names.

    Raises:
        DataError: the series is on another platform than the study names, or no platform is known.
    """
    if platform and found and platform not in found:
        raise DataError(f"{name}: the study says {platform}, but the samples are on {', '.join(found)}")
    if platform is None and len(found) != 1:
        listed = f" ({', '.join(found)})" if found else ""
        raise DataError(f"{name}: the series names {len(found)} platforms{listed}: say which one with `platform:`")
    return check_platform(platform or found[0])


def matrix_names(accession: str, client: GeoClient) -> list[str]:
    """File names of a series' matrices, one for each platform; empty without any."""
    names = client.listing(client.geo(f"{series_folder(accession)}/matrix"))
    return [name for name in names if name.endswith(_MATRIX_END)]


def matrix_url(accession: str, name: str, client: GeoClient) -> str:
    """URL of the series matrix with this file name."""
    return client.geo(f"{series_folder(accession)}/matrix/{name}")


def family_url(accession: str, client: GeoClient) -> str:
    """URL of a series' family SOFT file, if it has one."""
    return client.geo(f"{series_folder(accession)}/soft/{accession}_family.soft.gz")


def _visit_series(name: str, spec: Dataset, client: GeoClient, get: Get) -> None:
    accession, platform = check_series(accession_of(name)), platform_of(name, spec)
    url = _find_matrix(accession, platform, client)
    if url is not None:
        wanted = Wanted("matrix", [url], verify_series_matrix, is_unrevised=_by_dates(accession, client))
        start = _needed(name, wanted, get).look(matrix_start)
        if start.has_rows:
            _visit_platform(choose_platform(name, platform, start.header.platforms), None, client, get)
            return
        if start.header.is_sequencing:  # an empty table is normal there (GSE118828)
            _visit_counts(name, accession, url, client, get)
            return
    family = get(
        Wanted("soft", [family_url(accession, client)], verify_family, is_unrevised=_by_dates(accession, client))
    )
    if family is None and url is None:
        raise SourceError(f"{accession}: neither a series matrix nor {family_url(accession, client)}")
    if family is None:
        raise DataError(f"{name}: its series matrix is empty, and there is no {family_url(accession, client)}")
    _visit_platform(choose_platform(name, platform, family.look(family_platforms)), family, client, get)


def _visit_platform(platform: str, family: Held | None, client: GeoClient, get: Get) -> None:
    """Visit the platform's table, unless a family SOFT file contains it, and NCBI's gene ids if it needs them."""

    def verify(path: Path) -> None:
        read_platform_table(path, platform)

    def is_unrevised(path: Path) -> bool:
        return is_platform_unrevised(path, platform, client)

    wanted = Wanted("platform", _platform_urls(platform, client), verify, f"{platform}.txt", is_unrevised)
    table = _needed(platform, wanted, get) if family is None else get(wanted) or family
    if table.look(partial(needs_entrez, accession=platform)):
        _needed(platform, _gene_ids(client), get)


def _visit_counts(name: str, accession: str, url: str, client: GeoClient, get: Get) -> None:
    """Visit NCBI's counts and their gene symbols, for a series whose matrix at the URL is empty."""
    file = f"{accession}_raw_counts_{ASSEMBLY}_NCBI.tsv.gz"
    wanted = Wanted("counts", [_counts_url(client, file, f"acc={accession}")], verify_counts, file)
    problem = f"{wanted.urls[0]}: not there"
    try:
        counts = get(wanted)
    except SourceError as error:
        if error.check != CHECK:
            raise
        counts, problem = None, str(error)  # an HTML page in place of a file also means that there is none
    if counts is None:
        raise DataError(
            f"{name}: no expression table: {url.rsplit('/', 1)[-1]} is empty and NCBI has no counts of it "
            f"({problem}); use `source: file` with a matrix from its supplementary files"
        )
    _needed(name, _gene_ids(client), get)


def _needed(name: str, wanted: Wanted, get: Get) -> Held:
    held = get(wanted)
    if held is None:
        raise NotServedError(f"{name}: no {wanted.role} file at {' or '.join(wanted.urls)}")
    return held


def _by_dates(accession: str, client: GeoClient) -> Callable[[Path], bool]:
    return lambda path: is_series_unrevised(path, accession, client)


def _find_matrix(accession: str, platform: str | None, client: GeoClient) -> str | None:
    """URL of a series' matrix; None when the series has none.

    Raises:
        SourceError: no such series, or no matrix of this platform.
        RequestError: several platforms and none chosen.
    """
    names = matrix_names(accession, client)
    folder = client.geo(series_folder(accession))
    if not names:
        if not client.listing(folder):
            raise SourceError(f"{accession}: no such series at {folder}/")
        return None
    for name in (matrix_name(accession, platform), matrix_name(accession)):
        if name in names:
            return matrix_url(accession, name, client)
    platforms = sorted(name.removeprefix(f"{accession}-").removesuffix(_MATRIX_END) for name in names)
    if platform:
        raise SourceError(
            f"{accession}: no matrix of {platform} at {folder}/matrix/ (there are {', '.join(platforms)})"
        )
    if len(names) == 1 and PLATFORM.fullmatch(platforms[0]):
        return matrix_url(accession, names[0], client)
    choices = " or ".join(f"{accession}-{each}" for each in platforms)
    raise RequestError(f"{accession} is on several platforms: name the dataset {choices}")


def _platform_urls(platform: str, client: GeoClient) -> list[str]:
    """Possible URLs of a platform's table: NCBI's annotation, the submitter's SOFT, acc.cgi."""
    folder = platform_folder(platform)
    urls = [client.geo(f"{folder}/annot/{platform}.annot.gz"), client.geo(f"{folder}/soft/{platform}.soft.gz")]
    # Not `_family.soft.gz`: it holds every sample ever made on the platform (GPL570: gigabytes).
    return urls if client.is_offline else [*urls, f"{client.acc_url}?acc={platform}&targ=self&form=text&view=full"]


def _gene_ids(client: GeoClient) -> Wanted:
    """The genes of NCBI's counts: Entrez id and symbol."""
    return Wanted("gene_ids", [_counts_url(client, ANNOTATION)], verify_symbols, ANNOTATION)


def _counts_url(client: GeoClient, file: str, *query: str) -> str:
    """Where NCBI serves a file of its RNA-seq counts; a mirror on disk has them in `rnaseq_counts/`."""
    if local_path(client.download_url) is not None:
        return f"{client.download_url}/{file}"
    return f"{client.download_url}?{'&'.join(['type=rnaseq_counts', *query, 'format=file', f'file={file}'])}"


def _urls_beside(spec: Dataset, client: GeoClient, study_folder: Path, name: str) -> list[str]:
    """URLs of a name in the study file: below the hub (compressed or not), or relative to the study file."""
    if spec.source == "file":
        return [(study_folder / name).resolve().as_uri()]
    if ".." in Path(name).parts:
        raise RequestError(f"{name!r}: expected a name below the hub")
    url = f"{client.xena_url}/{name}"
    return [url] if name.endswith(".gz") else [f"{url}.gz", url]
