"""Which gene-set libraries a study uses, found on the disk, with what is recorded of them."""

from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

from dmicc_assets.enrichment.gene_sets import GeneSetLibrary, library_path, read_gmt
from dmicc_assets.errors import RequestError


def libraries_in_use(names: Sequence[str], folder: Path | None) -> list[GeneSetLibrary]:
    """The study's libraries; none at all without a folder of gene sets, which the enrichment tables then say.

    Args:
        names: the libraries that the study asks for.
        folder: `DMICC_GENE_SETS`, or None.

    Raises:
        RequestError: the folder lacks a library.
    """
    return [] if folder is None else [read_gmt(library_path(folder, name)) for name in names]


def served_libraries(names: Sequence[str], folder: Path | None) -> str:
    """What the folder holds of the libraries now, a line each: name and SHA-256 of the file, or its absence.

    With a `<name>.json` beside the file its SHA-256 too: a version that is stated later is a finding less.
    """
    lines: list[str] = []
    for name in names if folder is not None else ():
        try:
            library = library_path(folder, name)
            paths = [library, library.with_name(f"{name}.json")]
            hashes = [sha256(path.read_bytes()).hexdigest() for path in paths if path.is_file()]
            lines.append(" ".join([name, *hashes]))
        except RequestError:
            lines.append(f"{name} is not there")
    return "\n".join(lines) or "no gene sets"


def gene_set_reader(folder: Path | None) -> Callable[[str, str], Sequence[str]]:
    """A function of library and term to the genes of a set; empty when the library or the term is not at hand.

    Args:
        folder: `DMICC_GENE_SETS`, or None.
    """

    @cache
    def library(name: str) -> GeneSetLibrary | None:
        try:
            return read_gmt(library_path(folder, name))
        except RequestError:
            return None

    def gene_set(name: str, term: str) -> Sequence[str]:
        found = library(name)
        return found.sets[term].genes if found is not None and term in found.sets else ()

    return gene_set
