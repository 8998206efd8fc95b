"""Figures of one dataset: distributions before and after normalisation, sex genes, outlier arrays."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D

from dmicc_assets.report.figures import style
from dmicc_assets.report.figures.labels import place_labels
from dmicc_assets.report.figures.legends import legend_below
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.report.figures.texts import shortened, wrapped
from dmicc_assets.types import FloatArray
from dmicc_assets.wording import signed

STAGES = ("before", "after")
# Titles of the panels, which depend on whether the study normalises the dataset between arrays.
_NORMALISED = ("before normalisation between arrays", "after normalisation between arrays, by gene")
_AS_SERVED = ("as served", "by gene, not normalised between arrays here")
# From this size on, connectivity is standardised by mean and sd, below by median and MAD (check I5).
LARGE_GROUP, Z_LARGE, Z_SMALL = 12, -3.0, -3.5
# Samples whose names have room below the boxes, and letters of a name there.
_MOST_NAMES, _LONGEST_NAME = 48, 22
_MOST_OUTLIERS = 20


@style.styled
def distribution_boxes(
    distributions: pl.DataFrame,
    labels: Mapping[str, str],
    dataset: str,
    is_normalised: bool = True,
    looks: style.Looks | None = None,
) -> SourcedFigure:
    """Box of each sample before and after normalisation between arrays; whiskers reach the 5 and 95 % quantiles.

    Args:
        distributions: columns sample, stage, quantity, x, y (`expression/distribution.py`).
        labels: label of each sample; samples are drawn label by label.
        dataset: for the title.
        is_normalised: whether the study normalises it; otherwise it is drawn as served, and by gene.
        looks: colour and marker of each label; of this dataset's alone when not given.
    """
    order = _label_order(labels)
    longest = max(len(shortened(sample, _LONGEST_NAME)) for sample in order)
    figure = style.new_figure(7.2, 3.8 + (0.07 * longest if len(order) <= _MOST_NAMES else 0))
    panels: list[Axes] = list(figure.subplots(2, 1, sharex=True, sharey=True).flat)
    quantiles = distributions.filter(pl.col("quantity") == "quantile")
    looks = looks or style.category_styles(list(labels.values()))
    colours = [looks[labels[sample]][0] for sample in order]
    for axes, stage, name in zip(panels, STAGES, _NORMALISED if is_normalised else _AS_SERVED, strict=True):
        wide = quantiles.filter(pl.col("stage") == stage).pivot("x", index="sample", values="y", sort_columns=False)
        _boxes(
            axes, pl.DataFrame({"sample": order}).join(wide, on="sample", how="left", maintain_order="left"), colours
        )
        axes.set(ylabel="log2 expression", xlim=(-0.8, len(order) - 0.2))
        axes.set_title(name)
    style.headline(figure, dataset)
    _label_ticks(panels[-1], order, labels)
    figure.source_data = {"quantiles": _labelled(quantiles, labels).rename({"x": "quantile", "y": "log2_expression"})}
    return figure


def _labelled(distributions: pl.DataFrame, labels: Mapping[str, str]) -> pl.DataFrame:
    """Values of the samples with their labels."""
    names = pl.DataFrame({"sample": list(labels), "label": list(labels.values())})
    return names.join(distributions.select("sample", "stage", "x", "y"), on="sample", maintain_order="left")


def _boxes(axes: Axes, rows: pl.DataFrame, colours: Sequence[str]) -> None:
    """One box for each row, drawn together, because a thousand separate artists take seconds."""
    low, q1, median, q3, high = (rows[key].to_numpy() for key in ("0.05", "0.25", "0.5", "0.75", "0.95"))
    x = np.arange(len(rows), dtype=np.float64)
    measured = ~np.isnan(median)
    for start, end in ((low, q1), (q3, high)):
        style.segments(axes, x, x, start, end, style.DARK, 0.4)
    for end in (low, high):
        style.segments(axes, x - 0.2, x + 0.2, end, end, style.DARK, 0.4)
    corners = np.stack([x - 0.35, q1, x + 0.35, q1, x + 0.35, q3, x - 0.35, q3], axis=1).reshape(-1, 4, 2)
    kept = [colour for colour, is_measured in zip(colours, measured, strict=True) if is_measured]
    boxes = PolyCollection([*corners[measured]], facecolors=kept, edgecolors=style.DARK, linewidths=0.4, alpha=0.8)
    boxes.set_gid("boxes")
    axes.add_collection(boxes)
    style.segments(axes, x - 0.35, x + 0.35, median, median, style.DARK, 1.0, gid="medians")
    axes.autoscale_view()


def _label_order(labels: Mapping[str, str]) -> list[str]:
    names = list(dict.fromkeys(labels.values()))
    return sorted(labels, key=lambda sample: (names.index(labels[sample]), sample))


def _label_ticks(axes: Axes, order: Sequence[str], labels: Mapping[str, str]) -> None:
    """Names of the samples if there is room, and below them the labels with their counts."""
    counts = {name: sum(labels[s] == name for s in order) for name in dict.fromkeys(labels[s] for s in order)}
    if len(order) <= _MOST_NAMES:
        names = [shortened(sample, _LONGEST_NAME) for sample in order]
        axes.set_xticks(range(len(order)), names, rotation=90, fontsize=style.SMALL)
    else:
        axes.set_xticks([])
    axes.set_xlabel(
        wrapped("samples: " + ", ".join(f"{name} ({n})" for name, n in counts.items()).replace("_", " "), 110)
    )
    at = 0
    for n in list(counts.values())[:-1]:
        at += n
        for each in axes.figure.axes:
            each.axvline(at - 0.5, color=style.GREY, lw=0.6, ls=":")


@style.styled
def distribution_densities(
    distributions: pl.DataFrame,
    labels: Mapping[str, str],
    dataset: str,
    is_normalised: bool = True,
    looks: style.Looks | None = None,
) -> SourcedFigure:
    """Density of each sample before and after normalisation between arrays, coloured by label.

    Args:
        distributions: columns sample, stage, quantity, x, y (`expression/distribution.py`).
        labels: label of each sample.
        dataset: for the title.
        is_normalised: whether the study normalises it; otherwise it is drawn as served, and by gene.
        looks: colour and marker of each label; of this dataset's alone when not given.
    """
    figure = style.new_figure(7.2, 3.0)
    panels: list[Axes] = list(figure.subplots(1, 2, sharex=True, sharey=True).flat)
    densities = distributions.filter((pl.col("quantity") == "density") & pl.col("sample").is_in(list(labels)))
    names = list(dict.fromkeys(labels.values()))
    looks = looks or style.category_styles(names)
    for axes, stage, name in zip(panels, STAGES, _NORMALISED if is_normalised else _AS_SERVED, strict=True):
        staged = densities.filter(pl.col("stage") == stage)
        for label in names:
            own = staged.filter(pl.col("sample").replace_strict(labels) == label)
            if own.is_empty():
                continue
            line = style.LINES[list(looks).index(label) % len(style.LINES)]
            look = {"color": looks[label][0], "ls": line, "lw": 0.7, "alpha": 0.7}
            axes.plot(*_with_gaps(own), label=label.replace("_", " "), **look)
        axes.set(xlabel="log2 expression", ylim=(0, None), xlim=_where_dense(densities))
        axes.set_title(name, fontsize=8)
    style.headline(figure, dataset)
    panels[0].set_ylabel("density")
    legend_below(figure, 4, *panels[0].get_legend_handles_labels())
    figure.source_data = {"densities": _labelled(densities, labels).rename({"x": "log2_expression", "y": "density"})}
    return figure


def _with_gaps(curves: pl.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Curves of several samples as one line, with a gap after each sample."""
    last = (curves["sample"] != curves["sample"].shift(-1)).fill_null(value=True).to_numpy()
    after = np.flatnonzero(last) + 1
    x, y = (np.insert(curves[axis].to_numpy().astype(np.float64), after, np.nan) for axis in ("x", "y"))
    return x, y


def _where_dense(densities: pl.DataFrame) -> tuple[float, float]:
    """The range in which the density of any sample exceeds half a percent of the highest density."""
    limit = 0.005 * float(densities["y"].to_numpy().max(initial=0.0))
    x = densities.filter(pl.col("y") > limit)["x"].to_numpy()
    return (float(x.min()), float(x.max())) if len(x) else (0.0, 1.0)


@style.styled
def sex_genes(quality: pl.DataFrame, dataset: str, looks: style.Looks | None = None) -> SourcedFigure:
    """XIST against the mean of RPS4Y1 and KDM5D: women lie lower right, men upper left.

    Args:
        quality: rows of `expression/quality`; samples without both values are not drawn.
        dataset: for the title.
        looks: colour and marker of each label; of this dataset's alone when not given.
    """
    measured = quality.drop_nulls(["xist", "y_genes"])
    if measured.is_empty():
        return style.note_figure(dataset, "XIST, RPS4Y1 and KDM5D are not measured on this platform.")
    figure, axes = style.one_axes(4.2, 3.4, f"{dataset}, sex genes")
    labels = measured["label"].unique(maintain_order=True).to_list()
    looks = looks or style.category_styles(labels)
    for label in labels:
        colour, marker = looks[label]
        group = measured.filter(pl.col("label") == label)
        axes.plot(
            group["xist"], group["y_genes"], marker, color=colour, ms=5, mew=0.4, mec="white", alpha=0.9,
            label=f"{label} ({len(group)})".replace("_", " "),
        )  # fmt: skip
    axes.set(xlabel="XIST, log2 expression (high in women)", ylabel="RPS4Y1 and KDM5D, mean log2\n(high in men)")
    axes.margins(0.08)
    legend_below(figure, 2)
    figure.source_data = {"samples": measured.select("sample", "label", "xist", "y_genes")}
    return figure


@style.styled
def outlier_arrays(quality: pl.DataFrame, dataset: str, looks: style.Looks | None = None) -> SourcedFigure:
    """Standardised connectivity of each sample within its label, with the limit below which check I5 fires.

    Args:
        quality: rows of `expression/quality`.
        dataset: for the title.
        looks: colour and marker of each label; of this dataset's alone when not given.
    """
    measured = quality.drop_nulls("connectivity_z").filter(pl.col("connectivity_z").is_not_nan())
    if measured.is_empty():
        return style.note_figure(dataset, "No label has the three samples that a connectivity needs.")
    labels = measured["label"].unique(maintain_order=True).to_list()
    figure, axes = style.one_axes(max(3.6, 1.1 * len(labels) + 1.2), 3.4, f"{dataset}, connectivity")
    named: list[tuple[float, float, str]] = []
    looks = looks or style.category_styles(labels)
    for i, label in enumerate(labels):
        colour, marker = looks[label]
        group = measured.filter(pl.col("label") == label).sort("sample")
        z = group["connectivity_z"].to_numpy()
        limit = Z_LARGE if len(group) >= LARGE_GROUP else Z_SMALL
        x = i + spread_evenly(len(group), 0.28)
        axes.plot(x, z, marker, color=colour, ms=4, mew=0.4, mec="white")
        axes.plot([i - 0.4, i + 0.4], [limit, limit], "--", color=style.DARK, lw=0.9)
        named += [(a, b, s) for a, b, s in zip(x, z, group["sample"], strict=True) if b < limit]
    axes.axhline(0, color=style.LIGHT, lw=0.7)
    sizes = [measured.filter(pl.col("label") == label).height for label in labels]
    ticks = [f"{wrapped(name.replace('_', ' '), 15)}\nn = {n}" for name, n in zip(labels, sizes, strict=True)]
    axes.set_xticks(range(len(labels)), ticks)
    low = min(float(measured["connectivity_z"].min() or 0), Z_SMALL)  # pyright: ignore[reportArgumentType] -- a float column
    axes.set(ylabel="standardised connectivity Z.k", xlim=(-0.6, len(labels) - 0.4), ylim=(low - 0.8, None))
    named.sort(key=lambda each: each[1])
    _explain_limits(figure, sizes)
    shown = named[:_MOST_OUTLIERS]
    place_labels(axes, [n[0] for n in shown], [n[1] for n in shown], [n[2] for n in shown])
    figure.source_data = {"samples": measured.select("sample", "label", "connectivity_z")}
    return figure


def _explain_limits(figure: SourcedFigure, sizes: Sequence[int]) -> None:
    """What the dashed lines are: a small group is standardised by median and MAD, so its limit is another."""
    large, small = any(n >= LARGE_GROUP for n in sizes), any(n < LARGE_GROUP for n in sizes)
    texts = [
        *([f"limit {signed(Z_LARGE, 'g')} by mean and sd: groups of {LARGE_GROUP} and more"] if large else []),
        *([f"limit {signed(Z_SMALL, 'g')} by median and MAD: groups under {LARGE_GROUP}"] if small else []),
    ]
    lines = [Line2D([], [], ls="--", color=style.DARK, lw=0.9) for _ in texts]
    legend_below(figure, 1, lines, texts)


def spread_evenly(n: int, half_width: float) -> np.ndarray:
    """Horizontal offsets of n points beside a line: an even sequence, the same for the same n."""
    golden = (np.arange(n) * 0.6180339887498949) % 1.0
    return (golden * 2 - 1) * half_width
