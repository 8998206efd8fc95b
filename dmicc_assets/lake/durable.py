"""Files of the lake: durable writing under another name, checksums and schemas. `store.py` knows their paths."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

# Seconds; no file takes that long to write.
ABANDONED_AFTER = 3600.0
# Nanoseconds: a file system's clock goes in steps, so that what is written in the step of a look shows no later time.
CLOCK_STEP = 100_000_000


def write_beside(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a temporary path, make the file durable, and rename it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{get_ident()}.part")
    try:
        write(beside)
        with beside.open("rb") as handle:
            os.fsync(handle.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    digest = sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def parquet_schema(path: Path) -> "dict[str, pl.DataType] | None":
    """The schema of a Parquet file; None without a readable file."""
    import polars as pl

    try:
        with path.open("rb") as handle:
            return pl.read_parquet_schema(handle)
    except (OSError, pl.exceptions.PolarsError):
        return None


def delete_abandoned(root: Path) -> None:
    """Delete temporary files of killed processes below a folder."""
    for folder, _, names in os.walk(root):
        for left in (Path(folder, name) for name in names if name.startswith(".") and name.endswith(".part")):
            with suppress(FileNotFoundError):  # its writer has just renamed it
                if left.stat().st_mtime < time.time() - ABANDONED_AFTER:
                    left.unlink()


def names_in(folder: Path) -> list[str]:
    """Names of everything in a folder; none without one. No `Path` is made for each of a hundred thousand files."""
    try:
        return os.listdir(folder)  # noqa: PTH208
    except FileNotFoundError:
        return []
