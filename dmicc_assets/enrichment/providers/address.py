"""A library at an address that the study file names: a GMT file, compressed or not."""

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dmicc_assets.enrichment.providers.provider import Contents, LibrarySource, Remote, Roots, gmt_lines
from dmicc_assets.errors import SourceError


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
        content = paths[0].read_bytes()
        try:
            content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(f"{source.name}: the gzip file is damaged ({error})") from None
        return Contents(list(gmt_lines(content.decode("utf-8-sig", errors="replace"), source.name)))
