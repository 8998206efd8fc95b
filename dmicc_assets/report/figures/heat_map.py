"""Clustered heat map of genes by samples with annotation bars; its order is from `expression/clustering.py`."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.patches import Patch, PathPatch, Rectangle
from matplotlib.path import Path

from dmicc_assets.expression.clustering import Clustering
from dmicc_assets.report.figures import style
from dmicc_assets.report.figures.labels import spread
from dmicc_assets.report.figures.legends import fitting
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.report.figures.texts import shortened
from dmicc_assets.types import ExpressionMatrix, FloatArray
from dmicc_assets.wording import counted

_MOST_ROW_NAMES = 42
_LONGEST_NAME = 36
# Inches that a named row needs at the side.
_LINE = 0.118
# Place of the names, in widths of the map from its right edge.
_AWAY = 0.035
_LIMIT = 2.5
_LEGEND_WIDTH = 4.4


@style.styled
def heat_map(
    scores: ExpressionMatrix,
    rows: Clustering,
    columns: Clustering,
    bars: Mapping[str, Sequence[str]],
    named: Sequence[str],
    title: str,
    what: tuple[str, str] = ("gene", "log2 expression"),
) -> SourcedFigure:
    """Clustered heat map; yellow is high and dark blue low, a missing value is white.

    Args:
        scores: (R, C) row z-scores of genes by samples.
        rows: clustering of the genes.
        columns: clustering of the samples.
        bars: for each annotation the category of every sample, in the matrix's order.
        named: genes to name at the side; all are named when they fit.
        title: the cohort's.
        what: what a row is, and what its z-scores are of.
    """
    n_rows, n_columns = scores.values.shape
    categories = sorted({category for own in bars.values() for category in own}, key=len)
    _, n_columns_of_legend = fitting(categories, _LEGEND_WIDTH, 4)
    below = 0.68 + 0.15 * -(-len(categories) // n_columns_of_legend)
    n_named = n_rows if n_rows <= _MOST_ROW_NAMES else min(len(set(named) & set(scores.features)), _MOST_ROW_NAMES)
    height = below + 1.2 + float(np.clip(max(0.095 * n_rows, _LINE * n_named), 1.4, 5.1))
    figure = style.new_figure(6.4, height, is_to_lay_out=False)
    heading = f"{title}: {counted(n_rows, what[0])}"
    genes = [scores.features[i] for i in rows.order]
    shown = _shown_names(genes, set(named))
    # room for the longest name at the side, in letters of 4.5 points
    right = 1 - (0.3 + 0.063 * max([13, *(len(name) for _, name in shown)])) / 6.4
    left, bottom = 0.11, below / height
    top, bar = 1 - (0.18 + 0.16 * style.n_headlines(heading, 6.4)) / height, 0.13 / height
    tree_bottom = top - 0.5 / height
    main_top = tree_bottom - bar * (len(bars) + 0.3)
    main = figure.add_axes((left, bottom, right - left, main_top - bottom))
    image = scores.values[np.ix_(rows.order, columns.order)]
    picture = main.imshow(
        image, aspect="auto", cmap=style.SCORES_MAP, vmin=-_LIMIT, vmax=_LIMIT, interpolation="nearest"
    )
    main.set(xticks=[], yticks=[], xlabel=f"{n_columns} samples")
    main.spines[:].set_visible(False)
    _row_names(main, genes, shown, set(named))
    _tree(figure.add_axes((left, tree_bottom, right - left, top - tree_bottom), sharex=main), columns, "columns")
    _tree(figure.add_axes((0.02, bottom, left - 0.025, main_top - bottom), sharey=main), rows, "rows")
    legends = _bars(figure, bars, columns, (left, main_top + 0.15 * bar, right - left, bar))
    scale = figure.add_axes((0.02, 0.42 / height, 0.2, 0.1 / height), axes_class=Axes)
    figure.colorbar(picture, cax=scale, orientation="horizontal", ticks=[-2, 0, 2])
    scale.set_title(f"z-score of {what[1]}", fontsize=style.SMALL, fontweight="normal")
    figure.legend(
        handles=legends, loc="lower right", bbox_to_anchor=(0.99, 0.02), ncols=n_columns_of_legend, handlelength=1.2
    )
    style.headline(figure, heading)
    samples = [scores.samples[i] for i in columns.order]
    marks = {name: [own[int(i)] for i in columns.order] for name, own in bars.items()}
    figure.source_data = _source(what[0], genes, samples, image, marks)
    return figure


def _source(
    row: str, genes: Sequence[str], samples: Sequence[str], image: FloatArray, marks: Mapping[str, Sequence[str]]
) -> dict[str, pl.DataFrame]:
    """The scores and the samples' marks, as drawn: genes from top to bottom, samples from left to right."""
    key = row + "_" * (row in samples)
    return {
        "scores": pl.DataFrame({key: genes, **dict(zip(samples, image.T, strict=True))}),
        "samples": pl.DataFrame({"sample": samples, **marks}),
    }


def _shown_names(genes: Sequence[str], named: set[str]) -> list[tuple[int, str]]:
    """Rows whose names are shown, with the name in at most 36 letters."""
    everything = len(genes) <= _MOST_ROW_NAMES
    shown = [(i, gene) for i, gene in enumerate(genes) if everything or gene in named][:_MOST_ROW_NAMES]
    return [(i, shortened(gene, _LONGEST_NAME)) for i, gene in shown]


def _row_names(axes: Axes, genes: Sequence[str], shown: Sequence[tuple[int, str]], named: set[str]) -> None:
    """Names at the right, spread apart, each with a line to its row."""
    if not shown:
        return
    everything = len(genes) <= _MOST_ROW_NAMES
    frame, to_points = axes.get_window_extent(), 72 / axes.figure.dpi
    row = frame.height * to_points / len(genes)
    gap = 72 * _LINE / row
    rows = np.array([i for i, _ in shown], dtype=np.float64)
    places = spread(rows.tolist(), gap, -0.5 + gap / 2, len(genes) - 0.5 - gap / 2)
    for (i, gene), place in zip(shown, places, strict=True):
        axes.text(
            1 + _AWAY, place, gene, transform=axes.get_yaxis_transform(), va="center", fontsize=style.SMALL,
            fontweight="bold" if genes[i] in named and everything else "normal",
        )  # fmt: skip
    _lines_to_rows(axes, rows, places, (_AWAY * frame.width * to_points, row))


def _lines_to_rows(axes: Axes, rows: FloatArray, places: FloatArray, points: tuple[float, float]) -> None:
    """A line from each name to its row; all are one artist, because an arrow takes as long as its name.

    Args:
        axes: of the map.
        rows: (N,) rows.
        places: (N,) where their names are.
        points: from the map to the names, and from a row to the next.
    """
    # a line begins two points beside its name, or above or below it
    along = np.abs(rows - places) * points[1]
    begin = np.minimum(2 / points[0], (style.SMALL * 0.58 + 2) / np.maximum(along, 1e-9))
    names = np.stack([1 + _AWAY * (1 - begin), places + (rows - places) * begin], axis=1)
    corners = np.stack([names, np.stack([np.ones(len(rows)), rows], axis=1)], axis=1).reshape(-1, 2)
    path = Path(corners, np.tile([Path.MOVETO, Path.LINETO], len(rows)))
    lines = PathPatch(path, transform=axes.get_yaxis_transform(), fill=False, ec=style.GREY, lw=0.4, clip_on=False)
    lines.set(capstyle="butt", in_layout=False, zorder=2.9)
    axes.add_artist(lines)


def _tree(axes: Axes, clustering: Clustering, side: str) -> None:
    axes.set_axis_off()
    if len(clustering.branches) == 0:
        return
    corners = clustering.branches if side == "columns" else clustering.branches[:, :, ::-1]
    codes = np.tile([Path.MOVETO, *[Path.LINETO] * 3], len(corners))
    style.one_path(axes, corners.reshape(-1, 2), codes, style.DARK, 0.5 if len(corners) < 200 else 0.25)
    highest = float(clustering.branches[:, :, 1].max()) * 1.02 or 1.0
    if side == "columns":
        axes.set_ylim(0, highest)
    else:
        axes.set_xlim(highest, 0)


def _bars(
    figure: SourcedFigure,
    bars: Mapping[str, Sequence[str]],
    columns: Clustering,
    box: tuple[float, float, float, float],
) -> list[Patch]:
    """Annotation bars above the map; the legend's entries. A hatch repeats what the colour says."""
    left, bottom, width, height = box
    handles: list[Patch] = []
    offset = 0
    for k, (name, categories) in enumerate(bars.items()):
        axes = figure.add_axes((left, bottom + (len(bars) - 1 - k) * height, width, height * 0.86))
        axes.set(xlim=(-0.5, len(categories) - 0.5), ylim=(0, 1), xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        names = list(dict.fromkeys(sorted(categories)))
        look = {
            category: (style.CATEGORIES[(offset + i) % 8], style.HATCHES[i % 8]) for i, category in enumerate(names)
        }
        if set(names) == {"case", "control"}:
            look = {"case": (style.CASE, "////"), "control": (style.CONTROL, "")}
        for category, start, length in _runs([categories[int(sample)] for sample in columns.order]):
            colour, hatch = look[category]
            axes.add_patch(Rectangle((start - 0.5, 0), length, 1, fc=colour, ec="white", lw=0, hatch=hatch))
        axes.text(1.035, 0.5, name, transform=axes.transAxes, va="center", fontsize=style.SMALL)
        labels = [shortened(category.replace("_", " "), _LONGEST_NAME) for category in look]
        handles += [
            Patch(fc=c, ec="white", lw=0, hatch=h, label=label)
            for label, (c, h) in zip(labels, look.values(), strict=True)
        ]
        offset += len(names)
    return handles


def _runs(categories: Sequence[str]) -> list[tuple[str, int, int]]:
    """Category, start and length of each run of equal neighbours."""
    runs: list[tuple[str, int, int]] = []
    for i, category in enumerate(categories):
        if runs and runs[-1][0] == category:
            runs[-1] = (category, runs[-1][1], runs[-1][2] + 1)
        else:
            runs.append((category, i, 1))
    return runs
