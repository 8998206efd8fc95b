"""The models of folds: fitted on the genes that each fold chose, with scores of all samples.

The genes are chosen in `nested.py` and `trivial.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.resampled_logistic import fit_training_parts, refit_models
from dmicc_assets.stats.roc import roc, youden
from dmicc_assets.types import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Fold:
    """Choices and predictions of one fold.

    Attributes:
        signature: genes chosen on the training samples.
        biomarkers: those of them that the forests chose.
        scores: (N,) linear predictors of all samples; NaN for a missing value. All equal `log_odds` without a model.
        cut_off: Youden's cut-off on the training samples; None without a model.
        log_odds: log-odds of the share of cases among the training samples.
        test: (N,) True for the held-out samples.
    """

    signature: tuple[str, ...]
    biomarkers: tuple[str, ...]
    scores: FloatArray
    cut_off: float | None
    log_odds: float
    test: BoolArray

    @property
    def has_model(self) -> bool:
        """Whether genes were chosen and a model on them could be fitted: not with more genes than training samples."""
        return self.cut_off is not None


@dataclass(frozen=True, slots=True)
class Picked:
    """What a fold chose: its signature, p genes of it for the model, and their adjusted expression (p, N)."""

    signature: tuple[str, ...]
    biomarkers: tuple[str, ...]
    every: FloatArray


def fold_with_model(picked: Picked, training: FloatArray, is_case: BoolArray, test: BoolArray) -> Fold:
    """The model on the chosen genes, fitted on the training samples that have all of them; scores of all samples.

    Args:
        picked: the fold's choice.
        training: (p, M) expression of its genes in the training samples.
        is_case: (M,) the training samples' groups.
        test: (N,) which samples take no part.
    """
    complete = ~np.isnan(training).any(axis=0)
    x, has_case = training[:, complete].T, is_case[complete]
    if picked.biomarkers and has_case.any() and not has_case.all():
        model = fit_training_parts(x, has_case, np.ones((1, len(x)), dtype=np.bool_))[0]
        if np.isfinite(model).all():
            cut_off = youden(roc(model[0] + x @ model[1:], has_case)).threshold
            return _fold(picked, model[0] + model[1:] @ picked.every, cut_off, is_case, test)
    return _fold(picked, None, None, is_case, test)


def folds_with_models(
    picked: Sequence[Picked], is_case: BoolArray, counts: NDArray[np.int64], held_out: BoolArray
) -> list[Fold]:
    """`fold_with_model` of many folds whose training samples have the values of `picked`; equally large models at once.

    Args:
        picked: the B folds' choices.
        is_case: (N,) the samples' groups.
        counts: (B, N) how often each sample trains.
        held_out: (B, N) which samples take no part.
    """
    folds = dict[int, Fold]()
    for n_genes in {len(each.biomarkers) for each in picked}:
        at = [b for b, each in enumerate(picked) if len(each.biomarkers) == n_genes]
        every = np.array([picked[b].every for b in at]).reshape(len(at), n_genes, len(is_case))
        used = np.where(np.isnan(every).any(axis=1), 0, counts[at])
        models = _models(every, is_case, used)
        for b, values, often, model in zip(at, every, used, models, strict=True):
            scores, cut_off = None, None
            if np.isfinite(model).all():
                scores, drawn = model[0] + model[1:] @ values, np.repeat(np.arange(len(often)), often)
                cut_off = youden(roc(scores[drawn], is_case[drawn])).threshold
            folds[b] = _fold(picked[b], scores, cut_off, np.repeat(is_case, counts[b]), held_out[b])
    return [folds[b] for b in range(len(picked))]


def _models(every: FloatArray, is_case: BoolArray, used: NDArray[np.int64]) -> FloatArray:
    """(B, p + 1) coefficients of models on values (B, p, N), samples used (B, N) times; NaN where there is none."""
    n_folds, n_genes, n = every.shape
    if not n_genes:
        return np.full((n_folds, 1), np.nan)
    often = used[:, None, :].astype(np.float64)
    total = np.maximum(often.sum(axis=2, keepdims=True), 1.0)
    mean = np.where(often > 0, every * often, 0.0).sum(axis=2, keepdims=True) / total
    # A sample that is not used has any value, here the mean.
    columns = np.concatenate([np.ones((n_folds, 1, n)), np.where(often > 0, every, mean)], axis=1)
    return refit_models(columns.transpose(0, 2, 1), is_case, often[:, 0]).coefficients


def _fold(
    picked: Picked, scores: FloatArray | None, cut_off: float | None, is_case: BoolArray, test: BoolArray
) -> Fold:
    """The fold of a model, or of none, by the training samples' groups."""
    log_odds = log_odds_of(is_case)
    scores = np.full(len(test), log_odds) if scores is None else scores
    return Fold(picked.signature, picked.biomarkers, scores, cut_off, log_odds, test)


def log_odds_of(is_case: BoolArray) -> float:
    """Log-odds of the share of cases among samples of both classes."""
    return float(np.log(is_case.sum() / (~is_case).sum()))
