"""The nomogram as a figure, with one patient read off it (`model/nomogram_reading.py`)."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from dmicc_assets.model.nomogram_reading import NomogramReading, probability_axis
from dmicc_assets.report.figures import style
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.report.figures.texts import wrapped
from dmicc_assets.types import FloatArray
from dmicc_assets.wording import signed

_RISKS = (0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
_LEFT, _RIGHT = 0.22, 0.97
# Height of a line of text below the axes, inches.
_LINE = 0.14
_PLATE = {"fc": "white", "ec": "none", "pad": 0.6, "alpha": 0.85}


@style.styled
def nomogram(
    table: pl.DataFrame, patient: NomogramReading | None, title: str, worth: Sequence[str] = ()
) -> SourcedFigure:
    """Nomogram: read each gene's value up to its points, add them, read the total down to the probability.

    Args:
        table: rows of `model/nomogram`.
        patient: one patient to draw, or none.
        title: of the figure.
        worth: what the model is worth, line by line, below the axes; the first line is bold.
    """
    variables = [name for name in table["variable"].unique(maintain_order=True).to_list() if name != "total"]
    total = table.filter(pl.col("variable") == "total").sort("value")
    if not variables or total.is_empty():
        return style.note_figure(title, "There is no risk model to draw: no biomarker was chosen.")
    has_risk = patient is None or patient.probability is not None
    n = len(variables) + 2 + has_risk
    below = [wrapped(line, 105, 3) for line in worth]
    n_below = sum(text.count("\n") + 1 for text in below)
    figure = style.new_figure(6.4, 0.5 + 0.55 * n + _LINE * n_below, is_to_lay_out=False)
    height = figure.get_figheight()
    foot, head = 0.02 + _LINE * n_below / height, (0.08 + 0.16 * style.n_headlines(title, 6.4)) / height
    axes = figure.add_axes((0.0, foot, 1.0, 0.95 - foot - head))
    axes.set(xlim=(0, 1), ylim=(n - 0.35, -0.4))
    axes.set_axis_off()
    style.headline(figure, title)
    _scale(axes, 0, "Points", np.arange(0, 101, 10.0), np.arange(0, 101, 10.0) / 100)
    for row, name in enumerate(variables, start=1):
        _variable(axes, row, name, table.filter(pl.col("variable") == name).sort("value"))
    longest = float(total["value"].max() or 1.0)  # pyright: ignore[reportArgumentType] -- a float column
    shortest = float(total["value"].min() or 0.0)  # pyright: ignore[reportArgumentType] -- a float column
    span = (longest - shortest) or 1.0
    ticks = np.asarray(MaxNLocator(10, steps=[1, 2, 5, 10]).tick_values(shortest, longest))
    ticks = ticks[(ticks >= shortest - 1e-9) & (ticks <= longest + 1e-9)]
    _scale(axes, len(variables) + 1, "Total points", ticks, (ticks - shortest) / span)
    if has_risk:
        _risks(axes, n - 1, table, shortest, span)
    if patient is not None:
        _patient(axes, variables, patient, (shortest, span))
    _below(figure, below, n_below)
    figure.source_data = {"axes": table.select("variable", "value", "points", "probability")}
    if patient is not None:
        rows = {"gene": variables, "value": [patient.values[name] for name in variables]}
        points = [patient.points[name] for name in variables]
        figure.source_data["patient"] = pl.DataFrame(rows | {"points": points})
    return figure


def _below(figure: SourcedFigure, texts: Sequence[str], n_lines: int) -> None:
    """Lines below the axes, the first text bold."""
    top = n_lines
    for i, text in enumerate(texts):
        at = (_LINE * top + 0.04) / figure.get_figheight()
        figure.text(0.02, at, text, va="top", fontsize=7, fontweight="bold" if i == 0 else "normal")
        top -= text.count("\n") + 1


def _variable(axes: Axes, row: int, name: str, axis: pl.DataFrame) -> None:
    """A gene's axis with the marks of the table."""
    _scale(axes, row, name, axis["value"].to_numpy(), axis["points"].to_numpy() / 100, is_gene=True)


def _risks(axes: Axes, row: int, table: pl.DataFrame, shortest: float, span: float) -> None:
    """The probability axis: round probabilities within the axis of total points, or its ends if there are none."""
    axis = probability_axis(table)
    ends = sorted((axis.probability(shortest), axis.probability(shortest + span)))
    inside = [risk for risk in _RISKS if ends[0] <= risk <= ends[1]]
    inside = inside if len(inside) > 1 else ends
    at = [(axis.points(risk) - shortest) / span for risk in inside]
    # As cases and controls were collected, which is no person's risk.
    _scale(axes, row, "Probability in this study", np.array(inside), np.array(at))


def _scale(axes: Axes, row: int, name: str, ticks: FloatArray, at: FloatArray, is_gene: bool = False) -> None:
    """One horizontal axis; a tick label that would touch its neighbour is left out."""
    x = _LEFT + (_RIGHT - _LEFT) * at
    axes.text(
        0.02, row, wrapped(name, 14, 2), va="center", fontsize=8, fontweight="bold",
        style="italic" if is_gene else "normal",
    )  # fmt: skip
    axes.plot([x.min(), x.max()], [row, row], color=style.DARK, lw=1, solid_capstyle="butt", gid=name)
    style.segments(axes, x, x, row, row + 0.13, style.DARK, 0.8)
    written: list[tuple[float, float]] = []
    for i in _ends_first(x):
        text = signed(ticks[i], ".4g")
        half = 0.0067 * len(text) + 0.004
        if all(abs(x[i] - place) > half + other for place, other in written):
            written.append((float(x[i]), half))
            axes.text(x[i], row + 0.17, text, ha="center", va="top", fontsize=style.SMALL)


def _ends_first(x: FloatArray) -> Sequence[int]:
    order = [int(i) for i in np.argsort(x, kind="stable")]
    return [order[0], order[-1], *order[1:-1]] if len(order) > 1 else order


def _patient(axes: Axes, variables: Sequence[str], patient: NomogramReading, scale: tuple[float, float]) -> None:
    """The patient's marks: on each gene's axis with its points, on the total, on the probability if there is one."""
    shortest, span = scale
    width = _RIGHT - _LEFT
    for row, name in enumerate(variables, start=1):
        x = float(np.clip(_LEFT + width * patient.points[name] / 100, _LEFT, _RIGHT))
        axes.plot([x, x], [0, row], color=style.VERMILLION, lw=0.8, ls=":", zorder=1)
        axes.plot(x, row, "D", color=style.VERMILLION, ms=5, mec="white", mew=0.6, gid=f"patient|{name}", zorder=4)
        told = f"{signed(patient.values[name], '.2f')} → {patient.points[name]:.0f}"
        axes.text(
            x, row - 0.13, told, ha=_side(x), va="bottom",
            fontsize=style.SMALL, color=style.VERMILLION, bbox=_PLATE, zorder=5,
        )  # fmt: skip
    x = float(np.clip(_LEFT + width * (patient.total - shortest) / span, _LEFT, _RIGHT))
    read = [f"{patient.total:.0f}", *([] if patient.probability is None else [f"{patient.probability:.3g}"])]
    rows = [len(variables) + 1 + i for i in range(len(read))]
    axes.plot([x] * len(rows), rows, color=style.VERMILLION, lw=0.8, ls=":", zorder=1)
    axes.plot(
        [x] * len(rows), rows, "D", color=style.VERMILLION, ms=5, mec="white", mew=0.6, gid="patient|total", zorder=4
    )
    for row, text in zip(rows, read, strict=True):
        axes.text(
            x, row - 0.13, text, ha=_side(x), va="bottom", fontsize=7, fontweight="bold", color=style.VERMILLION,
            bbox=_PLATE, zorder=5,
        )  # fmt: skip
    note = "a patient's value → points" + (
        "; a value lies outside the training range" if patient.is_out_of_range else ""
    )
    axes.text(_RIGHT, rows[-1] + 0.6, note, ha="right", va="bottom", fontsize=style.SMALL, color=style.VERMILLION)


def _side(x: float) -> str:
    return "left" if x < 0.3 else "right" if x > 0.9 else "center"
