"""What was found in each partition of a table, kept between processes: a partition is looked at again when it changed.

Times and sizes of all files of a table are read in one go. `contents.py` and the warehouse say what is looked for.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dmicc_assets.lake.durable import CLOCK_STEP, write_beside
from dmicc_assets.lake.store import EMPTY, Lake

Found = dict[str, Any]


def looked_at(
    lake: Lake, table: str, what: str, look: Callable[[str], Any], *, is_quick: bool = False, of_rows: bool = False
) -> Found:
    """What is found in each partition of a table that has rows (of a published lake: that has a manifest).

    Args:
        lake: the Parquet store.
        table: the table.
        what: names what is looked for; another version of this package looks again.
        look: finds it in a partition, as JSON holds it.
        is_quick: whether files are looked at only if one was written or deleted: a file that was changed in its place
            is then not seen.
        of_rows: whether it depends on the file of rows alone, so that manifests are not looked for.
    """
    path = lake.kept_path(what, table.replace("/", "."))
    kept, folder = _kept(path), _changed_at(lake, table)
    if is_quick and kept["folder"] == folder and folder:
        return {key: found for key, (_, found) in kept["found"].items()}
    if time.time_ns() - folder < CLOCK_STEP:
        folder = 0
    there, before = _signatures(lake, table, of_rows=of_rows), kept["found"]
    now = {
        key: before[key] if key in before and before[key][0] == state else [state, look(key)]
        for key, state in there.items()
    }
    if now != before or kept["folder"] != folder:
        _keep(path, {"folder": folder, "found": now})
    return {key: found for key, (_, found) in now.items()}


def _changed_at(lake: Lake, table: str) -> int:
    """When a file of the table was last written or deleted, in nanoseconds; 0 without a folder."""
    try:
        return lake.path(table, "any").parent.stat().st_mtime_ns
    except OSError:
        return 0


def _signatures(lake: Lake, table: str, *, of_rows: bool) -> dict[str, list[int]]:
    """Inode, size and time of the files of each partition."""
    found: dict[str, dict[str, list[int]]] = {".parquet": {}, ".json": {}}
    wanted = (".parquet",) if of_rows and not lake.is_published else (".parquet", ".json")
    with suppress(FileNotFoundError), os.scandir(lake.path(table, "any").parent) as entries:
        for entry in entries:
            partition, dot, ending = entry.name.rpartition(".")
            if dot + ending in wanted and entry.name != EMPTY and not entry.name.startswith("."):
                with suppress(FileNotFoundError):  # replaced meanwhile: it is looked at by its name
                    state = entry.stat()
                    found[dot + ending][partition] = [state.st_ino, state.st_size, state.st_mtime_ns]
    rows, manifests = found[".parquet"], found[".json"]
    keys = rows.keys() | manifests.keys() if lake.is_published else rows.keys()
    return {key: rows.get(key, []) + manifests.get(key, []) for key in sorted(keys)}


def _kept(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_text())
        if kept["version"] != version("dmicc_assets"):  # another one may look for something else
            return {"folder": 0, "found": {}}
        found = {key: [state, seen] for key, (state, seen) in dict(kept["found"]).items()}
        return {"folder": int(kept["folder"]), "found": found}
    except (OSError, ValueError, TypeError, KeyError):
        return {"folder": 0, "found": {}}


def _keep(path: Path, kept: Mapping[str, Any]) -> None:
    """Another process may keep its own: either is right, because times and sizes are compared."""
    with suppress(OSError):  # in a home of others everything is looked at every time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_beside(path, lambda beside: beside.write_text(json.dumps({**kept, "version": version("dmicc_assets")})))
