"""A trial of locks on a shared folder: processes of any number of machines count in one file, each under a lock.

A lock that does not hold loses counts. The trial writes beside the locks, never into the lake.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from dmicc_assets.lake.durable import write_beside
from dmicc_assets.lake.locks import hold_study

FOLDER = "trial"
_STALE = 120.0  # seconds after which the tallies of another trial are deleted
_PATIENCE = 30.0  # seconds to wait for the tallies of the others


@dataclass(frozen=True, slots=True)
class Tally:
    """What one process counted.

    Attributes:
        host: its machine.
        studies: how often it counted under the lock of a study (flock, shared or exclusive).
        partitions: under the lock of a partition (filelock).
    """

    host: str
    studies: int
    partitions: int


@dataclass(frozen=True, slots=True)
class Trial:
    """The outcome.

    Attributes:
        hosts: the machines that took part.
        n_processes: how many processes did.
        lost: counts that are lacking, by kind of lock; none where the locks hold.
    """

    hosts: Sequence[str]
    n_processes: int
    lost: dict[str, int]


def try_locks(locks: Path, seconds: float, n_processes: int = 2) -> Trial:
    """Count in processes of this machine, and of every other that does so at the same time.

    Args:
        locks: the folder of locks of a home, shared by the machines.
        seconds: how long each process counts.
        n_processes: processes of this machine.
    """
    folder = locks / FOLDER
    _clear(folder)
    command = [sys.executable, "-P", "-m", "dmicc_assets.lake.lock_trial", str(locks), str(seconds)]
    children = [subprocess.Popen(command) for _ in range(n_processes)]
    for child in children:
        child.wait()
    ends = time.monotonic() + _PATIENCE
    while list(folder.glob("*.going")) and time.monotonic() < ends:
        time.sleep(0.1)
    tallies = [Tally(**json.loads(path.read_text())) for path in folder.glob("*.json")]
    lost = {kind: sum(getattr(each, kind) for each in tallies) - _read(folder / kind) for kind in _KINDS}
    return Trial(sorted({each.host for each in tallies}), len(tallies), lost)


def _clear(folder: Path) -> None:
    """Delete what an earlier trial left, but not what others of this one began just now."""
    there = list(folder.glob("*")) if folder.is_dir() else []
    if there and all(path.stat().st_mtime < time.time() - _STALE for path in there):
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def _count(locks: Path, seconds: float) -> None:
    """One process: add to both counters by turns, each under its lock."""
    folder, name = locks / FOLDER, f"{socket.gethostname()}.{os.getpid()}"
    going, counted = folder / f"{name}.going", dict.fromkeys(_KINDS, 0)
    going.touch()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for kind, lock in _KINDS.items():
            with lock(locks):
                counter = folder / kind
                before = _read(counter)
                time.sleep(0.002)  # in which another process could read the same
                write_beside(counter, lambda beside, text=str(before + 1): beside.write_text(text))
            counted[kind] += 1
    tally = json.dumps(asdict(Tally(socket.gethostname(), counted["studies"], counted["partitions"])))
    write_beside(folder / f"{name}.json", lambda beside: beside.write_text(tally))
    going.unlink()


def _of_study(locks: Path) -> AbstractContextManager[None]:
    return hold_study(locks, "trial")


def _of_partition(locks: Path) -> AbstractContextManager[object]:
    return FileLock(locks / "trial.lock")


_KINDS: dict[str, Callable[[Path], AbstractContextManager[object]]] = {
    "studies": _of_study,
    "partitions": _of_partition,
}


def _read(counter: Path) -> int:
    try:
        return int(counter.read_text())
    except FileNotFoundError:
        return 0


if __name__ == "__main__":
    _count(Path(sys.argv[1]), float(sys.argv[2]))
