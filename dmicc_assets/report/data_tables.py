"""Tables of the report: first rows as HTML, for print and without scripts; all rows as data for the scripts."""

import gzip
import json
import math
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl
from markupsafe import Markup

from dmicc_assets.report.columns import SHOWN
from dmicc_assets.results.intervals import interval_text
from dmicc_assets.tables import TABLES
from dmicc_assets.wording import signed

# Rows of a page of a table, and the longest table that is printed whole; of a longer one the first page is printed.
ROWS_A_PAGE, PRINTED_WHOLE = 25, 200
# The same for a table inside a section of the paper, whose place is short.
FEW_ROWS, FEW_PRINTED = 10, 12
# Significant digits in the page; all digits are in the lake, the warehouse and the export.
_DIGITS = 6
# Level of gzip: the ninth takes six times as long, for tables 4 % smaller.
_LEVEL = 5

# The column that combines ci_low and ci_high.
INTERVAL = "interval_95"

Kind = Literal["number", "text", "hash", "list"]
Width = Literal["short", "", "long"]
# Texts up to the first length are not broken into lines; beyond the second length a column has a width of its own.
_SHORT, _LONG = 28, 60
# Members of a long list that a cell shows, with their total number.
_LISTED = 8
# Columns by name of the table that are no part of what a page says: those that are none of a content hash. A recipe
# has the address and the time at which a source was observed.
_VOLATILE = {
    name.replace("/", "_"): frozenset(column.name for column in table.columns if column.is_volatile)
    for name, table in TABLES.items()
}
_VOLATILE |= {"datasets": _VOLATILE["source_datasets"], "provenance": frozenset(("recipe", "run_id", "written_at"))}
_HASHES = ("recipe", "content", "sha256", "content_sha256", "run_id")


@dataclass(frozen=True)
class ReportColumn:
    """A column's name, what it means, how it looks and sorts, and whether the page shows it or only the download."""

    name: str
    meaning: str
    kind: Kind
    width: Width = ""
    is_shown: bool = True


@dataclass(frozen=True)
class ReportTable:
    """One table as the template shows it.

    Attributes:
        id: unique in the page.
        title: its caption.
        columns: in order.
        rows: texts of the shown columns, of all rows or of a long table of its first page.
        n_rows: rows in all.
        page: rows of a page.
        printed: the longest table that is printed whole.
        payload: all rows as JSON, gzip and Base64; numbers to six significant digits.
        file_name: of the download.
    """

    id: str
    title: str
    columns: list[ReportColumn]
    rows: list[list[str]]
    n_rows: int
    page: int
    printed: int
    payload: str
    file_name: str

    @property
    def shown(self) -> list[ReportColumn]:
        """The columns of the page."""
        return [column for column in self.columns if column.is_shown]

    @property
    def downloads_more(self) -> bool:
        """Whether the download has columns that the page does not show."""
        return len(self.shown) < len(self.columns)

    @property
    def undated(self) -> "ReportTable":
        """The table without times, addresses and runs, in which two tables that say the same may differ."""
        volatile = _VOLATILE.get(self.file_name.removesuffix(".csv"), frozenset())
        kept = [i for i, column in enumerate(self.shown) if column.name not in volatile]
        if not volatile:
            return self
        data = [each for each in json.loads(gzip.decompress(b64decode(self.payload))) if each["name"] not in volatile]
        return replace(
            self,
            columns=[column for column in self.columns if column.name not in volatile],
            rows=[[row[i] for i in kept] for row in self.rows],
            payload=_packed(_json(data)),
        )


def report_table(
    table: str, frame: pl.DataFrame, part: str = "", title: str = "", is_short: bool = False
) -> ReportTable:
    """A declared table of the lake, with the meanings of its columns.

    Args:
        table: its name, `group/table`.
        frame: its rows.
        part: cohort or dataset, when the page has the table more than once.
        title: caption; the table's own meaning by default.
        is_short: whether it stands in a section of the paper, where it shows and prints few rows.
    """
    declared = TABLES[table]
    meanings = {column.name: column.meaning for column in declared.columns}
    meanings |= {INTERVAL: "95 % interval", "term_id": "identifier of the set in its library"}
    name = table.replace("/", "_") + (f"_{part}" if part else "")
    found = in_one_column(frame.drop("study", strict=False))
    return free_table(name, title or declared.meaning, found, meanings, SHOWN[table], is_short)


def in_one_column(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns ci_low and ci_high as one text, in the place of the first; a frame without them is as it was."""
    if not {"ci_low", "ci_high"} <= set(frame.columns):
        return frame
    limits = frame.select("ci_low", "ci_high").iter_rows()
    texts = pl.Series(INTERVAL, [interval_text(low, high) for low, high in limits], dtype=pl.String)
    names = [name for name in frame.columns if name != "ci_high"]
    return frame.with_columns(texts).select(INTERVAL if name == "ci_low" else name for name in names)


def free_table(
    name: str,
    title: str,
    frame: pl.DataFrame,
    meanings: dict[str, str] | None = None,
    shown: Sequence[str] = (),
    is_short: bool = False,
) -> ReportTable:
    """Any frame as a table; lists are joined by commas, maps are written as `key: value`.

    Args:
        name: of the download, without its ending.
        title: caption.
        frame: its rows, the most important first.
        meanings: of the columns, by name.
        shown: columns of the page, in order; the others are in the download only. All without any.
        is_short: whether it stands in a section of the paper, where it shows and prints few rows.
    """
    first_columns = [column for column in shown if column in frame.columns]
    frame = frame.select(*first_columns, pl.exclude(first_columns)) if first_columns else frame
    flat = frame.with_columns(_flat(frame))
    columns = [
        ReportColumn(
            column, (meanings or {}).get(column, ""), _kind(column, dtype), _width(flat[column]),
            not first_columns or column in first_columns,
        )
        for column, dtype in frame.schema.items()
    ]  # fmt: skip
    of_page = [column for column in columns if column.is_shown]
    page, printed = (FEW_ROWS, FEW_PRINTED) if is_short else (ROWS_A_PAGE, PRINTED_WHOLE)
    first = [
        [cell_text(cell, column.kind) for cell, column in zip(row, of_page, strict=True)]
        for row in flat.select(column.name for column in of_page)
        .head(len(flat) if len(flat) <= printed else page)
        .iter_rows()
    ]
    identity = "table-" + "".join(letter if letter.isalnum() else "-" for letter in name)
    return ReportTable(
        identity, title, columns, first, len(flat), page, printed, _payload(flat, columns), f"{name}.csv"
    )


def _kind(column: str, dtype: pl.DataType) -> Kind:
    if dtype.is_numeric():
        return "number"
    if isinstance(dtype, pl.List) and not isinstance(dtype.inner, pl.Struct):
        return "list"
    return "hash" if column in _HASHES else "text"


def _width(series: pl.Series) -> Width:
    longest = series.str.len_chars().max() if series.dtype == pl.String else None
    if not isinstance(longest, int):
        return ""
    return "short" if longest <= _SHORT else "long" if longest > _LONG else ""


def _flat(frame: pl.DataFrame) -> list[pl.Expr]:
    """Nested and temporal columns as text."""
    flat: list[pl.Expr] = []
    for name, dtype in frame.schema.items():
        if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
            pair = pl.element().struct["key"] + pl.lit(": ") + pl.element().struct["value"]
            flat.append(pl.col(name).list.eval(pair).list.join("; "))
        elif isinstance(dtype, pl.List):
            flat.append(pl.col(name).list.eval(pl.element().cast(pl.String)).list.join(", "))
        elif dtype.is_temporal():
            flat.append(pl.col(name).dt.strftime("%Y-%m-%d %H:%M"))
        elif dtype == pl.Boolean:
            flat.append(pl.when(pl.col(name)).then(pl.lit("yes")).when(~pl.col(name)).then(pl.lit("no")).alias(name))
    return flat


def cell_text(cell: object, kind: Kind) -> str:
    """A cell as text; a long list is cut to its first members and their number, as in `data_table.js`."""
    text = number_text(cell)
    members = text.split(", ") if kind == "list" else []
    return f"{', '.join(members[:_LISTED])} … ({len(members)})" if len(members) > _LISTED else text


def number_text(cell: object) -> str:
    """A cell as text: four significant digits, integers in full, nothing for a missing value."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        if math.isnan(cell):
            return ""
        if math.isinf(cell):
            return "∞" if cell > 0 else "−∞"
        return signed(cell, ".0f" if cell.is_integer() and abs(cell) < 1e6 else ".4g")
    return signed(cell, "d") if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)


def _payload(frame: pl.DataFrame, columns: Sequence[ReportColumn]) -> str:
    """All rows, column by column, compressed; as plain text the tables would be half of the page."""
    return _packed(f"[{','.join(_column_json(column, frame[column.name]) for column in columns)}]")


def _packed(text: str) -> str:
    return b64encode(gzip.compress(text.encode(), _LEVEL, mtime=0)).decode()


def _column_json(column: ReportColumn, values: pl.Series) -> str:
    return f'{{"name":{_json(column.name)},"kind":{_json(column.kind)},"values":{_values_json(values, column.kind)}}}'


def _values_json(values: pl.Series, kind: Kind) -> str:
    if kind != "number" or values.dtype.is_integer():
        return _json(values.to_list())
    numbers = values.cast(pl.Float64)
    if not numbers.is_finite().all(ignore_nulls=False):
        return _json([_shortened(x) for x in numbers.to_list()])
    # one format for all: each by itself takes three times as long
    return f"[{','.join([f'%.{_DIGITS}g'] * len(numbers))}]" % tuple(numbers.to_list())


def _shortened(x: float | None) -> float | str | None:
    """A number to six significant digits; JSON has no NaN and no infinity."""
    if x is None or math.isnan(x):
        return None
    return ("inf" if x > 0 else "-inf") if math.isinf(x) else float(f"{x:.{_DIGITS}g}")


def json_script(data: object) -> Markup:
    """JSON that no browser can take for markup inside a script element."""
    return Markup(_json(data).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
