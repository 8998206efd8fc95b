"""Metadata of a series and its samples, in one form for a series matrix, a family SOFT file and acc.cgi.

The files contain names, e-mail and telephone of submitters; these are dropped here and stored nowhere.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.characteristics import parse_characteristics
from dmicc_assets.tables import TABLES

Fields = Mapping[str, Sequence[str]]
# The keys that are read of a sample, without `!Sample_`. No other one can stop a series.
SAMPLE_KEYS = frozenset(
    {"geo_accession", "title", "source_name_ch1", "source_name_ch2", "characteristics_ch1", "characteristics_ch2"}
    | {"organism_ch1", "platform_id", "last_update_date", "relation", "data_row_count"}
    | {"channel_count", "data_processing", "library_strategy", "value"}
)
_BY_RULES = ("label", "patient", "batch", "same_as")
# Columns read for a sample: its part of `source.samples`, which the study's rules complete, and columns only used here.
SAMPLE_SCHEMA = pl.Schema(
    {name: dtype for name, dtype in TABLES["source/samples"].rows_schema.items() if name not in _BY_RULES}
    | {"platform": pl.String(), "last_update_date": pl.Date(), "relations": pl.List(pl.String())}
)


@dataclass(frozen=True, slots=True)
class ValuesMade:
    """How values were made, as the source says.

    Attributes:
        n_channels: 2 for two-colour arrays.
        text: what is said of the making, distinct texts in lines.
        is_sequencing: whether a library was sequenced.
    """

    n_channels: int
    text: str
    is_sequencing: bool


@dataclass(frozen=True, slots=True)
class SeriesHeader:
    """A series without its table.

    Attributes:
        series: values of each `!Series_` key without that prefix, contact and contributor keys left out.
        samples: one row for each sample, `SAMPLE_SCHEMA`, in the order of the table's columns.
        organisms: the samples' organisms, distinct.
        row_counts: the samples' distinct `data_row_count`; empty when the file does not say.
        made: how each sample's values were made, by its accession.
    """

    series: dict[str, list[str]]
    samples: pl.DataFrame
    organisms: tuple[str, ...]
    row_counts: tuple[int, ...]
    made: Mapping[str, "ValuesMade"]

    @property
    def accession(self) -> str:
        """The series' accession, empty when the file does not say."""
        return self.first("geo_accession")

    @property
    def platforms(self) -> list[str]:
        """Platforms of these samples, or of the whole series when the samples name none."""
        found = self.samples["platform"].drop_nulls().unique(maintain_order=True).to_list()
        return found or self.series.get("platform_id", [])

    @property
    def last_update_date(self) -> date | None:
        """Date of the last change of the series' record; its samples have their own dates (GSE4107)."""
        return parse_date(self.first("last_update_date"))

    @property
    def metadata_sha256(self) -> str:
        """SHA-256 of the samples' descriptions without dates; an edit of the series' own header does not change it."""
        return samples_sha256(self.samples)

    @property
    def is_sequencing(self) -> bool:
        """Whether a part of the series was sequenced rather than hybridised."""
        return self.values_made(self.samples).is_sequencing

    def values_made(self, samples: pl.DataFrame) -> "ValuesMade":
        """How the values of these samples were made: those of another platform may be of two channels or sequenced.

        Args:
            samples: some of the header's.
        """
        made = [self.made[sample] for sample in samples["sample"] if sample in self.made]
        kinds = [kind.lower() for kind in self.series.get("type", [])]
        is_mixed = any("array" in kind for kind in kinds) and any(each.is_sequencing for each in self.made.values())
        by_type = not is_mixed and any("sequencing" in kind for kind in kinds)
        return ValuesMade(
            max((each.n_channels for each in made), default=1),
            "\n".join(dict.fromkeys(each.text for each in made if each.text)),
            any(each.is_sequencing for each in made) or by_type,
        )

    def first(self, key: str) -> str:
        """The first value of a `!Series_` key, empty when there is none."""
        values = self.series.get(key, [])
        return values[0] if values else ""


def build_header(series: Fields, samples: Sequence[Fields], name: str) -> SeriesHeader:
    """Build a header from the fields of a file.

    Args:
        series: values of each key of the series, without `!Series_`.
        samples: for each sample the values of each key, without `!Sample_`.
        name: name of the file in messages.

    Raises:
        SourceError: a sample has no accession, or two have the same.
    """
    accessions = [_first(fields, "geo_accession") for fields in samples]
    if "" in accessions:
        raise SourceError(f"{name}: a sample has no accession (!Sample_geo_accession)")
    if len(set(accessions)) < len(accessions):
        twice = next(key for i, key in enumerate(accessions) if key in accessions[:i])
        raise SourceError(f"{name}: duplicate sample {twice!r}")
    counts = {value for fields in samples for value in fields.get("data_row_count", []) if value}
    for count in counts:
        if not (count.isascii() and count.isdigit()):
            raise SourceError(f"{name}: !Sample_data_row_count is {count!r}, expected a number")
    return SeriesHeader(
        series={key: [v for v in values if v] for key, values in series.items() if not is_personal(key)},
        samples=sample_rows([_sample(fields) for fields in samples]),
        organisms=tuple(_distinct(samples, "organism_ch1")),
        row_counts=tuple(sorted(int(count) for count in counts)),
        made={accession: _made(fields) for accession, fields in zip(accessions, samples, strict=True)},
    )


def _made(fields: Fields) -> ValuesMade:
    n_channels = 2 if "2" in fields.get("channel_count", ()) else 1
    text = "\n".join(_distinct([fields], "data_processing", "value"))
    return ValuesMade(n_channels, text, bool(_distinct([fields], "library_strategy")))


def _distinct(samples: Sequence[Fields], *keys: str) -> list[str]:
    return list(dict.fromkeys(v for fields in samples for key in keys for v in fields.get(key, ()) if v))


def is_personal(key: str) -> bool:
    """Whether a key holds personal data of the submitter, which is never kept."""
    return "contact_" in key or "contributor" in key or key.endswith("_email")


def parse_date(text: str) -> date | None:
    """A date in GEO's form, `Mar 25 2019`; None for any other text."""
    try:
        return datetime.strptime(text.strip(), "%b %d %Y").date()
    except ValueError:
        return None


def sample_rows(samples: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Samples as a frame of `SAMPLE_SCHEMA`.

    Raises:
        KeyError: a column of the schema is not given.
    """
    return pl.DataFrame({name: [each[name] for each in samples] for name in SAMPLE_SCHEMA}, schema=SAMPLE_SCHEMA)


def samples_sha256(samples: pl.DataFrame) -> str:
    """SHA-256 of a samples table without its dates, in the order of its rows."""
    rows = samples.select(pl.exclude("last_update_date")).rows()
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _sample(fields: Fields) -> dict[str, object]:
    described = parse_characteristics(fields.get("characteristics_ch1", ()))
    described += parse_characteristics(fields.get("characteristics_ch2", ()), "_ch2")
    if second := _first(fields, "source_name_ch2"):
        described.append(("source_name_ch2", second))
    return {
        "sample": _first(fields, "geo_accession"),
        "title": _first(fields, "title"),
        "source_name": _first(fields, "source_name_ch1"),
        "characteristics": [{"key": key, "value": value} for key, value in described],
        "platform": _first(fields, "platform_id") or None,
        "last_update_date": parse_date(_first(fields, "last_update_date")),
        "relations": [value for value in fields.get("relation", ()) if value],
    }


def _first(fields: Fields, key: str) -> str:
    values = fields.get(key, ())
    return values[0] if values else ""
