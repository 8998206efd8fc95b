"""HTTP requests by GEO's rules: paced, retried with back-off and jitter, resumed, never redirected to an unknown host.

Bytes only: the caller's `verify` checks a file, and `cache.py` stores it.
"""

import json
import random
import ssl
import time
import weakref
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TypeVar

import httpx2
import tenacity

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.gzip_stream import CHECK, begins_as_html, looks_like_html
from dmicc_assets.geo.http import limits
from dmicc_assets.geo.http.cache import sha256_of
from dmicc_assets.geo.http.challenge import PEEK, ChallengeError, refuse_challenge
from dmicc_assets.geo.http.limits import Limit
from dmicc_assets.geo.http.policy import (
    Arriving,
    NoAnswerError,
    NotServedError,
    PageError,
    Patience,
    TransientError,
    Validators,
    conditions,
    content_range,
    forget,
    host_group,
    is_missing_key,
    is_rest_of,
    range_of,
    reason_of,
    redirected,
    retry_after,
    state_of,
    validators_of,
)
from dmicc_assets.geo.http.shared_throttle import AnyThrottle

Progress = Callable[[str, int, int | None], None]
_Result = TypeVar("_Result")
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_MISSING = frozenset({404, 410})
_NO_HEAD = frozenset({405, 501})
_FORBIDDEN = 403  # of a HEAD: only a GET tells S3's "no such key" from a challenge or a refusal
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_LONGEST_RETRY_AFTER = 300.0


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted, which take longer to read than a small file to come."""
    return httpx2.create_ssl_context()


class HttpTransfer:
    """Requests over HTTPS or HTTP; proxies and certificates come from the environment, as httpx2 reads it.

    Args:
        throttle_of: the throttle of a host group.
        patience: time-outs and tries.
        advice_of: what to set when a URL's host cannot be reached.
        progress: told the URL, the bytes so far and the bytes in all.
    """

    def __init__(
        self,
        throttle_of: Callable[[str], AnyThrottle],
        patience: Patience,
        advice_of: Callable[[str], str],
        progress: Progress | None = None,
    ) -> None:
        self._throttle_of = throttle_of
        self._patience = patience
        self._advice_of = advice_of
        self._progress = progress
        timeout = httpx2.Timeout(patience.read_timeout, connect=patience.connect_timeout)
        self._http = httpx2.Client(
            timeout=timeout,
            verify=_trusted(),
            limits=httpx2.Limits(max_connections=1),
            headers={"User-Agent": "dmicc_assets (Python httpx2)", "Accept-Encoding": "identity"},
        )
        weakref.finalize(self, self._http.close)  # so that the connection closes without an explicit call
        self.n_received, self.seconds = 0, 0.0  # of all contents so far, and how long their bytes were waited for

    def head(self, url: str) -> Validators:
        """The server's current metadata of a file; empty when it does not answer HEAD.

        Raises:
            SourceError: not served, or not reachable in the tries allowed.
        """

        def ask() -> Validators:
            with self._request("HEAD", url, {}) as response:
                if response.status_code in _NO_HEAD:
                    return Validators(None, None, None)
                is_forbidden = response.status_code == _FORBIDDEN
                is_page = response.headers.get("Content-Type", "").startswith("text/html")
                found = validators_of(response)
            if is_forbidden or is_page:  # requested files are never HTML pages, so that this may be a challenge
                with self.blocks(url) as pieces:
                    start = next(pieces, b"")
                if is_page and not is_forbidden and looks_like_html(start):
                    raise PageError(f"{url}: an HTML page in place of a file", check=CHECK)
            return Validators(None, None, None) if is_forbidden else found

        return self._persist(url, ask)

    def text(self, url: str, data: Mapping[str, str] | None = None) -> str:
        """A page's text; with `data`, the answer to this form.

        Raises:
            ChallengeError: a challenge came in its place.
            SourceError: not served, not reachable in the tries allowed, or beyond `limits.PAGE`.
        """

        def ask() -> str:
            with self._request("POST" if data else "GET", url, {}, data) as response:
                page = b"".join(self._guarded(url, response, limits.PAGE))
                refuse_challenge(url, page[:PEEK], self._advice_of(url))
                return page.decode(response.charset_encoding or "utf-8", errors="replace")

        return self._persist(url, ask)

    @contextmanager
    def blocks(self, url: str) -> Generator[Iterator[bytes]]:
        """A file's bytes as they arrive; leaving early closes the connection. No retry after the first bytes.

        Raises:
            ChallengeError: a challenge came in its place.
            SourceError: not served, or not reachable in the tries allowed.
        """
        with self.arriving(url) as found:
            yield found.pieces

    @contextmanager
    def arriving(self, url: str, known: Validators | None = None, limit: Limit | None = None) -> Generator[Arriving]:
        """A file's bytes as they arrive, by one request, as `blocks`.

        Args:
            url: of the file.
            known: validators of the version that the caller has.
            limit: how much is read from the file's start; asked for as a range, where the server has ranges.
        """
        headers = conditions(known) | ({} if limit is None else {"Range": f"bytes=0-{limit.n_bytes - 1}"})
        opened = self._persist(url, lambda: self._open("GET", url, headers))
        try:
            served, is_known = validators_of(opened), opened.status_code == 304
            if opened.status_code == 206:
                served = replace(served, length=content_range(opened)[1])
            pieces = self._guarded(url, opened, limit)
            start = b"" if is_known else next(pieces, b"")
            while start[:1] == b"<" and len(start) < PEEK and (piece := next(pieces, b"")):
                start += piece
            refuse_challenge(url, start[:PEEK], self._advice_of(url))
            yield Arriving(chain([start], pieces), served, is_known)
        finally:
            opened.close()

    def download(
        self,
        url: str,
        part: Path,
        verify: Callable[[Path], object],
        known: Validators | None = None,
        limit: Limit | None = None,
    ) -> Validators | None:
        """Download a file to `part` and verify it; a partial download is resumed if the server's file is unchanged.

        Args:
            url: of the file.
            part: where the unfinished file is; whole and verified when this returns validators.
            verify: raises SourceError when the file is damaged or of another format. The file is then deleted and
                downloaded again, unless the same bytes came twice: the source itself is then wrong.
            known: validators of the version that the caller has.
            limit: of the file's size and of the time that each try may take.

        Returns:
            The file's validators; None when the server answers that the known version is current.

        Raises:
            ChallengeError: a challenge came in its place.
            SourceError: not served, not reachable, or wrong in every try.
        """
        wrong: set[str] = set()

        def attempt() -> Validators | None:
            found = self._receive(url, part, known, limit)
            if found is None:
                return None
            try:
                refuse_challenge(url, _beginning(part), self._advice_of(url))
                verify(part)
            except ChallengeError:
                forget(part)
                raise
            except TransientError:
                raise
            except SourceError as error:
                digest, is_page = sha256_of(part), begins_as_html(part)
                forget(part)
                if digest in wrong and not is_page:  # an error page may disappear even if it came twice
                    raise SourceError(f"{url}: {error} (the same file came twice)", check=error.check) from None
                wrong.add(digest)
                raise TransientError(f"{url}: {error}", check=error.check, is_page=is_page) from None
            state_of(part).unlink(missing_ok=True)
            return found

        return self._persist(url, attempt)

    def _receive(self, url: str, part: Path, known: Validators | None, limit: Limit | None) -> Validators | None:
        """One try to bring the part to its end."""
        begun, headers = range_of(part) or (None, conditions(known))
        with self._request("GET", url, headers, resuming=part) as response:
            if response.status_code == 304:
                return None
            served = validators_of(response)
            start, total = 0, served.length
            if response.status_code == 206:
                start, total = content_range(response)
                if begun is None or start != part.stat().st_size or not is_rest_of(begun, served, total):
                    forget(part)
                    raise TransientError(f"{url}: the file changed while it was downloaded")
            if not start:
                part.unlink(missing_ok=True)  # a process killed here must not leave these validators with other bytes
            served = Validators(served.etag, served.last_modified, total)
            state_of(part).write_text(json.dumps([served.etag, served.last_modified, served.length]), encoding="utf-8")
            try:
                self._write(url, response, part, start, total, limit)
            except TransientError:
                raise
            except SourceError:  # beyond the limit
                forget(part)
                raise
            return served

    def _write(
        self, url: str, response: httpx2.Response, part: Path, start: int, total: int | None, limit: Limit | None
    ) -> None:
        done = start
        with part.open("r+b" if start else "wb") as file:
            file.seek(start)
            for piece in self._guarded(url, response, limit):
                file.write(piece)
                done += len(piece)
                if self._progress:
                    self._progress(url, done, total)
        if total is not None and done < total:
            raise TransientError(f"{url}: the connection ended after {done} of {total} bytes")
        if total is not None and done > total:
            forget(part)
            raise TransientError(f"{url}: {done} bytes came, {total} were announced")

    def _guarded(self, url: str, response: httpx2.Response, limit: Limit | None = None) -> Iterator[bytes]:
        """A response's raw bytes; the transfer is broken off when it is too slow to complete, or beyond its limit."""
        start = window = begun = time.monotonic()
        received = in_all = 0
        try:
            for piece in response.iter_raw():
                received += len(piece)
                in_all += len(piece)
                if limit is not None:
                    limit.refuse_beyond(url, in_all, start)
                self.n_received += len(piece)
                self.seconds += time.monotonic() - begun
                yield piece
                begun = time.monotonic()
                passed = begun - window
                if passed >= self._patience.read_timeout:
                    if received < self._patience.slowest * passed:
                        raise TransientError(f"{url}: only {received} bytes came in {passed:.0f} s")
                    window, received = time.monotonic(), 0
        except httpx2.TransportError as error:
            raise TransientError(f"{url}: the connection broke ({reason_of(error)})") from None

    @contextmanager
    def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        data: Mapping[str, str] | None = None,
        resuming: Path | None = None,
    ) -> Generator[httpx2.Response]:
        response = self._open(method, url, headers, data, resuming)
        try:
            yield response
        except httpx2.TransportError as error:
            raise TransientError(f"{url}: the connection broke ({reason_of(error)})") from None
        finally:
            response.close()

    def _open(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        data: Mapping[str, str] | None = None,
        resuming: Path | None = None,
    ) -> httpx2.Response:
        """Send a request, follow redirects that stay with the host or lead to NCBI, and sort out the status."""
        throttle = self._throttle_of(host_group(url))
        here = httpx2.URL(url)
        for _ in range(_MOST_REDIRECTS + 1):
            throttle.wait()
            try:
                request = self._http.build_request(method, here, headers=dict(headers), data=data)
                response = self._http.send(request, stream=True)
            except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as error:
                raise TransientError(
                    f"cannot reach {here.host} ({reason_of(error)}): check the network, or set {self._advice_of(url)}",
                    unreachable=True,
                ) from None
            except httpx2.TransportError as error:
                raise TransientError(f"{url}: no answer ({reason_of(error)})") from None
            if response.status_code not in _REDIRECTS:
                return self._checked(url, response, throttle, resuming)
            response.close()
            here = redirected(url, here, response.headers.get("Location", ""))
        raise SourceError(f"{url}: more than {_MOST_REDIRECTS} redirects")

    def _checked(
        self, url: str, response: httpx2.Response, throttle: AnyThrottle, resuming: Path | None
    ) -> httpx2.Response:
        status = response.status_code
        is_head = response.request.method == "HEAD"
        if status in (200, 206, 304) or (is_head and (status in _NO_HEAD or status == _FORBIDDEN)):
            return response
        page = b"" if is_head else self._page_of(url, response)
        response.close()
        refuse_challenge(url, page, self._advice_of(url))
        if status in _MISSING or is_missing_key(status, page):
            raise NotServedError(f"{url}: not there (HTTP {status})")
        if status == 416 and resuming is not None:
            forget(resuming)
            raise TransientError(f"{url}: the file is shorter than what was already downloaded of it")
        if status not in _TRANSIENT:
            raise SourceError(f"{url}: the server answers HTTP {status} {response.reason_phrase}")
        wait = retry_after(response.headers.get("Retry-After", ""))
        if wait is not None and wait > _LONGEST_RETRY_AFTER:
            raise SourceError(f"{url}: the server asks to come back in {wait:.0f} s (HTTP {status})")
        if wait:
            throttle.hold(wait)
        raise TransientError(f"{url}: the server answers HTTP {status} {response.reason_phrase}", retry_after=wait)

    def _page_of(self, url: str, response: httpx2.Response) -> bytes:
        """The beginning of a server's error page, as far as it arrives."""
        page = bytearray()
        with suppress(TransientError):
            for piece in self._guarded(url, response):
                page += piece
                if len(page) >= PEEK:
                    break
        return bytes(page[:PEEK])

    def _persist(self, url: str, attempt: Callable[[], _Result]) -> _Result:
        """Try until success or until `patience` is exhausted; the user sees the last error."""
        patience = self._patience

        def enough(state: tenacity.RetryCallState) -> bool:
            error = state.outcome.exception() if state.outcome else None
            unreachable = isinstance(error, TransientError) and error.unreachable
            return state.attempt_number >= (min(2, patience.attempts) if unreachable else patience.attempts)

        def pause(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            longest = min(patience.backoff * 2 ** (state.attempt_number - 1), patience.longest_backoff)
            asked = error.retry_after if isinstance(error, TransientError) else None
            return (asked or 0.0) + longest * (1 + random.random())

        retrying = tenacity.Retrying(
            stop=enough, wait=pause, retry=tenacity.retry_if_exception_type(TransientError), reraise=True
        )
        try:
            return retrying(attempt)
        except TransientError as error:
            if error.unreachable:
                raise
            kind = PageError if error.is_page else NoAnswerError
            raise kind(f"{error} (tried {patience.attempts} times)", check=error.check) from None
        except httpx2.InvalidURL as error:
            raise SourceError(f"{url}: not an address ({error})") from None


def _beginning(part: Path) -> bytes:
    with part.open("rb") as file:
        return file.read(PEEK)
