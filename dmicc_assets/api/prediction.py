"""ROC curves of one predictor, and nested cross-validation of the whole choice of genes, on labelled frames.

The arithmetic is in `stats/roc.py` and `resampling/`.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from dmicc_assets.api.cohort import Cohort
from dmicc_assets.api.options import settings_of
from dmicc_assets.differential.statistics import Batch, differential_genes, differential_statistics
from dmicc_assets.expression.batch import remove_batch_effect
from dmicc_assets.stats.roc import (
    DelongTest,
    Direction,
    bootstrap_interval,
    closest_topleft,
    delong_interval,
    delong_test,
    youden,
)
from dmicc_assets.stats.roc import roc as curve_of
from dmicc_assets.study.dataset_parts import NAME
from dmicc_assets.study.schema import Study
from dmicc_assets.types import CaseControl


@dataclass(frozen=True)
class RocCurve:
    """An area under the ROC curve with its interval, the best cut-off and the curve.

    Attributes:
        auc: area, ties counted half.
        ci_low: lower limit of the 95 % interval; not meaningful when the area is 1, where the interval has no width.
        ci_high: upper limit.
        threshold: the best cut-off, in the predictor's units.
        sensitivity: at the cut-off.
        specificity: at the cut-off.
        n_optima: how many cut-offs are equally good; the first of them is given.
        curve: columns threshold, sensitivity, specificity.
    """

    auc: float
    ci_low: float
    ci_high: float
    threshold: float
    sensitivity: float
    specificity: float
    n_optima: int
    curve: pl.DataFrame


def roc(
    score: ArrayLike,
    is_case: ArrayLike,
    *,
    direction: Direction = "up",
    interval: Literal["delong", "bootstrap"] = "delong",
    cut_off: Literal["youden", "closest_topleft"] = "youden",
    seed: int = 1,
) -> RocCurve:
    """The empirical ROC curve of one predictor, as pROC's.

    Args:
        score: (N,) predictor, in the order of `is_case`.
        is_case: (N,) True for cases.
        direction: "up" when cases are expected to score higher; decide it on other data than these.
        interval: DeLong's (doi:10.2307/2531595), or from 2,000 resamples of cases and of controls.
        cut_off: the largest sensitivity + specificity, or the point nearest to a perfect test.
        seed: of the resamples.

    Raises:
        ValueError: lengths differ, a score or a sample's group is missing, a score is infinite, a group is empty, or
            an option is unknown.
    """
    if interval not in ("delong", "bootstrap"):
        raise ValueError(f"unknown interval {interval!r}: expected delong or bootstrap")
    if cut_off not in ("youden", "closest_topleft"):
        raise ValueError(f"unknown cut-off {cut_off!r}: expected youden or closest_topleft")
    found = curve_of(score, is_case, direction)
    low, high = delong_interval(found) if interval == "delong" else bootstrap_interval(found, seed)
    cut = youden(found) if cut_off == "youden" else closest_topleft(found)
    points = {"threshold": found.thresholds, "sensitivity": found.sensitivity, "specificity": found.specificity}
    at = (cut.threshold, cut.sensitivity, cut.specificity, cut.n_optima)
    return RocCurve(found.auc, low, high, *at, pl.DataFrame(points))


def roc_test(
    first: ArrayLike,
    second: ArrayLike,
    is_case: ArrayLike,
    *,
    directions: tuple[Direction, Direction] = ("up", "up"),
) -> DelongTest:
    """Whether two predictors of the same samples have different areas, by DeLong's test, as pROC's `roc.test`.

    DeLong et al. 1988, doi:10.2307/2531595.

    Args:
        first: (N,) predictor, in the order of `is_case`.
        second: (N,) predictor of the same samples.
        is_case: (N,) True for cases.
        directions: of each predictor, "up" when cases are expected to score higher.

    Returns:
        Both areas, their difference (first less second) with its 95 % interval, z and the two-sided p-value.

    Raises:
        ValueError: lengths differ, a score or a sample's group is missing, a score is infinite, a group is empty, or
            a direction is unknown.
    """
    return delong_test(first, second, is_case, directions)


@dataclass(frozen=True)
class NestedCv:
    """Performance of the procedure when it chooses its genes inside the folds.

    Attributes:
        auc: area of the pooled out-of-fold predictions, averaged over the repeats; None where a class is too small.
        ci_low: lower limit of the 95 % interval by resampling patients.
        ci_high: upper limit.
        n_folds: folds of all repeats.
        n_empty_folds: folds that chose no gene, whose prediction is the share of cases.
        chosen: gene and share of the folds that chose it, the most frequent first.
    """

    auc: float | None
    ci_low: float | None
    ci_high: float | None
    n_folds: int
    n_empty_folds: int
    chosen: pl.DataFrame


def nested_cv(
    cohorts: Mapping[str, Cohort],
    target: str,
    *,
    log_fc: float = 1.0,
    p_value: float = 0.05,
    adjust: str = "BH",
    top: int = 3,
    folds: int = 10,
    repeats: int = 10,
    seed: int = 1,
    workers: int = 1,
) -> NestedCv:
    """Repeated stratified cross-validation in one cohort, with every choice and fit inside the fold.

    In each fold: genes that differ in the target's training samples and in every other cohort, the first `top` of each
    cohort's forest, a logistic model on the genes common to these (Varma & Simon 2006, doi:10.1186/1471-2105-7-91). It
    measures the procedure, not one fixed set of genes.

    Args:
        cohorts: by name; log2 expression, normalised between arrays beforehand.
        target: the cohort whose cases are predicted.
        log_fc: threshold of abs(log_fc) in log2 units.
        p_value: threshold of the p-value.
        adjust: "BH" or "none".
        top: genes taken from each ranking.
        folds: per repeat, never more than the smaller class.
        repeats: number of times that new folds are drawn.
        seed: of folds and forests.
        workers: number of processes; results do not depend on it.

    Raises:
        ValueError: `target` is not one of the cohorts, a cohort's frames do not fit, or an option is unknown.
    """
    from dmicc_assets.resampling.arrays import FoldValues
    from dmicc_assets.resampling.nested import nested_cv as cross_validate
    from dmicc_assets.resampling.resampled_roc import pooled_auc
    from dmicc_assets.resampling.selection import StudyData

    if target not in cohorts:
        raise ValueError(f"target {target!r} is not one of the cohorts ({', '.join(cohorts)})")
    if repeats < 1:
        raise ValueError(f"repeats: expected 1 or more, got {repeats}")
    cohorts, target = _as_in_a_study(cohorts, target)
    settings = {"log_fc": log_fc, "p_value": p_value, "adjust": adjust}
    study = _study(cohorts, target, settings, {"top": top, "folds": folds, "seed": seed}, repeats, seed)
    merged = {name: cohort.subject(name) for name, cohort in cohorts.items()}
    genes = {
        name: differential_genes(
            differential_statistics(subject, study.differential, _batch(study, name)), study.differential
        )
        for name, subject in merged.items()
    }
    adjusted = {name: _without_batch(subject) for name, subject in merged.items()}
    data = StudyData(study=study, merged=merged, adjusted=adjusted, genes=genes)
    source = FoldValues(target, study.cohorts[target], merged[target], {}, {}, {})
    predicted = cross_validate(data, source, workers)
    chosen = [fold.biomarkers for fold in predicted.folds]
    auc, low, high = pooled_auc(adjusted[target], predicted, seed) if chosen else (None, None, None)
    return NestedCv(auc, low, high, len(chosen), sum(not genes for genes in chosen), _frequencies(chosen))


def _as_in_a_study(cohorts: Mapping[str, Cohort], target: str) -> tuple[dict[str, Cohort], str]:
    """Cohorts and target with names that a study file allows: "SLE (skin)" is `c_sle__skin_`."""
    names: dict[str, str] = {}
    for given in cohorts:
        name = given if re.fullmatch(NAME, given) else re.sub("[^a-z0-9_]", "_", f"c_{given}".lower())
        while name in names.values():
            name += "_"
        names[given] = name
    return {names[given]: cohort for given, cohort in cohorts.items()}, names[target]


def _batch(study: Study, cohort: str) -> Batch:
    return study.cohorts[cohort].batch


def _without_batch(subject: CaseControl) -> CaseControl:
    """The values with the batch removed and the groups kept; as they are with one batch."""
    if len(set(subject.dataset)) < 2:
        return subject
    design = np.column_stack([np.ones(len(subject.is_case)), subject.is_case.astype(np.float64)])
    values = remove_batch_effect(subject.matrix.values, subject.dataset, design=design)
    return replace(subject, matrix=replace(subject.matrix, values=values))


def _frequencies(chosen: Sequence[Sequence[str]]) -> pl.DataFrame:
    counts = Counter(gene for genes in chosen for gene in genes)
    rows = sorted(((gene, n / len(chosen)) for gene, n in counts.items()), key=lambda row: (-row[1], row[0]))
    return pl.DataFrame(rows, schema={"gene": pl.String, "frequency": pl.Float64}, orient="row")


def _study(
    cohorts: Mapping[str, Cohort],
    target: str,
    differential: Mapping[str, object],
    ranking: Mapping[str, object],
    repeats: int,
    seed: int,
) -> Study:
    """The settings as a study file, the form in which the core takes them."""
    rule = {"label": "any", "where": {"sample": ""}}
    dataset = {"source": "file", "matrix": "in memory", "labels": [rule]}
    names = {name: f"in_memory_{i}" for i, name in enumerate(cohorts)}
    return settings_of(
        Study,
        {
            "study": "in_memory",
            "title": "in memory",
            "datasets": {names[name]: {**dataset, "labels": [rule, {**rule, "label": "other"}]} for name in cohorts},
            "cohorts": {
                name: {
                    "title": name,
                    "datasets": [names[name]],
                    "case": "any",
                    "control": "other",
                    "batch": "covariate" if cohort.batch else "none",
                }
                for name, cohort in cohorts.items()
            },
            "differential": dict(differential),
            "ranking": dict(ranking),
            "model": {"cohort": target},
            "rigor": {"repeats": repeats, "seed": seed},
        },
    )
