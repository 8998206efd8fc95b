"""`dmicc gene-sets`: the libraries that were fetched, and fetching, pinning and removing one.

Fetching itself is in `enrichment/providers/`; a study's run fetches what it needs without being asked.
"""

from collections.abc import Callable
from typing import Literal

import polars as pl
from rich.console import Console

from dmicc_assets.enrichment.libraries import fetched_libraries
from dmicc_assets.enrichment.providers.catalogue import PROVIDERS, source_of
from dmicc_assets.enrichment.providers.library_folder import LibraryFolder
from dmicc_assets.enrichment.providers.provider import LibrarySource
from dmicc_assets.errors import RequestError
from dmicc_assets.study.schema import Enrichment, Study
from dmicc_assets.study.settings import Settings
from dmicc_assets.warehouse.shown_rows import show_rows

Action = Literal["list", "get", "pin", "unpin", "remove"]
_COLUMNS = ("library", "provider", "organism", "version", "date", "n_sets", "pinned", "licence")


def gene_sets_and_show(
    out: Console,
    settings: Settings,
    action: Action,
    name: str | None,
    organism: Literal["human", "mouse", "rat"],
    study: Study | None = None,
) -> None:
    """Do one thing with the fetched libraries, and say it.

    Args:
        out: where to print.
        settings: say where the libraries are.
        action: what to do.
        name: of a library; with a study as the study calls it, and none gets all of the study's.
        organism: whose genes, without a study.
        study: its libraries, as it pins them, in place of all.

    Raises:
        RequestError: no name where one is needed, a library that was not fetched, or one that the study does not name.
        SourceError: a library cannot be had.
    """
    settings = settings.simulated() if study is not None and study.is_simulated else settings
    folder = fetched_libraries(settings, out.print)
    if action == "list":
        _show_list(out, settings, folder) if study is None else _show_study(out, settings, folder, study)
        return
    if (name is None and study is None) or (name is None and action != "get"):
        raise RequestError(f"dmicc gene-sets {action}: name a library, such as GO_BP, KEGG or Reactome_2022")
    if study is None:
        sources = {str(name): source_of(str(name), Enrichment(organism=organism))}
    else:
        sources = _sources(study, name)
    for each, source in sources.items():
        out.print(_ACTS[action](folder, source, each))


def _sources(study: Study, name: str | None = None) -> dict[str, LibrarySource]:
    """The libraries that a study tests or scores, as it pins them; one of them, by its name in the study."""
    sections = (study.enrichment, study.scored_sets)
    sources = {each: source_of(each, section) for section in sections for each in section.libraries}
    if name is None:
        return sources
    if name not in sources:
        raise RequestError(f"{study.study}: {name!r} is not one of its libraries ({', '.join(sources) or 'none'})")
    return {name: sources[name]}


def _show_study(out: Console, settings: Settings, folder: LibraryFolder, study: Study) -> None:
    """What each library of a study stands for, and the copy that was fetched."""
    if settings.gene_sets is not None:
        out.print(f"DMICC_GENE_SETS is set: {study.study} reads its libraries from {settings.gene_sets}")
    rows: list[dict[str, str]] = []
    pins = {**study.scored_sets.pins, **study.enrichment.pins}
    for name, source in _sources(study).items():
        record = folder.record(source) or {}
        rows.append(
            {
                "in the study": name,
                "pinned there": pins.get(name, ""),
                "provider": PROVIDERS[source.provider].title,
                "library": source.name,
                "fetched": str(record.get("retrieved_at") or "")[:10] or "not yet",
                **{key: str(record.get(key) or "") for key in ("version", "date", "n_sets")},
                "stays as it is": "yes" if record and folder.is_held(record) else "",
            }
        )
    if rows:
        show_rows(out, pl.DataFrame(rows))
    else:
        out.print(f"{study.study} asks for no gene sets")


def _show_list(out: Console, settings: Settings, folder: LibraryFolder) -> None:
    if settings.gene_sets is not None:
        out.print(f"DMICC_GENE_SETS is set: studies read their libraries from {settings.gene_sets}")
    rows = folder.records()
    if not rows:
        out.print(f"no library was fetched into {folder.folder}; `dmicc run` and `dmicc gene-sets get` fetch them")
        return
    shown = [{**row, "pinned": folder.is_held(row)} for row in rows]
    show_rows(out, pl.DataFrame([{key: str(row[key] or "") for key in _COLUMNS} for row in shown]))


def _pinned(folder: LibraryFolder, source: LibrarySource, name: str) -> str:
    folder.pin(source)
    return f"{name} stays as it is, whatever its provider serves; `dmicc gene-sets unpin {name}` ends that"


def _unpinned(folder: LibraryFolder, source: LibrarySource, name: str) -> str:
    folder.pin(source, is_pinned=False)
    return f"{name} follows its provider"


def _removed(folder: LibraryFolder, source: LibrarySource, name: str) -> str:
    if not folder.remove(source):
        raise RequestError(f"{name}: not fetched yet, so there is nothing to remove")
    return f"{name} is removed"


def _got(folder: LibraryFolder, source: LibrarySource, name: str) -> str:
    return f"{name} is in {folder.fetch(source)}"


_ACTS: dict[Action, Callable[[LibraryFolder, LibrarySource, str], str]] = {
    "get": _got,
    "pin": _pinned,
    "unpin": _unpinned,
    "remove": _removed,
}
