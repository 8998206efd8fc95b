"""Faults of the environment as one line: a full disk, a folder that cannot be written, a damaged Dagster database.

Every other error that is no `DmiccError` is a defect of this package, and is shown with its traceback.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from traceback import format_exception

_FULL = re.compile(r"No space left on device|disk is full|disk I/O error|Disk quota exceeded|File too large")
# The last line of a cause in a traceback that a Dagster run kept as text.
_OS_ERROR = re.compile(
    r"^(?:OSError|(?:Permission|FileNotFound|FileExists|IsADirectory|NotADirectory|Blocking\w+|Interrupted)Error): "
    r"\[Errno \d+\] (?P<why>[^:\n]+)(?:: (?:'[^\n]*' -> )?'(?P<path>[^\n]*?)')?$",
    re.MULTILINE,
)
_POLARS_OS_ERROR = re.compile(r"(?P<why>[A-Z][\w ]+) \(os error \d+\)")
_DATABASE = re.compile(
    r"sqlite3\.(?:DatabaseError|OperationalError|IntegrityError|NotSupportedError): \)?\s*(?P<why>[^\n]+)"
    r"|(?P<alembic>alembic\.util\.exc\.CommandError|MultipleResultsFound|DagsterInstanceSchemaOutdated)"
)
_CONFIGURATION = re.compile(
    r"DagsterInvalidConfigError|DagsterInvariantViolationError|yaml\.\w+\.\w*Error|CheckError: .*dagster\.yaml"
)


def fault_line(error: BaseException, dagster_home: Path) -> str | None:
    """The line that says which fault of the environment an error is; None when it is a defect.

    Args:
        error: what was raised.
        dagster_home: folder of Dagster's database and configuration.
    """
    text = "".join(format_exception(error))
    if _FULL.search(text):
        return "no space is left on the disk; finished results are kept, run again when there is space"
    return _of_dagster(text, dagster_home) or _of_the_system(error, text)


def _of_dagster(text: str, home: Path) -> str | None:
    """What is wrong with Dagster's configuration or database."""
    if _CONFIGURATION.search(text) and "dagster.yaml" in text:
        return f"{home / 'dagster.yaml'}: is no configuration of Dagster; correct it, or delete it: {_DEFAULT}"
    if found := _DATABASE.search(text):
        why = found["why"] or "its schema is not known"
        return f"{home}: Dagster's database cannot be used ({why.strip('() ')}); {_MOVE}"
    return None


def _of_the_system(error: BaseException, text: str) -> str | None:
    """Which file cannot be read or written, and why."""
    for each in _chain(error):
        if isinstance(each, UnicodeDecodeError):
            return f"a file is not in UTF-8 ({each})"
        if isinstance(each, OSError) and each.strerror:
            return _with_advice(each.filename2 or each.filename, each.strerror)
    if found := _OS_ERROR.search(text) or _POLARS_OS_ERROR.search(text):
        return _with_advice(found.groupdict().get("path"), found["why"])
    return str(error) if isinstance(error, OSError) else None


_MOVE = "move this folder away and run again: results are in the lake, Dagster has their history only"
_DEFAULT = "the next command writes the default"


def _with_advice(path: object, why: str) -> str:
    """What cannot be opened or written, why, and what to do where a person can tell."""
    what = "a file" if path is None else str(path)
    advice = {
        "Permission denied": "ask its owner, or set DMICC_HOME to a folder of yours",
        "Read-only file system": "set DMICC_HOME to a folder on another disk",
        "Is a directory": "a folder is in the place of a file: move it away",
        "Not a directory": "a file is in the place of a folder: move it away",
        "File exists": "a file is in the place of a folder: move it away",
    }.get(why)
    return f"{what}: {why}{f'; {advice}' if advice else ''}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what it was raised from, and so on."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
