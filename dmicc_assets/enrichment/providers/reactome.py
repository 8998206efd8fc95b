"""Reactome's pathways: one GMT file in a ZIP archive, always of the current release."""

import zipfile
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
        except (zipfile.BadZipFile, KeyError) as error:
            raise SourceError(f"{paths[0].name}: expected a ZIP archive with {_FILE} ({error})") from None
        sets = list(gmt_lines(text, _FILE))
        ids = dict(_identifiers(text))
        return Contents([(f"{name} ({ids[name]})" if name in ids else name, genes) for name, genes in sets])


def _identifiers(text: str) -> list[tuple[str, str]]:
    rows = (line.split("\t", 2) for line in text.split("\n"))
    return [(row[0].strip(), row[1].strip()) for row in rows if len(row) > 2 and row[1].startswith("R-")]
