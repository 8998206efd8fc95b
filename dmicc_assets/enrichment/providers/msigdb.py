"""MSigDB's collections as GMT files, by our own client. A file's address carries its version."""

from collections.abc import Sequence
from pathlib import Path

from dmicc_assets.enrichment.providers.provider import Contents, LibrarySource, Remote, Roots, gmt_lines, read_text

_RELEASES = "gsea-msigdb/msigdb/release"


class MSigDB:
    """MSigDB (10.1016/j.cels.2015.12.004)."""

    title = "MSigDB"
    licence = "CC BY 4.0; sets of other owners under their terms (www.gsea-msigdb.org/gsea/msigdb_license_terms.jsp)"

    def remotes(self, source: LibrarySource, roots: Roots) -> list[Remote]:
        """One GMT file of gene symbols."""
        file = f"{source.name}.v{source.version}.symbols.gmt"
        return [Remote(f"{roots.msigdb}/{_RELEASES}/{source.version}/{file}", file)]

    def is_pinned(self, source: LibrarySource) -> bool:
        """Always: a new version has a new address."""
        return True

    def read(self, source: LibrarySource, paths: Sequence[Path]) -> Contents:
        """Sets by MSigDB's names.

        Raises:
            SourceError: no sets in the file.
        """
        text = read_text(paths[0])
        return Contents(list(gmt_lines(text, paths[0].name)), source.version)
