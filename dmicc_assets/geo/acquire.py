"""Getting every file of a dataset's plan: verified, among the downloads.

Which files these are is said in `sources.py`, what stands in them is read by `dataset.py`.
"""

from pathlib import Path

from dmicc_assets.geo.http.cache import SourceFile
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.http.policy import NotServedError
from dmicc_assets.geo.sources import Wanted, visit_files
from dmicc_assets.study.schema import Dataset


def acquire(name: str, spec: Dataset, client: GeoClient, study_folder: Path) -> list[SourceFile]:
    """Get every file that a dataset is read from, verified, into the downloads.

    Args:
        name: the dataset's name in its study, for geo its accession or accession-platform.
        spec: what the study file says of it.
        client: the way to GEO, the hub or the disk.
        study_folder: what a `file` dataset's paths are relative to.

    Returns:
        Files by role. An empty series matrix is among them, since it led to the family SOFT file or the counts.

    Raises:
        SourceError: a file is missing, unreachable or not what it must be; names the accession and the URL.
        DataError: the series has no expression table anywhere, or is on another platform.
        RequestError: the study must say which platform.
    """
    files: list[SourceFile] = []

    def get(wanted: Wanted) -> SourceFile | None:
        for url in wanted.urls:
            try:
                files.append(client.fetch(url, wanted.role, wanted.verify, wanted.name_of(url)))
            except NotServedError:
                continue
            return files[-1]
        return None

    visit_files(name, spec, client, study_folder, get)
    return files
