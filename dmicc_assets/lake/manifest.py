"""Manifests: the origin of a partition, and differences between two origins. `store.py` reads and writes them."""

import json
import time
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from dmicc_assets.lake.durable import CLOCK_STEP


@dataclass(frozen=True, slots=True)
class Manifest:
    """Origin and identity of one partition of a table.

    Attributes:
        recipe: hash of code version, settings and the content of every input.
        content: hash of the rows (`content.content_hash`); rows that are written again keep the one they had.
        content_version: the way of hashing it (`content.CONTENT_VERSION`); 1 from a version that did not say.
        sha256: hash of the Parquet file's bytes.
        inputs: `[table, partition, content]` of every input.
        notes: the computation's notes (numbers, decisions, seeds).
        seconds: that its step took to compute it; 0 from a version that did not measure.
    """

    table: str
    partition: str
    recipe: str
    content: str
    sha256: str
    n_bytes: int
    n_rows: int
    code_version: str
    settings: Any
    inputs: list[list[str]]
    versions: dict[str, str]
    run_id: str
    written_at: str
    notes: dict[str, Any] = field(default_factory=dict[str, Any])
    seconds: float = 0.0
    content_version: int = 1


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file, which is read once while the file is the same; its dictionaries are not to be changed.

    Raises:
        OSError: there is no such file.
        ValueError, TypeError: it is damaged.
    """
    state = path.stat()
    if time.time_ns() - state.st_mtime_ns < CLOCK_STEP:
        return Manifest(**json.loads(path.read_text()))
    return _read(path, state.st_ino, state.st_size, state.st_mtime_ns)


@lru_cache(4096)
def _read(path: Path, *_: int) -> Manifest:
    return Manifest(**json.loads(path.read_text()))


@dataclass(frozen=True, slots=True)
class Origin:
    """Origin of a result, given to `Lake.write` and stored in the manifest."""

    recipe: str
    code_version: str
    settings: Any
    inputs: list[list[str]]
    versions: dict[str, str]
    run_id: str


def what_differs(old: Manifest, new: Origin) -> str:
    """Reason why a partition was computed again: the change of its recipe."""
    if reasons := differences(old, new):
        return "; ".join(reasons)
    return "versions of libraries changed" if old.versions != new.versions else "computed again"


def differences(old: Manifest, new: Origin) -> list[str]:
    """Changed parts of a partition's recipe: code, settings, inputs."""
    reasons = (
        [] if old.code_version == new.code_version else [f"code version {old.code_version} became {new.code_version}"]
    )
    if old.settings != new.settings:
        reasons.append("the study file changed")
    before = {(table, key): content for table, key, content in old.inputs}
    after = {(table, key): content for table, key, content in new.inputs}
    changed = [
        "what is served" if name[0] == "observed" else " of ".join(name)
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    if changed:
        reasons.append(f"{', '.join(changed)} changed")
    return reasons
