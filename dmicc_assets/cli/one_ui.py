"""One `dmicc ui` a home, and who listens at a port: what is running already is named, and left alone."""

import fcntl
import os
from collections.abc import Collection, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from dmicc_assets.errors import DmiccError

_LISTENS = "0A"  # state of a socket in /proc/net/tcp


@contextmanager
def only_ui(locks: Path, addresses: str) -> Generator[None]:
    """Be the `dmicc ui` of a home: two would run the same schedules, and each ask for what is out of date.

    Args:
        locks: folder of the home's lock files.
        addresses: where this one answers.

    Raises:
        DmiccError: another one is running.
    """
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / "ui.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise DmiccError(
                f"dmicc ui is running on this home already: {file.read() or 'it is just beginning'}\n"
                "open it there, or end it by Ctrl-C in its terminal and begin again"
            ) from None
        file.truncate(0)
        file.write(f"{addresses} (process {os.getpid()})")
        file.flush()
        yield


def listener(port: int) -> str:
    """Who listens at a port of this machine, for people; "" where that cannot be seen."""
    sockets: set[str] = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path("/proc/net", table).read_text().splitlines()[1:]:
                cells = line.split()
                if cells[3] == _LISTENS and int(cells[1].rpartition(":")[2], 16) == port:
                    sockets.add(f"socket:[{cells[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # of another user, or ended meanwhile
            if any(_leads_to(opened, sockets) for opened in (process / "fd").iterdir()):
                return f"process {process.name} ({(process / 'comm').read_text().strip()})"
    return ""


def _leads_to(opened: Path, sockets: Collection[str]) -> bool:
    """Whether a descriptor of a process is one of these sockets; not if it was closed meanwhile."""
    with suppress(OSError):
        return str(opened.readlink()) in sockets
    return False
