"""A sample's characteristics as GEO's submitters write them, grouped by key.

The rules of the study file decide what a characteristic means (case, control, patient).
"""

from collections.abc import Iterable

# Key of a value without one: real files have `no colon here` beside `disease: AMI`.
NO_KEY = "characteristics"


def parse_characteristics(cells: Iterable[str], suffix: str = "") -> list[tuple[str, str]]:
    """The characteristics of one sample: each key once, with its value.

    A cell is split at its first colon and stripped (GSE4107 has `Gender:M` and `Gender: F`); empty cells are ignored.
    Values of a repeated key are joined by ";", as in GEOquery (GSE71989).

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
