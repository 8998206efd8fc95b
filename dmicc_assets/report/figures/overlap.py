"""Figures of what cohorts share: Venn diagram, UpSet plot, agreement of log fold changes."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse

from dmicc_assets.report.figures import style
from dmicc_assets.report.figures.labels import place_labels
from dmicc_assets.report.figures.legends import legend_below
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.report.figures.texts import wrapped

GeneSets = Mapping[str, frozenset[str]]
_CENTRES = {2: [(-0.52, 0.0), (0.52, 0.0)], 3: [(-0.5, 0.3), (0.5, 0.3), (0.0, -0.55)]}
_NAMED_AT_MOST = 16
_MOST_LABELS = 20


def exclusive_counts(sets: GeneSets) -> dict[frozenset[str], frozenset[str]]:
    """Elements that are in exactly these sets, for each combination of sets; empty ones are left out."""
    parts: dict[frozenset[str], set[str]] = {}
    for element in frozenset().union(*sets.values()):
        members = frozenset(name for name, members in sets.items() if element in members)
        parts.setdefault(members, set()).add(element)
    return {members: frozenset(elements) for members, elements in parts.items()}


@style.styled
def venn(sets: GeneSets, titles: Mapping[str, str], title: str) -> SourcedFigure:
    """Venn diagram of two or three gene lists; circles are not to scale. A short intersection is named.

    Args:
        sets: genes of each cohort.
        titles: what to call each cohort.
        title: of the figure.

    Raises:
        ValueError: not two or three sets; `upset` draws any number.
    """
    if len(sets) not in _CENTRES:
        raise ValueError(f"a Venn diagram is of two or three sets, got {len(sets)}")
    figure, axes = style.one_axes(4.2, 3.1 if len(sets) == 2 else 4.3, title)
    axes.set_axis_off()
    axes.set(xlim=(-1.95, 1.95), ylim=(-1.42, 1.25) if len(sets) == 2 else (-2.5, 1.55), aspect="equal")
    centres = np.array(_CENTRES[len(sets)])
    for i, (name, centre) in enumerate(zip(sets, centres, strict=True)):
        colour = (style.BLUE, style.ORANGE, style.GREEN)[i]
        axes.add_patch(Ellipse((centre[0], centre[1]), 1.9, 1.9, fc=colour, alpha=0.28, ec="none"))
        axes.add_patch(
            Ellipse((centre[0], centre[1]), 1.9, 1.9, fc="none", ec=style.DARK, lw=1, ls=("-", "--", "-.")[i])
        )
        below = len(sets) == 3 and i == 2
        axes.text(
            centre[0] * (1.75 if len(sets) == 2 else 1.5), centre[1] + (-1.0 if below else 1.0),
            wrapped(titles[name], 20), ha="center",
            va="top" if below else "bottom", fontsize=8,
        )  # fmt: skip
    parts = exclusive_counts(sets)
    for size in range(1, len(sets) + 1):
        for members in combinations(sets, size):
            x, y = _place(centres, [list(sets).index(name) for name in members])
            count = len(parts.get(frozenset(members), ()))
            axes.text(x, y, f"{count:,}", ha="center", va="center", fontsize=11, gid="&".join(members))
    shared = sorted(parts.get(frozenset(sets), ()))
    names = ", ".join(shared[:_NAMED_AT_MOST]) + (" …" if len(shared) > _NAMED_AT_MOST else "")
    if shared:
        # below the name of the third circle, which has up to three lines
        y = -1.05 if len(sets) == 2 else -1.66 - 0.16 * (wrapped(list(titles.values())[2], 20).count("\n") + 1)
        axes.text(0, y, wrapped(f"in all: {names}", 56), ha="center", va="top", fontsize=style.SMALL)
    figure.source_data = {"genes": _membership(sets)}
    return figure


def _membership(sets: GeneSets) -> pl.DataFrame:
    """For every gene of any cohort, in which cohorts it is."""
    genes = sorted(frozenset().union(*sets.values()))
    return pl.DataFrame(
        {"gene": genes} | {f"in {name}": [gene in held for gene in genes] for name, held in sets.items()}
    )


def _place(centres: np.ndarray, members: Sequence[int]) -> tuple[float, float]:
    """Position of a region's number: towards its own circles, away from the others."""
    own = centres[list(members)].mean(axis=0)
    others = [i for i in range(len(centres)) if i not in members]
    if not others:
        return float(own[0]), float(own[1])
    away = own - centres[others].mean(axis=0)
    reach = {2: 0.35, 3: 0.38 if len(members) == 1 else 0.3}[len(centres)]
    x, y = own + reach * away
    return float(x), float(y)


@style.styled
def upset(sets: GeneSets, titles: Mapping[str, str], title: str, most: int = 20) -> SourcedFigure:
    """UpSet plot (Lex 2014, doi:10.1109/TVCG.2014.2346248): number of genes in exactly these cohorts.

    Args:
        sets: genes of each cohort.
        titles: what to call each cohort.
        title: of the figure.
        most: intersections to draw, the largest first; the one of all cohorts is always among them.
    """
    parts = exclusive_counts(sets)
    order = sorted(parts, key=lambda members: (-len(parts[members]), sorted(members)))
    everything = frozenset(sets)
    kept = [members for i, members in enumerate(order) if i < most or members == everything]
    figure = style.new_figure(max(4.2, 2.4 + 0.38 * len(kept)), 2.3 + 0.3 * len(sets))
    style.headline(figure, title)
    bars, dots = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [2.2, 0.42 * len(sets) + 0.2]})
    heights = [len(parts[members]) for members in kept]
    colours = [style.VERMILLION if members == everything else style.BLUE for members in kept]
    drawn = bars.bar(range(len(kept)), heights, color=colours, width=0.62)
    for bar, members in zip(drawn, kept, strict=True):
        bar.set_hatch("////" if members == everything else "")
        bar.set_edgecolor("white")
    for i, height in enumerate(heights):
        bars.text(i, height, f"{height:,}", ha="center", va="bottom", fontsize=7)
    bars.set(ylabel="genes", ylim=(0, max(heights, default=1) * 1.15), xlim=(-0.6, max(len(kept), 1) - 0.4))
    bars.tick_params(bottom=False, labelbottom=False)
    names = list(sets)
    for i, members in enumerate(kept):
        rows = [names.index(name) for name in members]
        dots.plot([i] * len(names), range(len(names)), "o", color=style.LIGHT, ms=6)
        dots.plot([i] * len(rows), sorted(rows), "o-", color=style.DARK, ms=6, lw=1.4)
    ticks = [f"{wrapped(titles[name], 26, 1)} ({len(sets[name]):,})" for name in names]
    dots.set_yticks(range(len(names)), ticks)
    dots.set_ylim(len(names) - 0.5, -0.5)
    dots.spines[:].set_visible(False)
    dots.tick_params(length=0, labelbottom=False)
    figure.source_data = {"genes": _membership(sets)}
    return figure


@style.styled
def concordance(
    first: pl.DataFrame, second: pl.DataFrame, shared: pl.DataFrame, names: tuple[str, str], title: str
) -> SourcedFigure:
    """Log fold changes of two cohorts against each other; the signature by agreement of direction.

    Args:
        first: columns gene and log_fc of the first cohort's statistics.
        second: the same of the second cohort.
        shared: columns gene and is_concordant, one row for each gene of the signature.
        names: what to call the two cohorts.
        title: of the figure.
    """
    both = first.select("gene", x="log_fc").join(second.select("gene", y="log_fc"), on="gene").drop_nulls()
    figure, axes = style.one_axes(4.4, 4.4, title)
    axes.plot(
        both["x"], both["y"], ".", color=style.GREY, ms=2, mew=0, alpha=0.4, rasterized=True,
        label=f"genes of both ({len(both):,})",
    )  # fmt: skip
    signature = shared.unique("gene").join(both, on="gene").sort("gene")
    looks = ((True, style.GREEN, "o", "same direction"), (False, style.VERMILLION, "D", "opposite direction"))
    for concordant, colour, marker, text in looks:
        part = signature.filter(pl.col("is_concordant") == concordant)
        axes.plot(part["x"], part["y"], marker, color=colour, ms=5, mec="white", mew=0.5, label=f"{text} ({len(part)})")
    axes.axhline(0, color=style.DARK, lw=0.6)
    axes.axvline(0, color=style.DARK, lw=0.6)
    _symmetric(axes, both)
    axes.set(xlabel=wrapped(f"log2 fold change, {names[0]}", 52), ylabel=wrapped(f"log2 fold change, {names[1]}", 52))
    legend_below(figure, 2)
    ranked = (
        signature.with_columns(size=pl.col("x").abs() + pl.col("y").abs())
        .sort("size", descending=True)
        .head(_MOST_LABELS)
    )
    place_labels(axes, ranked["x"].to_list(), ranked["y"].to_list(), ranked["gene"].to_list())
    directions = signature.select("gene", "is_concordant")
    rows = both.join(directions, on="gene", how="left", maintain_order="left")
    figure.source_data = {"genes": rows.rename({"x": "log_fc_first", "y": "log_fc_second"})}
    return figure


def _symmetric(axes: Axes, both: pl.DataFrame) -> None:
    for column, limit in (("x", axes.set_xlim), ("y", axes.set_ylim)):
        reach = float(np.abs(both[column].to_numpy()).max(initial=1.0)) * 1.1
        limit(-reach, reach)
