"""Where the warehouse file is: in the home, or, if that cannot be written, in the reader's own cache.

A colleague's home is read in this way, and a home on a read-only disk. `build.py` builds the file.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from dmicc_assets.errors import RequestError
from dmicc_assets.lake.store import Lake
from dmicc_assets.study.settings import Settings, is_writable


@dataclass(frozen=True, slots=True)
class Place:
    """Place of the warehouse file.

    Attributes:
        path: the file.
        empties: a lake without rows, of which the views take the empty tables; None if those of the lake itself are
            kept up to date.
    """

    path: Path
    empties: Lake | None = None


def place_of(settings: Settings) -> Place:
    """The place of the warehouse of a home.

    Raises:
        RequestError: neither the home nor the reader's cache can be written.
    """
    if all(is_writable(folder) or not folder.exists() for folder in (settings.home, settings.lake, settings.locks)):
        return Place(settings.warehouse)
    folder = cache_of(settings)
    return Place(folder / settings.warehouse.name, Lake(folder / "lake", folder / "locks"))


def cache_of(settings: Settings) -> Path:
    """A folder of the reader's own, for a home that cannot be written; other users cannot read it.

    Raises:
        RequestError: it cannot be made.
    """
    folder = settings.reader_cache / sha256(str(settings.home).encode()).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise RequestError(
            f"{settings.home} and {folder} cannot be written ({error.strerror}): set XDG_CACHE_HOME to another folder"
        ) from None
    return folder
