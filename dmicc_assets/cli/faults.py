"""Faults of the environment as one line: a full disk, a folder that cannot be written, a damaged Dagster database.

Every other error that is no `DmiccError` is a defect of this package, and is shown with its traceback; so is an error
of the system on a file that is neither of the home, nor of a source, nor named in the command.
"""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import gettempdir
from traceback import format_exception
from urllib.parse import unquote, urlsplit

from dmicc_assets.study.settings import Settings, load_settings

_FULL = re.compile(r"No space left on device|disk is full|disk I/O error|Disk quota exceeded|File too large")
# The last line of a cause in a traceback that a Dagster run kept as text.
_OS_ERROR = re.compile(
    r"^(?:OSError|(?:Permission|FileNotFound|FileExists|IsADirectory|NotADirectory|Blocking\w+|Interrupted|Connection\w*|"
    r"Timeout)Error): \[Errno (?P<errno>\d+)\] (?P<why>[^:\n]+)(?:: (?:'[^\n]*' -> )?'(?P<path>[^\n]*?)')?$",
    re.MULTILINE,
)
# Of disk, network or machine: no mistake of a program leads there.
_OF_THE_MACHINE = frozenset(
    getattr(errno, name)
    for name in (
        *("ENOSPC", "EDQUOT", "EFBIG", "EIO", "EROFS", "ESTALE", "ENODEV", "ENXIO", "ENOMEM", "EMFILE", "ENFILE"),
        *("ENOLCK", "ENAMETOOLONG", "ENETDOWN", "ENETUNREACH", "EHOSTDOWN", "EHOSTUNREACH", "ECONNREFUSED"),
        *("ECONNRESET", "ECONNABORTED", "ETIMEDOUT", "EADDRINUSE", "EADDRNOTAVAIL", "ENOTCONN", "EPIPE"),
    )
    if hasattr(errno, name)
)
_POLARS_OS_ERROR = re.compile(r"(?P<why>[A-Z][\w ]+) \(os error \d+\)")
_DATABASE = re.compile(
    r"sqlite3\.(?:DatabaseError|OperationalError|IntegrityError|NotSupportedError): \)?\s*(?P<why>[^\n]+)"
    r"|(?P<alembic>alembic\.util\.exc\.CommandError|MultipleResultsFound|DagsterInstanceSchemaOutdated)"
)
_CONFIGURATION = re.compile(
    r"DagsterInvalidConfigError|DagsterInvariantViolationError|yaml\.\w+\.\w*Error|CheckError: .*dagster\.yaml"
)


def told(error: BaseException, arguments: Sequence[str]) -> str | None:
    """`fault_line` of a command, by the settings of the environment."""
    settings = load_settings()
    return fault_line(error, settings.dagster_home, places_of(settings, arguments))


def places_of(settings: Settings, arguments: Sequence[str] = ()) -> list[Path]:
    """Where the environment may be at fault: home, caches, sources on disk, study files, and what a command names.

    Args:
        settings: of the environment.
        arguments: of the command; each that is no option may be a path, as may the value of `--option=value`.
    """
    urls = [value for name, value in settings.model_dump().items() if name.endswith("_url") and isinstance(value, str)]
    sources = [Path(unquote(parts.path)) for parts in map(urlsplit, urls) if parts.scheme == "file"]
    named = [each.rpartition("=")[2] for each in arguments]
    return [
        *(settings.home, settings.dagster_home, settings.reader_cache, *settings.study_folders, Path(gettempdir())),
        *([settings.gene_sets] if settings.gene_sets is not None else []),
        *sources,
        *(Path(each).absolute() for each in named if each and not each.startswith("-")),
    ]


def fault_line(error: BaseException, dagster_home: Path, places: Sequence[Path]) -> str | None:
    """The line that says which fault of the environment an error is; None when it is a defect.

    Args:
        error: what was raised.
        dagster_home: folder of Dagster's database and configuration.
        places: folders and files of which the system's errors are the environment's (`places_of`).
    """
    text = "".join(format_exception(error))
    if _FULL.search(text):
        return "no space is left on the disk; finished results are kept, run again when there is space"
    return _of_dagster(text, dagster_home) or _of_the_system(error, text, places)


def _of_dagster(text: str, home: Path) -> str | None:
    """What is wrong with Dagster's configuration or database."""
    if _CONFIGURATION.search(text) and "dagster.yaml" in text:
        return f"{home / 'dagster.yaml'}: is no configuration of Dagster; correct it, or delete it: {_DEFAULT}"
    if found := _DATABASE.search(text):
        why = found["why"] or "its schema is not known"
        return f"{home}: Dagster's database cannot be used ({why.strip('() ')}); {_MOVE}"
    return None


def _of_the_system(error: BaseException, text: str, places: Sequence[Path]) -> str | None:
    """Which file cannot be read or written, and why; None where a defect asked for it."""
    for each in _chain(error):
        if isinstance(each, OSError) and each.strerror:
            return _line(each.errno, each.filename2 or each.filename, each.strerror, places)
    if found := _OS_ERROR.search(text):
        return _line(int(found["errno"]), found["path"], found["why"], places)
    if found := _POLARS_OS_ERROR.search(text):  # it opens files of the lake, of sources and of exports only
        return _with_advice(None, found["why"])
    return None


def _line(number: int | None, path: object, why: str, places: Sequence[Path]) -> str | None:
    """What is wrong with a path; None where it is of no place and the error is not of the machine."""
    name = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else None
    is_ours = name is not None and any(_is_of(Path(name).absolute(), place) for place in places)
    return _with_advice(name, why) if is_ours or number in _OF_THE_MACHINE else None


def _is_of(path: Path, place: Path) -> bool:
    """Whether a path is in a place, or on the way to one that is not there."""
    if path.is_relative_to(place) or (place.is_relative_to(path) and not place.exists()):
        return True
    return path.parent == place.parent and place.name in path.name  # what is written beside, to be renamed


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
