"""GEOparse as the second reader of SOFT files and platform tables: whether it reads what our readers read.

Our own readers in `formats/` stream: they take 1.5 s for GSE781's family file, GEOparse 6.0 s with all tables in
memory. So they read for a run, and GEOparse checks them when asked (`dmicc check --verify`).
"""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.gzip_stream import text_blocks
from dmicc_assets.geo.formats.platform_table import read_platform_table
from dmicc_assets.geo.formats.soft import Entity, read_entities, read_family
from dmicc_assets.types import FloatArray

# GEOparse's numbers are pandas', which are off by the last bit at times.
_LAST_BIT = 1e-12


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two readings of one file.

    Attributes:
        file: its name.
        compared: what was compared, with counts.
        difference: the first difference, ours and GEOparse's; None when the readings are equal.
    """

    file: str
    compared: str
    difference: str | None


def compare_family(path: Path, platform: str) -> Agreement:
    """Read a family SOFT file twice and compare: the samples of a platform, every field of theirs, and their values.

    Args:
        path: a `*_family.soft.gz`.
        platform: whose samples are compared.

    Raises:
        SourceError: our reader refuses the file, or GEOparse cannot read it; the message says which.
    """
    theirs = _geoparse(path, "parse_GSE").gsms
    theirs = {name: one for name, one in theirs.items() if platform in one.metadata.get("platform_id", [])}
    entities = (entity for entity in read_entities(text_blocks(path), path.name) if entity.kind == "SAMPLE")
    fields = {one.accession: _metadata(one) for one in entities if platform in one.fields.get("platform_id", [])}
    matrix = read_family(path, platform).matrix
    found = _first(
        _unequal("samples", list(fields), list(theirs)),
        *(_fields(name, fields[name], theirs[name].metadata) for name in fields if name in theirs),
        *(
            _values(name, matrix.features, matrix.values[:, j], theirs[name].table)
            for j, name in enumerate(matrix.samples)
            if name in theirs
        ),
    )
    n_fields = sum(map(len, fields.values()))
    compared = f"{len(fields)} samples of {platform} with {n_fields:,} fields and {matrix.values.size:,} values"
    return Agreement(path.name, compared, found)


def compare_platform(path: Path, accession: str) -> Agreement:
    """Read a platform's table twice and compare its columns and cells.

    Args:
        path: `.annot[.gz]`, SOFT (a family file too) or acc.cgi's text.
        accession: the platform's.

    Raises:
        SourceError: as for `compare_family`.
    """
    ours = read_platform_table(path, accession)
    is_family = any(entity.kind == "SAMPLE" for entity in read_entities(text_blocks(path), path.name))
    read = _geoparse(path, "parse_GSE").gpls.get(accession) if is_family else _geoparse(path, "parse_GPL")
    if read is None:
        return Agreement(path.name, accession, f"{accession}: no such platform by GEOparse")
    theirs = read.table
    names = [_plain_column(name) for name in theirs.columns]
    own = names.index("ID") if "ID" in names else 0
    order = [own, *(i for i in range(len(names)) if i != own)]
    columns = [names[i] for i in order]
    own_names = [row[0] for row in ours.rows]
    probes = [_probe(cell, i, own_names) for i, cell in enumerate(theirs.iloc[:, own])]
    found = _first(
        _unequal("columns", ours.columns, columns),
        _unequal("probes", own_names, probes),
        *(_cells(name, i, ours.rows, list(theirs.iloc[:, order[i]])) for i, name in enumerate(columns) if i),
    )
    return Agreement(path.name, f"{len(columns)} columns of {len(ours.rows):,} probes of {accession}", found)


def _geoparse(path: Path, reader: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GEOparse's own, about today's pandas
            from GEOparse import GEOparse  # pyright: ignore[reportMissingTypeStubs] - it has none

            logging.getLogger("GEOparse").setLevel(logging.ERROR)
            return getattr(GEOparse, reader)(str(path), open_kwargs={"encoding": "utf-8"})
    except Exception as error:  # of any kind: it raises what it meets
        raise SourceError(f"{path.name}: GEOparse cannot read it ({' '.join(str(error).split())})") from None


def _first(*found: Iterator[str]) -> str | None:
    return next((difference for each in found for difference in each), None)


def _unequal(what: str, ours: Sequence[str], theirs: Sequence[str]) -> Iterator[str]:
    """The first of two lists that differs."""
    for i, (mine, other) in enumerate(zip(ours, theirs, strict=False), start=1):
        if mine != other:
            yield f"{what}, number {i}: {mine!r} here, {other!r} by GEOparse"
    if len(ours) != len(theirs):
        yield f"{len(ours)} {what} here, {len(theirs)} by GEOparse"


def _metadata(sample: Entity) -> dict[str, list[str]]:
    """The fields of a sample without the description of its column VALUE, which GEOparse keeps apart."""
    return {key: values for key, values in sample.fields.items() if key != "value"}


def _fields(sample: str, ours: Mapping[str, list[str]], theirs: Mapping[str, list[str]]) -> Iterator[str]:
    """Fields of a sample, characteristics among them; a line without a value is no field."""
    filled = {key: values for key, values in theirs.items() if any(values)}
    mine = {key: values for key, values in ours.items() if any(values)}
    for key in [*mine, *(key for key in filled if key not in mine)]:
        if mine.get(key) != filled.get(key):
            yield f"{sample}, {key}: {mine.get(key, 'none')} here, {filled.get(key, 'none')} by GEOparse"


def _values(sample: str, probes: Sequence[str], ours: FloatArray, table: Any) -> Iterator[str]:
    """Values of a sample by probe; a probe that its table lacks is missing here."""
    if table.empty or "VALUE" not in table.columns:
        if not np.isnan(ours).all():
            yield f"{sample}: values here, no table by GEOparse"
        return
    theirs = dict(zip(map(_text, table["ID_REF"]), map(_number, table["VALUE"]), strict=True))
    for probe, value in zip(probes, ours.tolist(), strict=True):
        other = theirs.get(probe, float("nan"))
        if not np.isclose(value, other, rtol=_LAST_BIT, atol=0.0, equal_nan=True):
            yield f"{sample}, {probe}: {value} here, {other} by GEOparse"
    if strangers := sorted(theirs.keys() - set(probes)):
        yield f"{sample}: no probe {strangers[0]!r} here"


def _probe(cell: Any, index: int, ours: Sequence[str]) -> str:
    """A probe by GEOparse, whose pandas takes a probe called NA (GSE15197) for a missing value."""
    is_missing = isinstance(cell, float) and np.isnan(cell)
    return "NA" if is_missing and ours[index : index + 1] == ["NA"] else _text(cell)


def _cells(column: str, index: int, rows: Sequence[Sequence[str]], theirs: Sequence[Any]) -> Iterator[str]:
    for row, cell in zip(rows, theirs, strict=False):
        mine, other = row[index].strip().strip('"'), _text(cell)
        if mine != other and not _is_same(mine, cell):
            yield f"{row[0]}, {column}: {mine!r} here, {other!r} by GEOparse"


def _is_same(mine: str, cell: Any) -> bool:
    """Whether pandas made a number or a missing value of a text."""
    number = _number(mine)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return bool(np.isclose(number, float(cell), rtol=_LAST_BIT, atol=0.0, equal_nan=True))
    return mine.casefold() == _text(cell).casefold() and isinstance(cell, (bool, np.bool_))


def _number(cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return float("nan")


def _text(cell: Any) -> str:
    """A cell as the file has it; GEOparse gives numbers for digits."""
    if isinstance(cell, float):
        return "" if np.isnan(cell) else f"{cell:.0f}" if cell.is_integer() else repr(cell)
    return str(cell).strip()


def _plain_column(name: object) -> str:
    """The column's name without the number that pandas puts behind a repeated one."""
    text = str(name).strip()
    head, dot, tail = text.rpartition(".")
    return head if dot and tail.isdigit() and head else text
