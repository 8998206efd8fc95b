"""The lock of a study: held by one `dmicc run`, `forget` or retirement, or shared by any number of runs of the UI.

`Lake.lock` locks single partitions. `filelock` has no shared locks; both use flock.
"""

import fcntl
import json
import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.advisory_locks import AdvisoryLocks

_held: set[Path] = set()  # locks that this process or its parent holds exclusively


@contextmanager
def hold_study(
    folder: Path,
    study: str,
    *,
    is_shared: bool = False,
    waits: bool = True,
    report_waiting: Callable[[str], None] = lambda _: None,
    across: AdvisoryLocks | None = None,
) -> Generator[None]:
    """Hold the lock of a study, for all processes of the machine, and of all machines that share locks.

    The steps of a process that holds it exclusively share it without waiting.

    Args:
        folder: folder of the lock files.
        study: the study.
        is_shared: whether others may share it at the same time.
        waits: whether to wait until it is free.
        report_waiting: called before waiting with a line that names the holder.
        across: the locks that machines share, if they do.

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
            text = f"another run of {study} is in progress ({_who(holder)})"
            if not waits:
                raise DmiccError(f"{text}; wait for it, or leave out --no-wait") from None
            report_waiting(f"{text}; waiting for it to end")
            signal.siginterrupt(signal.SIGINT, True)  # polars has Ctrl-C begin the wait again
            fcntl.flock(file, kind)
        on_all = nullcontext()
        if across is not None:
            on_all = across.hold(f"study {study}", is_shared=is_shared, waits=waits, report_waiting=report_waiting)
        with on_all, nullcontext() if is_shared else _as_holder(path, holder):
            yield


def holder(folder: Path, study: str) -> str | None:
    """Who holds the lock of a study, exclusively or shared; None when it is free."""
    path = folder / f"run.{study}.lock"
    if not path.exists():
        return None
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _who(folder / f"run.{study}.json")
    return None


@contextmanager
def _as_holder(path: Path, holder: Path) -> Generator[None]:
    """Record the holder while the lock is held exclusively, for messages of waiting processes."""
    _held.add(path)
    try:
        holder.write_text(json.dumps({"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}))
        yield
    finally:
        holder.unlink(missing_ok=True)
        _held.discard(path)


def _who(holder: Path) -> str:
    """Description of the holder of a lock: a process, or runs of the UI that share it."""
    try:
        who = json.loads(holder.read_text())
    except (OSError, ValueError):
        return "in the Dagster UI"
    return f"process {who['pid']}, since {who['since']}"
