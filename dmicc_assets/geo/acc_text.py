"""What GEO's `acc.cgi` says of a series and its samples, without their tables: a few kilobytes of SOFT text.

Asked for descriptions only; values are never read from it.
"""

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.accession import check_series
from dmicc_assets.geo.client import GeoClient
from dmicc_assets.geo.gzip_stream import looks_like_html
from dmicc_assets.geo.http_policy import NotServedError
from dmicc_assets.geo.series_header import SeriesHeader, build_header
from dmicc_assets.geo.soft import Entity, read_entities


def served_header(accession: str, client: GeoClient) -> SeriesHeader:
    """The header of a series with all its samples, whatever their platforms.

    Raises:
        NotServedError: `acc.cgi` does not have the series, or there is none beside a mirror on disk.
        SourceError: it cannot be reached, or does not answer with SOFT text.
    """
    series = _entities(accession, "self", client)[0].fields
    samples = _entities(accession, "gsm", client)
    return build_header(series, [{**e.fields, "geo_accession": [e.accession]} for e in samples], accession)


def _entities(accession: str, target: str, client: GeoClient) -> list[Entity]:
    if client.is_offline:
        raise NotServedError(f"{accession}: a mirror on disk has no acc.cgi")
    url = f"{client.acc_url}?acc={check_series(accession)}&targ={target}&form=text&view=brief"
    page = client.text(url).encode()
    if looks_like_html(page):
        raise SourceError(f"{url}: an HTML page in place of SOFT text")
    kind = "SERIES" if target == "self" else "SAMPLE"
    found = [entity for entity in read_entities([page], url) if entity.kind == kind]
    if not found:
        raise NotServedError(f"{url}: no {kind.lower()} in the answer")
    return found
