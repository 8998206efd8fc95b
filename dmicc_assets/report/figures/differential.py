"""Figures of one cohort's differential expression: volcano, MD, p-values, quantiles, mean-variance."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from dmicc_assets.report.figures import style
from dmicc_assets.report.figures.labels import place_labels
from dmicc_assets.report.figures.legends import legend_below
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.study.schema import Differential
from dmicc_assets.types import FloatArray

_TINY = 1e-300
_MOST_NAMES = 20


@style.styled
def volcano(
    statistics: pl.DataFrame, genes: pl.DataFrame, settings: Differential, named: Sequence[str], title: str
) -> SourcedFigure:
    """Volcano plot: every gene's fold change and p-value, the differentially expressed ones by direction.

    Args:
        statistics: rows of `differential/statistics` of the cohort.
        genes: rows of `differential/genes` of the cohort.
        settings: thresholds, drawn as dashed lines.
        named: genes to name (the signature), the most important first.
        title: the cohort's.
    """
    figure, axes = style.one_axes(4.4, 4.2, title)
    measured = statistics.drop_nulls(["log_fc", "p_value"]).with_columns(
        y=-pl.col("p_value").clip(lower_bound=_TINY).log10()
    )
    _by_direction(axes, measured, genes, "log_fc", "y")
    for x in (-settings.log_fc, settings.log_fc) if settings.log_fc else ():
        axes.axvline(x, color=style.DARK, lw=0.7, ls="--")
    limit = _largest_p(measured, settings)
    if limit is not None:
        axes.axhline(-np.log10(limit), color=style.DARK, lw=0.7, ls="--")
    _same_both_ways(axes, measured["log_fc"].to_numpy())
    axes.set_ylim(0, max(float(measured["y"].max() or 0) * 1.06, 1.0))  # pyright: ignore[reportArgumentType] -- a float column
    axes.set(xlabel="log2 fold change, case over control", ylabel="−log10 p")
    _name(figure, axes, measured, named, "log_fc", "y")
    figure.source_data = {"genes": _source(measured, genes, named, "log_fc", "p_value", "adj_p_value")}
    return figure


@style.styled
def md_plot(statistics: pl.DataFrame, genes: pl.DataFrame, title: str, named: Sequence[str] = ()) -> SourcedFigure:
    """Mean-difference plot: fold change against average expression."""
    figure, axes = style.one_axes(4.4, 3.6, title)
    measured = statistics.drop_nulls(["log_fc", "ave_expr"])
    _by_direction(axes, measured, genes, "ave_expr", "log_fc")
    axes.axhline(0, color=style.DARK, lw=0.7)
    axes.set(xlabel="average log2 expression", ylabel="log2 fold change, case over control")
    axes.margins(0.04)
    _name(figure, axes, measured, named, "ave_expr", "log_fc")
    figure.source_data = {"genes": _source(measured, genes, named, "ave_expr", "log_fc")}
    return figure


def _source(measured: pl.DataFrame, genes: pl.DataFrame, named: Sequence[str], *columns: str) -> pl.DataFrame:
    """The genes of a cloud: values, direction, and whether the figure names them."""
    directions = genes.select("gene", "direction")
    rows = measured.select("gene", *columns).join(directions, on="gene", how="left", maintain_order="left")
    return rows.with_columns(is_named=pl.col("gene").is_in(list(named)))


def _by_direction(axes: Axes, measured: pl.DataFrame, genes: pl.DataFrame, x: str, y: str) -> None:
    """All genes in grey, the differentially expressed over them: up as triangles, down as circles."""
    joined = measured.join(genes.select("gene", "direction"), on="gene", how="left")
    looks = {"up": (style.UP, "^", 3.2), "down": (style.DOWN, "v", 3.2), None: (style.GREY, ".", 2.0)}
    for direction in (None, "down", "up"):
        part = joined.filter(pl.col("direction").eq_missing(pl.lit(direction, dtype=pl.String)))
        colour, marker, size = looks[direction]
        name = f"{direction} in cases" if direction else "other genes"
        axes.plot(
            part[x], part[y], marker, color=colour, ms=size, mew=0, alpha=0.45 if direction is None else 0.85,
            rasterized=True, label=f"{name} ({len(part):,})", gid=direction or "none",
        )  # fmt: skip


def _largest_p(measured: pl.DataFrame, settings: Differential) -> float | None:
    """The largest p-value that passes the study's threshold, at which the horizontal line is drawn."""
    if settings.adjust == "none":
        return settings.p_value
    passing = measured.filter(pl.col("adj_p_value") < settings.p_value)["p_value"].max()
    return None if passing is None else max(float(passing), _TINY)  # pyright: ignore[reportArgumentType] -- a float column


def _same_both_ways(axes: Axes, values: FloatArray) -> None:
    reach = float(np.nanmax(np.abs(values), initial=1.0)) * 1.08
    axes.set_xlim(-reach, reach)


def _name(figure: SourcedFigure, axes: Axes, measured: pl.DataFrame, named: Sequence[str], x: str, y: str) -> None:
    """Ring and name the first of the given genes; the legend says how many there are, and how many had room."""
    rows = pl.DataFrame({"gene": list(named)}, schema={"gene": pl.String}).join(
        measured.select("gene", x, y), on="gene", how="inner", maintain_order="left"
    )
    tried = rows.head(_MOST_NAMES)
    if len(tried):
        # the number of names is known only after the layout, which needs the legend: room for the longest text
        label = f"named: {len(tried)} of {len(rows):,}"
        axes.plot(tried[x], tried[y], "o", mfc="none", mec=style.BLACK, ms=5, mew=0.7, gid="named", label=label)
    legend = legend_below(figure, 2 if len(tried) else 3)
    placed = place_labels(axes, tried[x].to_list(), tried[y].to_list(), tried["gene"].to_list())
    if placed < len(tried):
        legend.get_texts()[-1].set_text(f"named: {placed} of {len(rows):,}")


@style.styled
def p_value_histogram(statistics: pl.DataFrame, pi0: float | None, title: str, n_changed: int = 0) -> SourcedFigure:
    """Histogram of all p-values; flat but for a peak at 0 when the model fits.

    Args:
        statistics: rows of `differential/statistics` of the cohort.
        pi0: Storey's estimate of the share of genes that do not change, which is on average too high; drawn as the
            height it implies; None to leave it out.
        title: the cohort's.
        n_changed: genes that the study calls differentially expressed: the others are at most the share drawn.
    """
    figure, axes = style.one_axes(3.6, 3.0, title)
    p = statistics["p_value"].drop_nulls().to_numpy()
    style.histogram(axes, p, np.linspace(0, 1, 41))
    if pi0 is not None and len(p):
        # Storey's estimate is on average too high: it may count genes that the study calls differentially expressed.
        not_called = 1 - n_changed / len(p)
        share, whose = pi0, "genes without a change, Storey's estimate\n(on average too high)"
        if not_called < pi0:
            share, whose = not_called, "genes not called differentially expressed"
        text = "over 99" if 0.99 < share < 1 else f"{share * 100:.0f}"
        label = f"{whose}: {text} %"
        axes.axhline(share * len(p) / 40, color=style.DARK, ls="--", lw=1, label=label)
        axes.legend(loc="upper right")
    axes.set(xlabel="p-value", ylabel=f"genes a bin (of {len(p):,})", xlim=(0, 1))
    figure.source_data = {"genes": statistics.select("gene", "p_value").drop_nulls()}
    return figure


@style.styled
def moderated_t_qq(expected: FloatArray, observed: FloatArray, title: str) -> SourcedFigure:
    """Observed against expected normal quantiles of the moderated t-statistics.

    Args:
        expected: (G,) ascending (`stats/diagnostic.py`).
        observed: (G,) ascending.
        title: the cohort's.
    """
    figure, axes = style.one_axes(3.6, 3.4, title)
    axes.plot(expected, observed, ".", color=style.BLUE, ms=3, mew=0, rasterized=True)
    if len(expected):
        ends = [float(expected[0]), float(expected[-1])]
        axes.plot(ends, ends, "--", color=style.DARK, lw=1, label="no gene changes")
        axes.legend(loc="upper left")
    axes.set(xlabel="expected normal quantile", ylabel="moderated t, as normal quantile")
    figure.source_data = {"quantiles": pl.DataFrame({"expected": expected, "observed": observed})}
    return figure


@style.styled
def mean_variance(statistics: pl.DataFrame, trend: tuple[FloatArray, FloatArray], title: str) -> SourcedFigure:
    """Square root of the residual standard deviation against average expression, with its lowess trend.

    Args:
        statistics: rows of `differential/statistics` of the cohort.
        trend: average expression and the trend there (`stats/diagnostic.py`).
        title: the cohort's.
    """
    figure, axes = style.one_axes(3.6, 3.0, title)
    measured = statistics.drop_nulls(["ave_expr", "sigma"])
    axes.plot(
        measured["ave_expr"], np.sqrt(measured["sigma"].to_numpy()), ".", color=style.GREY, ms=2, mew=0, alpha=0.5,
        rasterized=True, label=f"{len(measured):,} genes",
    )  # fmt: skip
    axes.plot(*trend, color=style.VERMILLION, lw=1.6, label="trend (lowess)")
    axes.set(xlabel="average log2 expression", ylabel="√ residual standard deviation", ylim=(0, None))
    axes.legend(loc="upper right", markerscale=3)
    figure.source_data = {
        "genes": measured.select("gene", "ave_expr", "sigma"),
        "trend": pl.DataFrame({"ave_expr": trend[0], "sqrt_sigma": trend[1]}),
    }
    return figure
