"""One-line summary of what changed between two versions of a result, for an asset's metadata.

For queries `sql/views/history/` compares the rows in the history.
"""

from collections.abc import Sequence

import polars as pl

from dmicc_assets.wording import counted

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
        return f"{counted(n_before, 'row')} became {n_now}"
    genes = set(old["gene"]), set(new["gene"])
    return _entered_and_left("gene", sorted(genes[1] - genes[0]), sorted(genes[0] - genes[1]))


def _moved(old: pl.DataFrame, new: pl.DataFrame) -> str:
    """Changed AUCs, the largest change first, and added or removed predictors."""
    predictors = set(old["predictor"]), set(new["predictor"])
    text = _entered_and_left("predictor", sorted(predictors[1] - predictors[0]), sorted(predictors[0] - predictors[1]))
    both = new.select(*_ROC_KEY, "auc").join(old.select(*_ROC_KEY, before="auc"), on=_ROC_KEY)
    by = (pl.col("auc") - pl.col("before")).abs()
    moved = both.filter(by > _SAME).sort(by, *_ROC_KEY, descending=[True, False, False, False])
    lines = [
        f"{row['predictor']} in {row['subject']} ({row['kind']}) from {row['before']:.3f} to {row['auc']:.3f}"
        for row in moved.iter_rows(named=True)
    ]
    return f"{text}; AUC moved of {_few(lines)}"


def _entered_and_left(what: str, entered: Sequence[str], left: Sequence[str]) -> str:
    return f"{counted(len(entered), what)} entered ({_few(entered)}), {len(left)} left ({_few(left)})"


def _few(names: Sequence[str], most: int = 20) -> str:
    return ", ".join([*names[:most], "..."] if len(names) > most else names) or "none"
