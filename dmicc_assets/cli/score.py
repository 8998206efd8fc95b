"""`dmicc score`: the frozen risk model of a study on a file of new patients, as a table and each on the nomogram.

`model/frozen_model.py` computes the scores; this module reads the file and shows the scores.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from rich.console import Console

from dmicc_assets.errors import DataError, RequestError, SourceError
from dmicc_assets.expression.scale import ScaleDecision, log2_decision, to_log2
from dmicc_assets.expression.symbols import SymbolMatch, find_symbols
from dmicc_assets.lake.currency import study_currency
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.model.frozen_model import RiskModel, risk_model_from_table, score_patients
from dmicc_assets.model.nomogram_reading import NomogramReading, read_nomogram
from dmicc_assets.results.reader import Results
from dmicc_assets.study.schema import Study
from dmicc_assets.types import ExpressionMatrix
from dmicc_assets.warehouse.query import show_rows

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
    from dmicc_assets.geo.formats.tabular import read_matrix

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


def stale_model(workspace: Workspace, study: str) -> str:
    """Warning that a study's model or the verdict on it is out of date, with the reason; empty if both are current."""
    from dmicc_assets.assets import STEPS

    if not workspace.lake.has(study):
        return ""
    states = study_currency(workspace, study, STEPS)
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


def score_and_show(
    out: Console,
    workspace: Workspace,
    study: str,
    path: Path,
    scale: Scale = "auto",
    to: Path | None = None,
    figures: Path | None = None,
    draws: bool = True,
) -> None:
    """Score a file of new patients; print decisions and scores, write the table and each patient's nomogram.

    Args:
        out: where to print.
        workspace: of the process.
        study: whose model is used.
        path: the patients.
        scale: as for `score_matrix`.
        to: TSV file to write, if any.
        figures: folder of the pictures; by default `scores/<study>/<name of the file>` under DMICC_HOME.
        draws: whether to draw the nomograms.

    Raises:
        RequestError: the study does not exist, the file is not a matrix, or a file cannot be written.
        DataError: the study has no model, or no patient could be scored.
    """
    if to is not None and to.suffix != ".tsv":
        raise RequestError(f"{to}: expected a file name that ends in .tsv")
    spec = workspace.study(study)
    results = Results.of_study(workspace.lake, spec)
    model, nomogram = study_model(results)
    scores = score_matrix(model, nomogram, read_patients(path), scale)
    worth = worth_of_the_model(results)
    out.print(worth[0], style="bold", markup=False, highlight=False)
    for line in [*worth[1:], *how_scored(spec, path, scores)]:
        out.print(line)
    show_rows(out, _table_of(scores))
    if to is not None:
        _write_tsv(scores.rows, to)
        out.print(f"{len(scores.rows)} rows in {to}")
    if draws and scores.readings:
        folder = figures or workspace.settings.home / "scores" / study / path.name.split(".")[0]
        title = f"Nomogram, {spec.cohorts[spec.model_cohort].title}"
        draw_patients(nomogram, scores.readings, title, folder, worth)
        out.print(f"{len(scores.readings)} nomograms (PNG and SVG) in {folder}")
    if not scores.readings:
        missing = ", ".join(scores.symbols.missing) or "values of the model's genes"
        raise DataError(f"no patient of {path.name} has a score: {missing} missing; the model needs every gene")


def how_scored(study: Study, path: Path, scores: PatientScores) -> list[str]:
    """Sentences on the scale of the values."""
    decision, model, cohort = scores.decision, scores.model, study.cohorts[study.model_cohort]
    why = "GEO2R's rule" if decision.rule == "auto" else f"--scale {decision.rule}"
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
            "comparable: give log2(x + 1), and --scale log2."
        )
    renamed = [f"{gene} as {name}" for gene, name in scores.symbols.by_previous.items()]
    return lines + ([f"Found under another symbol: {', '.join(renamed)}."] if renamed else [])


def worth_of_the_model(results: Results) -> list[str]:
    """The stored verdict's line on the model's study, then its two main reasons."""
    rows = results.rigor.verdict.to_dicts()
    if not rows:
        return [f"No verdict on this model was made: `dmicc run {results.name}` makes it."]
    return [rows[0]["line"], *(f"{reason[:1].upper()}{reason[1:]}." for reason in rows[0]["reasons"])]


def draw_patients(
    nomogram: pl.DataFrame,
    readings: Mapping[str, NomogramReading],
    title: str,
    folder: Path,
    worth: Sequence[str] = (),
) -> None:
    """Each patient on the nomogram, as `<sample>.png` and `<sample>.svg` in a folder.

    Args:
        nomogram: rows of `model/nomogram`.
        readings: the patients, by sample.
        title: of each figure, before the sample.
        folder: folder of the files.
        worth: lines on the quality of the model, printed below each nomogram.

    Raises:
        RequestError: the folder cannot be written.
    """
    from dmicc_assets.report.figures.nomogram import nomogram as drawn
    from dmicc_assets.report.figures.style import png, svg

    names = _file_names(list(readings))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for sample, reading in readings.items():
            figure = drawn(nomogram, reading, f"{title}: {sample}", worth)
            (folder / f"{names[sample]}.png").write_bytes(png(figure))
            (folder / f"{names[sample]}.svg").write_text(svg(figure), encoding="utf-8")
    except OSError as error:
        raise RequestError(f"{folder}: cannot be written ({error.strerror})") from None


def _if_outside(model: RiskModel, gene: str) -> pl.Expr:
    """The gene's name where its value is outside the training samples' range, else NULL."""
    i = model.genes.index(gene)
    outside = (pl.col(gene) < model.training_min[i]) | (pl.col(gene) > model.training_max[i])
    return pl.when(outside).then(pl.lit(gene))


def _table_of(scores: PatientScores) -> pl.DataFrame:
    """The printed table: numbers to four digits, `-` for a missing one."""
    genes = scores.model.genes
    numbers = ("probability", "linear_predictor", "total_points", *genes)
    names = {"linear_predictor": "log-odds", "total_points": "points"}
    columns = {"sample": scores.rows["sample"].to_list()}
    columns |= {names.get(name, name): [_text(value) for value in scores.rows[name]] for name in numbers}
    for name, title in (("out_of_range", "out of range"), ("missing_genes", "missing")):
        columns[title] = [", ".join(found) for found in scores.rows[name]]
    return pl.DataFrame(columns)


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _write_tsv(rows: pl.DataFrame, path: Path) -> None:
    lists = pl.col("out_of_range", "missing_genes")
    flat = rows.with_columns(pl.when(lists.list.len() > 0).then(lists.list.join(";")))
    try:
        flat.write_csv(path, separator="\t")
    except OSError as error:
        raise RequestError(f"{path}: cannot be written ({error.strerror or error})") from None


def _file_names(samples: list[str]) -> dict[str, str]:
    """A unique file name for each sample: its name without characters that a file system may refuse."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for sample in samples:
        wanted = name = re.sub(r"[^A-Za-z0-9._-]+", "_", sample).strip(".") or "sample"
        n = 1
        while name.lower() in taken:
            n += 1
            name = f"{wanted}_{n}"
        taken.add(name.lower())
        names[sample] = name
    return names
