"""Rows of a query or of an answer as a table in the terminal. No large library is loaded for it."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dmicc_assets.wording import counted

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS_SHOWN = 100
WRAPPED_TO = 40


def show_rows(console: Console, rows: "pl.DataFrame", *, has_header: bool = True, may_stack: bool = True) -> None:
    """A frame as `show_table` shows rows; of a frame of many rows only those are read that are shown."""
    most = MOST_ROWS_SHOWN if console.is_terminal else len(rows)
    few = list(rows.head(most).iter_rows())
    show_table(console, rows.columns, few, len(rows), has_header=has_header, may_stack=may_stack)


def show_dicts(console: Console, rows: Sequence[Mapping[str, object]]) -> None:
    """Rows with the same keys, in the same order, as `show_table` shows them."""
    show_table(console, list(rows[0]), [list(row.values()) for row in rows], len(rows))


def show_table(
    console: Console,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    n_rows: int,
    *,
    has_header: bool = True,
    may_stack: bool = True,
) -> None:
    """A table in the terminal, cut after a hundred rows, with the count of what was left out.

    Rows that are too wide for the terminal are shown with one line for each column and wrapped texts, so that no value
    is cut. Without a terminal every row is printed on one line of any length.

    Args:
        console: where to print.
        columns: their names.
        rows: what to print.
        n_rows: how many rows there are, those that are not given counted.
        has_header: whether to print the names of the columns.
        may_stack: whether rows that are too wide may have one line for each column; else their texts are wrapped.
    """
    most = MOST_ROWS_SHOWN if console.is_terminal else n_rows
    shown = [[text_of(value) for value in row] for row in rows[:most]]
    widths = [max(map(cell_len, (name, *column))) for name, *column in zip(columns, *shown, strict=True)]
    narrowest = sum(min(width, WRAPPED_TO) + 2 for width in widths)
    if not console.is_terminal:
        _print_whole(console, [list(columns), *shown] if has_header else shown)
    elif shown and may_stack and narrowest > console.width:
        _show_below_each_other(console, columns, shown)
    else:
        table = Table(*columns, box=None, pad_edge=False, show_header=has_header)
        for row in shown:
            table.add_row(*map(Text, row))
        console.print(table, soft_wrap=False)
    if n_rows > most:
        console.print(f"... {counted(n_rows - most, 'more row')} of {n_rows:,}; a pipe or --format csv gives all")


def _print_whole(console: Console, lines: list[list[str]]) -> None:
    """Each row as one line with aligned columns, without trailing spaces."""
    flat = [[" ".join(cell.split()) for cell in line] for line in lines]
    widths = [max(map(cell_len, column)) for column in zip(*flat, strict=True)]
    for line in flat:
        cells = (set_cell_size(cell, width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip(), file=console.file)


def _show_below_each_other(console: Console, columns: Sequence[str], rows: list[list[str]]) -> None:
    for number, row in enumerate(rows, start=1):
        console.print(f"row {number}", style="bold")
        table = Table(box=None, pad_edge=False, show_header=False)
        for name, value in zip(columns, row, strict=True):
            table.add_row(Text(name), Text(value))
        console.print(table, soft_wrap=False)


def _rounded(number: float | Decimal) -> str:
    """A number for people; CSV, TSV and JSON have all digits."""
    return f"{float(number):.6g}"


def _is_whole(value: float | Decimal) -> bool:
    """Whether it is a whole number of exact digits, which is written out."""
    return isinstance(value, Decimal) and value == value.to_integral_value()


def text_of(value: object, number: Callable[[float | Decimal], str] = _rounded) -> str:
    """A cell as text, with each of its numbers as `number` writes it."""

    def of(part: object) -> str:
        return str(part) if part is None else text_of(part, number)

    match value:
        case None:
            return ""
        case float() | Decimal() if not _is_whole(value):
            return number(value)
        case list():
            return ", ".join(map(of, cast(list[object], value)))
        case dict():
            return "; ".join(f"{key}={of(each)}" for key, each in cast(dict[str, object], value).items())
        case _:
            return str(value)
