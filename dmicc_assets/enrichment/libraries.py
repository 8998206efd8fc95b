"""Which gene-set libraries a study uses, found on the disk, with what is recorded of them."""

from collections.abc import Sequence
from pathlib import Path

from dmicc_assets.enrichment.gene_sets import GeneSetLibrary, library_path, read_gmt


def libraries_in_use(names: Sequence[str], folder: Path | None) -> list[GeneSetLibrary]:
    """The study's libraries; none at all without a folder of gene sets, which the enrichment tables then say.

    Args:
        names: the libraries that the study asks for.
        folder: `DMICC_GENE_SETS`, or None.

    Raises:
        RequestError: the folder lacks a library.
    """
    return [] if folder is None else [read_gmt(library_path(folder, name)) for name in names]


def libraries_text(libraries: Sequence[GeneSetLibrary]) -> str:
    """What is observed of the libraries: name and checksum of each."""
    return " ".join(f"{library.name}={library.sha256}" for library in libraries) or "no gene sets"
