"""New patients under a study's frozen model: a matrix read from a file, its scores, and what the model is worth.

`model/frozen_model.py` computes the scores; `dmicc score` and the page of scores show them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from dmicc_assets.errors import DataError, RequestError, SourceError
from dmicc_assets.expression.scale import ScaleDecision, log2_decision, to_log2
from dmicc_assets.expression.symbols import SymbolMatch, find_symbols
from dmicc_assets.geo.formats.tabular import read_matrix
from dmicc_assets.lake.currency import study_currency
from dmicc_assets.lake.steps import Step
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.model.frozen_model import RiskModel, risk_model_from_table, score_patients
from dmicc_assets.model.nomogram_reading import NomogramReading, read_nomogram
from dmicc_assets.results.reader import Results
from dmicc_assets.study.schema import Study
from dmicc_assets.types import ExpressionMatrix

Scale = Literal["auto", "log2", "linear"]


@dataclass(frozen=True, slots=True)
class PatientScores:
    """New patients under a study's frozen model.

    Attributes:
        model: the model.
        decision: the decision on the logarithm of the given values.
        symbols: names under which the model's genes were found.
        rows: one row for each sample: sample, probability, linear_predictor, total_points, is_out_of_range,
            out_of_range (genes), missing_genes, then the log2 value of each gene under the gene's name.
        readings: position on the nomogram of each sample that has a score.
        are_whole: whether every given value is a whole number, as in read counts.
    """

    model: RiskModel
    decision: ScaleDecision
    symbols: SymbolMatch
    rows: pl.DataFrame
    readings: Mapping[str, NomogramReading]
    are_whole: bool = False


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
        raise DataError(f"{results.name} has no risk model yet: `dmicc run {results.name}` computes it")
    if results.model.coefficients.is_empty():
        raise DataError(f"{results.name} has no risk model: no biomarker was chosen, see rigor.findings")
    return risk_model_from_table(results.model.coefficients), results.model.nomogram


def stale_model(workspace: Workspace, study: str, steps: Sequence[Step]) -> str:
    """Warning that a study's model or the verdict on it is out of date, with the reason; empty if both are current.

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
        if causes and causes[0]:
            return f"the {what} of {study} is out of date: {causes[0]}"
    return ""


def score_matrix(
    model: RiskModel, nomogram: pl.DataFrame, matrix: ExpressionMatrix, scale: Scale = "auto"
) -> PatientScores:
    """Scores new patients, each independently of the others.

    Args:
        model: the frozen model.
        nomogram: rows of `model/nomogram`.
        matrix: (G, N) genes by samples as given, NaN missing.
        scale: whether the values are log2 or linear; auto decides by GEO2R's rule on all of them.

    Raises:
        RequestError: no gene of the model is in the matrix, or its scale is unknown.
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
        decision = log2_decision(matrix.values, scale)
    except ValueError as error:
        raise RequestError(str(error)) from None
    ours = matrix.take_features(list(symbols.found.values()))
    ours = ExpressionMatrix(to_log2(ours.values, decision), tuple(symbols.found), ours.samples)
    values = pl.DataFrame({"sample": ours.samples}, schema={"sample": pl.String}).with_columns(
        pl.Series(gene, ours.values[ours.features.index(gene)] if gene in ours.features else [None] * len(ours.samples))
        .cast(pl.Float64)
        .fill_nan(None)
        for gene in model.genes
    )
    scores = score_patients(model, ours).join(values, on="sample", maintain_order="left")
    # a nomogram's axes end at round values, outside the range of the training samples
    readings = {
        row["sample"]: replace(
            read_nomogram(nomogram, {gene: row[gene] for gene in model.genes}), is_out_of_range=row["is_out_of_range"]
        )
        for row in scores.iter_rows(named=True)
        if row["probability"] is not None
    }
    rows = scores.with_columns(
        total_points=pl.Series([readings[s].total if s in readings else None for s in ours.samples], dtype=pl.Float64),
        out_of_range=pl.concat_list(_if_outside(model, gene) for gene in model.genes).list.drop_nulls(),
    )
    first = ("sample", "probability", "linear_predictor", "total_points", "is_out_of_range", "out_of_range")
    rows = rows.select(*first, "missing_genes", *model.genes)
    given = matrix.values[np.isfinite(matrix.values)]
    return PatientScores(
        model, decision, symbols, rows, readings, are_whole=given.size > 0 and bool(np.all(given == np.rint(given)))
    )


def how_scored(study: Study, path: Path, scores: PatientScores) -> list[str]:
    """Sentences on the scale of the values."""
    decision, model, cohort = scores.decision, scores.model, study.cohorts[study.model_cohort]
    why = "GEO2R's rule" if decision.rule == "auto" else f"as asked: {decision.rule}"
    took = "linear: log2 was taken, values of 0 and below are missing" if decision.took_log2 else "log2, used as given"
    quantiles = f"99 % quantile {decision.quantiles[4]:.4g}, largest {decision.quantiles[5]:.4g}"
    lines = [
        f"{path.name}: the values are {took} ({why}: {quantiles}).",
        f"New samples are compared with the training samples without normalisation or standardisation over the new "
        f"samples. The model is of {cohort.title} ({', '.join(cohort.datasets)}: {model.n_case} cases, "
        f"{model.n_control} controls); another platform or normalisation shifts every score.",
        f"Probabilities hold for the training samples' share of cases, {model.prevalence:.0%}, a choice of the study.",
    ]
    ranges = zip(model.genes, model.training_min, model.training_max, strict=True)
    lines.append(
        f"Range of the training samples: {', '.join(f'{g} {low:.3g} to {high:.3g}' for g, low, high in ranges)}."
    )
    if scores.are_whole:
        lines.append(
            "All values are whole numbers. If they are read counts, the depth of sequencing shifts every score: give "
            "log2 counts per million."
        )
    trained = {study.datasets[name].values for name in cohort.datasets} & {"tpm", "fpkm"}
    if decision.took_log2 and trained:
        kind = " and ".join(sorted(trained)).upper()
        lines.append(
            f"The model was trained on log2(x + 1) of {kind}; here log2(x) was taken, so that these scores are not "
            "comparable: give log2(x + 1), and the scale log2."
        )
    renamed = [f"{gene} as {name}" for gene, name in scores.symbols.by_previous.items()]
    return lines + ([f"Found under another symbol: {', '.join(renamed)}."] if renamed else [])


def worth_of_the_model(results: Results) -> list[str]:
    """The stored verdict's line on the model's study, then its two main reasons."""
    rows = results.rigor.verdict.to_dicts()
    if not rows:
        return [f"No verdict on this model was made: `dmicc run {results.name}` makes it."]
    return [rows[0]["line"], *(f"{reason[:1].upper()}{reason[1:]}." for reason in rows[0]["reasons"])]


def _if_outside(model: RiskModel, gene: str) -> pl.Expr:
    """The gene's name where its value is outside the training samples' range, else NULL."""
    i = model.genes.index(gene)
    outside = (pl.col(gene) < model.training_min[i]) | (pl.col(gene) > model.training_max[i])
    return pl.when(outside).then(pl.lit(gene))
