"""Arrays that are kept only to save time: of another key they are made again. `store.py` has their place."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.lake.durable import write_beside

Arrays = Sequence[NDArray[Any]]


def kept_arrays(path: Path, key: str, make: Callable[[], Arrays | None]) -> Arrays | None:
    """The arrays in a file if they are of this key; else they are made, and kept there.

    Args:
        path: of the file.
        key: of everything that they are made from.
        make: gives them; None where they cannot be made, which is not kept.
    """
    with suppress(OSError, ValueError, EOFError), path.open("rb") as handle:
        if str(np.load(handle, allow_pickle=False)) == key:
            n = int(np.load(handle, allow_pickle=False))
            return [np.load(handle, allow_pickle=False) for _ in range(n)]
    arrays = make()
    if arrays is not None:
        with suppress(OSError):  # a full disk costs time only
            path.parent.mkdir(parents=True, exist_ok=True)
            write_beside(path, lambda beside: _write(beside, key, arrays))
    return arrays


def _write(path: Path, key: str, arrays: Arrays) -> None:
    with path.open("wb") as handle:
        for each in (np.array(key), np.array(len(arrays)), *arrays):
            np.save(handle, each, allow_pickle=False)
