"""Family SOFT files, read entity by entity: the samples of one platform with their tables.

Used for series without a matrix, or with an empty one. `platform.py` reads the platform's table in the same file.
GSE781's family file takes 1.5 s here and 6.0 s by GEOparse; `second_reader.py` compares the two.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dmicc_assets.errors import DataError, SourceError
from dmicc_assets.geo.formats.gzip_stream import CHECK, text_blocks
from dmicc_assets.geo.formats.limits import MOST_TEXT, refuse_beyond
from dmicc_assets.geo.formats.numeric_rows import ColumnReader, find_line, whole_lines
from dmicc_assets.geo.formats.series_header import SeriesHeader, build_header
from dmicc_assets.geo.formats.series_matrix import SeriesMatrix
from dmicc_assets.types import ExpressionMatrix, FloatArray
from dmicc_assets.wording import counted

_TABLE_ENDS = {
    b"!platform_table_begin": b"!platform_table_end",
    b"!sample_table_begin": b"!sample_table_end",
    b"!series_table_begin": b"!series_table_end",
}
# Probes and values of a sample.
_Column = tuple[list[str], FloatArray]
# Rows of columns that are put side by side at a time, so that they stay in the processor's cache.
_ROWS_AT_ONCE = 64


@dataclass(slots=True)
class Entity:
    """A `^KIND = accession` block of a SOFT file.

    Attributes:
        kind: `SERIES`, `PLATFORM`, `SAMPLE` or `DATABASE`.
        accession: after the `=`.
        fields: values of each key, without its `!Kind_`.
        table: the sample's table with its header row; empty for other kinds.
    """

    kind: str
    accession: str
    fields: dict[str, list[str]]
    table: bytes = b""


def read_entities(blocks: Iterable[bytes], name: str) -> Iterator[Entity]:
    """Entities of a SOFT file, one at a time; of tables only the samples' are kept.

    Args:
        blocks: the file's decompressed content, in order.
        name: name of the file in messages.

    Raises:
        SourceError: a table without its end.
    """
    entity: Entity | None = None
    end, parts = b"", list[bytes]()
    for block in whole_lines(blocks):
        at = 0
        while at < len(block):
            if end:
                stop = find_line(block, end, at)
                parts.append(block[at:] if stop < 0 else block[at:stop])
                refuse_beyond(sum(map(len, parts)), MOST_TEXT, "bytes in a table", name)
                at = len(block) if stop < 0 else stop + len(end) + 1
                if stop >= 0:
                    end = b""
                    if entity is not None and entity.kind == "SAMPLE":
                        entity.table = b"".join(parts)
                    parts.clear()
                elif entity is not None and entity.kind != "SAMPLE":
                    parts.clear()
                continue
            newline = block.find(b"\n", at)
            line = block[at : newline if newline >= 0 else len(block)].rstrip(b"\r")
            at = newline + 1 if newline >= 0 else len(block)
            if line in _TABLE_ENDS:
                end = _TABLE_ENDS[line]
            elif line.startswith(b"^"):
                if entity is not None:
                    yield entity
                entity = _entity(line)
            elif line.startswith((b"!", b"#VALUE")) and entity is not None:
                _add_field(entity, line)
    if end:
        raise SourceError(f"{name}: a table is cut short: no line {end.decode()}", check=CHECK)
    if entity is not None:
        yield entity


def read_family(path: Path, platform: str | None = None) -> SeriesMatrix:
    """The samples of one platform of a family SOFT file, in the form of a series matrix.

    Args:
        path: a `*_family.soft.gz`.
        platform: which platform; needed only when the samples are on several (GSE781: GPL96 and GPL97).

    Returns:
        Probes in the order of their first appearance in the samples' tables; a probe that a sample lacks is NaN there.
        No rows when no sample has a table.

    Raises:
        SourceError: a damaged file, no samples of the platform, or a table that is not what its sample says.
        DataError: samples on several platforms and none chosen.
    """
    series: dict[str, list[str]] = {}
    samples: list[Entity] = []
    platforms: dict[str, None] = {}
    columns: dict[str, _Column | None] = {}
    reader = ColumnReader()
    digest = hashlib.sha256()
    for entity in read_entities(text_blocks(path), path.name):
        if entity.kind == "SERIES":
            series = entity.fields
        elif entity.kind == "SAMPLE":
            own = entity.fields.get("platform_id", [""])[0]
            platforms[own] = None
            if platform in (None, own):
                digest.update(entity.table)
                columns[entity.accession] = _sample_values(entity, path.name, reader)
                entity.table = b""
                samples.append(entity)
    if not samples:
        raise SourceError(f"{path.name}: expected samples of {platform or 'a series'}, found {_listed(platforms)}")
    if platform is None and len(platforms) > 1:
        raise DataError(f"{path.name}: its samples are on several platforms, name one of {_listed(platforms)}")
    header = build_header(series, [{**e.fields, "geo_accession": [e.accession]} for e in samples], path.name)
    return SeriesMatrix(header, _join(columns), digest.hexdigest())


def family_header(blocks: Iterable[bytes], name: str) -> SeriesHeader:
    """Metadata in a family SOFT file of its series and all its samples, of every platform.

    Raises:
        SourceError: a damaged file, or a sample that is not what its header says.
    """
    fields: dict[str, list[str]] = {}
    samples: list[dict[str, list[str]]] = []
    for entity in read_entities(blocks, name):
        if entity.kind == "SERIES":
            fields = entity.fields
        elif entity.kind == "SAMPLE":
            samples.append({**entity.fields, "geo_accession": [entity.accession]})
    return build_header(fields, samples, name)


def family_platforms(blocks: Iterator[bytes], name: str) -> list[str]:
    """The platforms that a series names in its family SOFT file, or else those of its samples.

    Args:
        blocks: the file's decompressed content, in order; read only until the platforms are known.
        name: name of the file in messages.

    Raises:
        SourceError: a damaged file.
    """
    found: dict[str, None] = {}
    for entity in read_entities(blocks, name):
        named = entity.fields.get("platform_id", [])
        if entity.kind == "SERIES" and named:
            return named
        if entity.kind == "SAMPLE":
            found |= dict.fromkeys(named)
    return list(found)


def family_organisms(blocks: Iterator[bytes], name: str, platform: str | None = None) -> list[str]:
    """The organisms of a platform, or of all, as its record says before the samples of a family SOFT file.

    Raises:
        SourceError: a damaged file.
    """
    found: dict[str, None] = {}
    for entity in read_entities(blocks, name):
        if entity.kind == "SAMPLE":
            break
        if entity.kind == "PLATFORM" and platform in (None, entity.accession):
            found |= dict.fromkeys(entity.fields.get("organism", []))
    return list(found)


def up_to_samples(blocks: Iterator[bytes], name: str) -> None:
    """Read a family SOFT file up to its first sample: its series and its platforms with their tables."""
    for block in whole_lines(blocks):
        if block.startswith(b"^SAMPLE") or b"\n^SAMPLE" in block:
            return


def verify_family(path: Path) -> None:
    """Check that a family SOFT file is complete and is that of a series.

    Raises:
        SourceError: damaged, cut short, no series in it, or a sample's table shorter than the sample says.
    """
    kinds: set[str] = set()
    for entity in read_entities(text_blocks(path), path.name):
        kinds.add(entity.kind)
        if entity.kind == "SAMPLE":
            _check_row_count(entity, max(0, entity.table.count(b"\n") - 1), path.name)
    if "SERIES" not in kinds:
        raise SourceError(f"{path.name}: expected the family SOFT file of a series, found none")


def _entity(line: bytes) -> Entity:
    kind, _, accession = line[1:].decode("utf-8", errors="replace").partition("=")
    return Entity(kind.strip().upper(), accession.strip(), {})


def _add_field(entity: Entity, line: bytes) -> None:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        text = line.decode("cp1252", errors="replace")
    key, equals, value = text.partition("=")
    if key.strip() == "#VALUE":
        entity.fields["value"] = [value.strip()]
        return
    kind, _, name = key[1:].strip().partition("_")
    if equals and name and kind.upper() == entity.kind:
        entity.fields.setdefault(name, []).append(value.strip())


def _sample_values(entity: Entity, name: str, reader: ColumnReader) -> _Column | None:
    """Ids and values of a sample's table; None without a table or without a column VALUE."""
    header, _, rows = entity.table.partition(b"\n")
    columns = header.decode("utf-8", errors="replace").rstrip("\r").split("\t")
    what = f"{name}: {entity.accession}"
    if not rows.strip() or "VALUE" not in columns:
        return None
    if columns[0] != "ID_REF":
        raise SourceError(f"{what}: expected a table whose first column is ID_REF, found {columns[0]!r}")
    ids, values = reader.read(rows, columns[1:], columns.index("VALUE"), what)
    _check_row_count(entity, len(ids), name)
    return ids, values


def _check_row_count(entity: Entity, n_rows: int, name: str) -> None:
    said = entity.fields.get("data_row_count", [""])[0]
    if said.isdigit() and int(said) != n_rows:
        raise SourceError(
            f"{name}: the table of {entity.accession} has {counted(n_rows, 'row')}, but !Sample_data_row_count says "
            f"{said}",
            check=CHECK,
        )


def _join(columns: dict[str, _Column | None]) -> ExpressionMatrix:
    """The samples' columns side by side, by probe id; no values in the column of a sample without a table."""
    tables = [table for table in columns.values() if table is not None]
    probes = tables[0][0] if tables else []
    if len(tables) == len(columns) and all(ids is probes or ids == probes for ids, _ in tables):
        joined = np.empty((len(probes), len(tables)))
        for start in range(0, len(probes), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            joined[rows] = np.array([values[rows] for _, values in tables]).T
        return ExpressionMatrix(joined, tuple(probes), tuple(columns))
    position = {probe: i for i, probe in enumerate(dict.fromkeys(probe for ids, _ in tables for probe in ids))}
    joined = np.full((len(position), len(columns)), np.nan)
    for column, table in enumerate(columns.values()):
        if table is not None:
            joined[[position[probe] for probe in table[0]], column] = table[1]
    return ExpressionMatrix(joined, tuple(position), tuple(columns))


def _listed(platforms: dict[str, None]) -> str:
    return ", ".join(filter(None, platforms)) or "none"
