"""The verified files of a dataset as rows of `source.files`, and back."""

from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from urllib.parse import unquote, urlsplit

import polars as pl

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.gzip_stream import CHECK
from dmicc_assets.geo.http.cache import FileCache, SourceFile, sha256_of
from dmicc_assets.tables import TABLES


def source_files_table(files: Sequence[SourceFile]) -> pl.DataFrame:
    """One row a file, the columns of `source.files`."""
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


def source_files(table: pl.DataFrame, cache: Path) -> list[SourceFile]:
    """The files of these rows, in the cache.

    Raises:
        SourceError: a file is no longer in the cache, or no longer what was downloaded.
    """
    found: list[SourceFile] = []
    for row in table.iter_rows(named=True):
        path = FileCache(cache).path_of(row["sha256"], row["file"])
        if not path.is_file() or sha256_of(path) != row["sha256"]:
            name = unquote(urlsplit(str(row["source_url"])).path).rsplit("/", 1)[-1]
            what = "is damaged in" if path.is_file() else "is no longer in"
            again = "`dmicc run STUDY --only source --force` fetches it again"
            raise SourceError(f"{name}: {what} the cache {cache}; {again}", check=CHECK)
        found.append(
            SourceFile(
                row["role"],
                row["source_url"],
                path,
                row["sha256"],
                row["n_bytes"],
                row["last_modified"],
                row["etag"],
                row["retrieved_at"],
            )
        )
    return found
