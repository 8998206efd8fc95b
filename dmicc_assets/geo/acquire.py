"""Downloads and verifies every file that a dataset needs.

`sources.py` lists these files; `dataset.py` reads them.
"""

from pathlib import Path

from dmicc_assets.geo.http.cache import SourceFile
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.sources import visit_files
from dmicc_assets.geo.wanted import Wanted
from dmicc_assets.study.schema import Dataset


def acquire(name: str, spec: Dataset, client: GeoClient, study_folder: Path) -> list[SourceFile]:
    """Download and verify every file that a dataset is read from.

    Args:
        name: the dataset's name in its study, for geo its accession or accession-platform.
        spec: its section of the study file.
        client: reads from GEO, the Xena hub or the disk.
        study_folder: folder to which the paths of a `file` dataset are relative.

    Returns:
        Files by role. An empty series matrix is included, because it led to the family SOFT file or the counts.

    Raises:
        SourceError: a file is missing, cannot be reached or fails its check; the message names the accession and the
            URL.
        DataError: the series has no expression table in any of its files, or is on another platform than the study
            names.
        RequestError: the study must say which platform.
    """
    files: list[SourceFile] = []

    def get(wanted: Wanted) -> SourceFile | None:
        found = wanted.first(lambda url: wanted.fetch(url, client))
        files.extend([] if found is None else [found])
        return found

    visit_files(name, spec, client, study_folder, get)
    return files
