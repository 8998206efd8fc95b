"""An object store in memory, with strict compare-and-set, and machines that share a lake through it."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dmicc_assets.lake.published import PublishedLake
from dmicc_assets.lake.storage import Listed, LostRaceError


class MemoryStorage:
    """Objects by name; a version is counted, so that none comes twice."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, str, datetime]] = {}
        self.age = timedelta()  # how long ago what is written from now on was written
        self._lock = threading.Lock()
        self._n = 0

    def read(self, name: str) -> tuple[bytes, str] | None:
        found = self.objects.get(name)
        return None if found is None else found[:2]

    def download(self, name: str, to: Path) -> bool:
        found = self.objects.get(name)
        if found is not None:
            to.write_bytes(found[0])
        return found is not None

    def upload(self, name: str, content: bytes | Path) -> None:
        with self._lock:
            self._put(name, content if isinstance(content, bytes) else content.read_bytes())

    def swap(self, name: str, content: bytes, expected: str | None) -> str:
        with self._lock:
            found = self.objects.get(name)
            if (None if found is None else found[1]) != expected:
                raise LostRaceError(f"{name}: another process replaced it meanwhile")
            return self._put(name, content)

    def listing(self, prefix: str) -> dict[str, Listed]:
        with self._lock:
            found = {name: each for name, each in self.objects.items() if name.startswith(f"{prefix}/")}
        return {name: Listed(version, at) for name, (_, version, at) in found.items()}

    def folders(self) -> list[str]:
        return sorted({name.partition("/")[0] for name in self.objects})

    def delete(self, name: str) -> None:
        self.objects.pop(name, None)

    def _put(self, name: str, content: bytes) -> str:
        self._n += 1
        self.objects[name] = (content, f'"{self._n}"', datetime.now(UTC) - self.age)
        return f'"{self._n}"'


def machine(storage: MemoryStorage, home: Path) -> PublishedLake:
    """The lake as a machine with this home has it."""
    lake = PublishedLake(home / "lake", home / "locks", storage)
    lake.refresh()
    return lake
