"""Connections to the PostgreSQL database by which machines share locks and request rates.

What is locked and paced is said in `lake/advisory_locks.py` and `geo/http/shared_throttle.py`.
"""

from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from dmicc_assets.errors import DmiccError, RequestError

# A machine that is cut off frees its locks after about a minute, and a process waits no longer for the server.
_KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 4,
    "connect_timeout": 20,
}


def connect(url: SecretStr) -> Any:
    """A connection without transactions, by psycopg2.

    Raises:
        RequestError: psycopg2 is not installed.
        DmiccError: the server does not answer, or refuses.
    """
    try:
        psycopg2: Any = import_module("psycopg2")
    except ImportError:
        raise RequestError(
            "DMICC_LOCKS_URL: locks of several machines need the extra: pip install 'dmicc_assets[cluster]'"
        ) from None
    with answering(url):
        connection = psycopg2.connect(url.get_secret_value(), application_name="dmicc_assets", **_KEEPALIVE)
    connection.autocommit = True
    return connection


@contextmanager
def answering(url: SecretStr) -> Generator[None]:
    """Say in one line what the server refused, or that it is gone.

    Raises:
        DmiccError: the server does not answer, or refuses.
    """
    psycopg2: Any = import_module("psycopg2")
    try:
        yield
    except psycopg2.Error as error:
        host, lines = urlsplit(url.get_secret_value()).hostname, str(error).strip().splitlines()
        raise DmiccError(f"DMICC_LOCKS_URL: {host}: {lines[-1] if lines else type(error).__name__}") from None
