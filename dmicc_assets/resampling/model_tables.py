"""The tables of the risk model with the nested estimates before those of the fit alone.

`nested_performance.py` makes the nested estimates, `model/risk_model.py` those of the fit alone.
"""

from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.model.decision_curve import THRESHOLDS, net_benefit_of_all
from dmicc_assets.model.risk_model import PerformanceTables
from dmicc_assets.resampling.nested_performance import Estimate, OutOfFoldScores
from dmicc_assets.tables import TABLES
from dmicc_assets.types import CaseControl, FloatArray


def with_nested(
    tables: PerformanceTables,
    coefficients: pl.DataFrame,
    subject: CaseControl,
    scores: OutOfFoldScores,
    folds: pl.DataFrame,
    fold_numbers: FloatArray,
    prevalence: float | None = None,
) -> PerformanceTables:
    """The tables of performance with the estimates of out-of-fold predictions put first; as they are without a fold.

    Args:
        tables: as `performance_tables` gave them.
        coefficients: the model's table.
        subject: the model's cohort.
        scores: out-of-fold predictions of its samples.
        folds: rows of `validation/folds`.
        fold_numbers: (R, N) the fold of its repeat that held each sample out.
        prevalence: share of cases that the decision curve is for; None is that of the samples.
    """
    if folds.is_empty() or coefficients.is_empty():
        return tables
    apparent = _apparent(coefficients, subject)
    metrics = _metrics(scores, folds, fold_numbers, apparent)
    share = float(subject.is_case.mean()) if prevalence is None else prevalence
    return PerformanceTables(
        performance=_first(tables.performance, metrics),
        calibration=pl.concat([*_curves(scores, has_empty=not folds["has_model"].all()), tables.calibration]),
        decision_curve=pl.concat([_decision_curve(scores.net_benefit(share), share), tables.decision_curve]),
    )


def _apparent(coefficients: pl.DataFrame, subject: CaseControl) -> FloatArray:
    """(N,) log-odds of the model on its own samples."""
    slope: dict[str, float] = dict(coefficients.select("term", "probability_coefficient").iter_rows())
    intercept = slope.pop("(Intercept)")
    return intercept + np.array(list(slope.values())) @ subject.matrix.take_features(list(slope)).values


def _metrics(
    scores: OutOfFoldScores, folds: pl.DataFrame, fold_numbers: FloatArray, apparent: FloatArray
) -> list[dict[str, Any]]:
    """Rows of the nested estimates, in the order in which they are read."""
    line, share = scores.slope_and_intercept(), float(scores.is_case.mean())
    n_empty = int((~folds["has_model"]).sum())
    return [
        _row("c_statistic", scores.auc()),
        _row("c_statistic_drop", scores.drop(apparent)),
        _row("c_statistic_given_genes", scores.auc_within_folds(fold_numbers)),
        _row("slope", line, 1),
        *([_row("slope_given_genes", scores.slope_and_intercept(only_models=True), 1)] if n_empty else []),
        _row("intercept", line, 0),
        _row("brier", scores.brier()),
        {"metric": "brier_of_share", "nested": share * (1 - share)},
        {"metric": "n_folds", "nested": float(len(folds))},
        {"metric": "n_empty_folds", "nested": float(n_empty)},
    ]


def _row(metric: str, estimate: Estimate, place: int | None = None) -> dict[str, Any]:
    value, low, high = (
        float(each) if place is None else float(each[place]) for each in (estimate.value, estimate.low, estimate.high)
    )
    return {"metric": metric, "nested": value, "nested_low": low, "nested_high": high}


def _first(performance: pl.DataFrame, metrics: list[dict[str, Any]]) -> pl.DataFrame:
    """The performance with the nested metrics first, beside what the fit alone says of the same metric."""
    of_fit = {row["metric"]: row for row in performance.iter_rows(named=True)}
    nothing: dict[str, Any] = dict.fromkeys(performance.columns)
    rows = [nothing | of_fit.pop(each["metric"], {}) | each for each in metrics]
    return TABLES["model/performance"].frame([*rows, *of_fit.values()])


def _curves(scores: OutOfFoldScores, *, has_empty: bool) -> list[pl.DataFrame]:
    """The smooth calibration curves of all folds and, where some have no model, of the others alone."""
    frames: list[pl.DataFrame] = []
    for kind in ("nested", "nested_given_genes") if has_empty else ("nested",):
        at, curve = scores.curve(only_models=kind == "nested_given_genes")
        columns = {
            "kind": kind,
            "predicted": at,
            "observed": curve.value,
            "ci_low": curve.low,
            "ci_high": curve.high,
            "observed_corrected": None,
            "n_resamples": None,
        }
        frames.append(TABLES["model/calibration"].frame(columns if len(at) else ()))
    return frames


def _decision_curve(model: Estimate, prevalence: float) -> pl.DataFrame:
    columns = {
        "kind": "nested",
        "threshold": THRESHOLDS,
        "net_benefit_model": model.value,
        "ci_low": model.low,
        "ci_high": model.high,
        "net_benefit_all": net_benefit_of_all(prevalence),
        "net_benefit_none": 0.0,
        "prevalence": prevalence,
    }
    return TABLES["model/decision_curve"].frame(columns)
