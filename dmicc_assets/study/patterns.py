"""Regular expressions of study files: checked when a file is read, searched within a limit of computing time.

Python's `re` takes time that grows exponentially with the text for some patterns, as for `(a+)+$`.
"""

import re
import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from types import FrameType

from dmicc_assets.errors import DataError

# A rule may list thousands of accessions.
LONGEST_PATTERN = 100_000
# Of computing time, for all patterns on one dataset. The descriptions of 10,000 samples take less than one.
MOST_SECONDS = 30.0

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


def search(pattern: str, text: str) -> re.Match[str] | None:
    """The first match of a pattern; within `bounded`, an error names the pattern that is being searched."""
    _running[:] = [pattern]
    return re.search(pattern, text)


def find_all(pattern: str, text: str) -> Iterator[re.Match[str]]:
    """Every match of a pattern, as `search` finds the first."""
    _running[:] = [pattern]
    return re.finditer(pattern, text)


@contextmanager
def bounded(what: str, seconds: float = MOST_SECONDS) -> Generator[None]:
    """Stop the search for patterns after some seconds of computing time of this process.

    The time is measured in the main thread, in which steps are computed, and in no other.

    Args:
        what: whose patterns are searched, for the message.
        seconds: computing time at most.

    Raises:
        DataError: the time is over; the message names the pattern.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getitimer(signal.ITIMER_VIRTUAL)[0] > 0:
        yield  # a thread gets no signals, and a search within another has the limit of that one
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise DataError(
            f"{what}: the pattern {''.join(_running)!r} takes more than {seconds:g} s; write it without a repeat in a "
            "repeat, as in (a+)+"
        )

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
