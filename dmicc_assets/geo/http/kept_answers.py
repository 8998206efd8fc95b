"""Answers that take seconds to find in downloaded files, kept beside these: by what they were found from and this code.

What is found is said where it is asked for. An answer that cannot be kept is found again each time.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

FOLDER = "answers"
_UNUSED_AFTER = 90 * 24 * 3600.0  # seconds


def kept_answer(downloads: Path, question: str, of: Sequence[str], find: Callable[[], Any]) -> Any:
    """An answer, as JSON holds it: the kept one, or the one that is found now.

    Args:
        downloads: folder of the downloaded files.
        question: what is asked; names the files.
        of: everything that the answer depends on besides this package's code, as SHA-256 of files.
        find: finds it.
    """
    key = _sha256([question, code_state(), *of])[:32]
    path = downloads / FOLDER / f"{question}.{key}.json"
    with suppress(OSError, ValueError, TypeError, KeyError):
        kept: Any = json.loads(path.read_text(encoding="utf-8"))
        if kept["sha256"] == _sha256(kept["answer"]):
            with suppress(OSError):  # in a home of others
                os.utime(path)
            return kept["answer"]
    answer = find()
    with suppress(OSError):  # in a home of others
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}.part")
        beside.write_text(json.dumps({"sha256": _sha256(answer), "answer": answer}), encoding="utf-8")
        beside.replace(path)
        _sweep(path.parent)
    return answer


def _sha256(what: Any) -> str:
    return sha256(json.dumps(what).encode()).hexdigest()


def _sweep(folder: Path) -> None:
    """Delete what nobody asked for in three months."""
    oldest = time.time() - _UNUSED_AFTER
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another process may sweep too
            if path.stat().st_mtime < oldest:
                path.unlink()


@cache
def code_state() -> str:
    """Names, sizes and times of this package's files: other code may find another answer."""
    digest = sha256()
    for folder, _, names in sorted(os.walk(Path(__file__).parents[2])):
        for name in sorted(names):
            if name.endswith((".py", ".gz", ".xz", ".tsv", ".txt")):
                state = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118  700 files: no Path for each
                digest.update(f"{folder} {name} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()
