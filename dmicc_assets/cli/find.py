"""`dmicc find`: series of GEO by words, as a table. The search is in `geo/find.py`."""

from rich.console import Console

from dmicc_assets.geo.find import Kind, find_series
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.warehouse.query import show_rows


def find_and_show(
    out: Console, workspace: Workspace, words: str, organism: str, kind: Kind, most: int, *, only_accessions: bool
) -> None:
    """Print the series that NCBI's index finds.

    Raises:
        SourceError: NCBI cannot be reached, or answers with an error.
    """
    settings = workspace.settings
    key = settings.ncbi_api_key.get_secret_value() if settings.ncbi_api_key else None
    client = workspace.client()
    found = find_series(words, client, settings.eutils_url, organism=organism, kind=kind, most=most, api_key=key)
    if only_accessions:
        for accession in found["accession"]:
            out.print(accession)
        return
    if found.is_empty():
        out.print("no series found; other words, --organism or --type may find some")
        return
    show_rows(out, found)
    out.print(f"`dmicc init {found['accession'][0]} ... --as NAME` writes a study file to start from")
