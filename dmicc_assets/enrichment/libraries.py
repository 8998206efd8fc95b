"""The gene-set libraries of one study: of the user's own folder, or fetched from their providers.

Reading a GMT file is in `gene_sets.py`, fetching one in `providers/`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

from dmicc_assets.enrichment.bundled.library import bundled_library, is_bundled
from dmicc_assets.enrichment.gene_sets import GeneSetLibrary, library_path, read_gmt
from dmicc_assets.enrichment.providers.catalogue import is_alias, source_of
from dmicc_assets.enrichment.providers.library_folder import LibraryFolder
from dmicc_assets.enrichment.providers.provider import Roots
from dmicc_assets.errors import RequestError, SourceError
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.http.memory import Memory
from dmicc_assets.geo.http.policy import NotServedError
from dmicc_assets.lake.steps import open_client
from dmicc_assets.study.schema import Enrichment
from dmicc_assets.study.settings import Settings


@dataclass(frozen=True)
class LibrariesInUse:
    """What a study's enrichment is made with.

    Attributes:
        found: the libraries, in the study's order.
        missing: why each of the others could not be had, by name.
        bundled: of those found, which came with the package because they could not be had, and why, by name.
    """

    found: list[GeneSetLibrary]
    missing: dict[str, str]
    bundled: dict[str, str] = field(default_factory=dict[str, str])


def fetched_libraries(
    settings: Settings, report: Callable[[str], None] = lambda _: None, memory: Memory | None = None
) -> LibraryFolder:
    """The folder of fetched libraries of the home that the settings name; with a memory nothing is asked twice."""
    roots = Roots(settings.enrichr_url, settings.go_url, settings.msigdb_url, settings.reactome_url)

    def client_of() -> GeoClient:
        return open_client(settings, report, memory=memory or Memory())

    return LibraryFolder(settings.fetched_gene_sets, settings.locks, client_of, roots, report, memory)


def libraries_in_use(
    enrichment: Enrichment,
    settings: Settings,
    report: Callable[[str], None] = lambda _: None,
    memory: Memory | None = None,
) -> LibrariesInUse:
    """The study's libraries, fetched where the user has no folder of gene sets; GO is bundled as the last resort.

    Args:
        enrichment: the section of the study file.
        settings: the folder, and the providers' addresses.
        report: told what is fetched.
        memory: answers of this run.

    Raises:
        RequestError: the user's folder lacks a library, or no library has this name.
        SourceError: a file is no library.
    """
    if settings.gene_sets is not None:
        return LibrariesInUse([read_gmt(library_path(settings.gene_sets, name)) for name in enrichment.libraries], {})
    folder = fetched_libraries(settings, report, memory)
    found: list[GeneSetLibrary] = []
    missing: dict[str, str] = {}
    bundled: dict[str, str] = {}
    for name in enrichment.libraries:
        source = source_of(name, enrichment)
        try:
            found.append(read_gmt(folder.fetch(source), name))
        except SourceError as error:
            if is_bundled(source):
                found.append(bundled_library(name, source))
                bundled[name] = str(error)
                report(f"{name}: {error}; the bundled GO is used")
                continue
            if isinstance(error, NotServedError) and not is_alias(name, enrichment):
                raise RequestError(f"enrichment.libraries: no provider has a library {name!r} ({error})") from None
            missing[name] = str(error)
    report("")  # the step goes on
    return LibrariesInUse(found, missing, bundled)


def why_missing(missing: Mapping[str, str]) -> str:
    """Why libraries could not be had, in one line; those with the same reason together.

    Args:
        missing: the reason of each library, by name.
    """
    by_reason: dict[str, list[str]] = {}
    for name, reason in missing.items():
        by_reason.setdefault(reason, []).append(name)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in by_reason.items())


def served_libraries(
    enrichment: Enrichment,
    settings: Settings,
    report: Callable[[str], None] = lambda _: None,
    memory: Memory | None = None,
    *,
    asks: bool = True,
) -> str:
    """What there is of the study's libraries now, a line each: in the user's folder, else at their providers.

    Of a file in the folder its SHA-256, and that of a `<name>.json` beside it: a version that is stated later is a
    finding less. Without `asks` no provider is asked: the text is as it was when a library was fetched.
    """
    if settings.gene_sets is not None:
        lines = [_in_folder(name, settings.gene_sets) for name in enrichment.libraries]
    else:
        folder = fetched_libraries(settings, report, memory)
        observe = folder.observe if asks else folder.known
        observed = {name: observe(source_of(name, enrichment)) for name in enrichment.libraries}
        lines = [f"{name} {text}" for name, text in observed.items()]
    return "\n".join(lines) or "no gene sets"


def held_library(name: str, enrichment: Enrichment, settings: Settings) -> GeneSetLibrary | None:
    """A library that is on this machine; None when it would have to be fetched.

    Raises:
        RequestError: the user's folder lacks it, or no library has this name.
        SourceError: the file is no library.
    """
    path = held_file(name, enrichment, settings)
    return None if path is None else read_gmt(path, name)


def held_file(name: str, enrichment: Enrichment, settings: Settings) -> Path | None:
    """The file of a library that is on this machine; errors and None as of `held_library`."""
    if settings.gene_sets is not None:
        return library_path(settings.gene_sets, name)
    path = fetched_libraries(settings).path_of(source_of(name, enrichment))
    return path if path.is_file() else None


def gene_set_reader(enrichment: Enrichment, settings: Settings | None) -> Callable[[str, str], Sequence[str]]:
    """A function of library and term to the genes of a set; empty when the library or the term is missing.

    Nothing is fetched: what was used is there.
    """

    @cache
    def library(name: str) -> GeneSetLibrary | None:
        try:
            found = None if settings is None else held_library(name, enrichment, settings)
            source = source_of(name, enrichment)
        except RequestError:
            return None
        return bundled_library(name, source) if settings and not found and is_bundled(source) else found

    def gene_set(name: str, term: str) -> Sequence[str]:
        found = library(name)
        return found.sets[term].genes if found is not None and term in found.sets else ()

    return gene_set


def _in_folder(name: str, folder: Path) -> str:
    try:
        library = library_path(folder, name)
    except RequestError:
        return f"{name} is not there"
    paths = [library, library.with_name(f"{name}.json")]
    return " ".join([name, *(sha256(path.read_bytes()).hexdigest() for path in paths if path.is_file())])
