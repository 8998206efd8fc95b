"""A GEO on loopback for tests: a real HTTP server over a mirror tree, with the faults that a plan asks for.

Listings as NCBI's Apache shows them, ETag, Last-Modified, conditional requests, ranges, `acc.cgi` and the counts'
download page. Every request is logged with its time as the server saw it.
"""

import contextlib
import email.utils
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.http.policy import Patience

QUICK = Patience(attempts=3, backoff=0.01, longest_backoff=0.02, connect_timeout=2.0, read_timeout=1.0)
CHALLENGE_PAGE = (
    b"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>NCBI</title>"
    b"<script src='https://www.google.com/recaptcha/enterprise.js' async></script></head><body>"
    b"<form method='post'><div class='g-recaptcha' data-callback='onSubmit'></div></form></body></html>"
)
NO_SUCH_KEY = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message>'
    b"<RequestId>1</RequestId></Error>"
)
HTML_PAGE = b"<!DOCTYPE html><html><head><title>GEO is down</title></head><body>Try later</body></html>"


@dataclass(frozen=True)
class Fault:
    """What happens to one request instead of the right answer.

    kind: status | timeout | reset | short | short_with_right_length | html | drip | redirect
    """

    kind: str
    status: int = 200
    retry_after: str | None = None
    seconds: float = 0.0
    share: float = 0.5
    location: str = ""
    page: bytes = HTML_PAGE
    then: Callable[[], None] = lambda: None


def status(code: int, retry_after: str | None = None) -> Fault:
    return Fault("status", status=code, retry_after=retry_after)


def timeout(seconds: float) -> Fault:
    return Fault("timeout", seconds=seconds)


def reset(share: float = 0.5, then: Callable[[], None] = lambda: None) -> Fault:
    """Send this share of the body, then reset the connection; `then` runs before the next request."""
    return Fault("reset", share=share, then=then)


def short(share: float = 0.5) -> Fault:
    """Announce the full length, send this share, close the connection."""
    return Fault("short", share=share)


def short_with_right_length(share: float = 0.5) -> Fault:
    """Send this share and announce its length, so that only the content shows the fault."""
    return Fault("short_with_right_length", share=share)


def html_page() -> Fault:
    return Fault("html")


def challenge(code: int = 200) -> Fault:
    """NCBI's page of August 2026: a status of success and a reCAPTCHA to solve."""
    return Fault("html", status=code, page=CHALLENGE_PAGE)


def drip(seconds: float) -> Fault:
    """Send the body byte by byte, with this pause between bytes."""
    return Fault("drip", seconds=seconds)


def redirect(location: str) -> Fault:
    return Fault("redirect", status=302, location=location)


@dataclass(frozen=True)
class Request:
    time: float
    method: str
    path: str
    headers: dict[str, str]
    status: int


@dataclass
class FakeGeo:
    """A server over `root`, which holds `geo/` (with `rnaseq_counts/`), `xena/` and `acc/<ACC>.<targ>.<view>.txt`.

    Use as a context manager. `plan` gives the next requests whose path matches a pattern their faults, one each;
    after these the right answer comes. `validators` False leaves ETag and Last-Modified out, `withheld` one of them;
    `acc.cgi` and the download page have neither, as at NCBI. With `challenges` these two answer every request with a
    challenge. `is_s3` answers 403 for what is not in `xena/`, as a bucket does. Without `lengths` no answer states its
    length: the end of the connection is the end of the file.
    """

    root: Path
    validators: bool = True
    withheld: str = ""
    ranges: bool = True
    heeds_if_range: bool = True
    challenges: bool = False
    is_s3: bool = False
    lengths: bool = True
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._faults: list[tuple[re.Pattern[str], list[Fault]]] = []
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"geo": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> "FakeGeo":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def geo_url(self) -> str:
        return f"{self.address}/geo"

    @property
    def acc_url(self) -> str:
        return f"{self.address}/geo/query/acc.cgi"

    @property
    def xena_url(self) -> str:
        return f"{self.address}/xena"

    def plan(self, pattern: str, *faults: Fault) -> None:
        self._faults.append((re.compile(pattern), list(faults)))

    def forget_plans(self) -> None:
        """Give every request from now on its right answer."""
        with self._lock:
            self._faults.clear()

    def next_fault(self, path: str) -> Fault | None:
        with self._lock:
            for pattern, faults in self._faults:
                if faults and pattern.search(path):
                    return faults.pop(0)
        return None

    def log(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)

    def paths(self, method: str | None = None) -> list[str]:
        return [request.path for request in self.requests if method in (None, request.method)]

    def keeps_pace(self, rate: float) -> bool:
        """Whether all requests together took at least as long as this rate requires.

        A fifth less is tolerated, because a loaded machine may delay the first request.
        """
        times = sorted(request.time for request in self.requests)
        return times[-1] - times[0] >= 0.8 * (len(times) - 1) / rate

    def wait(self, seconds: float) -> None:
        self._released.wait(seconds)


def over_http(geo: FakeGeo, folder: Path) -> GeoClient:
    return GeoClient(
        geo.geo_url, geo.acc_url, geo.xena_url, folder / "cache", folder / "locks", rate=500.0, patience=QUICK
    )


class _Handler(BaseHTTPRequestHandler):
    geo: FakeGeo
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is BaseHTTPRequestHandler's
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):  # clients may leave early
            super().handle()

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self._arrived = time.time()
        try:
            fault = self.geo.next_fault(self.path)
            if fault is None or fault.kind in ("reset", "short", "short_with_right_length", "drip"):
                self._serve(fault)
            else:
                self._fail(fault)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _fail(self, fault: Fault) -> None:
        if fault.kind == "timeout":
            self._log(0)
            self.geo.wait(fault.seconds)
            self.close_connection = True
            return
        body = fault.page if fault.kind == "html" else b"no"
        self._head(fault.status, {"Content-Type": "text/html"}, len(body), fault)
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def _serve(self, fault: Fault | None) -> None:
        parts = urlsplit(self.path)
        path = self._path(parts.path, parse_qs(parts.query))
        if path.is_dir() and not self.path.endswith("/"):
            return self._fail(Fault("redirect", status=301, location=f"{self.path}/"))
        if path.is_dir():
            return self._send(200, {"Content-Type": "text/html"}, _listing(parts.path, path), fault)
        is_page = parts.path.endswith(("/acc.cgi", "/geo/download/"))
        if is_page and self.geo.challenges:
            return self._fail(challenge())
        if not path.is_file() and self.geo.is_s3 and parts.path.startswith("/xena/"):
            return self._fail(Fault("html", status=403, page=NO_SUCH_KEY))
        if not path.is_file():
            return self._fail(status(404))
        body, validators = path.read_bytes(), {} if is_page else self._validators(path)
        if self._is_known(validators):
            return self._head(304, validators, None, None)
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        is_same = not self.geo.heeds_if_range or condition is None or condition in validators.values()
        if match and self.geo.ranges and is_same:
            start = int(match[1])
            if start >= len(body):
                return self._fail(status(416))
            end = min(int(match[2] or len(body)), len(body) - 1)
            extent = {"Content-Range": f"bytes {start}-{end}/{len(body)}"}
            return self._send(206, {**validators, **extent}, body[start : end + 1], fault)
        return self._send(200, validators, body, fault)

    def _path(self, path: str, query: dict[str, list[str]]) -> Path:
        if path.endswith("/acc.cgi"):
            name = ".".join(query.get(key, [""])[0] for key in ("acc", "targ", "view"))
            return self.geo.root / "acc" / f"{name}.txt"
        if path.endswith("/geo/download/"):
            return self.geo.root / "geo" / "rnaseq_counts" / query.get("file", ["none"])[0]
        return self.geo.root / path.strip("/")

    def _validators(self, path: Path) -> dict[str, str]:
        if not self.geo.validators:
            return {}
        stat = path.stat()
        modified = email.utils.formatdate(stat.st_mtime, usegmt=True)
        sent = {"ETag": f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"', "Last-Modified": modified}
        return {key: value for key, value in sent.items() if key != self.geo.withheld}

    def _is_known(self, validators: dict[str, str]) -> bool:
        if not validators:
            return False
        if known := self.headers.get("If-None-Match"):
            return known == validators.get("ETag")
        return self.headers.get("If-Modified-Since") == validators.get("Last-Modified", "")

    def _send(self, code: int, headers: dict[str, str], body: bytes, fault: Fault | None) -> None:
        kind = fault.kind if fault else ""
        sent = body[: int(len(body) * fault.share)] if fault and kind not in ("", "drip") else body
        self._head(code, headers, len(sent) if kind == "short_with_right_length" else len(body), fault)
        if self.command == "HEAD":
            return
        if fault and kind == "drip":
            for i in range(len(sent)):
                self.wfile.write(sent[i : i + 1])
                self.wfile.flush()
                self.geo.wait(fault.seconds)
            return
        self.wfile.write(sent)
        self.wfile.flush()
        if kind == "reset":
            assert fault is not None
            time.sleep(0.05)  # the bytes must arrive before the reset, which would discard them
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            fault.then()
        if kind in ("reset", "short"):
            self.close_connection = True

    def _head(self, code: int, headers: dict[str, str], length: int | None, fault: Fault | None) -> None:
        self._log(code)
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key, value)
        if length is not None and self.geo.lengths:
            self.send_header("Content-Length", str(length))
        elif length is not None:
            self.send_header("Connection", "close")
            self.close_connection = True
        if fault and fault.retry_after is not None:
            self.send_header("Retry-After", fault.retry_after)
        if fault and fault.location:
            self.send_header("Location", fault.location)
        self.end_headers()

    def _log(self, code: int) -> None:
        self.geo.log(Request(self._arrived, self.command, self.path, dict(self.headers.items()), code))


def _listing(path: str, folder: Path) -> bytes:
    """A folder as NCBI's Apache shows it, with its links to other places."""
    rows = "\n".join(
        f'<a href="{entry.name}{"/" if entry.is_dir() else ""}">{entry.name}</a>   2019-03-25 10:11  1.2M'
        for entry in sorted(folder.iterdir())
    )
    return (
        f"<!DOCTYPE HTML PUBLIC><html><head><title>Index of {path}</title></head><body><h1>Index of {path}</h1>"
        f'<pre>Name <a href="?C=M;O=A">Last modified</a><hr><a href="/geo/">Parent Directory</a> -\n'
        f'<a href="../">..</a>\n{rows}\n<hr></pre><a href="https://www.hhs.gov/vulnerability">HHS</a> '
        f'<a href="mailto:geo@ncbi.nlm.nih.gov">Contact</a></body></html>'
    ).encode()
