"""Accessions of GEO (GSE, GPL) and of simulated mirrors (SIM, SIMP), and where GEO's tree keeps them.

Only names and relative paths; no file is read. No path can leave the tree, because only letters and digits pass.
"""

import re
from collections.abc import Iterable

from dmicc_assets.errors import RequestError

SERIES = re.compile(r"(?:GSE|SIM)[0-9]{1,9}")
# GEO's page of a series, or its folder.
_ADDRESS = re.compile(r"://.*[=/](GSE\d+)(?:$|[&#/])", re.I)
PLATFORM = re.compile(r"(?:GPL|SIMP)[0-9]{1,9}")


def pasted_accessions(texts: Iterable[str]) -> list[str]:
    """Accessions as people paste them, in capitals, each once.

    They may be in lower case, one after another, joined by commas or bars, in quotes, or in the address of GEO's page.
    """
    found: dict[str, None] = {}
    for text in texts:
        for piece in re.split(r"[\s,;|]+", text.replace("\u2013", "-")):
            address = _ADDRESS.search(piece)
            if plain := (address[1] if address else piece).strip("\"'()[].:").upper():
                found[plain] = None
    return list(found)


def check_series(accession: str) -> str:
    """Return the accession if it is that of a series (`GSE32225`, simulated `SIM1`).

    Raises:
        RequestError: it is anything else, for example `../../etc`.
    """
    if not SERIES.fullmatch(accession):
        raise RequestError(f"{accession!r} is not a series accession: expected one like GSE32225")
    return accession


def check_platform(accession: str) -> str:
    """Return the accession if it is that of a platform (`GPL96`, simulated `SIMP1`).

    Raises:
        RequestError: it is anything else.
    """
    if not PLATFORM.fullmatch(accession):
        raise RequestError(f"{accession!r} is not a platform accession: expected one like GPL96")
    return accession


def bucket(accession: str) -> str:
    """GEO's folder for an accession: its last one to three digits become `nnn`.

    GSE32225 is under GSE32nnn, GSE1551 under GSE1nnn, GSE781 under GSEnnn, GPL96 under GPLnnn.
    """
    letters = accession.rstrip("0123456789")
    return f"{letters}{accession[len(letters) :][:-3]}nnn"


def series_folder(accession: str) -> str:
    """Folder of a series below the root of GEO's tree, without a slash at its end.

    Raises:
        RequestError: not a series accession.
    """
    return f"series/{bucket(check_series(accession))}/{accession}"


def platform_folder(accession: str) -> str:
    """Folder of a platform below the root of GEO's tree, without a slash at its end.

    Raises:
        RequestError: not a platform accession.
    """
    return f"platforms/{bucket(check_platform(accession))}/{accession}"


def matrix_name(accession: str, platform: str | None = None) -> str:
    """File name of a series matrix; it contains the platform when the series is on several platforms.

    Raises:
        RequestError: not an accession.
    """
    suffix = f"-{check_platform(platform)}" if platform else ""
    return f"{check_series(accession)}{suffix}_series_matrix.txt.gz"
