"""The risk model of a study, fitted on the biomarkers in one cohort, and its tables.

The frozen model and scores of new patients are in `frozen_model.py`, other subjects in `validation.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dmicc_assets.model.decision_curve import THRESHOLDS, net_benefit_of_all
from dmicc_assets.model.frozen_model import (
    RiskModel,
    coefficient_table,
    risk_model_from_table,
    score_patients,
)
from dmicc_assets.model.internal_validation import (
    CalibrationCurve,
    Optimism,
    Refits,
    bootstrap_indices,
    calibrate,
    corrected_net_benefit,
    refit,
    validate,
)
from dmicc_assets.model.nomogram import nomogram, nomogram_table
from dmicc_assets.model.repeated_patients import with_known_patients
from dmicc_assets.stats.firth import fit_firth
from dmicc_assets.stats.logistic import fit_logistic
from dmicc_assets.stats.probability import expit
from dmicc_assets.stats.separation import is_separated
from dmicc_assets.study.schema import Model
from dmicc_assets.tables import TABLES
from dmicc_assets.types import BoolArray, CaseControl, FloatArray

__all__ = [
    "PerformanceTables",
    "RiskModel",
    "RiskModelTables",
    "empty_risk_model_tables",
    "fit_risk_model",
    "fitted_tables",
    "performance_tables",
    "risk_model_from_table",
    "risk_model_tables",
    "score_patients",
    "training_data",
]


@dataclass(frozen=True, slots=True)
class PerformanceTables:
    """The tables that say how good the model is in its cohort, without their study column."""

    calibration: pl.DataFrame
    performance: pl.DataFrame
    decision_curve: pl.DataFrame


@dataclass(frozen=True, slots=True)
class RiskModelTables(PerformanceTables):
    """The tables of the group `model`, without their study column."""

    coefficients: pl.DataFrame
    nomogram: pl.DataFrame


def training_data(subject: CaseControl, genes: Sequence[str]) -> tuple[FloatArray, BoolArray]:
    """Predictors (N, p) and groups (N,) of the samples in which every gene is present, as rms drops the others.

    Raises:
        ValueError: a gene is absent from the subject's matrix, or present in none of its samples.
    """
    known = set(subject.matrix.features)
    for gene in genes:
        if gene not in known:
            raise ValueError(f"{gene}: is not in the matrix of {subject.kind} {subject.name}")
    values = subject.matrix.take_features(genes).values
    for gene, row in zip(genes, values, strict=True):
        if np.isnan(row).all():
            raise ValueError(f"{gene}: is missing in every sample of {subject.kind} {subject.name}")
    complete = ~np.isnan(values).any(axis=0)
    return np.ascontiguousarray(values[:, complete].T), subject.is_case[complete]


def _complete(subject: CaseControl, genes: Sequence[str], patients: NDArray[np.intp] | None) -> NDArray[np.intp]:
    """Numbers of the patients of `training_data`'s samples."""
    present = ~np.isnan(subject.matrix.take_features(genes).values).any(axis=0)
    return np.flatnonzero(present) if patients is None else patients[present]


def fit_risk_model(subject: CaseControl, genes: Sequence[str], settings: Model) -> RiskModel:
    """Fits the logistic risk model on the genes in the subject's samples.

    By maximum likelihood; when the classes separate, which a linear programme decides, by Firth's penalised
    likelihood with FLIC's intercept for probabilities (Puhr 2017, doi:10.1002/sim.7273). Where a patient has several
    samples, errors and limits allow for it (`stats/clustered_logistic.py`).

    Args:
        subject: the model's cohort, with batch-adjusted log2 expression.
        genes: the biomarkers, one or more.
        settings: the study's model section; the fit needs none of it, the bootstrap does.

    Raises:
        ValueError: no gene, a gene is absent, missing everywhere, constant or a combination of others (the message
            names it), or a class is absent.
    """
    del settings
    if not len(genes):
        raise ValueError(f"{subject.kind} {subject.name}: a risk model needs a biomarker")
    x, is_case = training_data(subject, genes)
    fit = fit_firth(x, is_case, genes) if _separates(x, is_case) else fit_logistic(x, is_case, genes)
    fit = with_known_patients(fit, x, is_case, [subject.unit[int(i)] for i in _complete(subject, genes, None)])
    return RiskModel(
        genes=tuple(genes),
        coefficients=fit.probability_coefficients,
        estimator=fit.estimator,
        training_mean=x.mean(axis=0),
        training_sd=x.std(axis=0, ddof=1),
        training_min=x.min(axis=0),
        training_max=x.max(axis=0),
        n_case=fit.n_case,
        n_control=fit.n_control,
        fit=fit,
    )


def _separates(x: FloatArray, is_case: BoolArray) -> bool:
    # With one class the fit itself explains what is wrong.
    return 0 < is_case.sum() < len(is_case) and bool(np.isfinite(x).all()) and is_separated(x, is_case)


def empty_risk_model_tables() -> RiskModelTables:
    """The tables of a study without biomarkers: every column, no row."""
    return RiskModelTables(
        coefficients=TABLES["model/coefficients"].frame(),
        nomogram=TABLES["model/nomogram"].frame(),
        calibration=TABLES["model/calibration"].frame(),
        performance=TABLES["model/performance"].frame(),
        decision_curve=TABLES["model/decision_curve"].frame(),
    )


def fitted_tables(model: RiskModel, subject: CaseControl) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Coefficients and nomogram of a model that `fit_risk_model` fitted on the subject.

    Raises:
        ValueError: the model was read from its table.
    """
    x, _ = training_data(subject, model.genes)
    return coefficient_table(model), nomogram_table(nomogram(model.genes, x, model.coefficients))


def risk_model_tables(
    model: RiskModel,
    subject: CaseControl,
    settings: Model,
    seed: int,
    prevalence: float | None = None,
    patients: NDArray[np.intp] | None = None,
) -> RiskModelTables:
    """`fitted_tables` and `performance_tables` together."""
    coefficients, points = fitted_tables(model, subject)
    good = performance_tables(model, subject, settings, seed, prevalence, patients)
    return RiskModelTables(good.calibration, good.performance, good.decision_curve, coefficients, points)


def performance_tables(
    model: RiskModel,
    subject: CaseControl,
    settings: Model,
    seed: int,
    prevalence: float | None = None,
    patients: NDArray[np.intp] | None = None,
) -> PerformanceTables:
    """Calibration, performance and decision curve of the model in the cohort it was fitted in.

    All of it is of the fit alone: where the genes were chosen on the same samples, that is not in the correction.

    Calibration and performance are corrected for optimism by `settings.bootstrap` resamples of the patients, as
    `rms::calibrate` and `rms::validate`; with none the corrected columns are NULL. Their kind is 'apparent' (the
    training samples), the decision curve's also 'corrected'.

    Args:
        model: result of `fit_risk_model`, or read from its table.
        subject: the samples it was fitted on.
        settings: the study's model section.
        seed: of the resamples.
        prevalence: share of cases that the decision curve is for; None is that of the samples.
        patients: (N,) number of each sample's patient; None when each sample is of another.

    Raises:
        ValueError: the subject is not the one that the model was fitted on.
    """
    x, is_case = training_data(subject, model.genes)
    if (int(is_case.sum()), int((~is_case).sum())) != (model.n_case, model.n_control):
        raise ValueError(f"{subject.kind} {subject.name} is not the subject of the fit: its groups differ")
    design = np.column_stack([np.ones(len(x)), x])
    _, own = np.unique(_complete(subject, model.genes, patients), return_inverse=True)
    drawn = bootstrap_indices(int(own.max()) + 1, settings.bootstrap, seed)
    refits = refit(design, is_case, drawn, model.estimator, own)
    indexes = validate(design, is_case, model.coefficients, refits, model.estimator)
    curve = calibrate(design, is_case, model.coefficients, refits)
    apparent, corrected = corrected_net_benefit(
        design, is_case, model.coefficients, refits, THRESHOLDS, prevalence=prevalence
    )
    performance = _performance(indexes, refits, curve, expit(design @ model.coefficients))
    return PerformanceTables(
        calibration=_calibration(curve),
        performance=performance,
        decision_curve=_decision_curve(
            float(is_case.mean()) if prevalence is None else prevalence,
            {"apparent": apparent, "corrected": corrected},
        ),
    )


def _calibration(curve: CalibrationCurve) -> pl.DataFrame:
    columns = {
        "kind": "apparent",
        "predicted": curve.predicted,
        "observed": curve.apparent,
        "ci_low": None,
        "ci_high": None,
        "observed_corrected": curve.corrected,
        "n_resamples": curve.n_resamples,
    }
    return TABLES["model/calibration"].frame(columns)


def _performance(
    indexes: dict[str, Optimism], refits: Refits, curve: CalibrationCurve, probability: FloatArray
) -> pl.DataFrame:
    """A row a metric; the counts of resamples stand in `apparent`, calibration errors in `corrected`."""
    dxy = indexes["dxy"]
    rows = [_index("c_statistic", (dxy.apparent + 1) / 2, dxy.optimism / 2, (dxy.corrected + 1) / 2)]
    rows += [_index(name, index.apparent, index.optimism, index.corrected) for name, index in indexes.items()]
    # The distance of each prediction from the corrected curve, as rms prints it with its calibration plots.
    reached = np.isfinite(curve.corrected)
    if reached.any():
        at = curve.predicted[reached]
        inside = probability[(probability >= at[0]) & (probability <= at[-1])]
        error = np.abs(inside - np.interp(inside, at, curve.corrected[reached]))
        rows.append(_index("calibration_error_mean", corrected=float(error.mean())))
        rows.append(_index("calibration_error_q90", corrected=float(np.quantile(error, 0.9))))
    usable = refits.usable
    rows.append(_index("n_resamples", float(len(usable.coefficients))))
    rows.append(_index("n_firth_refits", float(usable.is_firth.sum())))
    return TABLES["model/performance"].frame(rows)


def _index(
    metric: str, apparent: float | None = None, optimism: float | None = None, corrected: float | None = None
) -> dict[str, object]:
    nested = dict.fromkeys(("nested", "nested_low", "nested_high"))
    return {"metric": metric, **nested, "apparent": apparent, "optimism": optimism, "corrected": corrected}


def _decision_curve(prevalence: float, net_benefits: dict[str, FloatArray]) -> pl.DataFrame:
    everybody = net_benefit_of_all(prevalence)
    frames = [
        TABLES["model/decision_curve"].frame(
            {
                "kind": kind,
                "threshold": THRESHOLDS,
                "net_benefit_model": values,
                "ci_low": None,
                "ci_high": None,
                "net_benefit_all": everybody,
                "net_benefit_none": 0.0,
                "prevalence": prevalence,
            }
        )
        for kind, values in net_benefits.items()
        if np.isfinite(values).all()
    ]
    return pl.concat(frames)
