"""A `Storage` on S3 and what speaks its protocol, with conditional writes (If-Match, If-None-Match), by obstore.

Address and credentials are those of the AWS_ variables, as obstore reads them. No layout of the lake is here.
"""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from dmicc_assets.errors import RequestError, SourceError
from dmicc_assets.lake.storage import Listed, LostRaceError, Storage

_BLOCK = 1 << 20
_used_in: dict[str, int] = {}  # the process whose threads obstore has; a fork has none, and would wait for ever


class ObjectStorage:
    """Objects below a prefix of a bucket.

    Args:
        store: obstore's.
        url: of it, for messages.
    """

    def __init__(self, store: Any, url: str) -> None:
        self._store, self._url = store, url
        self._obstore: Any = import_module("obstore")
        self._exceptions: Any = import_module("obstore.exceptions")

    def read(self, name: str) -> tuple[bytes, str] | None:
        """Content and version of an object; None when there is none."""
        with self._answering(name):
            try:
                found = self._obstore.get(self._store, name)
                return bytes(found.bytes()), _version(found.meta)
            except (FileNotFoundError, self._exceptions.NotFoundError):
                return None

    def download(self, name: str, to: Path) -> bool:
        """Write an object's content to a file; False when there is no such object."""
        with self._answering(name):
            try:
                found = self._obstore.get(self._store, name)
                with to.open("wb") as file:
                    for block in found.stream(min_chunk_size=_BLOCK):
                        file.write(block)
                return True
            except (FileNotFoundError, self._exceptions.NotFoundError):
                return False

    def upload(self, name: str, content: bytes | Path) -> None:
        """Write an object, whatever was there."""
        with self._answering(name):
            self._obstore.put(self._store, name, content)

    def swap(self, name: str, content: bytes, expected: str | None) -> str:
        """Replace an object of an expected version, or create it; returns the new version.

        Raises:
            LostRaceError: the object has another version, or exists, or is gone.
        """
        mode = "create" if expected is None else {"e_tag": expected}
        with self._answering(name):
            try:
                return _version(self._obstore.put(self._store, name, content, mode=mode, use_multipart=False))
            except (
                FileExistsError,
                FileNotFoundError,
                self._exceptions.AlreadyExistsError,
                self._exceptions.PreconditionError,
                self._exceptions.NotFoundError,
            ):
                raise LostRaceError(f"{self._url}/{name}: another process replaced it meanwhile") from None

    def listing(self, prefix: str) -> Mapping[str, Listed]:
        """Every object whose name begins with a folder's name and `/`."""
        with self._answering(prefix):
            pages = self._obstore.list(self._store, prefix=f"{prefix}/")
            return {each["path"]: Listed(_version(each), each["last_modified"]) for page in pages for each in page}

    def folders(self) -> list[str]:
        """Names of the outermost folders."""
        with self._answering(""):
            found = self._obstore.list_with_delimiter(self._store)["common_prefixes"]
            return sorted(each.rstrip("/") for each in found)

    def delete(self, name: str) -> None:
        """Delete an object; nothing when there is none."""
        with self._answering(name):
            try:
                self._obstore.delete(self._store, name)
            except (FileNotFoundError, self._exceptions.NotFoundError):
                return

    @contextmanager
    def _answering(self, name: str) -> Generator[None]:
        """Say which object the store refused, in one line."""
        if _used_in.setdefault("process", os.getpid()) != os.getpid():
            raise SourceError(
                f"{self._url}: this process was forked from one that used the object store, whose threads it lacks; "
                "start it by spawn or forkserver"
            )
        try:
            yield
        except self._exceptions.BaseError as error:
            what = str(error).strip().partition("\n")[0]
            raise SourceError(
                f"{self._url}/{name}: the object store does not answer as expected ({what}); check DMICC_LAKE_URL, the "
                "AWS_ variables, and that the store has conditional writes"
            ) from None


@cache
def open_storage(url: str) -> Storage:
    """The storage of an address `s3://bucket/prefix`, one for each process.

    Raises:
        RequestError: obstore is not installed, or the address is wrong.
    """
    try:  # obstore is in an extra, so that its types are not known here
        stores: Any = import_module("obstore.store")
        exceptions: Any = import_module("obstore.exceptions")
    except ImportError:
        raise RequestError(
            "DMICC_LAKE_URL: a lake on an object store needs the extra: pip install 'dmicc_assets[cluster]'"
        ) from None
    try:
        # a store on plain HTTP, such as MinIO in a private network, is named by AWS_ENDPOINT_URL
        return ObjectStorage(stores.S3Store.from_url(url, client_options={"allow_http": True}), url)
    except exceptions.BaseError as error:
        raise RequestError(f"DMICC_LAKE_URL: {url}: {str(error).strip().splitlines()[0]}") from None


def _version(answer: Mapping[str, Any]) -> str:
    """The ETag of an answer; a store without ETags has no compare-and-set."""
    found = answer["e_tag"]
    if not found:
        raise SourceError("DMICC_LAKE_URL: the object store sends no ETag, so that nothing can be replaced safely")
    return str(found)
