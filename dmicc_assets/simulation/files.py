"""GEO's, Xena's and GMT's formats, as they are served: text from tables, gzipped so that equal content is equal bytes.

No biology and no randomness; `mirror.py` decides the content.
"""

import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dmicc_assets.geo.accession import matrix_name, platform_folder, series_folder

# How GEO's submitters write a missing value. A matrix takes them in turn.
MISSING = ("NA", "null", "", "NaN", "N/A")
CONTACT = {
    "name": "Nobody,,Simulated",
    "email": "nobody@simulated.invalid",
    "phone": "+00 000 000000",
    "institute": "Institute that does not exist",
    "address": "1 Simulated Street",
    "city": "Nowhere",
    "country": "None",
}


def series_matrix_path(folder: Path, accession: str, platform: str | None = None) -> Path:
    """Where GEO keeps a series matrix; a series on several platforms names the platform in its files."""
    return folder / series_folder(accession) / "matrix" / matrix_name(accession, platform)


def annotation_path(folder: Path, platform: str) -> Path:
    """Where GEO keeps a platform's annotation."""
    return folder / platform_folder(platform) / "annot" / f"{platform}.annot.gz"


def write_gzip(path: Path, text: str) -> None:
    """Write text as gzip without time stamp and name: equal text gives equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, compresslevel=1, mtime=0) as file:
        file.write(text.encode("utf-8"))
    path.write_bytes(packed.getvalue())


def number_lines(
    ids: Sequence[str], values: NDArray[np.float64], decimals: int, missing: Sequence[str] = ("NA",)
) -> str:
    """Rows of a matrix as text, tab-separated, each ended by LF.

    Args:
        ids: (G,) first cells, quoted already where they are to be quoted.
        values: (G, N); NaN is written as the next of `missing`.
        decimals: digits after the point.
        missing: the words for a missing value, taken in turn.
    """
    frame = pl.DataFrame(values, schema=[str(i) for i in range(values.shape[1])]).fill_nan(None)
    frame.insert_column(0, pl.Series("id", list(ids)))
    mark = "\x00"
    text = frame.write_csv(
        separator="\t", include_header=False, float_precision=decimals, null_value=mark, quote_style="never"
    )
    first, *rest = text.split(mark)
    return first + "".join(word + part for word, part in zip(cycle(missing), rest, strict=False))


def series_matrix_text(
    series: Sequence[tuple[str, str]],
    samples: Sequence[tuple[str, Sequence[str]]],
    accessions: Sequence[str],
    rows: str,
) -> str:
    """A series matrix file.

    Args:
        series: keys (without `!Series_`) and values, in order; keys may repeat.
        samples: keys (without `!Sample_`) and one value a sample, in order; keys may repeat.
        accessions: the columns of the table.
        rows: the table's rows, from `number_lines`; none makes an empty table.
    """
    n_rows = str(rows.count("\n"))
    header = [f'!Series_{key}\t"{value}"' for key, value in series]
    columns = [
        "\t".join([f"!Sample_{key}", *(f'"{value}"' for value in values)])
        for key, values in [*samples, ("data_row_count", [n_rows] * len(accessions))]
    ]
    table = "\t".join(f'"{name}"' for name in ["ID_REF", *accessions])
    top = "\n".join([*header, "", *columns, "!series_matrix_table_begin", table])
    return f"{top}\n{rows}!series_matrix_table_end\n"


def contact_lines() -> list[tuple[str, str]]:
    """A submitter's contact fields, which GEO repeats for the series and every sample; nobody may store them."""
    return [(f"contact_{key}", value) for key, value in CONTACT.items()]


def annotation_text(platform: str, title: str, date: str, probes: Sequence[str], symbols: Sequence[str]) -> str:
    """A platform's `.annot` file; two columns are named `Platform_SPOTID`, as in GEO's files."""
    header = [
        "^Annotation",
        f"!Annotation_date = {date}",
        f"!Annotation_platform = {platform}",
        f"!Annotation_platform_title = {title}",
        "!Annotation_platform_organism = Homo sapiens",
        "#ID = ID from Platform data table",
        "#Gene title = Entrez Gene name",
        "#Gene symbol = Entrez Gene symbol",
        "#Gene ID = Entrez Gene identifier",
        "#Platform_SPOTID = Spot identifier",
        "!platform_table_begin",
        "\t".join(["ID", "Gene title", "Gene symbol", "Gene ID", "Platform_SPOTID", "Platform_SPOTID"]),
    ]
    rows = [f"{probe}\t\t{symbol}\t\t\t" for probe, symbol in zip(probes, symbols, strict=True)]
    return "\n".join([*header, *rows, "!platform_table_end", ""])


def xena_text(genes: Sequence[str], samples: Sequence[str], values: NDArray[np.float64]) -> str:
    """A matrix as a Xena hub serves it: genes x samples, the first cell `sample`, four decimals."""
    return "\t".join(["sample", *samples]) + "\n" + number_lines(genes, values, 4)


def gmt_text(sets: Mapping[str, Iterable[str]], description: str = "") -> str:
    """Gene sets as GMT: name, description, genes, tab-separated."""
    return "".join("\t".join([name, description, *genes]) + "\n" for name, genes in sets.items())
