"""What protects the pages: they answer this machine's own browser only, and change something only for their own forms.

A name that another site resolves to this machine (DNS rebinding) is refused by Host, a form of another site by Origin
and by a token that only these pages have.
"""

import secrets
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dmicc_assets.errors import RequestError

NAMES = ("127.0.0.1", "localhost", "::1")
_SAFE = ("GET", "HEAD")
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Token:
    """A secret of this process, which every form of its pages carries."""

    def __init__(self) -> None:
        self.text = secrets.token_urlsafe(32)

    def check(self, given: str) -> None:
        """Refuse a form without the token.

        Raises:
            RequestError: it has another one, as a page from before a restart has.
        """
        if not secrets.compare_digest(given.encode(), self.text.encode()):
            raise RequestError("this page is from an earlier start of dmicc ui; open it again, and nothing was changed")


class LoopbackOnly:
    """Answers requests for this machine's loopback names, writes only for pages of the same origin."""

    def __init__(self, app: ASGIApp, names: Sequence[str] = NAMES) -> None:
        """Keep the names that are answered: more than loopback's only where a person asked for it."""
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on and add the headers that keep other content out of the pages."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        why = refusal(scope["method"], Headers(scope=scope), self._names)
        answer = self._app if why is None else PlainTextResponse(f"dmicc: {why}\n", status_code=403)
        await answer(scope, receive, guarded)


def refusal(method: str, headers: Headers, names: Sequence[str] = NAMES) -> str | None:
    """Why a request is not answered; None when it is.

    The port is free, because a browser may reach this machine through a tunnel; the name is not.
    """
    hosts = headers.getlist("host")
    if len(hosts) != 1 or _name(hosts[0]) not in names:
        others = [name for name in names if name not in NAMES]
        return f"these pages answer at {', '.join(['127.0.0.1', *others])} and localhost only"
    if method in _SAFE:
        return None
    if headers.get("origin") != f"http://{hosts[0]}":
        return "a form of another page was refused"
    return None


def _name(host: str) -> str | None:
    """The name in a Host header, without port; None when it is none."""
    try:
        parts = urlsplit(f"//{host}")
        return parts.hostname if parts.netloc == host and parts.username is None else None
    except ValueError:
        return None
