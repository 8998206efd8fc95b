"""Internal-external validation: each dataset of a merged cohort is left out, and the whole path made on the others.

Folds that mix the datasets are `nested.py`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.resampling.fold_models import Fold
from dmicc_assets.resampling.nested import run_fold
from dmicc_assets.resampling.other_cohorts import choice_without
from dmicc_assets.resampling.parallel import in_parallel
from dmicc_assets.resampling.resamples import patient_index
from dmicc_assets.resampling.selection import BiomarkerChoice, StudyData
from dmicc_assets.stats.meta_analysis import random_effects
from dmicc_assets.stats.probability import expit
from dmicc_assets.stats.roc import delong_interval, delong_variance, roc
from dmicc_assets.tables import TABLES

ALL = "all"


@dataclass(frozen=True, slots=True)
class _LeftOut:
    """One dataset to leave out, with all that a process needs."""

    data: StudyData
    dataset: str


@dataclass(frozen=True, slots=True)
class _Area:
    """The area in a dataset that was left out, with DeLong's variance."""

    auc: float
    variance: float


def internal_external(data: StudyData, n_jobs: int = 1) -> pl.DataFrame:
    """Rows of `validation/internal_external`; none unless the model's cohort merges two datasets or more.

    Steyerberg & Harrell 2016 (doi:10.1016/j.jclinepi.2015.04.005). Everything that chooses, adjusts or fits is made
    without the dataset, and without other samples of its patients. Its own batch effect moves all of its samples by
    one constant a gene, which changes no AUC. The row "all" is the random-effects mean of the areas' logits, with its
    heterogeneity (Debray 2017, doi:10.1136/bmj.i6460); an area of 0 or 1 has no variance and is left out of it.
    """
    table, subject = TABLES["validation/internal_external"], data.merged[data.target]
    datasets = sorted(set(subject.dataset))
    if len(datasets) < 2:
        return table.frame()
    folds = in_parallel(_without, [_LeftOut(data, dataset) for dataset in datasets], n_jobs)
    rows: list[dict[str, Any]] = []
    areas: list[_Area] = []
    for dataset, fold in zip(datasets, folds, strict=True):
        is_case = subject.is_case[fold.test]
        row: dict[str, Any] = {"dataset": dataset, "n_case": int(is_case.sum()), "n_control": int((~is_case).sum())}
        row |= dict.fromkeys(_MEASURES) | {"biomarkers": list(fold.biomarkers)}
        if fold.has_model and is_case.any() and not is_case.all():
            curve = roc(fold.scores[fold.test], is_case, "up", missing="drop")
            low, high = delong_interval(curve)
            row |= {"auc": curve.auc, "ci_low": low, "ci_high": high}
            areas.append(_Area(curve.auc, delong_variance(curve)))
        rows.append(row)
    counts = {name: sum(row[name] for row in rows) for name in ("n_case", "n_control")}
    rows.append({"dataset": ALL, "biomarkers": [], **counts, **dict.fromkeys(_MEASURES), **_pooled(areas)})
    return table.frame(rows)


_MEASURES = ("auc", "ci_low", "ci_high", "q_p_value", "i_squared")


def _without(work: _LeftOut) -> Fold:
    """The whole path on the other datasets, scored on the one that is left out."""
    subject = work.data.merged[work.data.target]
    test = np.array([dataset == work.dataset for dataset in subject.dataset])
    patients = patient_index(subject)
    training = ~np.isin(patients, patients[test])
    others = [dataset for dataset, trains in zip(subject.dataset, training, strict=True) if trains]
    # Adjusted as samples of another dataset: the shift is common to all of them.
    known = others[0] if others else work.dataset
    named = tuple(known if held else dataset for dataset, held in zip(subject.dataset, test, strict=True))
    choice = choice_without(BiomarkerChoice(work.data, work.data.target), test)
    relabelled = replace(subject, dataset=named)
    return run_fold(choice, relabelled, subject.matrix, training.astype(np.int64), test)


def _pooled(areas: Sequence[_Area]) -> dict[str, float]:
    """The random-effects mean of the areas that have a variance, with heterogeneity; nothing of fewer than two."""
    usable = [each for each in areas if 0 < each.auc < 1 and each.variance > 0]
    if len(usable) < 2:
        return {}
    auc = np.array([each.auc for each in usable])
    variance = np.array([each.variance for each in usable]) / (auc * (1 - auc)) ** 2
    found = random_effects(np.log(auc / (1 - auc)), variance)
    mean, low, high = (float(x) for x in expit(np.array([found.mean, found.low, found.high])))
    return {"auc": mean, "ci_low": low, "ci_high": high, "q_p_value": found.p_value, "i_squared": found.i_squared}
