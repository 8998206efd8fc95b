"""One request rate for all machines: each process takes the next free slot from a row of a PostgreSQL table.

Processes of one machine share a file instead (`throttle.py`).
"""

import os
import time
from typing import Any

from pydantic import SecretStr

from dmicc_assets.errors import DmiccError
from dmicc_assets.geo.http.throttle import LONGEST_HOLD, MARGIN, Throttle
from dmicc_assets.study.database import answering, connect

_CREATE = "CREATE TABLE IF NOT EXISTS dmicc_request_slots (host_group TEXT PRIMARY KEY, free_at TIMESTAMPTZ NOT NULL)"
# One statement: the row is locked while it is replaced, and the time is the database's for all machines.
_TAKE = """
INSERT INTO dmicc_request_slots AS slots VALUES (%(group)s, clock_timestamp() + %(interval)s * interval '1 second')
ON CONFLICT (host_group) DO UPDATE
SET free_at = greatest(clock_timestamp(), slots.free_at) + %(interval)s * interval '1 second'
RETURNING extract(epoch FROM free_at - clock_timestamp())
"""
_HOLD = """
INSERT INTO dmicc_request_slots AS slots VALUES (%(group)s, clock_timestamp() + %(seconds)s * interval '1 second')
ON CONFLICT (host_group) DO UPDATE
SET free_at = greatest(slots.free_at, clock_timestamp() + %(seconds)s * interval '1 second')
"""
_LOCK = 5_062_394_417_225_104_281  # of the creation of the table: two at once would fail


class SharedThrottle:
    """Requests to one group of hosts, spaced evenly over all machines that name the same database.

    Args:
        url: of the database.
        group: what is paced together.
        rate: requests a second at most.
    """

    def __init__(self, url: SecretStr, group: str, rate: float) -> None:
        if rate <= 0:
            raise ValueError(f"expected a positive rate of requests a second, got {rate}")
        self._url, self._group, self._interval = url, group, MARGIN / rate
        self._connection: Any = None
        self._process = 0

    def wait(self) -> None:
        """Take the next slot and sleep until it begins."""
        ahead = self._execute(_TAKE, {"group": self._group, "interval": self._interval})
        time.sleep(max(0.0, float(ahead) - self._interval))

    def hold(self, seconds: float) -> None:
        """Stop the requests of all machines for this many seconds, as `Retry-After` asks."""
        self._execute(_HOLD, {"group": self._group, "seconds": min(seconds, LONGEST_HOLD)})

    def _execute(self, statement: str, values: dict[str, object]) -> Any:
        """The first value of a statement's answer, on a connection that is kept.

        Raises:
            DmiccError: the database does not answer, or refuses.
        """
        if self._connection is not None and self._process == os.getpid():  # a connection outlives no fork
            try:
                return self._answer(self._connection, statement, values)
            except DmiccError:
                if not self._connection.closed:
                    raise  # else the server was started again
        connection = connect(self._url)
        try:
            for each in ("SELECT pg_advisory_lock(%(lock)s)", _CREATE, "SELECT pg_advisory_unlock(%(lock)s)"):
                self._answer(connection, each, {"lock": _LOCK})
        except DmiccError:
            connection.close()  # which frees the lock
            raise
        self._connection, self._process = connection, os.getpid()
        return self._answer(connection, statement, values)

    def _answer(self, connection: Any, statement: str, values: dict[str, object]) -> Any:
        with answering(self._url), connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchone()[0] if cursor.description else None


AnyThrottle = Throttle | SharedThrottle
