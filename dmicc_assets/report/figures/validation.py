"""Figures of validation: expression of genes in both groups with the test, ROC curves with bands."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from dmicc_assets.report.figures import style
from dmicc_assets.report.figures.dataset import spread_evenly
from dmicc_assets.report.figures.legends import legend_below
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.report.figures.texts import p_text, shortened
from dmicc_assets.report.words import in_words
from dmicc_assets.results.intervals import estimate_text
from dmicc_assets.stats.roc_band import RocBand
from dmicc_assets.types import CaseControl, FloatArray
from dmicc_assets.wording import counted

MOST_GENES = 12
# Characters of a line of the legend of ROC curves, which stands under a panel of 4 inches.
_LEGEND_WIDTH = 52
# subject, predictor and kind of a curve
CurveKey = tuple[str, str, str]


@style.styled
def expression_boxes(subject: CaseControl, genes: Sequence[str], tests: pl.DataFrame, title: str) -> SourcedFigure:
    """Box plot of each gene in cases and controls, every sample a point, with the p-value of the test.

    Args:
        subject: a cohort (batch removed) or a validation dataset; genes that it lacks are not drawn.
        genes: genes in the order of drawing; the first 12 that are measured.
        tests: rows of `validation/expression_tests` of the subject.
        title: the subject's.
    """
    measured = [gene for gene in genes if gene in subject.matrix.features]
    drawn = measured[:MOST_GENES]
    if not drawn:
        return style.note_figure(title, "None of the genes is measured here." if genes else "The signature is empty.")
    matrix = subject.matrix.take_features(drawn)
    columns = min(len(drawn), 4)
    some = f"the first {len(drawn)} of " if len(drawn) < len(measured) else ""
    note = f", expression of {some}{counted(len(measured), 'gene')}"
    width = 1.8 if len(drawn) > 2 else 2.0
    figure, panels = style.small_multiples(len(drawn), columns, width, 2.35, title + note)
    for i, (axes, gene) in enumerate(zip(panels, drawn, strict=True)):
        rows = tests.filter(pl.col("gene") == gene)
        row = rows.row(0, named=True) if len(rows) else {}
        _group_boxes(axes, matrix.values[i], subject, row)
        axes.set_title(shortened(gene, 14), fontsize=8, style="italic")
        if i % columns == 0:
            axes.set_ylabel("log2 expression")
    samples = {"sample": matrix.samples, "dataset": subject.dataset, "is_case": subject.is_case}
    values = zip(drawn, matrix.values, strict=True)
    rows = [pl.DataFrame({"gene": gene, **samples, "log2_expression": own}) for gene, own in values]
    figure.source_data = {"samples": pl.concat(rows)}
    p = tests.filter(pl.col("gene").is_in(drawn)).select("gene", "p_value", "chosen_here", "agrees")
    figure.source_data |= {"tests": p} if len(p) else {}
    return figure


def _group_boxes(axes: Axes, values: FloatArray, subject: CaseControl, test: Mapping[str, object]) -> None:
    looks = (
        (~subject.is_case, style.CONTROL, "", style.CONTROL_MARKER),
        (subject.is_case, style.CASE, "////", style.CASE_MARKER),
    )
    groups = [values[member & ~np.isnan(values)] for member, *_ in looks]
    for place, (group, (_, colour, hatch, marker)) in enumerate(zip(groups, looks, strict=True)):
        if len(group) == 0:
            continue
        _box(axes, place, group, colour, hatch)
        x = place + spread_evenly(len(group), 0.22)
        axes.plot(
            x, group, marker, color=style.DARK, ms=2.6, mew=0.3, mec="white", zorder=3, gid=("control", "case")[place]
        )
    axes.set_xticks([0, 1], [f"control\n({len(groups[0])})", f"case\n({len(groups[1])})"])
    axes.set_xlim(-0.6, 1.6)
    together = np.concatenate(groups)
    if len(together) == 0:
        return
    low, high = float(together.min()), float(together.max())
    room = max(high - low, 0.1)
    axes.set_ylim(low - 0.06 * room, high + 0.27 * room)
    p = test.get("p_value")
    text = p_text(p if isinstance(p, float) else None)
    if text and test.get("chosen_here") is True:
        text += "\nchosen here"
    if test.get("agrees") is False:
        text += "\nother direction" if text else "other direction"
    if text:
        y = high + 0.08 * room
        axes.plot([0, 0, 1, 1], [y - 0.02 * room, y, y, y - 0.02 * room], color=style.DARK, lw=0.7)
        axes.text(0.5, y + 0.015 * room, text, ha="center", va="bottom", fontsize=style.SMALL)
        axes.set_ylim(top=high + (0.15 + 0.12 * (text.count("\n") + 1)) * room)


def _box(axes: Axes, place: float, values: FloatArray, colour: str, hatch: str) -> None:
    """Quartiles as a box, and whiskers to the last value within one and a half times its height (Tukey 1977)."""
    q1, median, q3 = np.percentile(values, (25, 50, 75))
    reach = 1.5 * (q3 - q1)
    low = min(float(values[values >= q1 - reach].min(initial=q1)), float(q1))
    high = max(float(values[values <= q3 + reach].max(initial=q3)), float(q3))
    left, right, inner = place - 0.31, place + 0.31, 0.155
    # the hatch takes the edge's colour
    corners = (left, q1), right - left, q3 - q1
    axes.add_patch(Rectangle(*corners, fc=style.tint(colour), ec=colour, hatch=hatch, lw=0.7))
    x0, x1 = (place, place, place - inner, place - inner), (place, place, place + inner, place + inner)
    style.segments(axes, x0, x1, (q3, q1, high, low), (high, low, high, low), style.BLACK, 0.7)
    style.segments(axes, left, right, median, median, style.BLACK, 1.4, gid="median")


@style.styled
def roc_curves(
    curves: pl.DataFrame, areas: pl.DataFrame, bands: Mapping[CurveKey, RocBand], title: str, most: int = 8
) -> SourcedFigure:
    """ROC curves with pointwise 95 % bands; the legend gives each area with DeLong's interval.

    Args:
        curves: rows of `validation/roc_curve`; one curve a (subject, predictor, kind).
        areas: rows of `validation/roc` of the same curves; they decide which are drawn, and their order.
        bands: band of each curve that has one (`stats/roc_band.py`).
        title: of the figure.
        most: curves to draw.
    """
    figure, axes = style.one_axes(4.0, 4.0, title)
    axes.plot([0, 1], [0, 1], color=style.GREY, lw=0.8, ls=(0, (2, 2)))
    several = areas["subject"].n_unique() > 1
    shown: list[pl.DataFrame] = []
    for row in areas.iter_rows(named=True):
        key: CurveKey = (row["subject"], row["predictor"], row["kind"])
        curve = curves.filter(
            (pl.col("subject") == key[0]) & (pl.col("predictor") == key[1]) & (pl.col("kind") == key[2])
        ).sort("fpr", "tpr")
        if curve.is_empty() or len(shown) >= most:
            continue
        colour, line = style.CATEGORIES[len(shown) % 8], style.LINES[len(shown) % 8]
        if key in bands:
            band = bands[key]
            axes.fill_between(band.fpr, band.low, band.high, color=colour, alpha=0.13, lw=0, zorder=1)
        axes.plot(
            curve["fpr"],
            curve["tpr"],
            color=colour,
            ls=line,
            label=_curve_label(row, several),
            gid="|".join(key),
            zorder=3,
        )
        if row["sensitivity"] is not None and row["specificity"] is not None and row["predictor"] == "model":
            axes.plot(1 - row["specificity"], row["sensitivity"], "o", color=colour, ms=4, mec="white", zorder=4)
        shown.append(curve)
    axes.set(
        xlabel="false positive rate (1 − specificity)",
        ylabel="sensitivity",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
        aspect="equal",
    )
    legend = legend_below(figure, 1, handlelength=2.8)
    n_lines = sum(text.get_text().count("\n") + 1 for text in legend.get_texts())
    figure.set_figheight(3.9 + 0.16 * max(n_lines, 1))
    if shown:
        columns = ("subject", "predictor", "kind", "fpr", "tpr")
        figure.source_data = {"curves": pl.concat(shown).select(columns)} | _band_source(bands)
    return figure


def _band_source(bands: Mapping[CurveKey, RocBand]) -> dict[str, pl.DataFrame]:
    """The bands as one frame, when there are any."""
    rows = [
        pl.DataFrame(dict(zip(("subject", "predictor", "kind"), key, strict=True))).join(
            pl.DataFrame({"fpr": band.fpr, "low": band.low, "high": band.high}), how="cross"
        )
        for key, band in bands.items()
    ]
    return {"bands": pl.concat(rows)} if rows else {}


def _curve_label(row: Mapping[str, object], several: bool) -> str:
    where = f"{row['subject']}: " if several else ""
    predictor = in_words("model_raw") if row["predictor"] == "model_raw" else shortened(str(row["predictor"]), 24)
    kind = in_words(str(row["kind"]))
    kind += " (chosen here)" if row.get("chosen_here") is True and "chosen here" not in kind else ""
    auc, low, high = (
        value if isinstance(value, float) else None for value in (row["auc"], row["ci_low"], row["ci_high"])
    )
    # A line of the legend is no wider than the figure: long names go on in a second one.
    return textwrap.fill(f"{where}{predictor}, {kind}, AUC {estimate_text(auc, low, high)}", _LEGEND_WIDTH)
