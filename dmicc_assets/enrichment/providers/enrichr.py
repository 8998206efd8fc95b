"""Enrichr's libraries, by our own client: any name of its list, as text.

gseapy's `get_library` has no time-out and drops sets of more than 2,000 genes.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from dmicc_assets.enrichment.providers.provider import Contents, LibrarySource, Remote, Roots, gmt_lines, read_text

_KEGG_TERMS = "KEGG: academic use only (www.kegg.jp/kegg/legal.html)"
_YEAR = re.compile(r"(?:^|_)((?:19|20)\d\d)(?:_|$)")


class Enrichr:
    """Enrichr (10.1093/nar/gkw377). Its libraries carry their year in their names and do not change."""

    title = "Enrichr"
    licence = f"of each library's authors; {_KEGG_TERMS}"

    def remotes(self, source: LibrarySource, roots: Roots) -> list[Remote]:
        """One text file."""
        query = f"mode=text&libraryName={quote(source.name, safe='')}"
        return [Remote(f"{roots.enrichr}/Enrichr/geneSetLibrary?{query}", f"{source.name}.txt")]

    def is_pinned(self, source: LibrarySource) -> bool:
        """Always: the service sends no validators, and a new version has a new name."""
        return True

    def read(self, source: LibrarySource, paths: Sequence[Path]) -> Contents:
        """Sets as Enrichr has them, by name; its KEGG has no identifiers.

        Raises:
            SourceError: no sets in the answer: Enrichr has no library of this name.
        """
        text = read_text(paths[0])
        sets = list(gmt_lines(text, f"Enrichr's library {source.name!r}"))
        year = _YEAR.search(source.name)
        return Contents(sets, source.name, year[1] if year else None)
