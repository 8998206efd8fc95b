"""Options and tables that callers give, checked: what is wrong is said in one line that names the option or column.

Labelled expression is `cohort.py`'s; nothing is computed here.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import polars as pl
from pydantic import BaseModel, ValidationError

Settings = TypeVar("Settings", bound=BaseModel)


def settings_of(kind: type[Settings], options: Mapping[str, object]) -> Settings:
    """The options as the core's settings.

    Raises:
        ValueError: an option is not what is expected; the message names it and its value.
    """
    try:
        return kind.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name, text = str(first["loc"][-1]), first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
        raise ValueError(f"{name}: expected {text}, got {first['input']!r}") from None


def checked_statistics(frame: pl.DataFrame, columns: Sequence[str], of: str = "the statistics") -> pl.DataFrame:
    """A table of genes' statistics that has these columns and at least one gene.

    A table without genes is refused: nothing can be said of genes that nobody measured.

    Raises:
        ValueError: a column is missing, is not of numbers, or there is no gene.
    """
    for column in columns:
        if column not in frame.columns:
            there = ", ".join(frame.columns) or "none"
            raise ValueError(f"{of}: expected a column {column!r}, as `limma` gives it; there are {there}")
        if column != "gene" and not (frame[column].dtype.is_numeric() or frame[column].dtype == pl.Null):
            raise ValueError(f"{of}: expected numbers in column {column!r}, got {frame[column].dtype}")
    if frame.is_empty():
        raise ValueError(f"{of}: no gene")
    return frame
