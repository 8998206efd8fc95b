"""Locks that machines share: advisory locks of PostgreSQL, held by a connection and freed with it.

They only save work: what is right does not rest on them. Locks of one machine are files (`locks.py`, `store.py`).
"""

from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from typing import Self
from uuid import uuid4

from pydantic import SecretStr

from dmicc_assets.errors import DmiccError
from dmicc_assets.study.database import answering, connect
from dmicc_assets.study.settings import Settings


class HeldError(DmiccError):
    """Another machine holds a lock."""


class AdvisoryLocks:
    """Named locks of one lake.

    Args:
        url: of the database.
        lake: address of the lake: each has locks of its own.
    """

    def __init__(self, url: SecretStr, lake: str) -> None:
        self._url, self._lake = url, lake

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """The locks of these settings; None where machines share none."""
        if settings.locks_url is None:
            return None
        return cls(settings.locks_url, settings.lake_url or str(settings.lake))

    @contextmanager
    def hold(
        self,
        name: str,
        *,
        is_shared: bool = False,
        waits: bool = True,
        report_waiting: Callable[[str], None] = lambda _: None,
    ) -> Generator[None]:
        """Hold a lock, for all machines.

        Args:
            name: of the lock.
            is_shared: whether others may share it at the same time.
            waits: whether to wait until it is free.
            report_waiting: called before waiting with a line that names the lock.

        Raises:
            HeldError: another holds it, and `waits` is not set.
            DmiccError: the database does not answer.
        """
        mode = "_shared" if is_shared else ""
        with closing(connect(self._url)) as connection, connection.cursor() as cursor:
            with answering(self._url):
                cursor.execute(f"SELECT pg_try_advisory_lock{mode}(%s)", [self._number(name)])
                is_free = bool(cursor.fetchone()[0])
            if not is_free:
                if not waits:
                    raise HeldError(f"{name} is held on another machine; wait for it, or leave out --no-wait")
                report_waiting(f"{name} is held on another machine; waiting for it")
                with answering(self._url):
                    cursor.execute(f"SELECT pg_advisory_lock{mode}(%s)", [self._number(name)])
            yield

    def _number(self, name: str) -> int:
        """The lock's number: 64 bits of a hash, so that two names do not meet."""
        return int.from_bytes(sha256(f"{self._lake} {name}".encode()).digest()[:8], "big", signed=True)


def try_advisory_locks(url: SecretStr) -> None:
    """Hold a lock, which another connection must not get meanwhile but afterwards.

    Raises:
        DmiccError: the database does not answer, or the lock does not hold.
    """
    locks = AdvisoryLocks(url, "trial")
    name = uuid4().hex
    with locks.hold(name), suppress(HeldError), locks.hold(name, waits=False):
        raise DmiccError("DMICC_LOCKS_URL: two connections hold one lock: is there a pooler before the database?")
    with locks.hold(name, waits=False):
        return
