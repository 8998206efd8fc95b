"""Signature genes and the frozen model in every cohort and validation dataset: expression tests and ROC curves.

Nothing is fitted on the scored samples. Optimism within the training samples is in `internal_validation.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from dmicc_assets.expression.symbols import find_symbols
from dmicc_assets.model.frozen_model import RiskModel
from dmicc_assets.model.repeated_patients import area_interval, group_tests
from dmicc_assets.stats.roc import Direction, Roc, roc, youden
from dmicc_assets.stats.two_sample import wilcoxon
from dmicc_assets.tables import TABLES
from dmicc_assets.types import CaseControl, FloatArray

Kind = Literal["apparent", "external"]

MODEL = "model"
MODEL_ON_LOG2 = "model_raw"


@dataclass(frozen=True, slots=True)
class RocTables:
    """The tables `validation/roc` and `validation/roc_curve`, without their study column."""

    roc: pl.DataFrame
    roc_curve: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Scored:
    """One predictor's scores of a subject's samples, with their kind and direction."""

    predictor: str
    score: FloatArray
    direction: Direction
    kind: Kind
    measured_as: str | None


def expression_tests(
    subjects: Sequence[CaseControl], genes: Sequence[str], directions: Mapping[str, Mapping[str, Direction]]
) -> pl.DataFrame:
    """Rank test of each gene between cases and controls of each subject (`validation/expression_tests`).

    A gene that a subject does not have, under any of its symbols, has no row. `direction` is by the medians, by the
    rank sum when they are equal, NULL when that is even too or a group is empty; `agrees` says whether it is the
    expected one.

    Args:
        subjects: cohorts (batch-adjusted expression) and validation datasets.
        genes: the signature.
        directions: for each subject the direction expected of each gene.
    """
    table = TABLES["validation/expression_tests"]
    frames = [table.frame()]
    for subject in subjects:
        found = find_symbols(genes, subject.matrix.features).found
        if not found:
            continue
        values = subject.matrix.take_features(list(found.values())).values
        tests, rank_sums = group_tests(subject, values), wilcoxon(values, subject.is_case)
        medians = [_medians(values[:, group]) for group in (subject.is_case, ~subject.is_case)]
        shift = np.sign(medians[0] - medians[1])
        shift = np.where(shift == 0, np.sign(rank_sums.statistic - rank_sums.n_case * rank_sums.n_control / 2), shift)
        observed = [None if not s else ("up" if s > 0 else "down") for s in np.nan_to_num(shift)]
        expected = [directions.get(subject.name, {}).get(gene) for gene in found]
        columns = {
            "subject": subject.name,
            "subject_kind": subject.kind,
            "gene": list(found),
            "chosen_here": subject.kind == "cohort",
            "n_case": rank_sums.n_case,
            "n_control": rank_sums.n_control,
            "median_case": medians[0],
            "median_control": medians[1],
            "direction": observed,
            "test": tests.name,
            "p_value": tests.p_value,
            "agrees": [None if None in pair else pair[0] == pair[1] for pair in zip(observed, expected, strict=True)],
            "welch_p_value": tests.welch_p_value,
            "expected_direction": expected,
            "measured_as": list(found.values()),
        }
        frames.append(table.frame(columns))
    return pl.concat(frames)


def roc_tables(
    subjects: Sequence[CaseControl],
    genes: Sequence[str],
    directions: Mapping[str, Mapping[str, Direction]],
    model: RiskModel | None,
    model_subject: str,
) -> RocTables:
    """ROC curves of each gene and of the model in each subject (the tables `validation/roc` and `roc_curve`).

    A gene is scored in its expected direction, never in the better one for the scored samples. In a cohort it
    is 'apparent', since the cohort chose it, in a validation dataset 'external'. The model is 'apparent' in its own
    cohort; elsewhere it is 'external' and scores z-scores by the subject's own mean and sd, on a validation dataset
    also the log2 expression itself (predictor 'model_raw'). A predictor is no row where a gene it needs is not
    measured, and its numbers are NULL where a group has no value or (z-scores) a gene does not vary.

    Args:
        subjects: cohorts (batch-adjusted expression) and validation datasets.
        genes: the signature.
        directions: for each subject the direction expected of each gene.
        model: the frozen model; None when there is none.
        model_subject: the cohort it was fitted in.
    """
    rows, curves = list[dict[str, object]](), list[dict[str, Any]]()
    for subject in subjects:
        expected = directions.get(subject.name, {})
        scored = [*_gene_scores(subject, genes, expected), *_model_scores(subject, model, model_subject)]
        for predictor in scored:
            present = ~np.isnan(predictor.score)
            n_case = int(subject.is_case[present].sum())
            n_control = int(present.sum()) - n_case
            curve = (
                roc(predictor.score, subject.is_case, predictor.direction, missing="drop")
                if n_case and n_control
                else None
            )
            rows.append(_roc_row(subject, predictor, curve, n_case, n_control))
            if curve is not None:
                curves.append(_curve_rows(subject, predictor, curve))
    columns = {name: np.concatenate([rows[name] for rows in curves]) for name in curves[0]} if curves else ()
    return RocTables(TABLES["validation/roc"].frame(rows), TABLES["validation/roc_curve"].frame(columns))


def model_score(model: RiskModel, subject: CaseControl, scale: Literal["z_score", "log2"]) -> FloatArray | None:
    """(N,) log-odds of the frozen model on a subject; None when a gene is not measured there.

    On "z_score" each gene is standardised by the subject's own mean and sd and put on the training scale: the only
    thing that platforms share. Its log-odds rank samples of one subject; their level has no meaning.
    """
    found = find_symbols(model.genes, subject.matrix.features).found
    if len(found) < len(model.genes):
        return None
    values = subject.matrix.take_features(list(found.values())).values
    if scale == "log2":
        return model.linear_predictor(values)
    n = (~np.isnan(values)).sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.nansum(values, axis=1, keepdims=True) / n
        sd = np.sqrt(np.nansum((values - mean) ** 2, axis=1, keepdims=True) / (n - 1.0))
        # A constant gene has no z-score, also when rounding gives it a small variance.
        z = np.where(sd > 1e-12 * np.abs(mean), (values - mean) / sd, np.nan)
    return model.linear_predictor_of_z(z)


def _gene_scores(subject: CaseControl, genes: Sequence[str], expected: Mapping[str, Direction]) -> Iterator[Scored]:
    kind: Kind = "apparent" if subject.kind == "cohort" else "external"
    for gene, name in find_symbols(genes, subject.matrix.features).found.items():
        if gene not in expected:
            raise ValueError(f"{gene}: no direction is known for {subject.kind} {subject.name}")
        yield Scored(gene, subject.matrix.take_features([name]).values[0], expected[gene], kind, name)


def _model_scores(subject: CaseControl, model: RiskModel | None, model_subject: str) -> Iterator[Scored]:
    if model is None:
        return
    if subject.kind == "cohort" and subject.name == model_subject:
        score = model_score(model, subject, "log2")
        if score is not None:
            yield Scored(MODEL, score, "up", "apparent", None)
        return
    standardised = model_score(model, subject, "z_score")
    if standardised is not None:
        yield Scored(MODEL, standardised, "up", "external", None)
    on_log2 = model_score(model, subject, "log2") if subject.kind == "dataset" else None
    if on_log2 is not None:
        yield Scored(MODEL_ON_LOG2, on_log2, "up", "external", None)


def _roc_row(subject: CaseControl, scored: Scored, curve: Roc | None, n_case: int, n_control: int) -> dict[str, object]:
    low, high, interval = (None, None, None) if curve is None else area_interval(curve, scored.score, subject)
    cut = None if curve is None else youden(curve)
    return {
        "subject": subject.name,
        "subject_kind": subject.kind,
        "predictor": scored.predictor,
        "kind": scored.kind,
        "chosen_here": subject.kind == "cohort",
        "auc": None if curve is None else curve.auc,
        "ci_low": low,
        "ci_high": high,
        "interval": interval,
        "threshold": None if cut is None else cut.threshold,
        "sensitivity": None if cut is None else cut.sensitivity,
        "specificity": None if cut is None else cut.specificity,
        "direction": scored.direction,
        "n_case": n_case,
        "n_control": n_control,
        "measured_as": scored.measured_as,
    }


def _curve_rows(subject: CaseControl, scored: Scored, curve: Roc) -> dict[str, Any]:
    """Columns of `validation/roc_curve`, an array each."""
    n = len(curve.thresholds)
    key = {"subject": subject.name, "subject_kind": subject.kind, "predictor": scored.predictor, "kind": scored.kind}
    return {name: np.full(n, value) for name, value in key.items()} | {
        "point": np.arange(n),
        "threshold": curve.thresholds,
        "fpr": 1 - curve.specificity,
        "tpr": curve.sensitivity,
    }


def _medians(values: FloatArray) -> FloatArray:
    """Median of the values present in each row; NaN where there are none."""
    ordered = np.sort(values, axis=1)
    n = (~np.isnan(values)).sum(axis=1)
    if values.shape[1] == 0:
        return np.full(len(values), np.nan)
    row = np.arange(len(values))
    middle = (ordered[row, np.maximum(n - 1, 0) // 2] + ordered[row, np.minimum(n // 2, values.shape[1] - 1)]) / 2
    return np.where(n > 0, middle, np.nan)
