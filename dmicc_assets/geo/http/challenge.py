"""Recognition of challenge pages (reCAPTCHA), which a server sends in place of a file, by their content.

Since August 2026 NCBI may answer `acc.cgi` and `/geo/download/` with one and status 200. What is tried in place of the
page is said in `geo/sources.py`.
"""

import re
from urllib.parse import urlsplit

from dmicc_assets.errors import SourceError

PEEK = 1 << 16  # bytes of a page that tell whether it is a challenge
_MARK = re.compile(
    rb"captcha|challenge-platform|cf[-_]chl|are you (a )?(human|robot)|(not|n't) a robot|checking your browser|"
    rb"(verify|confirm)(ing)? (that )?you are (a )?human|unusual traffic|automated (queries|requests|access)",
    re.IGNORECASE,
)


class ChallengeError(SourceError):
    """A challenge page came in place of the file. Trying again does not help."""


def refuse_challenge(url: str, page: bytes, advice: str) -> None:
    """Raise an error if a page is a challenge.

    Args:
        url: the requested URL.
        page: the first `PEEK` bytes of the answer.
        advice: what to set so that another place is asked.

    Raises:
        ChallengeError: it is one.
    """
    if page.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" and _MARK.search(page):
        raise ChallengeError(
            f"{url}: {urlsplit(url).hostname} answers with a challenge page (reCAPTCHA), which only a browser can "
            f"pass: try later, from another network, or set {advice}"
        )
