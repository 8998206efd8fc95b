"""The lock of a study: one `dmicc run`, `forget` or retiring at a time, or any number of runs of the UI.

Locks of single partitions are the lake's own (`Lake.lock`). `filelock` has no shared locks; both use flock.
"""

import fcntl
import json
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dmicc_assets.errors import DmiccError

_held: set[Path] = set()  # locks that this process, or the one that it was forked from, holds exclusively


@contextmanager
def hold_study(
    folder: Path,
    study: str,
    *,
    is_shared: bool = False,
    waits: bool = True,
    report_waiting: Callable[[str], None] = lambda _: None,
) -> Generator[None]:
    """Hold the lock of a study, for all processes of the machine.

    A process that holds it exclusively hands it to its own steps: they share it without asking.

    Args:
        folder: of the lock files.
        study: the study.
        is_shared: whether others may share it at the same time.
        waits: whether to wait for who holds it.
        report_waiting: told in a line who holds it, before waiting.

    Raises:
        DmiccError: another holds it, and `waits` is not set.
    """
    path, holder = folder / f"run.{study}.lock", folder / f"run.{study}.json"
    if is_shared and path in _held:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            text = f"another run of {study} goes on ({_who(holder)})"
            if not waits:
                raise DmiccError(f"{text}; wait for it, or leave out --no-wait") from None
            report_waiting(f"{text}; waiting for it to end")
            fcntl.flock(file, kind)
        if is_shared:
            yield
        else:
            with _as_holder(path, holder):
                yield


@contextmanager
def _as_holder(path: Path, holder: Path) -> Generator[None]:
    """Say for whom others wait, while the lock is held exclusively."""
    _held.add(path)
    try:
        holder.write_text(json.dumps({"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}))
        yield
    finally:
        holder.unlink(missing_ok=True)
        _held.discard(path)


def _who(holder: Path) -> str:
    """Who holds a lock exclusively; those who share it are runs of the UI."""
    try:
        who = json.loads(holder.read_text())
    except (OSError, ValueError):
        return "in the Dagster UI"
    return f"process {who['pid']}, since {who['since']}"
