"""A browser without a window on the pages: it follows redirects and fills forms in as the page has them."""

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import httpx2
from starlette.testclient import TestClient

from dmicc_assets.pages.server import application
from dmicc_assets.pages.site import Site

ADDRESS = "http://127.0.0.1:3001"


class Fields(HTMLParser):
    """The fields of a page as a browser would submit them, and its texts in elements with an id."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self._select: str | None = None
        self._options: list[tuple[str, bool]] = []
        self._pre: list[str] | None = None
        self.pres: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        if tag == "input" and own.get("name"):
            if own.get("type") in ("checkbox", "radio") and "checked" not in own:
                return
            self.fields.append((own["name"], own.get("value", "")))
        elif tag == "select":
            self._select, self._options = own.get("name"), []
        elif tag == "option" and self._select:
            self._options.append((own.get("value", "\0"), "selected" in own))
        elif tag == "pre":
            self._pre = []

    def handle_data(self, data: str) -> None:
        if self._pre is not None:
            self._pre.append(data)
        if self._options and self._options[-1][0] == "\0":
            self._options[-1] = (data.strip(), self._options[-1][1])

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select:
            chosen = [value for value, is_selected in self._options if is_selected] or [self._options[0][0]]
            self.fields.append((self._select, chosen[0]))
            self._select = None
        elif tag == "pre" and self._pre is not None:
            self.pres.append("".join(self._pre))
            self._pre = None


class Browser:
    """Pages of a site, one at a time."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.client = TestClient(application(site), base_url=ADDRESS, raise_server_exceptions=False)
        self.page = ""
        self.status = 0
        self.url = ""

    def open(self, path: str) -> str:
        return self._seen(self.client.get(path))

    def press(self, do: str, path: str = "/new", picks: Mapping[str, list[str]] | None = None, **typed: Any) -> str:
        """Submit the form of this page with a button, after something was typed and rows were picked."""
        fields = [(name, typed.get(_keyword(name), value)) for name, value in Fields(self.page).fields]
        known = {_keyword(name) for name, _ in fields}
        fields += [(name, value) for name, value in typed.items() if name not in known]
        fields += [(name, each) for name, values in (picks or {}).items() for each in values]
        body = httpx2.QueryParams([*fields, ("do", do)])
        return self._seen(
            self.client.post(
                path,
                content=str(body),
                headers={"origin": ADDRESS, "content-type": "application/x-www-form-urlencoded"},
            )
        )

    @property
    def file(self) -> str:
        """The study file as the page shows it, which is its last block of text."""
        return Fields(self.page).pres[-1]

    def _seen(self, answer: Any) -> str:
        self.page, self.status, self.url = answer.text, answer.status_code, str(answer.url)
        return self.page


def _keyword(name: str) -> str:
    return name.replace(".", "__")
