"""Folds as rows: their choices (`validation/folds`), and their predictions of held-out samples.

`nested.py` chooses and predicts; `nested_performance.py` evaluates the predictions.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from dmicc_assets.resampling.arrays import FoldValues
from dmicc_assets.resampling.fold_models import Fold
from dmicc_assets.resampling.nested import OutOfFold, nested_cv
from dmicc_assets.resampling.selection import StudyData
from dmicc_assets.stats.roc import roc
from dmicc_assets.tables import TABLES
from dmicc_assets.types import CaseControl, FloatArray


@dataclass(frozen=True, slots=True)
class FoldTables:
    """The tables `validation/folds` and `validation/out_of_fold`, without their study column."""

    folds: pl.DataFrame
    out_of_fold: pl.DataFrame


def cross_validated(data: StudyData, source: FoldValues, n_jobs: int = 1) -> FoldTables:
    """The nested cross-validation of a study as rows; no rows without a biomarker.

    Args:
        data: the study on all samples.
        source: makes the target's values without the samples that are held out.
        n_jobs: number of processes; results do not depend on it.
    """
    if not data.biomarkers:
        return FoldTables(TABLES["validation/folds"].frame(), TABLES["validation/out_of_fold"].frame())
    return fold_tables(data.adjusted[data.target], nested_cv(data, source, n_jobs))


def fold_tables(subject: CaseControl, predicted: OutOfFold) -> FoldTables:
    """The folds of a cross-validation and their predictions; no rows without a fold."""
    if not predicted.folds:
        return FoldTables(TABLES["validation/folds"].frame(), TABLES["validation/out_of_fold"].frame())
    n_repeats = len(predicted.scores)
    rows: list[dict[str, object]] = []
    fold_of = np.zeros(predicted.scores.shape, dtype=np.int64)
    for i, fold in enumerate(predicted.folds):
        repeat, number = divmod(i, len(predicted.folds) // n_repeats)
        rows.append({"repeat": repeat + 1, "fold": number + 1} | _of_fold(subject, fold))
        fold_of[repeat, fold.test] = number + 1
    n = len(subject.is_case)
    columns = {
        "repeat": np.repeat(np.arange(n_repeats) + 1, n),
        "sample": list(subject.matrix.samples) * n_repeats,
        "fold": fold_of.ravel(),
        "is_case": np.tile(subject.is_case, n_repeats),
        "linear_predictor": predicted.scores.ravel(),
        "has_model": predicted.has_model.ravel(),
        "cut_off": predicted.cut_offs.ravel(),
    }
    return FoldTables(TABLES["validation/folds"].frame(rows), TABLES["validation/out_of_fold"].frame(columns))


def _of_fold(subject: CaseControl, fold: Fold) -> dict[str, object]:
    """The choice of one fold, and its model's ranking of the held-out samples."""
    is_case, score = subject.is_case[fold.test], fold.scores[fold.test]
    known = np.isfinite(score)
    is_ranked = fold.has_model and is_case[known].any() and not is_case[known].all()
    training = subject.is_case[~fold.test]
    return {
        "n_case": int(training.sum()),
        "n_control": int((~training).sum()),
        "n_signature": len(fold.signature),
        "biomarkers": list(fold.biomarkers),
        "has_model": fold.has_model,
        "auc": roc(score[known], is_case[known]).auc if is_ranked else None,
    }


def read_out_of_fold(rows: pl.DataFrame, samples: tuple[str, ...]) -> OutOfFold:
    """Predictions as `fold_tables` wrote them, samples in the given order; the folds' choices are not among them."""

    def matrix(column: str) -> FloatArray:
        wide = rows.sort("repeat").pivot("sample", index="repeat", values=column, maintain_order=True)
        return wide.select(samples).to_numpy() if len(rows) else np.empty((0, len(samples)))

    scores, cut_offs = (matrix(column).astype(np.float64) for column in ("linear_predictor", "cut_off"))
    return OutOfFold(scores, matrix("has_model").astype(np.bool_), cut_offs, ())


def fold_numbers(rows: pl.DataFrame, samples: tuple[str, ...]) -> FloatArray:
    """(R, N) the fold of its repeat that held each sample out."""
    wide = rows.sort("repeat").pivot("sample", index="repeat", values="fold", maintain_order=True)
    return wide.select(samples).to_numpy() if len(rows) else np.empty((0, len(samples)))
