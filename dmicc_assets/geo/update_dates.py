"""GEO's dates of last update: those of acc.cgi compared with those in an earlier copy of a file.

Used for files that are served without validators. Equal dates spare a download; only the SHA-256 proves equality.
"""

from datetime import date
from pathlib import Path

import polars as pl

from dmicc_assets.geo.acc_text import served_header, served_platform_date
from dmicc_assets.geo.formats.gzip_stream import text_blocks
from dmicc_assets.geo.formats.platform_table import read_platform_date
from dmicc_assets.geo.formats.series_header import SeriesHeader
from dmicc_assets.geo.formats.series_matrix import read_header
from dmicc_assets.geo.formats.soft import family_header
from dmicc_assets.geo.http.client import GeoClient


def is_series_unrevised(path: Path, accession: str, client: GeoClient) -> bool:
    """Whether acc.cgi has the same dates for a series and its samples as a series matrix or family SOFT file.

    The series' own date and the latest of the samples' are compared, since either may change alone (GSE4107). A file
    without dates never counts as unrevised.

    Raises:
        SourceError: acc.cgi cannot be reached or does not know the series.
    """
    is_family = path.name.endswith("_family.soft.gz")
    ours = family_header(text_blocks(path), path.name) if is_family else read_header(path)
    if ours.last_update_date is None or _latest(ours, ours) is None:
        return False
    served = served_header(accession, client)
    same_series = ours.last_update_date == served.last_update_date
    return same_series and _latest(ours, ours) == _latest(served, ours)


def is_platform_unrevised(path: Path, platform: str, client: GeoClient) -> bool:
    """Whether acc.cgi has the same date for a platform as a file of its table; an `.annot` file has no date.

    Raises:
        SourceError: acc.cgi cannot be reached or does not know the platform.
    """
    ours = read_platform_date(path, platform)
    return ours is not None and ours == served_platform_date(platform, client)


def _latest(header: SeriesHeader, of: SeriesHeader) -> date | None:
    """The latest date of the samples of one file; None when a sample is missing or has no date."""
    dates = header.samples.filter(pl.col("sample").is_in(of.samples["sample"].to_list()))["last_update_date"]
    return None if dates.null_count() or len(dates) < of.samples.height else max(dates.to_list(), default=None)
