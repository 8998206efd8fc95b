"""A file that a dataset is read from: its role, its possible URLs and its check.

Which files a dataset needs is said in `sources.py` and `orthologue_files.py`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from dmicc_assets.geo.http.cache import SourceFile
from dmicc_assets.geo.http.challenge import ChallengeError
from dmicc_assets.geo.http.client import GeoClient, Take, Verify
from dmicc_assets.geo.http.policy import NotServedError, PageError

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that a dataset is read from.

    Attributes:
        role: `matrix`, `soft`, `counts`, `platform`, `annotation`, `gene_ids`, `samples`, `clinical`, `orthologues`,
            `gene_info` or `human_gene_info`.
        urls: possible URLs, preferred first. One with a fragment serves a larger file that contains this one.
        verify: raises SourceError when a file is damaged or of another format.
        query_name: its file name when the URL is a query without one, or has a fragment.
        is_unrevised: tells whether acc.cgi's dates equal those of an earlier copy; None when acc.cgi has no dates for
            it.
        take: extracts this file from the content of the larger one.
    """

    role: str
    urls: Sequence[str]
    verify: Verify
    query_name: str | None = None
    is_unrevised: Callable[[Path], bool] | None = None
    take: Take | None = None

    def fetch(self, url: str, client: GeoClient) -> SourceFile:
        """The file as one of the URLs serves it.

        Raises:
            NotServedError: the server does not have it.
            SourceError: it cannot be reached, answers with a challenge, or the file is not what it must be.
        """
        if self.take is not None and self.query_name is not None and "#" in url:
            return client.fetch_part(url, self.role, self.take, self.verify, self.query_name)
        try:
            return client.fetch(url, self.role, self.verify, self.query_name if "?" in url else None)
        except ChallengeError:  # it comes and goes: what was fetched from there stands
            recorded = client.cache.recorded(url, self.role)
            if recorded is None:
                raise
            return recorded

    def first(self, ask: Callable[[str], _Read]) -> _Read | None:
        """Result of `ask` for the first URL that serves the file; None if no URL does.

        Raises:
            ChallengeError: none serves it, and at least one answers with a challenge: the file may be there.
            PageError: none serves it, and at least one sends an HTML page in its place.
            SourceError: a server cannot be reached, or the file is not what it must be.
        """
        challenge: ChallengeError | None = None
        page: PageError | None = None
        for url in self.urls:
            try:
                return ask(url)
            except NotServedError:
                continue
            except ChallengeError as error:
                challenge = error
            except PageError as error:
                page = page or error
        if (problem := challenge or page) is not None:
            raise problem
        return None


class Held(Protocol):
    """A served file whose content the list of files can depend on."""

    def look(self, read: Callable[[Iterator[bytes], str], _Read]) -> _Read:
        """Apply `read` to the decompressed content and the file's name; it need not read all of the content."""
        ...


Get = Callable[[Wanted], Held | None]


def needed(name: str, wanted: Wanted, get: Get) -> Held:
    """The served file.

    Raises:
        NotServedError: none of its URLs serves it.
    """
    held = get(wanted)
    if held is None:
        raise NotServedError(f"{name}: no {wanted.role} file at {' or '.join(wanted.urls)}")
    return held
