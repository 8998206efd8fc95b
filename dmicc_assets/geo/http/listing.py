"""Names in a folder of GEO's tree, from the HTML page that a server shows for it.

Links to other places (parent folder, sorting, `mailto:`, footer) are skipped.
"""

import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import unquote

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*/?")


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.targets.extend(value for key, value in attrs if key == "href" and value)


def parse_listing(page: str) -> list[str]:
    """Names in a folder, a subfolder's with a slash at its end, each once and in the page's order.

    Args:
        page: the HTML that Apache (NCBI), nginx or Python's server show for a folder.
    """
    links = _Links()
    links.feed(page)
    names = (unquote(unescape(target)) for target in links.targets)
    return list(dict.fromkeys(name for name in names if _NAME.fullmatch(name)))
