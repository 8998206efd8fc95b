"""One-line summary of what changed between two versions of a result, for an asset's metadata.

For queries `sql/views/history/` compares the rows in the history.
"""

from collections.abc import Sequence

import polars as pl

_ROC_KEY = ["subject", "kind", "predictor"]
_SAME = 1e-12


def difference(n_before: int, n_now: int, old: pl.DataFrame | None, new: pl.DataFrame) -> str:
    """Added and removed genes for tables of genes, changed AUCs for ROC tables, or else numbers of rows.

    Args:
        n_before: rows of the earlier result.
        n_now: rows of the new result.
        old: the earlier result; None without a history.
        new: the new result.
    """
    if old is not None and {*_ROC_KEY, "auc"} <= set(old.columns) & set(new.columns):
        return _moved(old, new)
    if old is None or "gene" not in old.columns:
        return f"{rows_in_words(n_before)} became {n_now}"
    genes = set(old["gene"]), set(new["gene"])
    return _entered_and_left("genes", sorted(genes[1] - genes[0]), sorted(genes[0] - genes[1]))


def rows_in_words(n: int) -> str:
    """A number of rows: `1 row`, `2 rows`."""
    return "1 row" if n == 1 else f"{n} rows"


def _moved(old: pl.DataFrame, new: pl.DataFrame) -> str:
    """Changed AUCs, the largest change first, and added or removed predictors."""
    predictors = set(old["predictor"]), set(new["predictor"])
    text = _entered_and_left("predictors", sorted(predictors[1] - predictors[0]), sorted(predictors[0] - predictors[1]))
    both = new.select(*_ROC_KEY, "auc").join(old.select(*_ROC_KEY, before="auc"), on=_ROC_KEY)
    by = (pl.col("auc") - pl.col("before")).abs()
    moved = both.filter(by > _SAME).sort(by, *_ROC_KEY, descending=[True, False, False, False])
    lines = [
        f"{row['predictor']} in {row['subject']} ({row['kind']}) from {row['before']:.3f} to {row['auc']:.3f}"
        for row in moved.iter_rows(named=True)
    ]
    return f"{text}; AUC moved of {_few(lines)}"


def _entered_and_left(what: str, entered: Sequence[str], left: Sequence[str]) -> str:
    noun = what.removesuffix("s") if len(entered) == 1 else what
    return f"{len(entered)} {noun} entered ({_few(entered)}), {len(left)} left ({_few(left)})"


def _few(names: Sequence[str], most: int = 20) -> str:
    return ", ".join([*names[:most], "..."] if len(names) > most else names) or "none"
