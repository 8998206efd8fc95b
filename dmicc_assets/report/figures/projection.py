"""Samples in two dimensions, by label and dataset; where they lie is in the tables, by `expression/projection.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from dmicc_assets.report.figures import style
from dmicc_assets.report.figures.legends import legend_below
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.report.figures.texts import plain


@dataclass(frozen=True)
class SampleGroups:
    """Name, label (colour) and dataset (marker) of each of N samples.

    With `case`, the label of the cases, cases and controls have the colours of every other figure, and controls are
    hollow: in grey print this tells them apart when the marker is the dataset. `looks` are the study's colours and
        markers.
    """

    sample: Sequence[str]
    label: Sequence[str]
    dataset: Sequence[str]
    case: str | None = None
    looks: style.Looks | None = None


@style.styled
def pca_plot(components: pl.DataFrame, groups: SampleGroups, title: str) -> SourcedFigure:
    """First two principal components of samples; the axes state the share of the variance.

    Args:
        components: places of the samples (x, y, x_share, y_share), in the order of the groups.
        groups: of the samples.
        title: of the figure.
    """
    figure, axes = style.one_axes(4.2, 3.6, title)
    _draw_components(axes, components, groups)
    _legend(figure, groups)
    figure.source_data = {"samples": _source(components, groups, "PC")}
    return figure


def _source(rows: pl.DataFrame, groups: SampleGroups, axis: str) -> pl.DataFrame:
    """The samples and their places."""
    places = {f"{axis}1": rows["x"], f"{axis}2": rows["y"]}
    return pl.DataFrame({"sample": groups.sample, "label": groups.label, "dataset": groups.dataset} | places)


@style.styled
def pca_before_after(before: pl.DataFrame, after: pl.DataFrame, groups: SampleGroups, title: str) -> SourcedFigure:
    """Principal components of a cohort as merged, and with the batch removed."""
    figure = style.new_figure(7.2, 3.6)
    panels: list[Axes] = list(figure.subplots(1, 2).flat)
    for axes, components, stage in zip(panels, (before, after), ("as merged", "batch removed"), strict=True):
        _draw_components(axes, components, groups)
        axes.set_title(stage)
    style.headline(figure, f"{title}, principal components")
    _legend(figure, groups)
    figure.source_data = {
        "as_merged": _source(before, groups, "PC"),
        "batch_removed": _source(after, groups, "PC"),
    }
    return figure


@style.styled
def tsne_plot(positions: pl.DataFrame, groups: SampleGroups, title: str) -> SourcedFigure:
    """t-SNE of samples; the axes have no meaning, so they have no ticks."""
    figure, axes = style.one_axes(4.2, 3.6, title)
    _draw_points(axes, positions, groups)
    axes.set(xlabel="t-SNE 1", ylabel="t-SNE 2", xticks=[], yticks=[])
    _legend(figure, groups)
    figure.source_data = {"samples": _source(positions, groups, "tSNE")}
    return figure


def _draw_components(axes: Axes, components: pl.DataFrame, groups: SampleGroups) -> None:
    _draw_points(axes, components, groups)
    x_share, y_share = components.select("x_share", "y_share").row(0)
    axes.axhline(0, color=style.LIGHT, lw=0.7, zorder=0)
    axes.axvline(0, color=style.LIGHT, lw=0.7, zorder=0)
    axes.set(xlabel=f"PC1 ({x_share:.1%} of variance)", ylabel=f"PC2 ({y_share:.1%} of variance)")


def _draw_points(axes: Axes, rows: pl.DataFrame, groups: SampleGroups) -> None:
    positions = rows.select("x", "y").to_numpy()
    colours, markers = _looks(groups)
    pairs = list(zip(groups.label, groups.dataset, strict=True))
    for label, dataset in dict.fromkeys(pairs):
        member = np.array([pair == (label, dataset) for pair in pairs])
        axes.plot(
            positions[member, 0], positions[member, 1], markers[(label, dataset)], color=colours[label],
            ms=5, alpha=0.9, gid=f"{label}|{dataset}", **_edge(label, colours[label], groups),
        )  # fmt: skip
    axes.margins(0.08)


def _edge(label: str, colour: str, groups: SampleGroups) -> dict[str, Any]:
    """Edge and filling of a label's markers."""
    if groups.case is not None and label != groups.case:
        return {"mfc": "white", "mec": colour, "mew": 1.1}
    return {"mec": "white", "mew": 0.4}


def _looks(groups: SampleGroups) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """Colour by label; marker by dataset, or by label too when there is one dataset (for grey print)."""
    looks = groups.looks or style.category_styles(groups.label)
    colours = {name: colour for name, (colour, _) in looks.items()}
    if groups.case is not None:
        colours = {name: style.CASE if name == groups.case else style.CONTROL for name in colours}
    datasets = list(dict.fromkeys(groups.dataset))
    by = style.category_styles(groups.dataset) if len(datasets) > 1 else looks
    shapes = {name: marker for name, (_, marker) in by.items()}
    pairs = dict.fromkeys(zip(groups.label, groups.dataset, strict=True))
    return colours, {(label, dataset): shapes[dataset if len(datasets) > 1 else label] for label, dataset in pairs}


def _legend(figure: SourcedFigure, groups: SampleGroups) -> None:
    colours, markers = _looks(groups)
    datasets = list(dict.fromkeys(groups.dataset))
    labels = list(dict.fromkeys(groups.label))
    handles = [
        Line2D(
            [], [], color=colours[label], ls="none", ms=5, **_edge(label, colours[label], groups),
            marker="o" if len(datasets) > 1 else markers[(label, datasets[0])],
            label=f"{label.replace('_', ' ')} ({sum(each == label for each in groups.label)})",
        )
        for label in labels
    ]  # fmt: skip
    if len(datasets) > 1:
        shape = {dataset: markers[pair] for pair in markers for dataset in [pair[1]]}
        handles += [
            Line2D([], [], color=style.DARK, ls="none", ms=5, marker=shape[d], label=plain(d)) for d in datasets
        ]
    legend_below(figure, 2 if len(handles) < 7 else 3, handles)
