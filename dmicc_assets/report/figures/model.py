"""Figures of the risk model: calibration, decision, instability of its risks. The nomogram is in `nomogram.py`."""

import numpy as np
import polars as pl

from dmicc_assets.report.figures import style
from dmicc_assets.report.figures.legends import legend_below
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.report.figures.texts import plain, wrapped
from dmicc_assets.report.words import curve_in_words, in_curve_order


@style.styled
def calibration(curves: pl.DataFrame, title: str) -> SourcedFigure:
    """Observed share against predicted probability: out of fold, of the fit only, and in each validation dataset.

    Args:
        curves: rows of `model/calibration`, and below them a curve a validation dataset; a curve without
            `observed_corrected` was not fitted there.
        title: of the figure.
    """
    if curves.is_empty():
        return style.note_figure(title, "There is no risk model to calibrate: no biomarker was chosen.")
    figure, axes = style.one_axes(4.0, 4.0, title)
    axes.plot([0, 1], [0, 1], color=style.GREY, lw=0.8, ls=(0, (2, 2)), label="perfect")
    kinds = in_curve_order(curves["kind"])
    # A local fit, and the line of a slope, may leave the shares that there are.
    drawn = curves.with_columns(pl.col("observed", "observed_corrected", "ci_low", "ci_high").clip(0, 1))
    for i, kind in enumerate(kinds):
        curve = drawn.filter(pl.col("kind") == kind).sort("predicted")
        corrected, banded = curve.drop_nulls("observed_corrected"), curve.drop_nulls(["ci_low", "ci_high"])
        colour = style.CATEGORIES[i % 8]
        line = "-." if kind.startswith("external") else "-"
        axes.plot(
            curve["predicted"], curve["observed"], color=colour, ls=line, label=plain(curve_in_words(kind)), gid=kind
        )
        if len(banded):
            axes.fill_between(banded["predicted"], banded["ci_low"], banded["ci_high"], color=colour, alpha=0.13, lw=0)
        if len(corrected):
            axes.plot(
                corrected["predicted"], corrected["observed_corrected"], color=colour, ls="--", lw=1.6,
                label=curve_in_words("corrected"),
            )  # fmt: skip
    axes.set(
        xlabel="predicted probability", ylabel="observed share", xlim=(-0.02, 1.02),
        ylim=(-0.06, 1.06), aspect="equal",
    )  # fmt: skip
    legend = legend_below(figure, 1)
    figure.set_figheight(3.9 + 0.16 * sum(text.get_text().count("\n") + 1 for text in legend.get_texts()))
    columns = ("kind", "predicted", "observed", "observed_corrected", "ci_low", "ci_high")
    figure.source_data = {"curves": curves.select(columns)}
    return figure


@style.styled
def decision_curve(curves: pl.DataFrame, title: str) -> SourcedFigure:
    """Net benefit of acting by the model against everybody and nobody (Vickers 2006, doi:10.1177/0272989X06295361).

    Args:
        curves: rows of `model/decision_curve`.
        title: of the figure.
    """
    if curves.is_empty():
        return style.note_figure(title, "There is no risk model: no biomarker was chosen.")
    kinds = in_curve_order(curves["kind"])
    shares = curves["prevalence"].drop_nulls().unique()
    where = f", where {shares[0]:.2g} of all are cases" if len(shares) == 1 else ""
    figure, panels = style.small_multiples(len(kinds), 3, 2.4, 2.9, title + where)
    lines = (
        ("net_benefit_model", style.VERMILLION, "-", "by the model"),
        ("net_benefit_all", style.BLUE, "--", "everybody"),
        ("net_benefit_none", style.DARK, ":", "nobody"),
    )
    for axes, kind in zip(panels, kinds, strict=True):
        curve = curves.filter(pl.col("kind") == kind).sort("threshold")
        band = curve.drop_nulls(["ci_low", "ci_high"])
        axes.fill_between(band["threshold"], band["ci_low"], band["ci_high"], color=style.VERMILLION, alpha=0.13, lw=0)
        for column, colour, line, label in lines:
            axes.plot(curve["threshold"], curve[column], color=colour, ls=line, label=label)
        best = float(
            np.nanmax(curve.select("net_benefit_model", "net_benefit_all").to_numpy().astype(float), initial=0.0)
        )
        axes.set(
            xlabel="probability to act from",
            xlim=(0, 1),
            ylim=(-0.3 * max(best, 0.05), 1.5 * max(best, 0.05)),
        )
        axes.set_title(wrapped(curve_in_words(kind), 30, 2), fontsize=7)
    panels[0].set_ylabel("net benefit")
    panels[0].legend(loc="upper right")
    figure.source_data = {"curves": curves.select("kind", "threshold", *(c for c, *_ in lines), "ci_low", "ci_high")}
    return figure


@style.styled
def instability(rows: pl.DataFrame, title: str) -> SourcedFigure:
    """Range of each person's risks over bootstraps against the model's (Riley & Collins 2023).

    doi:10.1002/bimj.202200302.

    Args:
        rows: of `validation/instability`.
        title: of the figure.
    """
    if rows.is_empty():
        return style.note_figure(title, "No model was developed anew in bootstraps.")
    figure, axes = style.one_axes(4.0, 4.0, title)
    axes.plot([0, 1], [0, 1], color=style.GREY, lw=0.8, ls=(0, (2, 2)))
    for is_case, name, colour in ((False, "control", style.CONTROL), (True, "case", style.CASE)):
        own = rows.filter(pl.col("is_case") == is_case).sort("probability")
        lines = axes.vlines(own["probability"], own["low"], own["high"], color=colour, lw=0.9, alpha=0.7, label=name)
        lines.set_gid(name)
    mean = rows["mean_absolute_difference"].to_numpy().mean()
    axes.set(
        xlabel=f"risk by the model (mean distance of the others {mean:.2f})", ylabel="risk by models of bootstraps",
        xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal",
    )  # fmt: skip
    legend_below(figure, 2)
    figure.source_data = {"samples": rows.select("sample", "is_case", "probability", "low", "high")}
    return figure
