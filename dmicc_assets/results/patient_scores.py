"""New patients under a study's frozen model: a matrix read from a file, its scores, and what the model is worth.

`model/frozen_model.py` computes the scores; `dmicc score` and the page of scores show them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from dmicc_assets.errors import DataError, RequestError, SourceError
from dmicc_assets.expression.kinds import LOGARITHMS, log2_of_abundance
from dmicc_assets.expression.log_base import TO_LOG2, Base
from dmicc_assets.expression.scale import ScaleDecision, log2_decision, to_log2
from dmicc_assets.expression.symbols import SymbolMatch, find_symbols
from dmicc_assets.geo.formats.tabular import read_matrix
from dmicc_assets.lake.currency import study_currency
from dmicc_assets.lake.steps import Step
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.model.frozen_model import RiskModel, risk_model_from_table, score_patients
from dmicc_assets.model.nomogram_reading import NomogramReading, read_nomogram
from dmicc_assets.results.reader import Results
from dmicc_assets.stats.library_size import log_cpm
from dmicc_assets.study.schema import Study
from dmicc_assets.types import ExpressionMatrix, FloatArray
from dmicc_assets.wording import counted

# The check on absolute risks.
ABSOLUTE_RISK = "R10"
# What the given values are, in the words of `values:` of a study file.
Scale = Literal["auto", "log2", "ln", "log10", "linear", "counts", "tpm", "fpkm"]
# Logarithms of one channel to another base than 2.
_OTHER_LOGARITHMS: Mapping[str, Base] = {kind: base for base, kind in LOGARITHMS.items() if base != "2"}
# Fewer rows than this are no library: their sum is not the depth of a sample's sequencing.
_ROWS_OF_A_LIBRARY = 5000


@dataclass(frozen=True, slots=True)
class PatientScores:
    """New patients under a study's frozen model.

    Attributes:
        model: the model.
        decision: the decision on the logarithm of the given values.
        symbols: names under which the model's genes were found.
        rows: one row for each sample: sample, probability, linear_predictor, total_points, is_out_of_range,
            out_of_range (genes), missing_genes, then the log2 value of each gene under the gene's name. The probability
            is NULL where no absolute risk may be stated.
        readings: position on the nomogram of each sample that has a score.
        scale: what the user says the values are.
        n_rows: rows of the given matrix.
        are_whole: whether every given value is a whole number, as in read counts.
        states_risk: whether a probability may be stated (`states_risk`).
    """

    model: RiskModel
    decision: ScaleDecision
    symbols: SymbolMatch
    rows: pl.DataFrame
    readings: Mapping[str, NomogramReading]
    scale: Scale
    n_rows: int
    are_whole: bool
    states_risk: bool


def read_patients(path: Path) -> ExpressionMatrix:
    """New patients' expression, genes by samples, from a TSV, CSV or Parquet file.

    Raises:
        RequestError: the file does not exist, or is not such a table.
    """
    if not path.is_file():
        raise RequestError(f"{path}: no such file; expected a matrix of genes by samples (TSV, CSV or Parquet)")
    try:
        return read_matrix(path)[0]
    except (SourceError, ValueError) as error:
        raise RequestError(f"{error}\nexpected the gene in the first column, then one column for each sample") from None


def study_model(results: Results) -> tuple[RiskModel, pl.DataFrame]:
    """The frozen model of a study, and its nomogram.

    Raises:
        DataError: the study has not been run, or has no model.
    """
    if not results.is_made("model/coefficients"):
        raise DataError(f"{results.name} has no risk model yet: `{results.study.command}` computes it")
    if results.model.coefficients.is_empty():
        raise DataError(f"{results.name} has no risk model: no biomarker was chosen, see rigor.findings")
    return risk_model_from_table(results.model.coefficients), results.model.nomogram


def stale_model(workspace: Workspace, study: str, steps: Sequence[Step]) -> str:
    """Warning that a study's model or the verdict on it is out of date, with the reason; empty if both are current.

    A verdict that was never made is no warning of this: `worth_of_the_model` says it.

    Args:
        workspace: of the process.
        study: the study.
        steps: every step of the graph.
    """
    if not workspace.lake.has(study):
        return ""
    states = study_currency(workspace, study, steps)
    for table, what in (("model/coefficients", "model"), ("rigor/verdict", "verdict on the model")):
        causes = [state.root_cause for state in states if table in state.step.outputs]
        if causes and causes[0] and workspace.lake.was_written(table, study):
            return f"the {what} of {study} is out of date: {causes[0]}"
    return ""


def states_risk(results: Results) -> bool:
    """Whether a study's probabilities are absolute risks: check R10 was made and does not warn.

    Where cases and controls were collected separately, their share is a choice, and with it every probability.
    """
    found = results.rows("rigor/findings", code=ABSOLUTE_RISK)["severity"].to_list()
    return bool(found) and set(found) == {"ok"}


def score_matrix(
    model: RiskModel,
    nomogram: pl.DataFrame,
    matrix: ExpressionMatrix,
    scale: Scale = "auto",
    *,
    states_risk: bool = False,
) -> PatientScores:
    """Scores new patients, each independently of the others.

    Args:
        model: the frozen model.
        nomogram: rows of `model/nomogram`.
        matrix: (G, N) genes by samples as given, NaN missing.
        scale: what the values are; auto decides by GEO2R's rule on all of them whether they are log2 or linear.
        states_risk: whether to give probabilities, or scores and points alone.

    Raises:
        RequestError: no gene of the model is in the matrix, its scale is unknown, or it is not what `scale` says.
    """
    symbols = find_symbols(model.genes, matrix.features)
    if not symbols.found and find_symbols(model.genes, matrix.samples).found:
        raise RequestError(
            f"the model's genes ({', '.join(model.genes)}) are the names of columns\n"
            "expected the gene in the first column, then one column a sample: turn the table round"
        )
    if not symbols.found:
        raise RequestError(
            f"none of the model's genes ({', '.join(model.genes)}) is in the matrix, whose rows begin with "
            f"{', '.join(matrix.features[:3])}\nexpected gene symbols in the first column"
        )
    try:
        is_logarithm = scale == "log2" or scale in _OTHER_LOGARITHMS
        decision = log2_decision(matrix.values, "log2" if is_logarithm else "auto" if scale == "auto" else "linear")
        values = _on_log2(matrix.values, scale, decision)
    except (DataError, ValueError) as error:
        raise RequestError(str(error)) from None
    ours = ExpressionMatrix(values, matrix.features, matrix.samples).take_features(list(symbols.found.values()))
    ours = ExpressionMatrix(ours.values, tuple(symbols.found), ours.samples)
    log2_values = pl.DataFrame({"sample": ours.samples}, schema={"sample": pl.String}).with_columns(
        pl.Series(gene, ours.values[ours.features.index(gene)] if gene in ours.features else [None] * len(ours.samples))
        .cast(pl.Float64)
        .fill_nan(None)
        for gene in model.genes
    )
    scores = score_patients(model, ours).join(log2_values, on="sample", maintain_order="left")
    readings = _readings(nomogram, scores, model, states_risk=states_risk)
    rows = scores.with_columns(
        probability=pl.col("probability") if states_risk else pl.lit(None, pl.Float64),
        total_points=pl.Series([readings[s].total if s in readings else None for s in ours.samples], dtype=pl.Float64),
        out_of_range=pl.concat_list(_if_outside(model, gene) for gene in model.genes).list.drop_nulls(),
    )
    first = ("sample", "probability", "linear_predictor", "total_points", "is_out_of_range", "out_of_range")
    rows = rows.select(*first, "missing_genes", *model.genes)
    given = matrix.values[np.isfinite(matrix.values)]
    are_whole = given.size > 0 and bool(np.all(given == np.rint(given)))
    return PatientScores(model, decision, symbols, rows, readings, scale, len(matrix.features), are_whole, states_risk)


def _readings(
    nomogram: pl.DataFrame, scores: pl.DataFrame, model: RiskModel, *, states_risk: bool
) -> dict[str, NomogramReading]:
    """Each sample with a score on the nomogram, by sample; without a probability where no risk is stated."""
    readings: dict[str, NomogramReading] = {}
    for row in scores.drop_nulls("linear_predictor").iter_rows(named=True):
        reading = read_nomogram(nomogram, {gene: row[gene] for gene in model.genes})
        # a nomogram's axes end at round values, outside the range of the training samples
        reading = replace(reading, is_out_of_range=row["is_out_of_range"])
        readings[row["sample"]] = reading if states_risk else replace(reading, probability=None)
    return readings


def _on_log2(values: FloatArray, scale: Scale, decision: ScaleDecision) -> FloatArray:
    """(G, N) log2 values as a run makes them of a dataset; each sample by itself.

    Raises:
        DataError, ValueError: a value is not possible on this scale.
    """
    if scale == "counts":  # a library of its own each: the prior count must not depend on the other samples
        return np.hstack([log_cpm(values[:, [i]]) for i in range(values.shape[1])])
    if scale in ("tpm", "fpkm"):
        return log2_of_abundance(values, f"the values are said to be {scale.upper()}")
    if scale in _OTHER_LOGARITHMS:
        return values * TO_LOG2[_OTHER_LOGARITHMS[scale]]
    return to_log2(values, decision)


def how_scored(study: Study, path: Path, scores: PatientScores) -> list[str]:
    """Sentences on the scale of the values and on what a score means."""
    model, cohort = scores.model, study.cohorts[study.model_cohort]
    lines = [
        f"{path.name}: the values are {_scale_taken(scores)}.",
        f"New samples are compared with the training samples without normalisation or standardisation over the new "
        f"samples. The model is of {cohort.title} ({', '.join(cohort.datasets)}: {model.n_case} cases, "
        f"{model.n_control} controls); another platform or normalisation shifts every score.",
    ]
    if scores.states_risk:
        lines.append(f"Probabilities hold for the training samples' share of cases, {model.prevalence:.0%}.")
    else:
        lines.append(
            f"No risk can be stated: the share of cases, {model.prevalence:.0%}, was a choice of the study. A score "
            "only ranks people; a higher one is more like the training cases."
        )
    ranges = zip(model.genes, model.training_min, model.training_max, strict=True)
    lines.append(
        f"Range of the training samples: {', '.join(f'{g} {low:.3g} to {high:.3g}' for g, low, high in ranges)}."
    )
    lines += _doubts_on_scale({study.datasets[name].values for name in cohort.datasets}, scores)
    renamed = [f"{gene} as {name}" for gene, name in scores.symbols.by_previous.items()]
    return lines + ([f"Found under another symbol: {', '.join(renamed)}."] if renamed else [])


def _scale_taken(scores: PatientScores) -> str:
    """What the values were taken for, who says so, and what was done."""
    if scores.scale == "counts":
        return "read counts, as asked: log2 counts per million of each sample's own sum were taken"
    if scores.scale in ("tpm", "fpkm"):
        return f"{scores.scale.upper()}, as asked: log2(x + 1) was taken"
    if scores.scale in _OTHER_LOGARITHMS:
        base = _OTHER_LOGARITHMS[scores.scale]
        return f"logarithms to base {base}, as asked: they were multiplied by {TO_LOG2[base]:.4f} to be log2"
    decision = scores.decision
    why = "GEO2R's rule" if decision.rule == "auto" else f"as asked: {decision.rule}"
    took = "linear: log2 was taken, values of 0 and below are missing" if decision.took_log2 else "log2, used as given"
    return f"{took} ({why}: 99 % quantile {decision.quantiles[4]:.4g}, largest {decision.quantiles[5]:.4g})"


def _doubts_on_scale(trained: Collection[str], scores: PatientScores) -> Iterator[str]:
    """Sentences on values that may not be on the scale of the training samples, whose `values:` are given."""
    if scores.scale == "counts" and scores.n_rows < _ROWS_OF_A_LIBRARY:
        yield (
            f"The file has {counted(scores.n_rows, 'row')}: counts per million need every gene of a sample, or its "
            "scores are too high."
        )
    if scores.are_whole and scores.scale != "counts":
        yield (
            "All values are whole numbers. If they are read counts, the depth of sequencing shifts every score: say so "
            "by --values counts."
        )
    kinds = [kind for kind in ("tpm", "fpkm") if kind in trained]
    if kinds and scores.decision.took_log2 and scores.scale not in kinds:
        yield (
            f"The model was trained on log2(x + 1) of {' and '.join(kinds).upper()}, these values are of another kind, "
            f"so that the scores are not comparable. If they are {kinds[0].upper()}, say so by --values {kinds[0]}."
        )


def worth_of_the_model(results: Results) -> list[str]:
    """The stored verdict's line on the model's study, then its main reasons, two at most."""
    rows = results.rigor.verdict.to_dicts()
    if not rows:
        return [f"No verdict on this model was made: `dmicc run {results.name}` makes it."]
    return [rows[0]["line"], *(f"{reason[:1].upper()}{reason[1:]}." for reason in rows[0]["reasons"][:2])]


def _if_outside(model: RiskModel, gene: str) -> pl.Expr:
    """The gene's name where its value is outside the training samples' range, else NULL."""
    i = model.genes.index(gene)
    outside = (pl.col(gene) < model.training_min[i]) | (pl.col(gene) > model.training_max[i])
    return pl.when(outside).then(pl.lit(gene))


def rows_to_write(scores: PatientScores, worth: Sequence[str]) -> pl.DataFrame:
    """Scores as a file has them, with what the model is worth beside each, and no probability where none is stated.

    Args:
        scores: of `score_matrix`.
        worth: of `worth_of_the_model`.

    Returns: the columns of `scores.rows`, lists joined by `;`, then verdict, reason_1 and reason_2.
    """
    lists = pl.col("out_of_range", "missing_genes")
    flat = scores.rows.with_columns(pl.when(lists.list.len() > 0).then(lists.list.join(";")))
    said = [*worth, None, None][:3]
    flat = flat.with_columns(
        pl.lit(text, pl.String).alias(name)
        for name, text in zip(("verdict", "reason_1", "reason_2"), said, strict=True)
    )
    return flat if scores.states_risk else flat.drop("probability")
