"""The page that scores new samples by a study's frozen model, typed or from a file.

The scores and what is said of them are those of `results/patient_scores.py`; the verdict's line stands above each.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from urllib.parse import quote

import numpy as np
import polars as pl
from starlette.responses import Response

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import DataError, RequestError
from dmicc_assets.model.frozen_model import RiskModel
from dmicc_assets.pages.forms import Form
from dmicc_assets.pages.site import Site
from dmicc_assets.report.figures.nomogram import nomogram
from dmicc_assets.report.figures.style import svg
from dmicc_assets.results.patient_scores import (
    PatientScores,
    Scale,
    how_scored,
    read_patients,
    score_matrix,
    stale_model,
    states_risk,
    study_model,
    worth_of_the_model,
)
from dmicc_assets.results.reader import Results
from dmicc_assets.study.schema import Study
from dmicc_assets.types import ExpressionMatrix

_MOST_ROWS = 1000
_SUFFIXES = (".tsv", ".csv", ".txt", ".parquet", ".tsv.gz", ".csv.gz", ".txt.gz")
_SCALES: dict[Scale, str] = {
    "auto": "decide by GEO2R's rule",
    "log2": "log2",
    "ln": "natural logarithms",
    "log10": "log10",
    "linear": "linear",
    "counts": "read counts",
    "tpm": "TPM",
    "fpkm": "FPKM",
}
_TYPED_SCALES: tuple[Scale, ...] = ("log2", "ln", "log10", "linear", "tpm", "fpkm")
_MOST_DRAWN = 3
_DRAWING = Lock()  # matplotlib draws one figure at a time


@dataclass(frozen=True, slots=True)
class _Model:
    """A study's model with all that its page says of it."""

    study: Study
    model: RiskModel
    nomogram: pl.DataFrame
    worth: list[str]
    states_risk: bool


@dataclass(frozen=True, slots=True)
class _Row:
    """A scored sample as the page shows it."""

    sample: str
    points: str
    log_odds: str
    probability: str
    outside: str
    missing: str


def empty(site: Site, form: Form, name: str) -> Response:
    """The page before anything is scored."""
    return _page(site, form, _model(site, name))


def scored(site: Site, form: Form, name: str) -> Response:
    """The scores of what was typed, or of the file; a mistake is told beside the form."""
    asked = _model(site, name)
    try:
        if form.text("do") == "file":
            what, matrix = _uploaded(form)
            scale = _scale(form.text("scale"), tuple(_SCALES))
        else:
            what, matrix = _typed(form, asked.model)
            scale = _scale(form.text("typed_scale"), _TYPED_SCALES)
        scores = score_matrix(asked.model, asked.nomogram, matrix, scale, states_risk=asked.states_risk)
    except (RequestError, DataError) as error:
        return _page(site, form, asked, error=str(error))
    lines = how_scored(asked.study, Path(what), scores)
    return _page(site, form, asked, rows=_rows(scores), lines=lines, what=what, pictures=_pictures(asked, scores))


def _model(site: Site, name: str) -> _Model:
    workspace = site.workspace()
    study = workspace.study(name)
    results = Results.of_study(workspace.lake, study)
    model, nomogram = study_model(results)
    worth = worth_of_the_model(results)
    if warning := stale_model(workspace, name, STEPS):
        worth.append(f"Out of date: {warning}.")
    return _Model(study, model, nomogram, worth, states_risk(results))


def _scale(text: str, scales: tuple[Scale, ...]) -> Scale:
    """The scale that was chosen; the first where none of them was."""
    for each in scales:
        if each == text:
            return each
    return scales[0]


def _typed(form: Form, model: RiskModel) -> tuple[str, ExpressionMatrix]:
    """One sample from the values that were typed.

    Raises:
        RequestError: a value is missing or is no number.
    """
    values: list[float] = []
    for i, gene in enumerate(model.genes):
        text = form.text(f"gene.{i}").replace(",", ".")
        try:
            value = float(text)
        except ValueError:
            raise RequestError(f"{gene}: expected a number, got {text!r}; the model needs every gene") from None
        if not math.isfinite(value):
            raise RequestError(f"{gene}: expected a number, got {text!r}")
        values.append(value)
    name = " ".join(form.text("sample").split())[:100] or "sample"
    return "what was typed", ExpressionMatrix(np.array(values)[:, None], model.genes, (name,))


def _uploaded(form: Form) -> tuple[str, ExpressionMatrix]:
    """The samples of an uploaded file.

    Raises:
        RequestError: there is none, or it is no matrix; the message names the file as the person does.
    """
    given, content = form.files.get("matrix", ("", b""))
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", given.replace("\\", "/").rsplit("/", 1)[-1]).lstrip(".")[-100:]
    if not content or not name:
        raise RequestError("choose a file first: genes in rows, one column for each sample")
    if not name.lower().endswith(_SUFFIXES):
        raise RequestError(f"{name}: expected a name that ends in {', '.join(_SUFFIXES)}")
    with TemporaryDirectory(prefix="dmicc_score_") as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            return name, read_patients(path)
        except (RequestError, DataError) as error:
            raise RequestError(str(error).replace(f"{folder}/", "")) from None


def _rows(scores: PatientScores) -> list[_Row]:
    return [
        _Row(
            row["sample"],
            _number(row["total_points"], 1),
            _number(row["linear_predictor"], 2),
            _number(row["probability"], 3),
            ", ".join(row["out_of_range"] or ()),
            ", ".join(row["missing_genes"] or ()),
        )
        for row in scores.rows.head(_MOST_ROWS).iter_rows(named=True)
    ]


def _pictures(asked: _Model, scores: PatientScores) -> list[tuple[str, str]]:
    """The first samples on the nomogram: name and picture as an address of itself."""
    title = f"Nomogram, {asked.study.cohorts[asked.study.model_cohort].title}"
    pictures: list[tuple[str, str]] = []
    with _DRAWING:
        for sample, reading in list(scores.readings.items())[:_MOST_DRAWN]:
            drawn = svg(nomogram(asked.nomogram, reading, f"{title}: {sample}", asked.worth))
            pictures.append((sample, f"data:image/svg+xml,{quote(drawn)}"))
    return pictures


def _number(value: float | None, digits: int) -> str:
    return "none" if value is None else f"{value:.{digits}f}"


def _page(
    site: Site,
    form: Form,
    asked: _Model,
    *,
    rows: list[_Row] | None = None,
    lines: list[str] | None = None,
    what: str = "",
    pictures: list[tuple[str, str]] | None = None,
    error: str = "",
) -> Response:
    model = asked.model
    genes = [
        {"name": gene, "typed": form.text(f"gene.{i}"), "low": f"{low:.2f}", "high": f"{high:.2f}"}
        for i, (gene, low, high) in enumerate(zip(model.genes, model.training_min, model.training_max, strict=True))
    ]
    return site.page(
        "score.html",
        400 if error else 200,
        study=asked.study,
        model=model,
        worth=asked.worth,
        states_risk=asked.states_risk,
        genes=genes,
        rows=rows,
        lines=lines or [],
        what=what,
        error=error,
        sample=form.text("sample"),
        typed_scale=form.text("typed_scale", "log2"),
        scale=form.text("scale", "auto"),
        scales=_SCALES,
        typed_scales={each: _SCALES[each] for each in _TYPED_SCALES},
        pictures=pictures or [],
        most_rows=_MOST_ROWS,
    )
