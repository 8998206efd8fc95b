"""Series of GEO by words, organism and kind of data, from NCBI's E-utilities (`db=gds`).

What a series holds is read by `describe.py` from its files; here is only what NCBI's index says of it.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

import polars as pl

from dmicc_assets.errors import RequestError, SourceError
from dmicc_assets.geo.http.client import GeoClient

Kind = Literal["array", "sequencing", "any"]
ORGANISMS: Mapping[str, str] = {"human": "Homo sapiens", "mouse": "Mus musculus", "rat": "Rattus norvegicus"}
_KINDS: Mapping[Kind, str] = {
    "array": '"expression profiling by array"[DataSet Type]',
    "sequencing": '"expression profiling by high throughput sequencing"[DataSet Type]',
    "any": "",
}
_COLUMNS = {
    "accession": pl.String,
    "samples": pl.Int64,
    "platforms": pl.String,
    "kind": pl.String,
    "organism": pl.String,
    "published": pl.String,
    "title": pl.String,
}


def find_series(
    words: str, client: GeoClient, eutils_url: str, *, organism: str, kind: Kind, most: int, api_key: str | None = None
) -> pl.DataFrame:
    """Series that NCBI's index finds, the largest first.

    Args:
        words: as in GEO's search box.
        client: the way to NCBI.
        eutils_url: root of the E-utilities.
        organism: `human`, `mouse`, `rat`, or a scientific name.
        kind: of data.
        most: series at most, those that NCBI ranks first.
        api_key: the user's key; it is sent in the body, so that no message shows it.

    Returns:
        One row a series: accession, samples, platforms, kind, organism, published, title.

    Raises:
        RequestError: no words.
        SourceError: NCBI cannot be reached, answers with a challenge, or with an error.
    """
    if not words.strip():
        raise RequestError("expected words to look for, such as 'dermatomyositis skin'")
    species = ORGANISMS.get(organism, organism)
    parts = [f"({words})", "gse[Entry Type]", f'"{species}"[Organism]', _KINDS[kind]]
    asked = {"db": "gds", "retmode": "json", "tool": "dmicc_assets", **({"api_key": api_key} if api_key else {})}
    search = {**asked, "term": " AND ".join(filter(None, parts)), "retmax": str(most)}
    found = _answer(client, f"{eutils_url}/esearch.fcgi", search, "esearchresult")
    ids = [str(each) for each in found.get("idlist", [])]
    if not ids:
        return pl.DataFrame(schema=_COLUMNS)
    said = _answer(client, f"{eutils_url}/esummary.fcgi", {**asked, "id": ",".join(ids)}, "result")
    rows = [_row(said[each]) for each in ids if each in said]
    return pl.DataFrame(rows, schema=_COLUMNS).sort("samples", "accession", descending=[True, False])


def _answer(client: GeoClient, url: str, form: dict[str, str], key: str) -> dict[str, Any]:
    """NCBI's answer; errors come with status 200."""
    text = client.text(url, form)
    try:
        answer: dict[str, Any] = json.loads(text)
        found = answer[key]
        problem = answer.get("error") or found.get("ERROR") or found.get("error")
    except (ValueError, KeyError, AttributeError, TypeError):
        raise SourceError(f"{url}: expected NCBI's answer in JSON, found {text[:80]!r}") from None
    if problem:
        raise SourceError(f"{url}: NCBI says {problem}")
    return found


def _row(said: Mapping[str, Any]) -> dict[str, Any]:
    platforms = [f"GPL{number}" for number in str(said.get("gpl", "")).split(";") if number]
    return {
        "accession": str(said.get("accession", "")),
        "samples": int(said.get("n_samples") or 0),
        "platforms": ", ".join(platforms),
        "kind": str(said.get("gdstype", "")).replace("Expression profiling by ", ""),
        "organism": str(said.get("taxon", "")),
        "published": str(said.get("pdat", "")).replace("/", "-"),
        "title": str(said.get("title", "")),
    }
