"""Memory that this machine or container has left, and what a step may take. An estimate; nothing is limited here."""

import os
from contextlib import suppress
from pathlib import Path

from dmicc_assets.lake.currency import inputs_read
from dmicc_assets.lake.steps import StepContext

# A worker with all libraries, and a row of a table with its copies while a step works on it.
_PROCESS, _ROW = 400_000_000, 64
_CONTAINER = Path("/sys/fs/cgroup")


def needed_memory(context: StepContext) -> int:
    """Bytes that a step may take: a process with all libraries, and 64 bytes for each row of its inputs."""
    made = (context.lake.manifest(table, key) for table, key in inputs_read(context))
    return _PROCESS + _ROW * sum(each.n_rows for each in made if each)


def free_memory() -> int:
    """Bytes that can be used without swapping: of the machine, or of the container if that has less.

    Where the system does not say what is free, half of the machine's memory.
    """
    return min(_of_machine(), _of_container())


def _of_machine() -> int:
    with suppress(OSError, ValueError, KeyError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return int(dict(line.split(":", 1) for line in lines)["MemAvailable"].split()[0]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _of_container() -> int:
    """What is left below the limit of a control group; files that are only cached count as free."""
    with suppress(OSError, ValueError, KeyError):
        limit, used = (int((_CONTAINER / name).read_text()) for name in ("memory.max", "memory.current"))
        lines = (_CONTAINER / "memory.stat").read_text().splitlines()
        return limit - used + int(dict(line.split() for line in lines)["inactive_file"])
    return 1 << 62
