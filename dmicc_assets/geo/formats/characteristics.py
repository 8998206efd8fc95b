"""A sample's characteristics as GEO's submitters write them, grouped by key.

What a characteristic means (case, control, patient) is for the study file's rules.
"""

from collections.abc import Iterable

# The key of a value that has none: `no colon here` stands in real files beside `disease: AMI`.
NO_KEY = "characteristics"


def parse_characteristics(cells: Iterable[str], suffix: str = "") -> list[tuple[str, str]]:
    """Key and value of each cell: split at the first colon, stripped, grouped by key and not by row.

    Submitters write `Gender:M` beside `Gender: F` (GSE4107), leave rows of empty cells, put several keys into one
    row and a key into two (GSE71989: both values are kept, joined by ";" as GEOquery does).

    Args:
        cells: the sample's cells of all `characteristics` rows.
        suffix: appended to every key, for the second channel of a two-colour array.
    """
    grouped: dict[str, list[str]] = {}
    for cell in cells:
        key, colon, value = cell.partition(":")
        key, value = (key.strip(), value.strip()) if colon else (NO_KEY, cell.strip())
        if not value:
            continue
        values = grouped.setdefault((key or NO_KEY) + suffix, [])
        if value not in values:
            values.append(value)
    return [(key, ";".join(values)) for key, values in grouped.items()]
