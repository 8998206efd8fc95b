"""The study in one picture: datasets, samples, comparisons and what each step left, as an SVG in the manner of PRISMA.

Only counts of results are drawn; pictures of the data are `figures/`'s.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import polars as pl

from dmicc_assets.expression.copies import without_copies
from dmicc_assets.report.cells import spaced
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.results.intervals import estimate_text
from dmicc_assets.results.reader import Results
from dmicc_assets.wording import counted, listed

# Sizes in points of a picture as wide as a printed page.
_WIDTH, _GAP, _PAD, _SIZE, _LINE = 527.0, 11.0, 4.0, 8.2, 10.2
# Mean width of a letter as a share of the font's size, rather too wide than too narrow.
_LETTER = 0.55
_FONT = "'DejaVu Sans', Verdana, 'Liberation Sans', Arial, sans-serif"
_INK, _LINE_COLOUR = "#262626", "#8C8C8C"
_FILLS = {"data": "#F3F3F3", "step": "#FFFFFF", "result": "#E3EFF7", "outside": "#FBEFE3"}


@dataclass(frozen=True)
class Box:
    """One box: its lines, the first of them bold, the columns it spans, and its look."""

    lines: tuple[str, ...]
    first: int
    last: int
    look: str = "step"


def study_flow(results: Results) -> str:
    """The flow of the study as an SVG with text as text; one column a cohort, and one for validation datasets."""
    rows = _rows(results)
    n = len(results.study.cohorts) + bool(results.study.validation)
    width = (_WIDTH - (n - 1) * _GAP) / n
    drawn: list[str] = []
    bottoms = [0.0] * n
    top = 1.0
    for row in rows:
        texts = [_wrapped(box, width * (box.last - box.first + 1) + _GAP * (box.last - box.first)) for box in row]
        height = max(len(lines) for lines in texts) * _LINE + 2 * _PAD - 2
        for box, lines in zip(row, texts, strict=True):
            left = box.first * (width + _GAP)
            wide = width * (box.last - box.first + 1) + _GAP * (box.last - box.first)
            for column in range(box.first, box.last + 1):
                x = column * (width + _GAP) + width / 2
                drawn += _arrow(x, bottoms[column], top) if bottoms[column] else []
                bottoms[column] = top + height
            drawn += _box(box, lines, left, top, wide, height)
        top += height + _GAP
    size = f'width="{_WIDTH:g}pt" height="{top - _GAP + 1:g}pt" viewBox="-1 0 {_WIDTH + 2:g} {top - _GAP + 1:g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{_FONT}" font-size="{_SIZE}" fill="{_INK}">'
    return head + "".join(drawn) + "</svg>"


def _rows(results: Results) -> list[list[Box]]:
    """The boxes from the datasets down to the validation; what was not reached is not there."""
    study = results.study
    last = len(study.cohorts) - 1
    outside = [Box(_validated(results), last + 1, last + 1, "outside")] if study.validation else []
    rows = [
        [*(Box(_datasets(results, c.datasets), i, i, "data") for i, c in enumerate(study.cohorts.values())), *outside],
        [Box(_groups(results, name), i, i) for i, name in enumerate(study.cohorts)],
        [Box(_genes(results, name), i, i) for i, name in enumerate(study.cohorts)],
        [Box(_shared(results), 0, last, "result")],
    ]
    if results.signature_genes:
        rows.append([Box(_biomarkers(results), 0, last, "result")])
    if len(results.rows("model/coefficients")):
        rows.append([Box(_model(results), 0, last + len(outside), "result")])
    return rows


def _datasets(results: Results, names: Sequence[str]) -> tuple[str, ...]:
    served = results.rows("source/datasets").filter(pl.col("dataset").is_in(list(names)))
    known = {row["dataset"]: row for row in served.iter_rows(named=True)}
    tissues = dict.fromkeys(row["tissue"] for row in known.values() if row["tissue"])
    lines = [", ".join([counted(len(names), "dataset"), *tissues])]
    for name in names:
        row = known.get(name)
        lines.append(f"{name}: {counted(row['n_samples'], 'sample')}" if row else name)
    return tuple(lines)


def _groups(results: Results, name: str) -> tuple[str, ...]:
    cohort = results.study.cohorts[name]
    members = without_copies(results.rows("cohort/samples", cohort=name))
    if members.is_empty():
        return (cohort.title, "not compared yet")
    n_case = int(members["is_case"].sum())
    labels = results.rows("source/samples").filter(pl.col("dataset").is_in(cohort.datasets))["label"]
    others = sorted({label for label in labels if label} - {cohort.case, cohort.control})
    n_other = int(labels.is_in(others).sum())
    unused = [f"not used: {n_other} ({', '.join(spaced(each) for each in others)})"] if others else []
    return (
        cohort.title,
        f"{n_case} cases ({spaced(cohort.case)})",
        f"{len(members) - n_case} controls ({spaced(cohort.control)})",
        *unused,
    )


def _genes(results: Results, name: str) -> tuple[str, ...]:
    tested = results.rows("differential/statistics", cohort=name)
    if tested.is_empty():
        return ("not tested yet",)
    genes = results.rows("differential/genes", cohort=name)
    up = len(genes.filter(pl.col("direction") == "up"))
    return (
        f"{counted(len(genes), 'gene')} differ" + "s" * (len(genes) == 1),
        f"{up:,} up, {len(genes) - up:,} down; {len(tested):,} tested",
    )


def _shared(results: Results) -> tuple[str, ...]:
    genes = results.signature_genes
    if len(results.study.cohorts) == 1:
        return (f"Signature: {counted(len(genes), 'gene')}",)
    if not genes:
        return ("No gene is shared", "nothing to rank, to validate or to model")
    overlap = results.rows("signature/overlap")
    lines = [f"{counted(len(genes), 'gene')} shared"]
    if len(overlap):
        row = overlap.row(0, named=True)
        lines.append(f"{row['n_concordant']} in the same direction")
        if row["sharing_expected"] is not None and StudyEvidence.of(results).samples_of_two_cohorts:
            lines[-1] += "; the cohorts share samples, so that they must share genes"
        elif row["sharing_expected"] is not None:
            lines[-1] += (
                f"; other variation of these tissues gives about {row['sharing_expected']:.0f} "
                f"(p = {row['sharing_p_value']:.2g})"
            )
    return tuple(lines)


def _biomarkers(results: Results) -> tuple[str, ...]:
    top = results.study.ranking.top
    found = listed(results.biomarkers) if results.biomarkers else "none"
    return (f"Biomarkers: {found}", f"among the first {top} of the random forest in every cohort")


def _model(results: Results) -> tuple[str, ...]:
    cohort = results.study.cohorts[results.study.model_cohort]
    rows = results.rows("validation/roc", predictor="model").drop_nulls("auc")
    inside = rows.filter(pl.col("subject") == results.study.model_cohort, pl.col("kind") == "nested_cv")
    outside = rows.filter(pl.col("subject_kind") == "dataset", pl.col("kind") == "external")
    said = [f"out of fold {estimate_text(row['auc'], row['ci_low'], row['ci_high'])}" for row in inside.to_dicts()]
    said += [f"{r['subject']} {estimate_text(r['auc'], r['ci_low'], r['ci_high'])}" for r in outside.to_dicts()]
    return (
        f"Risk model, fitted in {cohort.title}",
        *([f"area under the ROC curve: {'; '.join(said)}"] if said else []),
    )


def _validated(results: Results) -> tuple[str, ...]:
    lines = ["Validation, not used to choose genes"]
    labels = results.rows("source/samples").group_by("dataset", "label").len()
    counts = {(dataset, label): n for dataset, label, n in labels.iter_rows()}
    for entry in results.study.validation:
        groups = [
            f"{counts[entry.dataset, label]} {spaced(label)}" if (entry.dataset, label) in counts else spaced(label)
            for label in (entry.case, entry.control)
        ]
        lines.append(f"{entry.dataset}: {', '.join(groups)}")
    return tuple(lines)


def _wrapped(box: Box, width: float) -> list[str]:
    """The lines of a box in its width; the bold first line has wider letters."""
    letters = (width - 2 * _PAD) / (_SIZE * _LETTER)
    first = textwrap.wrap(box.lines[0], max(int(letters * 0.9), 8)) or [""]
    rest = [part for line in box.lines[1:] for part in textwrap.wrap(line, max(int(letters), 8))]
    return [*(f"\b{line}" for line in first), *rest]


def _box(box: Box, lines: Sequence[str], left: float, top: float, width: float, height: float) -> list[str]:
    place = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
    drawn = [f'<rect {place} rx="2" fill="{_FILLS[box.look]}" stroke="{_LINE_COLOUR}" stroke-width=".7"/>']
    for i, line in enumerate(lines):
        weight = ' font-weight="bold"' if line.startswith("\b") else ""
        y = top + _PAD + _SIZE - 1 + i * _LINE
        text = escape(line.removeprefix("\b"))
        drawn.append(f'<text x="{left + width / 2:.1f}" y="{y:.1f}" text-anchor="middle"{weight}>{text}</text>')
    return drawn


def _arrow(x: float, top: float, bottom: float) -> list[str]:
    head = f"M{x - 3:.1f} {bottom - 5:.1f}L{x:.1f} {bottom - 0.5:.1f}L{x + 3:.1f} {bottom - 5:.1f}Z"
    line = f'<path d="M{x:.1f} {top:.1f}V{bottom - 4:.1f}" stroke="{_LINE_COLOUR}" fill="none"/>'
    return [line, f'<path d="{head}" fill="{_LINE_COLOUR}"/>']
