"""The verified files of a dataset as rows of `source.files`, and back; lost files are downloaded again.

`sources.py` lists the files of a dataset.
"""

from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

import polars as pl

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.acquire import acquire
from dmicc_assets.geo.http.cache import FileCache, SourceFile
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.study.schema import Dataset
from dmicc_assets.tables import TABLES


def source_files_table(files: Sequence[SourceFile]) -> pl.DataFrame:
    """One row for each file, with the columns of `source.files`."""
    return TABLES["source/files"].frame(
        [
            {
                "role": file.role,
                "file": file.path.name,
                "sha256": file.sha256,
                "n_bytes": file.n_bytes,
                "source_url": file.url,
                "last_modified": file.last_modified,
                "etag": file.etag,
                "retrieved_at": file.retrieved_at.astimezone(UTC),
            }
            for file in files
        ]
    )


def source_files(table: pl.DataFrame, cache: FileCache) -> list[SourceFile]:
    """The files of these rows as downloaded; since then they may have been deleted or damaged."""
    return [
        SourceFile(
            row["role"],
            row["source_url"],
            cache.path_of(row["sha256"], row["file"]),
            row["sha256"],
            row["n_bytes"],
            row["last_modified"],
            row["etag"],
            row["retrieved_at"],
        )
        for row in table.iter_rows(named=True)
    ]


def whole_files(
    table: pl.DataFrame, name: str, spec: Dataset, client: GeoClient, study_folder: Path
) -> list[SourceFile]:
    """The files of these rows, verified; missing or damaged ones are downloaded again.

    Args:
        table: rows of `source.files` of one dataset.
        name: the dataset's name in its study.
        spec: its section of the study file.
        client: reads from GEO, the Xena hub or the disk.
        study_folder: folder to which the paths of a `file` dataset are relative.

    Raises:
        SourceError: a file cannot be downloaded again, or its source now serves another version.
    """
    files = source_files(table, client.cache)
    lost = [file for file in files if not client.cache.is_whole(file)]
    if not lost:
        return files
    what = f"{name}: {', '.join(file.path.name for file in lost)} is missing or damaged in {client.cache.folder}"
    try:
        acquire(name, spec, client, study_folder)
    except SourceError as error:
        raise SourceError(f"{what} and cannot be downloaded again ({error})") from None
    if not all(client.cache.is_whole(file) for file in lost):
        raise SourceError(
            f"{what}, and the source now serves another version: `dmicc run STUDY --only source --force` takes that one"
        )
    return files
