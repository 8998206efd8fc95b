"""`dmicc score`: the frozen risk model of a study on a file of new patients, as a table and each on the nomogram.

`results/patient_scores.py` reads the file and computes the scores; this module prints, writes and draws them.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console

from dmicc_assets.cli.json_lines import print_json
from dmicc_assets.errors import DataError, RequestError
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.model.nomogram_reading import NomogramReading
from dmicc_assets.results.patient_scores import (
    PatientScores,
    Scale,
    how_scored,
    read_patients,
    rows_to_write,
    score_matrix,
    states_risk,
    study_model,
    worth_of_the_model,
)
from dmicc_assets.results.reader import Results
from dmicc_assets.warehouse.shown_rows import show_rows
from dmicc_assets.wording import counted


def score_and_show(
    out: Console,
    workspace: Workspace,
    study: str,
    path: Path,
    scale: Scale = "auto",
    to: Path | None = None,
    figures: Path | None = None,
    draws: bool = True,
    last: dict[str, Any] | None = None,
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
        last: if given, `out` gets an object of JSON for each patient and nothing else, and this the fields of the last
            object.

    Raises:
        RequestError: the study does not exist, the file is not a matrix, or a file cannot be written.
        DataError: the study has no model, or no patient could be scored.
    """
    if to is not None and to.suffix != ".tsv":
        raise RequestError(f"{to}: expected a file name that ends in .tsv")
    spec = workspace.study(study)
    results, said = Results.of_study(workspace.lake, spec), list[str]()
    model, nomogram = study_model(results)
    scores = score_matrix(model, nomogram, read_patients(path), scale, states_risk=states_risk(results))
    worth, notes = worth_of_the_model(results), how_scored(spec, path, scores)
    if last is not None:
        last |= {"study": study, "n_scored": len(scores.readings), "worth": worth, "notes": notes}
        for row in rows_to_write(scores, worth).iter_rows(named=True):
            print_json(out, **row)
    else:
        out.print(worth[0], style="bold", markup=False, highlight=False)
        for line in [*worth[1:], *notes]:
            out.print(line)
        show_rows(out, _table_of(scores))
    if to is not None:
        _write_tsv(rows_to_write(scores, worth), to)
        said.append(f"{counted(len(scores.rows), 'row')} in {to}")
    if draws and scores.readings:
        folder = figures or workspace.settings.home / "scores" / study / path.name.split(".")[0]
        title = f"Nomogram, {spec.cohorts[spec.model_cohort].title}"
        draw_patients(nomogram, scores.readings, title, folder, worth)
        said.append(f"{len(scores.readings)} nomograms (PNG and SVG) in {folder}")
    for line in said if last is None else ():
        out.print(line)
    if not scores.readings:
        missing = ", ".join(scores.symbols.missing) or "values of the model's genes"
        raise DataError(f"no patient of {path.name} has a score: {missing} missing; the model needs every gene")


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


def _table_of(scores: PatientScores) -> pl.DataFrame:
    """The printed table: numbers to four digits, `-` for a missing one."""
    genes = scores.model.genes
    numbers = (*(["probability"] if scores.states_risk else []), "linear_predictor", "total_points", *genes)
    names = {"linear_predictor": "score", "total_points": "points"}
    columns = {"sample": scores.rows["sample"].to_list()}
    columns |= {names.get(name, name): [_text(value) for value in scores.rows[name]] for name in numbers}
    for name, title in (("out_of_range", "out of range"), ("missing_genes", "missing")):
        columns[title] = [", ".join(found) for found in scores.rows[name]]
    return pl.DataFrame(columns)


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _write_tsv(rows: pl.DataFrame, path: Path) -> None:
    try:
        rows.write_csv(path, separator="\t")
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
