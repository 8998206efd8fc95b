"""Figures of enrichment: dot plots of over-represented terms, running sums of preranked gene sets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dmicc_assets.enrichment.running_sum import RunningSum
from dmicc_assets.report.figures import style
from dmicc_assets.report.figures.legends import legend_below
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.report.figures.texts import wrapped
from dmicc_assets.wording import counted, signed

_TINY = 1e-300
# Smallest false discovery rate that a thousand permutations can resolve.
FDR_TOLD = 0.001
# Share of a panel's height under the running sum, where its genes are marked.
_HITS = 0.2


@dataclass(frozen=True)
class RankedSet:
    """A gene set with its running sum, normalised score and false discovery rate."""

    name: str
    sum: RunningSum
    nes: float
    camera_p: float | None


@style.styled
def term_dots(terms: pl.DataFrame, limit: float, title: str, most: int = 12) -> SourcedFigure:
    """The terms with the smallest p-values: share of the query, overlap, adjusted p-value.

    Args:
        terms: rows of `enrichment/terms` of one cohort and library.
        limit: adjusted p-value under which a term counts; filled dots are below it.
        title: cohort and library.
        most: terms to draw.
    """
    drawn = terms.sort(["p_value", "term"]).head(most).reverse()
    if drawn.is_empty():
        return style.note_figure(title, "No gene set of the library was tested.")
    is_telling = drawn["term_name"].drop_nulls().n_unique() == drawn["term_name"].count()
    names = [_label(name if is_telling else None, term) for name, term in drawn.select("term_name", "term").iter_rows()]
    lines = max(name.count("\n") + 1 for name in names)
    figure, axes = style.one_axes(5.6, 1.6 + (0.06 + 0.115 * max(lines, 2)) * len(drawn), title)
    share = (drawn["n_overlap"] / drawn["n_query"].clip(lower_bound=1)).to_numpy()
    strength = -drawn["adj_p_value"].clip(lower_bound=_TINY).log10().to_numpy()
    sizes = _dot_sizes(drawn["n_overlap"].to_numpy())
    is_below = drawn["adj_p_value"].to_numpy() < limit
    top = max(float(strength.max()), 2.0)
    dots = axes.scatter(
        share, np.arange(len(drawn)), s=sizes, c=strength, cmap=style.SCORES_MAP, vmin=0, vmax=top,
        edgecolors=style.DARK, linewidths=np.where(is_below, 0.6, 0.0).tolist(), zorder=3,
    )  # fmt: skip
    axes.plot(share[~is_below], np.flatnonzero(~is_below), "x", color="white", ms=3, mew=0.8, zorder=4)
    rows = np.arange(len(drawn))
    style.segments(axes, 0, share, rows, rows, style.LIGHT, 0.8)
    axes.set_yticks(range(len(drawn)), names, fontsize=style.SMALL, linespacing=1.1)
    axes.set(ylim=(-0.7, len(drawn) - 0.3), xlim=(0, float(share.max()) * 1.14))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel(f"share of the {drawn['n_query'].max()} differentially\nexpressed genes with a term")
    beside = figure.add_axes((0.9, 0.2, 0.13 / 5.6, 0.6), axes_class=Axes)
    figure.beside.append(beside)
    bar = figure.colorbar(dots, cax=beside)
    bar.set_label("−log10 adjusted p", fontsize=7)
    _size_legend(figure, drawn["n_overlap"].to_numpy(), bool(is_below.all()), limit)
    columns = ("term", "term_name", "n_overlap", "n_query", "p_value", "adj_p_value")
    figure.source_data = {"terms": drawn.reverse().select(columns)}
    return figure


def _dot_sizes(n: np.ndarray) -> np.ndarray:
    return 18 + 110 * n / max(float(n.max()), 1.0)


def _size_legend(figure: SourcedFigure, n: np.ndarray, all_below: bool, limit: float) -> None:
    values = sorted({int(n.min()), int(np.median(n)), int(n.max())})
    sizes = 18 + 110 * np.array(values) / max(float(n.max()), 1.0)
    handles = [
        Line2D(
            [],
            [],
            ls="none",
            marker="o",
            color=style.GREY,
            ms=float(np.sqrt(s)),
            label=counted(v, "gene"),
        )
        for v, s in zip(values, sizes, strict=True)
    ]
    if not all_below:
        handles.append(
            Line2D([], [], ls="none", marker="x", color=style.DARK, ms=4, label=f"white cross: adjusted p ≥ {limit:g}")
        )
    legend_below(figure, len(handles), handles, labelspacing=1.2)


@style.styled
def running_sums(sets: Sequence[RankedSet], title: str) -> SourcedFigure:
    """Running sum of each gene set along all genes ranked by moderated t, its hits below.

    Args:
        sets: the gene sets, the strongest first.
        title: the cohort's.
    """
    if not sets:
        return style.note_figure(title, "No gene set was tested.")
    figure, panels = style.small_multiples(len(sets), 3, 2.4, 2.35, title, above=0.2)
    for panel, each in zip(panels, sets, strict=True):
        box = panel.get_position()
        low = box.height * _HITS
        panel.set_position((box.x0, box.y0 + low, box.width, box.height - low))
        hits = figure.add_axes((box.x0, box.y0, box.width, low * 0.94), sharex=panel)
        _running_sum(panel, hits, each)
    for panel in panels[::3]:
        panel.set_ylabel("running sum", fontsize=style.SMALL)
    figure.source_data = {"hits": pl.concat([_hits(each) for each in sets])}
    return figure


def _hits(each: RankedSet) -> pl.DataFrame:
    """The ranks of a set's genes, from 1, and the running sum there."""
    rows = {"set": each.name, "rank": each.sum.hits + 1, "running_sum": each.sum.curve[each.sum.hits]}
    return pl.DataFrame(rows).with_columns(nes=pl.lit(each.nes), camera_p=pl.lit(each.camera_p, dtype=pl.Float64))


def _running_sum(curve: Axes, hits: Axes, each: RankedSet) -> None:
    colour = style.UP if each.sum.score > 0 else style.DOWN
    n = len(each.sum.curve)
    # the points just before and at every hit are enough to draw the curve of 20,000 steps
    turns = np.unique(np.concatenate([[0, n - 1], each.sum.hits, np.maximum(each.sum.hits - 1, 0)]))
    curve.plot(turns, each.sum.curve[turns], color=colour, lw=1.2)
    curve.axhline(0, color=style.DARK, lw=0.6)
    curve.plot(each.sum.peak, each.sum.score, "v" if each.sum.score > 0 else "^", color=style.DARK, ms=4)
    # above the axes, because a curve can pass anywhere inside them
    curve.set_title(wrapped(_in_words(each.name), 32, 2), fontsize=7, pad=15)
    tested = "" if each.camera_p is None else f", camera adjusted p {signed(each.camera_p, '.2g')}"
    told = f"NES {signed(each.nes, '.2f')}{tested}"
    curve.annotate(told, (0, 1), (0, 5), xycoords="axes fraction", textcoords="offset points", fontsize=style.SMALL)
    curve.tick_params(labelbottom=False, bottom=False, labelsize=style.SMALL)
    style.segments(hits, each.sum.hits, each.sum.hits, 0, 1, style.DARK, 0.4)
    hits.set(yticks=[], ylim=(0, 1), xlim=(-0.01 * n, 1.01 * n))
    hits.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    hits.xaxis.set_major_formatter("{x:,.0f}")
    hits.spines["left"].set_visible(False)
    hits.set_xlabel(f"rank by moderated t (1 to {n:,})", fontsize=style.SMALL)
    hits.tick_params(labelsize=style.SMALL)


def _label(name: str | None, term: str) -> str:
    """A term's name in two lines; a longer one ends in its identifier, because long names differ at their ends."""
    text = _in_words(name or term)
    lines = wrapped(text, 42, 2)
    return lines if "…" not in lines or name in (None, term) else f"{lines}\n({term})"


def _in_words(name: str) -> str:
    """A name with spaces, so that it can be broken into lines."""
    return name if " " in name else name.replace("_", " ")
