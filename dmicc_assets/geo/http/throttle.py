"""One request rate for all processes of the machine: each process takes the next free slot from a locked file.

Only waiting is here; `hold` takes the pause that a server asks for.
"""

import time
from pathlib import Path

from filelock import FileLock

# Slots are a little farther apart than the limit, because the network changes the distance between requests.
MARGIN = 1.1
LONGEST_HOLD = 600.0


class Throttle:
    """Requests to one host (or group of hosts), spaced evenly over all processes that name the same folder.

    Args:
        folder: the folder of locks that the machine's processes share.
        group: what is paced together, letters, digits, `.`, `-` and `_`.
        rate: requests a second at most.
    """

    def __init__(self, folder: Path, group: str, rate: float) -> None:
        if rate <= 0:
            raise ValueError(f"expected a positive rate of requests a second, got {rate}")
        self._interval = MARGIN / rate
        self._slot = folder / f"requests-{group}.slot"
        self._lock = FileLock(folder / f"requests-{group}.lock")

    def wait(self) -> None:
        """Take the next slot and sleep until it begins."""
        with self._lock:
            now = time.time()
            begin = self._next(now)
            self._slot.write_text(repr(begin + self._interval), encoding="ascii")
        time.sleep(max(0.0, begin - now))

    def hold(self, seconds: float) -> None:
        """Stop the requests of all processes for this many seconds, as `Retry-After` asks."""
        with self._lock:
            now = time.time()
            begin = max(self._next(now), now + min(seconds, LONGEST_HOLD))
            self._slot.write_text(repr(begin), encoding="ascii")

    def _next(self, now: float) -> float:
        try:
            free = float(self._slot.read_text(encoding="ascii"))
        except (OSError, ValueError):  # the first request of this machine
            return now
        # After the clock was set back, nobody waits until it reaches its earlier time.
        return free if now < free <= now + LONGEST_HOLD else now
