"""Clinical fields of a dataset's samples: sex, age, follow-up, from sheets beside the matrix, aligned by sample name.

Which files they are is in `geo/sources.py`; label rules use the samples' own descriptions, not these.
"""

import math
from collections.abc import Mapping, Sequence

import polars as pl

from dmicc_assets.errors import DataError
from dmicc_assets.tables import TABLES

Sheet = Mapping[str, Mapping[str, str]]  # sample to field to value


def clinical_fields(name: str, samples: Sequence[str], sheets: Mapping[str, Sheet]) -> pl.DataFrame:
    """The rows of `source.clinical`: one for each sample and field that has a value.

    Args:
        name: the dataset's name, for messages.
        samples: of its matrix.
        sheets: each file's sheet, by the file's name; rows of other samples are left out.

    Raises:
        DataError: a sheet has no row of any sample, or two sheets say different things of a sample.
    """
    rows: dict[tuple[str, str], dict[str, str | float | None]] = {}
    for file, sheet in sheets.items():
        if not any(sample in sheet for sample in samples):
            raise DataError(
                f"{name}: none of its {len(samples)} samples is among the {len(sheet)} rows of {file}: expected the "
                f"matrix's names in the first column, as {samples[0]!r}, found {next(iter(sheet))!r}"
            )
        for sample in samples:
            for field, value in sheet.get(sample, {}).items():
                if value:
                    _add(rows, name, sample, field, value, file)
    return TABLES["source/clinical"].frame(list(rows.values()))


def n_aligned(samples: Sequence[str], sheet: Sheet) -> int:
    """How many of the samples have a row in a sheet."""
    return sum(sample in sheet for sample in samples)


def _add(
    rows: dict[tuple[str, str], dict[str, str | float | None]],
    name: str,
    sample: str,
    field: str,
    value: str,
    file: str,
) -> None:
    known = rows.get((sample, field))
    if known is None:
        described = {"sample": sample, "field": field, "value": value, "number": _number(value), "file": file}
        rows[sample, field] = described
    elif known["value"] != value:
        raise DataError(
            f"{name}: {field} of {sample} is {known['value']!r} in {known['file']} and {value!r} in {file}; "
            "take the column out of one of them"
        )


def _number(value: str) -> float | None:
    if "_" in value or not value.isascii():  # Python reads `12_3`, a code, as 123
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
