"""Failures of steps that no later run has overcome: one small file a step and partition beside the tables.

That something failed is noted here; what follows from it is decided in `currency.py`.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from dmicc_assets.lake.store import Lake, write_beside
from dmicc_assets.types import PartitionKey


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that failed.

    Attributes:
        recipe: what it would have been made from.
        message: the first line of what the user was told.
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
    """Note that a step's partition failed."""
    text = json.dumps(asdict(Failure(recipe, str(error).partition("\n")[0])))
    path = _path(lake, step, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_beside(path, lambda beside: beside.write_text(text))


def clear_failure(lake: Lake, step: str, key: PartitionKey) -> None:
    """Forget the failure of a step's partition: it was made, or nothing is to do any more."""
    _path(lake, step, key).unlink(missing_ok=True)


def _path(lake: Lake, step: str, key: PartitionKey) -> Path:
    return lake.root / "failures" / step / f"{key}.json"
