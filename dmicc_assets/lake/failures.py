"""Unresolved failures of steps: one small file for each step and partition, beside the tables.

`currency.py` decides the consequences.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from dmicc_assets.lake.durable import write_beside
from dmicc_assets.lake.store import Lake
from dmicc_assets.types import PartitionKey


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that failed.

    Attributes:
        recipe: its recipe at the failure.
        message: the first line of the message to the user.
    """

    recipe: str
    message: str


def failure_of(lake: Lake, step: str, key: PartitionKey) -> Failure | None:
    """The failure of a step's partition; None without one, or when its file cannot be read."""
    try:
        return Failure(**json.loads(_path(lake, step, key).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def note_failure(lake: Lake, step: str, key: PartitionKey, recipe: str, error: Exception) -> None:
    """Record that a step's partition failed."""
    text = json.dumps(asdict(Failure(recipe, str(error).partition("\n")[0])))
    path = _path(lake, step, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_beside(path, lambda beside: beside.write_text(text))
    lake.share(path)


def clear_failure(lake: Lake, step: str, key: PartitionKey) -> None:
    """Delete the record of a failure, because the partition was computed or is up to date."""
    path = _path(lake, step, key)
    if path.exists():
        path.unlink(missing_ok=True)
        lake.share(path)


def _path(lake: Lake, step: str, key: PartitionKey) -> Path:
    return lake.root / "failures" / step / f"{key}.json"
