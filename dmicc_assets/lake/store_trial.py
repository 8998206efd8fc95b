"""A trial of an object store's conditional writes: what must be refused is refused.

No object of the lake is touched.
"""

from contextlib import suppress
from uuid import uuid4

from dmicc_assets.errors import DataError
from dmicc_assets.lake.storage import LostRaceError, Storage


def try_store(storage: Storage) -> None:
    """Write one object of a new name by turns, and delete it.

    Raises:
        DataError: a write was done whose condition does not hold, or what was written is not read.
        SourceError: the store does not answer.
    """
    name = f"_trial/{uuid4().hex}"
    try:
        first = storage.swap(name, b"1", None)
        _is_refused(storage, name, None, "created an object that is there")
        second = storage.swap(name, b"2", first)
        _is_refused(storage, name, first, "replaced another version than the one named")
        if storage.read(name) != (b"2", second) or name not in storage.listing("_trial"):
            raise DataError("the object store: an object that was just written is not read or listed")
    finally:
        storage.delete(name)
    _is_refused(storage, name, second, "replaced an object that was deleted")


def _is_refused(storage: Storage, name: str, expected: str | None, what: str) -> None:
    with suppress(LostRaceError):
        storage.swap(name, b"3", expected)
        storage.delete(name)
        raise DataError(f"the object store {what}: it has no conditional writes, so that results would be lost")
