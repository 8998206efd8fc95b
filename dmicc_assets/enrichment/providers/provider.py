"""What every provider of gene sets states: which files make a library, whether they can change, and its licence.

The providers themselves are in the modules of their names; which one a library comes from is said in `catalogue.py`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.gzip_stream import looks_like_html, text_blocks
from dmicc_assets.geo.formats.limits import joined

SetOfGenes = tuple[str, Sequence[str]]  # "name (ACCESSION)" or a name alone, and its genes


@dataclass(frozen=True, slots=True)
class Roots:
    """Address of each provider's host; its own paths are below it."""

    enrichr: str
    go: str
    msigdb: str
    reactome: str


@dataclass(frozen=True, slots=True)
class LibrarySource:
    """A library at its provider.

    Attributes:
        provider: the provider's name.
        name: what the provider calls the library.
        organism: `human`, `mouse` or `rat`.
        version: as the provider counts; None where the address always serves the current one.
    """

    provider: str
    name: str
    organism: str = "human"
    version: str | None = None

    @property
    def file_name(self) -> str:
        """Name of its files among the fetched libraries, without a suffix: unique to library, organism and version."""
        parts = [self.provider, self.organism, self.name, *([self.version] if self.version else [])]
        return "-".join("".join(c if c.isalnum() or c in "._" else "_" for c in part) for part in parts)


def verify_text(path: Path) -> None:
    """Check that a file is neither empty nor a page that a server shows for an error.

    Raises:
        SourceError: it is.
    """
    with path.open("rb") as file:
        start = file.read(512)
    if not start.strip():
        raise SourceError(f"{path.name}: an empty file in place of gene sets")
    if looks_like_html(start):
        raise SourceError(f"{path.name}: an HTML page in place of gene sets")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise SourceError(f"{path.name}: expected UTF-8 text, found UTF-16")


@dataclass(frozen=True, slots=True)
class Remote:
    """A file that a library is made from.

    Attributes:
        url: where it is served.
        file: its name among the downloads.
        verify: raises SourceError when a download is damaged or something else; it is then asked for again.
    """

    url: str
    file: str
    verify: Callable[[Path], None] = field(default=verify_text, compare=False)


@dataclass(frozen=True, slots=True)
class Contents:
    """A library as read from the provider's files.

    Attributes:
        sets: each set's name and genes.
        version: as the files state it; None when they do not.
        date: of the release, ISO 8601, where the files state it.
        notes: what was done to make the sets, for people.
    """

    sets: list[SetOfGenes]
    version: str | None = None
    date: str | None = None
    notes: dict[str, str] = field(default_factory=dict[str, str])


class Provider(Protocol):
    """Where libraries come from."""

    @property
    def title(self) -> str:
        """What people call it."""
        ...

    @property
    def licence(self) -> str:
        """Under which terms its libraries may be used, in one line."""
        ...

    def remotes(self, source: LibrarySource, roots: Roots) -> list[Remote]:
        """The files that make a library."""
        ...

    def is_pinned(self, source: LibrarySource) -> bool:
        """Whether what is served under this name never changes, so that it is asked for once."""
        ...

    def read(self, source: LibrarySource, paths: Sequence[Path]) -> Contents:
        """The library's sets, from its files in the order of `remotes`.

        Raises:
            SourceError: a file is not what it must be.
        """
        ...


def read_text(path: Path) -> str:
    """A file's text, decompressed where it is gzip: servers send either under the same name.

    Raises:
        SourceError: the gzip file is damaged.
    """
    return joined(text_blocks(path), path.name).decode("utf-8-sig", errors="replace")


def gmt_lines(text: str, what: str) -> Iterator[SetOfGenes]:
    """Sets of a GMT text: name, description and genes by tabs; a weight behind a gene (`TP53,1.0`) is dropped.

    Lines without a gene are left out, and the genes of two lines of one name are joined: Enrichr's libraries have some.

    Raises:
        SourceError: no line is a set.
    """
    sets: dict[str, set[str]] = {}
    for line in text.split("\n"):
        first, *rest = (" ".join(field.split()) for field in line.split("\t"))
        genes = {gene.split(",")[0] for gene in rest[1:]} - {""}
        if first and genes:
            sets.setdefault(first, set()).update(genes)
    yield from ((name, sorted(genes)) for name, genes in sets.items())
    if not sets:
        raise SourceError(f"{what}: expected gene sets in GMT format (name, description, genes, by tabs), found none")
