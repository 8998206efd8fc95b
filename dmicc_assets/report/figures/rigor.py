"""Figures of null distributions and of the signature under other thresholds."""

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from dmicc_assets.report.figures import style
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.report.figures.texts import wrapped
from dmicc_assets.report.words import in_words, setting_in_words

_MOST_PANELS = 12


@style.styled
def null_distributions(nulls: pl.DataFrame, title: str) -> SourcedFigure:
    """What the same procedure finds under the null hypothesis, and what it found in the study.

    Args:
        nulls: rows of `rigor/nulls`; draw 0 is the observed value.
        title: of the figure.
    """
    keys = nulls.select("null", "subject", "statistic").unique(maintain_order=True).head(_MOST_PANELS)
    if keys.is_empty():
        return style.note_figure(title, "No null distribution was drawn (permutations: 0 in the study file).")
    figure, panels = style.small_multiples(len(keys), 3, 2.4, 2.5, title)
    for axes, (null, subject, statistic) in zip(panels, keys.iter_rows(), strict=True):
        rows = nulls.filter(
            (pl.col("null") == null) & (pl.col("subject") == subject) & (pl.col("statistic") == statistic)
        )
        observed = rows.filter(pl.col("draw") == 0)["value"].drop_nulls().drop_nans()
        draws = rows.filter(pl.col("draw") > 0)["value"].drop_nulls().drop_nans().to_numpy()
        _null_panel(axes, draws, float(observed[0]) if len(observed) else None)
        axes.set_title(wrapped(f"{subject}: {in_words(null)}", 30, 2), fontsize=style.SMALL)
        axes.set_xlabel(wrapped(in_words(statistic), 34, 2), fontsize=7)
    for axes in panels[:: min(3, len(panels))]:
        axes.set_ylabel("draws")
    columns = ("null", "subject", "statistic", "draw", "value")
    figure.source_data = {"draws": nulls.join(keys, on=columns[:3], how="semi").select(columns)}
    return figure


def _null_panel(axes: Axes, draws: np.ndarray, observed: float | None) -> None:
    is_count = bool(len(draws)) and bool(np.all(draws == np.rint(draws))) and float(np.ptp(draws)) < 40
    bins = np.arange(float(draws.min()) - 0.5, float(draws.max()) + 1.5) if is_count else 30
    style.histogram(axes, draws, bins)
    axes.set_ylim(0, axes.get_ylim()[1] * 1.3)
    if observed is None:
        return
    reached = int((draws >= observed).sum())
    axes.axvline(observed, ymax=0.8, color=style.VERMILLION, lw=1.6, gid="observed")
    axes.margins(x=0.08)
    axes.text(
        0.98, 0.98, f"observed {observed:.3g}\nreached by {reached:,} of {len(draws):,} draws",
        transform=axes.transAxes, ha="right", va="top", fontsize=style.SMALL, color=style.VERMILLION,
    )  # fmt: skip


@style.styled
def sensitivity(grid: pl.DataFrame, title: str) -> SourcedFigure:
    """The signature when one setting differs: its size and its overlap with the study's signature.

    Args:
        grid: rows of `signature/sensitivity`; single changes are drawn.
        title: of the figure.
    """
    drawn = grid.filter(pl.col("is_single_change")).sort("setting")
    if drawn.is_empty():
        return style.note_figure(title, "No other setting was tried.")
    n = len(drawn)
    figure = style.new_figure(5.6, 1.3 + 0.24 * n)
    left, right = figure.subplots(1, 2, sharey=True)
    y = np.arange(n)
    left.barh(y, drawn["n_shared"], color=style.SKY, edgecolor="white", height=0.66)
    for i, count in enumerate(drawn["n_shared"]):
        left.text(count, i, f" {count}", va="center", fontsize=style.SMALL)
    left.set_yticks(y, [wrapped(setting_in_words(name), 34, 1) for name in drawn["setting"]])
    left.set(xlabel="genes of the signature", ylim=(n - 0.4, -0.6))
    left.margins(x=0.14)
    style.segments(right, 0, drawn["jaccard"], y, y, style.LIGHT, 1)
    right.plot(drawn["jaccard"], y, "D", color=style.BLUE, ms=4.5)
    right.axvline(0.5, color=style.DARK, ls="--", lw=0.8)
    right.set(xlim=(0, 1.04), xlabel="Jaccard index with the study's")
    right.tick_params(left=False)
    style.headline(figure, title)
    figure.source_data = {"settings": drawn.select("setting", "n_shared", "jaccard")}
    return figure
