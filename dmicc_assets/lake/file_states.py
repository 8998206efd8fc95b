"""States of files: by them something that was kept is known to be of what is there now.

A program can set the time of a change back, but not the time of a change of state (ctime), nor can it choose an inode.
"""

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from dmicc_assets.lake.durable import CLOCK_STEP

# Inode, size, time of the last change, and time of the last change of state; empty where nothing is.
State = list[int]


def states_of(paths: Iterable[Path]) -> dict[str, State]:
    """State of each file or folder; of a folder it changes with the names in it."""
    return {str(path): _state(str(path)) for path in sorted(set(paths))}


def states_below(folder: Path, but: Collection[Path] = ()) -> dict[str, State]:
    """State of each file in a folder and the folders in it; those to leave out are not entered."""
    found: dict[str, State] = {}
    left_out = {str(each) for each in but}
    for at, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if f"{at}/{name}" not in left_out]
        found |= {f"{at}/{name}": _state(f"{at}/{name}") for name in sorted(names)}
    return found


def is_settled(states: Mapping[str, State], since: int) -> bool:
    """Whether all changed before a time, in nanoseconds, and not in the same step of the file system's clock."""
    return all(state[-1] < since - CLOCK_STEP for state in states.values() if state)


def _state(path: str) -> State:
    try:
        found = os.stat(path)  # noqa: PTH116 - hundreds of files: no Path for each
    except OSError:
        return []
    return [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
