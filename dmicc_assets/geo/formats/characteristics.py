"""A sample's characteristics as GEO's submitters write them, grouped by key.

The rules of the study file decide what a characteristic means (case, control, patient).
"""

from collections.abc import Iterable

# Key of a value without one: real files have `no colon here` beside `disease: AMI`.
NO_KEY = "characteristics"


def parse_characteristics(cells: Iterable[str], suffix: str = "") -> list[tuple[str, str]]:
    """Key and value of each cell, split at the first colon and stripped; grouped by key, not by row.

    Submitters write `Gender:M` beside `Gender: F` (GSE4107), leave cells empty, put several keys into one row, and
    repeat a key in two rows (GSE71989: both values are kept, joined by ";" as GEOquery does).

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
