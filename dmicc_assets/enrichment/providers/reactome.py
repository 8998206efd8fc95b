"""Reactome's pathways: one GMT file in a ZIP archive, always of the current release."""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from dmicc_assets.enrichment.providers.provider import Contents, LibrarySource, Remote, Roots, gmt_lines
from dmicc_assets.errors import SourceError

_FILE = "ReactomePathways.gmt"


class Reactome:
    """Reactome (10.1093/nar/gkad1025), of human genes."""

    title = "Reactome"
    licence = "CC0"

    def remotes(self, source: LibrarySource, roots: Roots) -> list[Remote]:
        """One archive."""
        return [Remote(f"{roots.reactome}/download/current/{_FILE}.zip", f"{_FILE}.zip")]

    def is_pinned(self, source: LibrarySource) -> bool:
        """Never: the address serves the current release."""
        return False

    def read(self, source: LibrarySource, paths: Sequence[Path]) -> Contents:
        """Pathways with their stable identifiers, which stand in the second column.

        Raises:
            SourceError: no ZIP archive, or no GMT file in it.
        """
        try:
            with zipfile.ZipFile(paths[0]) as archive:
                text = archive.read(_FILE).decode("utf-8", errors="replace")
        except (zipfile.BadZipFile, KeyError, zlib.error, RuntimeError, EOFError) as error:
            raise SourceError(f"{paths[0].name}: expected a ZIP archive with {_FILE} ({error})") from None
        rows = (line.split("\t", 2) for line in text.split("\n"))
        named = (
            "\t".join([f"{row[0].strip()} ({row[1].strip()})", "", row[2]])
            for row in rows
            if len(row) > 2 and row[1].strip().startswith("R-")
        )
        return Contents(list(gmt_lines("\n".join(named), _FILE)))
