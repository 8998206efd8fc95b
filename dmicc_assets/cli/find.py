"""`dmicc find`: series of GEO by words, as a table or as JSON. The search is in `geo/find.py`."""

from typing import Any

from rich.console import Console

from dmicc_assets.cli.json_lines import print_json
from dmicc_assets.errors import RequestError
from dmicc_assets.geo.find import Kind, find_series
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.warehouse.shown_rows import show_rows


def find_and_show(
    out: Console,
    workspace: Workspace,
    words: str,
    organism: str,
    kind: Kind,
    most: int,
    *,
    only_accessions: bool,
    last: dict[str, Any] | None = None,
) -> None:
    """Print the series that NCBI's index finds.

    Args:
        out: for results.
        workspace: settings of NCBI's address and key.
        words: as in GEO's search box.
        organism: `human`, `mouse`, `rat`, or a scientific name.
        kind: of data.
        most: series at most.
        only_accessions: whether to print only accessions, one a line.
        last: if given, `out` gets an object of JSON for each series and nothing else, and this their number.

    Raises:
        RequestError: accessions alone are asked for as JSON too.
        SourceError: NCBI cannot be reached, or answers with an error.
    """
    if only_accessions and last is not None:
        raise RequestError("find: --json has the accessions too: leave out --accessions or --json")
    settings = workspace.settings
    key = settings.ncbi_api_key.get_secret_value() if settings.ncbi_api_key else None
    client = workspace.client()
    found = find_series(words, client, settings.eutils_url, organism=organism, kind=kind, most=most, api_key=key)
    if last is not None:
        for row in found.iter_rows(named=True):
            print_json(out, **row)
        last["n_series"] = len(found)
        return
    if only_accessions:
        for accession in found["accession"]:
            out.print(accession)
        return
    if found.is_empty():
        out.print("no series found; other words, --organism or --type may find some")
        return
    show_rows(out, found)
    out.print(f"`dmicc init {found['accession'][0]} ... --as NAME` writes a study file to start from")
