"""`dmicc gene-sets`: the libraries that were fetched, and fetching, pinning and removing one.

Fetching itself is in `enrichment/providers/`; a study's run fetches what it needs without being asked.
"""

from collections.abc import Callable
from typing import Literal

import polars as pl
from rich.console import Console

from dmicc_assets.enrichment.libraries import fetched_libraries
from dmicc_assets.enrichment.providers.catalogue import source_of
from dmicc_assets.enrichment.providers.library_folder import LibraryFolder
from dmicc_assets.enrichment.providers.provider import LibrarySource
from dmicc_assets.errors import RequestError
from dmicc_assets.study.schema import Enrichment
from dmicc_assets.study.settings import Settings
from dmicc_assets.warehouse.query import show_rows

Action = Literal["list", "get", "pin", "unpin", "remove"]
_COLUMNS = ("library", "provider", "organism", "version", "date", "n_sets", "pinned", "licence")


def gene_sets_and_show(
    out: Console, settings: Settings, action: Action, name: str | None, organism: Literal["human", "mouse", "rat"]
) -> None:
    """Do one thing with the fetched libraries, and say it.

    Raises:
        RequestError: no name where one is needed, or a library that was not fetched.
        SourceError: a library cannot be had.
    """
    folder = fetched_libraries(settings, out.print)
    if action == "list":
        _show_list(out, settings, folder)
        return
    if name is None:
        raise RequestError(f"dmicc gene-sets {action}: name a library, such as GO_BP, KEGG or Reactome_2022")
    source = source_of(name, Enrichment(organism=organism))
    acts: dict[Action, Callable[[LibraryFolder, LibrarySource], str]] = {
        "get": lambda folder, source: f"{name} is in {folder.fetch(source)}",
        "pin": lambda folder, source: _pinned(folder, source, name),
        "unpin": lambda folder, source: _unpinned(folder, source, name),
        "remove": lambda folder, source: _removed(folder, source, name),
    }
    out.print(acts[action](folder, source))


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
