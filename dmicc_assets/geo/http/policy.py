"""Rules for HTTP: time-outs, tries, redirects, validators, ranges, `Retry-After`.

Decisions only; `transfer.py` sends the requests.
"""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dmicc_assets.errors import SourceError

if TYPE_CHECKING:  # imported only where a request is sent, because the import slows the start of a command
    import httpx2

_NCBI = "ncbi.nlm.nih.gov"
_SECOND_LEVEL = ("ac", "co", "com", "edu", "gov", "net", "or", "org")


class NotServedError(SourceError):
    """The server answered that it does not have this file."""


class TransientError(SourceError):
    """An error that another try may resolve."""

    def __init__(
        self,
        message: str,
        retry_after: float | None = None,
        unreachable: bool = False,
        check: str | None = None,
        is_page: bool = False,
    ) -> None:
        """Keep the message, and what is known of the answer.

        Args:
            message: for people.
            retry_after: seconds that the server asks to wait.
            unreachable: whether the server was not reached.
            check: code of the integrity check that failed.
            is_page: whether an HTML page came in place of the file.
        """
        super().__init__(message, check)
        self.retry_after = retry_after
        self.unreachable = unreachable
        self.is_page = is_page


class NoAnswerError(SourceError):
    """A server could not be reached, or gave no whole answer in all tries."""


class PageError(NoAnswerError):
    """The server sent an HTML page in place of a file in every try: some servers say so that they do not have it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait and how often to try.

    Attributes:
        attempts: tries of one request, the first included.
        backoff: seconds before the second try; doubled for each one after it, and spread by as much jitter.
        longest_backoff: seconds between two tries at most.
        connect_timeout: seconds for a connection.
        read_timeout: seconds without a byte.
        slowest: bytes a second; a transfer that is slower over `read_timeout` is broken off and resumed.
    """

    attempts: int = 5
    backoff: float = 1.0
    longest_backoff: float = 60.0
    connect_timeout: float = 15.0
    read_timeout: float = 60.0
    slowest: float = 1024.0


@dataclass(frozen=True, slots=True)
class Validators:
    """Headers by which a server distinguishes versions of a file; each may be missing."""

    etag: str | None
    last_modified: str | None
    length: int | None

    def text(self) -> str:
        """One string that changes when any of them does; empty when there are none."""
        parts = {"etag": self.etag, "modified": self.last_modified}
        if not any(parts.values()):
            return ""
        return " ".join(
            f"{key}={value}" for key, value in {**parts, "length": self.length}.items() if value is not None
        )


@dataclass(frozen=True, slots=True)
class Arriving:
    """A file whose beginning is read.

    Attributes:
        pieces: its bytes as they arrive.
        served: its validators and its whole length, as far as the server tells.
        is_known: whether the server says that it is the version that the client has; there are then no pieces.
    """

    pieces: Iterator[bytes]
    served: Validators
    is_known: bool = False


def host_group(url: str) -> str:
    """Group of hosts that share a request rate: all hosts of NCBI together, every other host alone."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return "ncbi" if is_ncbi(host) else f"{re.sub('[^A-Za-z0-9.]', '_', host)}-{parts.port or parts.scheme}"


def is_ncbi(host: str) -> bool:
    """Whether a host is NCBI's."""
    return host == _NCBI or host.endswith(f".{_NCBI}")


def validators_of(response: "httpx2.Response") -> Validators:
    """The validators of a response."""
    length = response.headers.get("Content-Length", "")
    return Validators(
        response.headers.get("ETag"), response.headers.get("Last-Modified"), int(length) if length.isdigit() else None
    )


def conditions(known: Validators | None) -> dict[str, str]:
    """Request headers that ask for a file only when it is not the known version."""
    if known is None:
        return {}
    headers = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {key: value for key, value in headers.items() if value}


def range_of(part: Path) -> tuple[Validators, dict[str, str]] | None:
    """Version of a partial download, and request headers for the rest; None when it cannot be resumed.

    A strong ETag or a date is needed: a weak ETag does not promise the same bytes.
    """
    try:
        etag, last_modified, length = json.loads(state_of(part).read_text(encoding="utf-8"))
        n_bytes = part.stat().st_size
    except (OSError, ValueError):
        return None
    strong = etag if etag and not etag.startswith("W/") else None
    if not n_bytes or not (strong or last_modified) or (length is not None and n_bytes >= length):
        return None
    begun = Validators(strong, last_modified, length)
    return begun, {"Range": f"bytes={n_bytes}-", "If-Range": strong or last_modified}


def is_rest_of(begun: Validators, served: Validators, total: int | None) -> bool:
    """True if the 206 response continues the same file version as the partial download."""
    return (
        (begun.etag is None or served.etag is None or begun.etag == served.etag)
        and (begun.last_modified is None or begun.last_modified == served.last_modified)
        and (begun.length is None or begun.length == total)
    )


def content_range(response: "httpx2.Response") -> tuple[int, int | None]:
    """Start and total length of a 206 response; start is -1 when the header is missing."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if not match:
        return -1, None
    return int(match[1]), None if match[2] == "*" else int(match[2])


def is_missing_key(status: int, page: bytes) -> bool:
    """Whether an answer is S3's for a key that a bucket does not have; a bucket that may not be listed says 403."""
    return status == 403 and b"<Code>AccessDenied</Code>" in page


def state_of(part: Path) -> Path:
    """Path of the validators of a partial download."""
    return part.with_name(f"{part.name}.state")


def forget(part: Path) -> None:
    """Delete a partial download and its validators."""
    part.unlink(missing_ok=True)
    state_of(part).unlink(missing_ok=True)


def redirected(origin: str, here: "httpx2.URL", location: str) -> "httpx2.URL":
    """Target of a redirect.

    Raises:
        SourceError: to another host that is neither of the same domain (over HTTPS) nor NCBI's, or away from HTTPS.
    """
    import httpx2

    try:
        target = here.join(location)
    except httpx2.InvalidURL:
        raise SourceError(f"{origin}: redirected to {location!r}, which is not an address") from None
    same = (target.host, target.port) == (here.host, here.port)
    upgraded = target.host == here.host and target.scheme == "https"
    sibling = target.scheme == "https" and _domain(target.host) == _domain(here.host)
    if not location or not (same or upgraded or sibling or is_ncbi(target.host)):
        raise SourceError(
            f"{origin}: redirected to {target.host or 'nowhere'}: only {here.host}, hosts of its domain and NCBI are "
            "followed"
        )
    if here.scheme == "https" and target.scheme != "https":
        raise SourceError(f"{origin}: redirected away from HTTPS to {target.scheme}://{target.host}")
    return target


def _domain(host: str) -> str:
    """The registered part of a host's name: reactome.org of download.reactome.org; an IP address whole."""
    labels = host.split(".")
    if labels[-1].isdigit() or ":" in host:
        return host
    is_long = len(labels[-1]) == 2 and len(labels) > 2 and labels[-2] in _SECOND_LEVEL  # as in ebi.ac.uk
    return ".".join(labels[-3:] if is_long else labels[-2:])


def retry_after(value: str) -> float | None:
    """Seconds that a `Retry-After` asks to wait, given as seconds or as a date; None when it says nothing."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def reason_of(error: Exception) -> str:
    """An httpx2 error in a few words."""
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
