"""What the lake needs of an object store: whole objects, immutable ones, and swaps by compare-and-set.

`object_store.py` is one over S3; which objects there are is `published.py`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from dmicc_assets.errors import DataError


class LostRaceError(DataError):
    """Another process replaced an object since its version was read."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An object in a listing.

    Attributes:
        version: changes when the object does (its ETag).
        modified_at: by the store's clock.
    """

    version: str
    modified_at: datetime


class Storage(Protocol):
    """Objects by name; `/` in a name makes folders. Every method sees what was written before (strong consistency).

    Methods raise a SourceError when the store does not answer, or refuses.
    """

    def read(self, name: str) -> tuple[bytes, str] | None:
        """Content and version of an object; None when there is none."""
        ...

    def download(self, name: str, to: Path) -> bool:
        """Write an object's content to a file; False when there is no such object."""
        ...

    def upload(self, name: str, content: bytes | Path) -> None:
        """Write an object, whatever was there."""
        ...

    def swap(self, name: str, content: bytes, expected: str | None) -> str:
        """Replace an object of an expected version, or create it; returns the new version.

        Args:
            name: of the object.
            content: its new content.
            expected: the version to replace; None to create it.

        Raises:
            LostRaceError: the object has another version, or exists, or is gone.
        """
        ...

    def listing(self, prefix: str) -> Mapping[str, Listed]:
        """Every object whose name begins with a folder's name and `/`."""
        ...

    def folders(self) -> list[str]:
        """Names of the outermost folders."""
        ...

    def delete(self, name: str) -> None:
        """Delete an object; nothing when there is none."""
        ...
