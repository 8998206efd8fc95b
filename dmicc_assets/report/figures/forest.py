"""Figures of the ranking: cross-validation error against trees, importance with rank intervals, stability."""

from collections.abc import Collection

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from dmicc_assets.report.figures import style
from dmicc_assets.report.figures.legends import legend_below
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.report.figures.texts import shortened
from dmicc_assets.report.words import in_words

_MOST_GENES = 40
_LONGEST_NAME = 24


@style.styled
def error_curve(curve: pl.DataFrame, trees: int, title: str) -> SourcedFigure:
    """Cross-validation error of the forest against its number of trees.

    Args:
        curve: rows of `signature/error_curve` of the cohort.
        trees: number of trees in the study file.
        title: the cohort's.
    """
    if curve.is_empty():
        return style.note_figure(title, "The signature is empty: there is no forest.")
    drawn = curve.sort("n_trees")
    figure, axes = style.one_axes(4.2, 3.0, title)
    axes.plot(drawn["n_trees"], drawn["cv_error"], color=style.BLUE, lw=1.2, label="cross-validation error")
    chosen = drawn.filter(pl.col("is_chosen"))
    for n, error in chosen.select("n_trees", "cv_error").iter_rows():
        axes.plot(n, error, "D", color=style.VERMILLION, ms=6, label=f"fewest trees at the minimum: {n}", zorder=4)
    axes.axvline(trees, color=style.DARK, ls=":", lw=1, label=f"trees of the study: {trees}")
    high = float(np.nanmax(drawn["cv_error"].to_numpy(), initial=0.0))
    axes.set(
        xlabel="number of trees", ylabel="misclassified share", ylim=(-0.02 * max(high, 0.1), max(high, 0.05) * 1.12)
    )
    legend_below(figure, 2)
    figure.source_data = {"curve": drawn.select("n_trees", "cv_error", "is_chosen")}
    return figure


@style.styled
def importance(ranking: pl.DataFrame, biomarkers: Collection[str], top: int, title: str) -> SourcedFigure:
    """Gini importance of each gene, and beside it the interval of its rank over the seeds.

    Args:
        ranking: rows of `signature/ranking` of the cohort.
        biomarkers: genes drawn in colour.
        top: highest rank that counts, for the dashed line.
        title: the cohort's.
    """
    if ranking.is_empty():
        return style.note_figure(title, "The signature is empty: there is nothing to rank.")
    drawn = ranking.sort("rank").head(_MOST_GENES)
    n = len(drawn)
    figure = style.new_figure(5.4, 1.35 + 0.165 * max(n, 4))
    bars, ranks = figure.subplots(1, 2, sharey=True, width_ratios=[1.5, 1])
    y = np.arange(n)
    chosen = drawn["gene"].is_in(list(biomarkers)).to_numpy()
    colours = np.where(chosen, style.VERMILLION, style.SKY)
    drawn_bars = bars.barh(y, drawn["gini_importance"], color=list(colours), height=0.68)
    for bar, is_chosen in zip(drawn_bars, chosen, strict=True):
        bar.set_hatch("////" if is_chosen else "")
        bar.set_edgecolor("white")
    bars.set_yticks(y, [shortened(gene, _LONGEST_NAME) for gene in drawn["gene"]], fontsize=style.SMALL)
    bars.set(xlabel="mean decrease of Gini impurity", ylim=(n - 0.4, -0.6))
    suffix = f" (first {n} of {len(ranking)})" if n < len(ranking) else ""
    style.headline(figure, title + suffix)
    _rank_intervals(ranks, drawn, chosen, top)
    handles = [drawn_bars[i] for i in (int(np.argmax(chosen)),) if chosen.any()]
    if handles:
        legend_below(figure, 1, handles, ["biomarker"])
    rows = drawn.select("gene", "rank", "gini_importance", "rank_low", "rank_high")
    figure.source_data = {"genes": rows.with_columns(is_biomarker=pl.Series(chosen))}
    return figure


def _rank_intervals(axes: Axes, drawn: pl.DataFrame, chosen: np.ndarray, top: int) -> None:
    y = np.arange(len(drawn))
    style.segments(axes, drawn["rank_low"], drawn["rank_high"], y, y, style.GREY, 1.4)
    for member, colour, marker in ((chosen, style.VERMILLION, "D"), (~chosen, style.BLUE, "o")):
        axes.plot(drawn["rank"].to_numpy()[member], y[member], marker, color=colour, ms=3.6)
    axes.axvline(top + 0.5, color=style.DARK, ls="--", lw=0.8)
    axes.text(top + 0.5, -0.75, f" top {top}", fontsize=style.SMALL, va="bottom", ha="left")
    axes.set(xlabel="rank, 95 % of the seeds", xlim=(0, None))
    axes.tick_params(left=False)


@style.styled
def stability(frequencies: pl.DataFrame, biomarkers: Collection[str], title: str) -> SourcedFigure:
    """How often each gene is chosen again when the samples vary.

    Args:
        frequencies: rows of `signature/stability`.
        biomarkers: genes named in bold.
        title: of the figure.
    """
    if frequencies.is_empty():
        return style.note_figure(title, "No gene was chosen.")
    methods = frequencies["method"].unique().sort().to_list()
    highest = (
        frequencies.group_by("gene")
        .agg(pl.col("frequency").mean().alias("mean"))
        .sort(["mean", "gene"], descending=[True, False])
    )
    genes = highest["gene"].head(_MOST_GENES).to_list()
    figure, axes = style.one_axes(5.0, 1.5 + 0.165 * max(len(genes), 4))
    for method, (colour, marker) in style.category_styles(methods).items():
        part = frequencies.filter((pl.col("method") == method) & pl.col("gene").is_in(genes))
        axes.plot(
            part["frequency"], [genes.index(gene) for gene in part["gene"]], marker, color=colour, ms=4.5, mec="white",
            mew=0.4, label=in_words(method),
        )  # fmt: skip
    rows = np.arange(len(genes))
    style.segments(axes, 0, 1, rows, rows, style.LIGHT, 0.6, zorder=0)
    axes.set_yticks(range(len(genes)), [shortened(gene, _LONGEST_NAME) for gene in genes], fontsize=style.SMALL)
    for tick, gene in zip(axes.get_yticklabels(), genes, strict=True):
        tick.set_fontweight("bold" if gene in biomarkers else "normal")
    axes.axvline(0.5, color=style.DARK, ls="--", lw=0.8)
    axes.set(xlim=(-0.03, 1.03), ylim=(len(genes) - 0.4, -0.6), xlabel="share of the repeats that choose the gene")
    suffix = f" (first {len(genes)} of {len(highest)})" if len(genes) < len(highest) else ""
    style.headline(figure, title + suffix + ("; biomarkers bold" if biomarkers else ""))
    legend_below(figure, 2)
    shown = pl.DataFrame({"gene": genes})
    rows = shown.join(frequencies.select("gene", "method", "frequency"), on="gene", maintain_order="left")
    figure.source_data = {"genes": rows}
    return figure
