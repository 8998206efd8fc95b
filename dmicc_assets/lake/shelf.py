"""The folder of an object store in which machines share downloads: verified files by content, and a record a URL.

What is downloaded, and when it is whole, is said in `geo/http/cache.py`.
"""

from pathlib import Path

from dmicc_assets.lake.object_store import open_storage
from dmicc_assets.lake.storage import Storage
from dmicc_assets.study.settings import Settings

FOLDER = "_downloads"  # no study's name begins so


class DownloadShelf:
    """Downloads in an object store."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def bring(self, name: str, to: Path) -> bool:
        """Copy a file here; False when no machine gave it."""
        return self._storage.download(f"{FOLDER}/{name}", to)

    def give(self, name: str, path: Path) -> None:
        """Give a file to all machines."""
        self._storage.upload(f"{FOLDER}/{name}", path)


def shelf_of(settings: Settings) -> DownloadShelf | None:
    """The shelf beside the lake of these settings; None when the lake is a folder.

    Raises:
        RequestError: the object store cannot be used.
    """
    return None if settings.lake_url is None else DownloadShelf(open_storage(settings.lake_url))
