"""What a series holds, from its header alone: platforms, distinct sample descriptions, proposed labels and tissue.

A person reads and corrects these proposals (`dmicc init`); they decide nothing in a study.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from dmicc_assets.errors import RequestError, SourceError
from dmicc_assets.expression.labels import ANY, CHARACTERISTIC, OWN_FIELDS, field_name, sample_fields, texts_of
from dmicc_assets.expression.log_base import named_base
from dmicc_assets.expression.two_channels import has_reference_first, reference_pattern, swapped_text
from dmicc_assets.geo.acc_text import served_header
from dmicc_assets.geo.accession import check_series, series_folder
from dmicc_assets.geo.formats.gzip_stream import inflate
from dmicc_assets.geo.formats.series_header import SeriesHeader
from dmicc_assets.geo.formats.series_matrix import header_of
from dmicc_assets.geo.formats.soft import family_header
from dmicc_assets.geo.http.challenge import ChallengeError
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.http.policy import NotServedError
from dmicc_assets.geo.sample_groups import SampleGroup, best_groups
from dmicc_assets.geo.sources import family_url, matrix_names, matrix_url
from dmicc_assets.geo.spellings import shortened
from dmicc_assets.study.schema import SERIES_NAME

_TISSUE_KEY = re.compile(r"^(tissue|organ|organism part|tissue type|cell type|body site|source|sample type)\b", re.I)
_TISSUES = (
    "bile duct", "bladder", "blood", "bone marrow", "brain", "breast", "cartilage", "cervix", "colon", "endometrium",
    "esophagus", "heart", "intestine", "kidney", "liver", "lung", "lymph node", "muscle", "nerve", "ovary", "pancreas",
    "pbmc", "placenta", "prostate", "retina", "salivary gland", "serum", "skin", "spleen", "stomach", "synovium",
    "testis", "thymus", "thyroid", "tonsil", "uterus",
)  # fmt: skip
# GSE83521 has `gastric mucosa tissue`.
_OF_TISSUE = {
    "synovi(um|al)": "synovium", "gastric": "stomach", "hepatic": "liver", "renal": "kidney", "colorectal": "colon",
    "pulmonary": "lung", "cutaneous": "skin", "ovarian": "ovary", "pancreatic": "pancreas", "biliary": "bile duct",
}  # fmt: skip
_TISSUE_WORDS = {**{name: name for name in _TISSUES}, **_OF_TISSUE}


@dataclass(frozen=True, slots=True)
class DatasetDescription:
    """One dataset of a series: its samples on one platform.

    Attributes:
        name: its name in a study file, `GSE32225` or `GSE14520-GPL571`.
        platform: its accession; None when the samples do not name one.
        organisms: organisms of the samples.
        n_samples: how many there are.
        descriptions: for each field (title, source_name, a characteristic's key) its distinct values with counts.
        field: the field that separates cases from controls; None when no field does.
        groups: sample groups by that field; empty without one.
        tissue: proposed tissue; "" when the header gives no hint.
        has_table: whether the samples state a number of rows; otherwise the values are in other files (RNA-seq).
        has_base: whether the base of the logarithms is known: of one channel, or named by the header.
        reference: pattern of the reference of two channels, where dyes are swapped.
        samples: their accessions.
        fields: the fields of each sample, as label rules see them.
    """

    name: str
    platform: str | None
    organisms: tuple[str, ...]
    n_samples: int
    descriptions: dict[str, dict[str, int]]
    field: str | None
    groups: tuple[SampleGroup, ...]
    tissue: str
    has_table: bool
    has_base: bool
    reference: str | None
    samples: tuple[str, ...] = ()
    fields: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SeriesDescription:
    """A series with its datasets, one a platform.

    Attributes:
        accession: accession of the series.
        title: its title.
        pubmed_ids: PubMed ids of its papers.
        datasets: one for each platform.
    """

    accession: str
    title: str
    pubmed_ids: tuple[str, ...]
    datasets: tuple[DatasetDescription, ...]


def describe_series(accession: str, client: GeoClient) -> SeriesDescription:
    """Read the headers of a series, without its tables.

    Args:
        accession: of a series (`GSE32225`), or of one platform of it (`GSE14520-GPL571`).
        client: reads from GEO or a mirror.

    Raises:
        RequestError: not the accession of a series.
        SourceError: the series or its platform does not exist; the message names the accession and the URL.
    """
    match = SERIES_NAME.fullmatch(accession)
    if match is None:
        raise RequestError(f"{accession!r} is not a series accession: expected one like GSE32225 or GSE14520-GPL571")
    series, wanted = check_series(match["accession"]), match["platform"]
    found = describe_headers(series, _headers(series, client), wanted)
    if found is None:
        raise SourceError(f"{series}: no samples of {wanted or 'it'} at {client.geo(series_folder(series))}/")
    return found


def describe_headers(
    series: str, headers: Iterable[SeriesHeader], wanted: str | None = None
) -> SeriesDescription | None:
    """The description of a series by its headers; None without a sample on the wanted platform.

    Args:
        series: its accession.
        headers: of its files.
        wanted: a platform; None for all of the series.
    """
    parts = [
        (platform, header, samples)
        for header in headers
        for platform, samples in _by_platform(header.samples)
        if wanted in (None, platform)
    ]
    if not parts:
        return None
    return SeriesDescription(
        series,
        parts[0][1].first("title"),
        tuple(parts[0][1].series.get("pubmed_id", [])),
        tuple(
            _describe(f"{series}-{platform}" if len(parts) > 1 or wanted else series, platform, header, samples)
            for platform, header, samples in parts
        ),
    )


def _headers(series: str, client: GeoClient) -> Iterator[SeriesHeader]:
    """Headers from the series matrices, or without any from acc.cgi or the family SOFT file."""
    names = matrix_names(series, client)
    for name in names:
        with client.blocks(matrix_url(series, name, client)) as blocks:
            yield header_of(inflate(blocks, name), name)
    if names:
        return
    try:
        yield served_header(series, client)
    except (NotServedError, ChallengeError):
        url = family_url(series, client)
        try:
            with client.blocks(url) as blocks:
                yield family_header(inflate(blocks, url), url)
        except NotServedError:
            raise SourceError(f"{series}: no such series at {client.geo(series_folder(series))}/") from None


def _by_platform(samples: pl.DataFrame) -> Iterator[tuple[str | None, pl.DataFrame]]:
    for platform in samples["platform"].unique(maintain_order=True).to_list():
        yield platform, samples.filter(pl.col("platform").eq_missing(platform))


def _describe(name: str, platform: str | None, header: SeriesHeader, samples: pl.DataFrame) -> DatasetDescription:
    fields = _fields(samples)
    counts = {key: dict(Counter(values)) for key, values in fields.items()}
    made = header.values_made(samples)
    swap = swapped_text(samples) if made.n_channels == 2 else None
    reference = reference_pattern(swap.text) if swap else None
    field, groups = _swapped_groups(fields, samples, reference) if reference else best_groups(fields)
    if field is not None and not _each_has_one(samples, field, groups):
        field, groups = None, ()
    return DatasetDescription(
        name=name,
        platform=platform,
        organisms=header.organisms,
        n_samples=samples.height,
        descriptions={key: values for key, values in counts.items() if key != "title" or len(values) < samples.height},
        field=field,
        groups=groups,
        tissue=_tissue(fields, header.first("title")),
        has_table=header.row_counts != (0,),
        has_base=made.n_channels == 1 or named_base(made.text) is not None,
        reference=reference,
        samples=tuple(samples["sample"]),
        fields=tuple(sample_fields(samples)),
    )


def _swapped_groups(
    fields: Mapping[str, Sequence[str]], samples: pl.DataFrame, reference: str
) -> tuple[str | None, tuple[SampleGroup, ...]]:
    """The groups by the channel that is not the reference: it is the first here and the second there."""
    is_first = has_reference_first(samples, reference)
    other = {key: fields[f"{key}_ch2"] for key in fields if f"{key}_ch2" in fields}
    own = {
        key: [
            two if swapped else one for one, two, swapped in zip(values, other.get(key, values), is_first, strict=True)
        ]
        for key, values in fields.items()
        if not key.endswith("_ch2")
    }
    field, groups = best_groups(own)
    return ANY if field in other else field, groups


def _each_has_one(samples: pl.DataFrame, field: str, groups: Sequence[SampleGroup]) -> bool:
    """Whether each sample matches the pattern of one group, in whichever of the field's texts."""
    return all(
        sum(any(re.search(group.pattern, text) for text in texts_of(row, field)) for group in groups) == 1
        for row in sample_fields(samples)
    )


def _fields(samples: pl.DataFrame) -> dict[str, list[str]]:
    """Each field's value in every sample, as label rules see it; "" where a sample lacks it, or has several.

    Keys of one `field_name` are one field, in its first spelling.
    """
    described = sample_fields(samples)
    spelled: dict[str, str] = {}
    for row in samples["characteristics"]:
        for pair in row:
            spelled.setdefault(field_name(pair["key"]), pair["key"])
    asked = [key for name, key in spelled.items() if name not in ("source_name", "title")]
    return {key: [_value(fields, key) for fields in described] for key in (*asked, "source_name", "title")}


def _value(fields: Mapping[str, str], key: str) -> str:
    """The one text of a field; the submitter's own where a key is `sample`, `title`, `source_name` or `any`."""
    name = field_name(key)
    own = fields.get(name + CHARACTERISTIC)
    if own is not None and name in (*OWN_FIELDS, ANY):
        return own
    texts = texts_of(fields, key)
    return texts[0] if len(texts) == 1 else ""


def _tissue(fields: dict[str, list[str]], title: str) -> str:
    """The tissue that most samples name: in a tissue field, or else by a known tissue's name in any field."""
    for key, values in fields.items():
        distinct = set(values)
        if _TISSUE_KEY.search(key) and len(distinct) == 1 and (only := distinct.pop()):
            return _known_tissue([only]) or shortened(only)
    words = [*(value for key, values in fields.items() if key != "title" for value in values)]
    return _known_tissue(words) or _known_tissue([*fields["title"], title])


def _known_tissue(texts: Sequence[str]) -> str:
    """The tissue that most of the texts name, by its noun or its adjective; "" when none does."""
    counts = Counter(
        tissue
        for text in texts
        for tissue in {name for word, name in _TISSUE_WORDS.items() if re.search(rf"\b{word}s?\b", text, re.I)}
    )
    return max(counts, key=lambda tissue: (counts[tissue], tissue), default="")
