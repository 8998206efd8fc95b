"""Metadata of a series, its samples or a platform from GEO's `acc.cgi`: kilobytes of SOFT text, without tables.

Only descriptions and dates are read from it, never values.
"""

from datetime import date

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.accession import check_platform, check_series
from dmicc_assets.geo.formats.gzip_stream import looks_like_html
from dmicc_assets.geo.formats.series_header import SeriesHeader, build_header, parse_date
from dmicc_assets.geo.formats.soft import Entity, read_entities
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.http.policy import NotServedError


def served_header(accession: str, client: GeoClient) -> SeriesHeader:
    """The header of a series with all its samples, whatever their platforms.

    Raises:
        NotServedError: `acc.cgi` does not know the series, or GEO is a folder on disk, which has no `acc.cgi`.
        SourceError: it cannot be reached, or does not answer with SOFT text.
    """
    check_series(accession)
    series = _entities(accession, "self", "SERIES", client)[0].fields
    samples = _entities(accession, "gsm", "SAMPLE", client)
    return build_header(series, [{**e.fields, "geo_accession": [e.accession]} for e in samples], accession)


def served_platform_date(platform: str, client: GeoClient) -> date | None:
    """Date of the last update of a platform's record; None when the answer has no date.

    Raises:
        NotServedError: `acc.cgi` does not know the platform, or GEO is a folder on disk, which has no `acc.cgi`.
        SourceError: it cannot be reached, or does not answer with SOFT text.
    """
    record = _entities(check_platform(platform), "self", "PLATFORM", client)[0]
    return parse_date(record.fields.get("last_update_date", [""])[0])


def _entities(accession: str, target: str, kind: str, client: GeoClient) -> list[Entity]:
    if client.is_offline:
        raise NotServedError(f"{accession}: not known, because GEO is a folder on disk without acc.cgi")
    url = f"{client.acc_url}?acc={accession}&targ={target}&form=text&view=brief"
    page = client.text(url).encode()
    if looks_like_html(page):
        raise SourceError(f"{url}: an HTML page in place of SOFT text")
    found = [entity for entity in read_entities([page], url) if entity.kind == kind]
    if not found:
        raise NotServedError(f"{url}: no {kind.lower()} in the answer")
    return found
