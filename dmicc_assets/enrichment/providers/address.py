"""A library at an address that the study file names: a GMT file, compressed or not."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dmicc_assets.enrichment.providers.provider import Contents, LibrarySource, Remote, Roots, gmt_lines, read_text


class Address:
    """A GMT file anywhere."""

    title = "the address in the study file"
    licence = "not stated"

    def remotes(self, source: LibrarySource, roots: Roots) -> list[Remote]:
        """The file."""
        return [Remote(source.name, unquote(urlsplit(source.name).path).rsplit("/", 1)[-1] or "library.gmt")]

    def is_pinned(self, source: LibrarySource) -> bool:
        """Never: anything may be served there tomorrow."""
        return False

    def read(self, source: LibrarySource, paths: Sequence[Path]) -> Contents:
        """Sets as the file has them.

        Raises:
            SourceError: a damaged gzip file, or no sets in it.
        """
        return Contents(list(gmt_lines(read_text(paths[0]), source.name)))
