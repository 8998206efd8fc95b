"""Where the files of a dataset are served: GEO's tree, a Xena hub, a mirror, the disk.

URLs only: getting the files is in `acquire.py`, asking whether they changed in `observe.py`.
"""

from pathlib import Path

from dmicc_assets.errors import RequestError, SourceError
from dmicc_assets.geo.accession import PLATFORM, matrix_name, platform_folder, series_folder
from dmicc_assets.geo.formats.platform import read_platform_table
from dmicc_assets.geo.http.client import GeoClient, Verify
from dmicc_assets.study.schema import Dataset

_MATRIX_END = "_series_matrix.txt.gz"


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


def family_url(accession: str, client: GeoClient) -> str:
    """Where a series' family SOFT file is, if it has one."""
    return client.geo(f"{series_folder(accession)}/soft/{accession}_family.soft.gz")


def platform_urls(platform: str, client: GeoClient) -> list[str]:
    """Where a platform's table may be, best first: NCBI's annotation, the submitter's SOFT, acc.cgi."""
    folder = platform_folder(platform)
    urls = [client.geo(f"{folder}/annot/{platform}.annot.gz"), client.geo(f"{folder}/soft/{platform}.soft.gz")]
    # Not `_family.soft.gz`: it holds every sample ever made on the platform (GPL570: gigabytes).
    return urls if client.is_offline else [*urls, f"{client.acc_url}?acc={platform}&targ=self&form=text&view=full"]


def verify_platform(platform: str) -> Verify:
    """The check that a file holds this platform's table, whole."""
    return lambda path: read_platform_table(path, platform)


def matrix_urls(spec: Dataset, client: GeoClient, study_folder: Path) -> list[str]:
    """Where the matrix of a `xena` or `file` dataset is."""
    return urls_beside(spec, spec.matrix or "", client, study_folder)


def urls_beside(spec: Dataset, name: str, client: GeoClient, study_folder: Path) -> list[str]:
    """Where a name in the study file leads: below the hub (compressed or not), or beside the study file."""
    if spec.source == "file":
        return [(study_folder / name).resolve().as_uri()]
    if ".." in Path(name).parts:
        raise RequestError(f"{name!r}: expected a name below the hub")
    url = f"{client.xena_url}/{name}"
    return [url] if name.endswith(".gz") else [f"{url}.gz", url]


def file_name(url: str, name: str) -> str | None:
    """What to call a file whose URL is a query; None for the URL's own name."""
    return f"{name}.txt" if "?" in url else None
