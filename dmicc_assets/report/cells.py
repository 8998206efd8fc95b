"""Words for the cells of the report's tables: cohorts by title, labels and kinds as people say them.

Words for single names are `words.py`'s; which columns a table shows is `columns.py`'s.
"""

from collections.abc import Callable, Mapping

import polars as pl

from dmicc_assets.report.words import in_words, predictor_in_words, setting_in_words
from dmicc_assets.study.schema import Study

# Columns with names of the package that `words.in_words` turns into words.
_NAMED = ("kind", "test", "interval", "method", "estimator", "scale", "role", "null", "scale_detected")
# Columns with names of labels and libraries, in which underscores are spaces.
_SPACED = ("label", "library", "case", "control")


def spoken(frame: pl.DataFrame, study: Study) -> pl.DataFrame:
    """The frame with its names in words; identifiers of terms stay beside their names.

    Args:
        frame: rows of any table of the study.
        study: its cohorts' titles.
    """
    titles = {name: cohort.title for name, cohort in study.cohorts.items()}
    words: dict[str, Callable[[str], str]] = {
        **dict.fromkeys(_NAMED, in_words),
        **dict.fromkeys(_SPACED, spaced),
        "predictor": predictor_in_words,
        "setting": setting_in_words,
        "cohort": lambda name: titles.get(name, name),
        "subject": lambda name: subject_in_words(name, titles),
    }
    changed = [_replaced(frame[name], words[name]) for name in frame.columns if name in words]
    return _with_term_names(frame.with_columns(changed))


def spaced(name: str) -> str:
    """A label or library without underscores."""
    return name.replace("_", " ")


def subject_in_words(name: str, titles: Mapping[str, str]) -> str:
    """A subject of a finding or an estimate: the cohort's title, with the dataset if there is one."""
    cohort, _, dataset = name.partition("/")
    return titles.get(cohort, cohort) + (f", {dataset}" if dataset else "")


def _replaced(values: pl.Series, words: Callable[[str], str]) -> pl.Series:
    if values.dtype != pl.String:
        return values
    known = {value: words(value) for value in values.drop_nulls().unique()}
    return values.replace(known) if known else values


def _with_term_names(frame: pl.DataFrame) -> pl.DataFrame:
    """Terms by their names; the identifier moves to a column of its own, and is the name where there is none."""
    if "term_name" not in frame.columns:
        return frame
    return frame.rename({"term": "term_id"}).with_columns(pl.coalesce("term_name", "term_id").alias("term_name"))
