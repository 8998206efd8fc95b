"""Regular expressions of study files: checked when a file is read, searched within a limit of computing time.

Python's `re` takes time that grows exponentially with the text for some patterns, as for `(a+)+$`. The main thread is
stopped by a signal; any other, as that of a page, has each search made first in a process that has the limit.
"""

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from math import ceil
from types import FrameType
from typing import Literal

from dmicc_assets.errors import DataError

# A rule may list thousands of accessions.
LONGEST_PATTERN = 100_000
# Of computing time, for all patterns on one dataset. The descriptions of 10,000 samples take less than one.
MOST_SECONDS = 30.0

# Searches as they are asked for, a line of JSON each, until its seconds of computing time are over.
_TRIAL = """
import json, re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]), int(sys.argv[1])))
for line in sys.stdin:
    how, pattern, text, flags = json.loads(line)
    re.search(pattern, text, flags) if how == "search" else list(re.finditer(pattern, text))
    print(flush=True)
"""

_running: list[str] = []


def checked_pattern(pattern: str) -> str:
    """The pattern.

    Raises:
        ValueError: it is no regular expression, or a very long one.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"expected a regular expression of at most {LONGEST_PATTERN} signs, got {len(pattern)}")
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"expected a regular expression, got {pattern!r} ({error})") from None
    return pattern


def search(pattern: str, text: str, *, ignores_case: bool = False) -> re.Match[str] | None:
    """The first match of a pattern; within `bounded`, an error names the pattern that is being searched."""
    flags = re.IGNORECASE if ignores_case else re.RegexFlag(0)
    _begin("search", pattern, text, flags)
    return re.search(pattern, text, flags)


def find_all(pattern: str, text: str) -> Iterator[re.Match[str]]:
    """Every match of a pattern, as `search` finds the first."""
    _begin("find_all", pattern, text)
    return re.finditer(pattern, text)


@contextmanager
def bounded(what: str, seconds: float = MOST_SECONDS) -> Generator[None]:
    """Stop the search for patterns after some seconds of computing time of this process.

    A search within another has the limit of that one.

    Args:
        what: whose patterns are searched, for the message.
        seconds: computing time at most; whole seconds in a thread other than the main one.

    Raises:
        DataError: the time is over; the message names the pattern.
    """
    if threading.current_thread() is not threading.main_thread():
        with _tried_first(what, seconds):
            yield
        return
    if signal.getitimer(signal.ITIMER_VIRTUAL)[0] > 0:
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _too_slow(what, "".join(_running), seconds)

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


class _Trial:
    """A process that makes each search before this one does; it is ended after its seconds of computing time."""

    def __init__(self, what: str, seconds: float) -> None:
        self._what, self._seconds = what, ceil(seconds)
        self._process: subprocess.Popen[str] | None = None
        self._done: set[tuple[str, str, str, int]] = set()

    def make(self, how: str, pattern: str, text: str, flags: int) -> None:
        """Make a search, unless it was made.

        Raises:
            DataError: the time is over.
        """
        search = (how, pattern, text, flags)
        if search in self._done:
            return
        if self._process is None:
            command = [sys.executable, "-I", "-S", "-c", _TRIAL, str(self._seconds)]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(search) + "\n")
            self._process.stdin.flush()
            is_made = self._process.stdout.readline() != ""
        except BrokenPipeError:
            is_made = False
        if not is_made:
            raise _too_slow(self._what, pattern, self._seconds)
        self._done.add(search)

    def end(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()


class _Local(threading.local):
    trial: _Trial | None = None


_local = _Local()


def _begin(how: Literal["search", "find_all"], pattern: str, text: str, flags: int = 0) -> None:
    if _local.trial is not None:
        _local.trial.make(how, pattern, text, flags)
    elif threading.current_thread() is threading.main_thread():
        _running[:] = [pattern]


@contextmanager
def _tried_first(what: str, seconds: float) -> Generator[None]:
    """Have each search of this thread made in a process of its own first."""
    if _local.trial is not None:
        yield
        return
    _local.trial = trial = _Trial(what, seconds)
    try:
        yield
    finally:
        _local.trial = None
        trial.end()


def _too_slow(what: str, pattern: str, seconds: float) -> DataError:
    return DataError(
        f"{what}: the pattern {pattern!r} takes more than {seconds:g} s; write it without a repeat in a repeat, as in "
        "(a+)+"
    )
