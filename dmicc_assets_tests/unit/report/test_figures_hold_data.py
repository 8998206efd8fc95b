"""Figures show the values of their tables, read from the artists, not from pixels."""

import re
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from matplotlib import cbook
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation, Text

from dmicc_assets.expression.clustering import cluster_rows, standardise_rows
from dmicc_assets.report.figures import differential, forest, heat_map, nomogram, overlap, rigor, validation
from dmicc_assets.report.figures.catalog import CatalogFigure, study_figures
from dmicc_assets.report.figures.model import calibration
from dmicc_assets.report.figures.of_study import draw_calibration, worked_patient
from dmicc_assets.report.words import curve_in_words
from dmicc_assets.stats.roc_band import RocBand
from dmicc_assets.study.schema import Differential
from dmicc_assets.tables import TABLES
from dmicc_assets.types import ExpressionMatrix
from dmicc_assets_tests.worlds.simulated_study import Options, declared, simulated_tables


@pytest.fixture(scope="module")
def catalog() -> dict[str, CatalogFigure]:
    return {figure.name: figure for figure in study_figures(simulated_tables())}


def _line(axes: Axes, gid: str) -> np.ndarray:
    line = next(line for line in axes.lines if line.get_gid() == gid)
    return np.column_stack([np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)])


def _no_overlap(figure: Figure) -> None:
    figure.draw_without_rendering()
    # an annotation's own extent includes its line
    boxes = [Text.get_window_extent(each) for each in figure.findobj(Annotation)]  # pyright: ignore -- annotations are texts
    assert len(boxes) > 5
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_volcano_draws_every_gene_once_by_direction(catalog: dict[str, CatalogFigure]) -> None:
    results = simulated_tables()
    axes = catalog["cohort/a/volcano"].draw().axes[0]
    counts = results.rows("differential/genes", cohort="a")["direction"].value_counts()
    drawn = {gid: len(_line(axes, gid)) for gid in ("up", "down", "none")}
    assert drawn["up"] == counts.filter(pl.col("direction") == "up")["count"][0]
    assert sum(drawn.values()) == len(results.rows("differential/statistics", cohort="a"))
    assert (_line(axes, "up")[:, 0] >= 1).all()
    low, high = axes.get_xlim()
    assert low == -high
    assert {np.asarray(line.get_xdata())[0] for line in axes.lines if line.get_linestyle() == "--"} >= {-1.0, 1.0}


def test_volcano_names_the_signature_and_no_name_covers_another(catalog: dict[str, CatalogFigure]) -> None:
    figure = catalog["cohort/a/volcano"].draw()
    names = {a.get_text() for a in figure.findobj(Annotation) if isinstance(a, Annotation)}
    assert names <= set(simulated_tables().signature_genes)
    assert len(names) > 15
    _no_overlap(figure)


def test_without_a_signature_the_smallest_p_values_are_named() -> None:
    results = simulated_tables(Options(n_shared=0, n_biomarkers=0))
    figure = next(each for each in study_figures(results) if each.name == "cohort/a/volcano").draw()
    names = {a.get_text() for a in figure.findobj(Annotation) if isinstance(a, Annotation)}
    best = results.rows("differential/genes", cohort="a").sort("p_value")["gene"].head(25).to_list()
    assert len(names) > 10
    assert names <= set(best)


def test_four_hundred_names_in_one_place_never_overlap() -> None:
    generator = np.random.default_rng(1)
    genes = [f"LONGSYMBOL{i}" for i in range(400)]
    rows = pl.DataFrame(
        {"gene": genes, "log_fc": generator.normal(2, 0.1, 400), "p_value": generator.uniform(1e-9, 1e-8, 400)}
    )
    rows = rows.with_columns(adj_p_value="p_value")
    deg = rows.with_columns(direction=pl.lit("up"))
    figure = differential.volcano(rows, deg, Differential(), genes, "crowded")
    _no_overlap(figure)
    named = next(text.get_text() for text in figure.legends[0].get_texts() if text.get_text().startswith("named"))
    assert re.fullmatch(r"named: (\d|1\d|20) of 400", named)


def test_a_p_value_of_zero_is_drawn_at_the_top() -> None:
    rows = pl.DataFrame({"gene": ["A", "B"], "log_fc": [2.0, 0.1], "p_value": [0.0, 0.5], "adj_p_value": [0.0, 0.5]})
    axes = differential.volcano(
        rows, rows.head(1).with_columns(direction=pl.lit("up")), Differential(), ["A"], ""
    ).axes[0]
    assert _line(axes, "up")[0, 1] == pytest.approx(300)
    assert axes.get_ylim()[1] > 300


def test_heat_map_holds_the_scores_in_clustered_order() -> None:
    generator = np.random.default_rng(2)
    values = generator.normal(size=(12, 6))
    values[:6, :3] += 6
    z = standardise_rows(values)
    matrix = ExpressionMatrix(z, tuple(f"G{i}" for i in range(12)), tuple(f"S{i}" for i in range(6)))
    rows, columns = cluster_rows(z), cluster_rows(z.T)
    groups = ["case"] * 3 + ["control"] * 3
    figure = heat_map.heat_map(matrix, rows, columns, {"group": groups}, ["G3"], "A")
    image = figure.axes[0].images[0].get_array()
    assert image is not None
    np.testing.assert_array_equal(np.asarray(image), z[np.ix_(rows.order, columns.order)])
    bar = next(axes for axes in figure.axes if any(text.get_text() == "group" for text in axes.texts))
    assert [patch.get_width() for patch in bar.patches] == [3, 3]  # pyright: ignore -- bars
    names = [text.get_text() for text in figure.axes[0].texts]
    assert names == [f"G{i}" for i in rows.order]


def test_venn_and_upset_count_each_region() -> None:
    sets = {"a": frozenset("ABCD"), "b": frozenset("CDE"), "c": frozenset("DEF")}
    titles = {"a": "Disease A", "b": "Disease B", "c": "Disease C"}
    texts = {text.get_gid(): text.get_text() for text in overlap.venn(sets, titles, "").axes[0].texts if text.get_gid()}
    assert texts == {"a": "2", "b": "0", "c": "1", "a&b": "1", "a&c": "0", "b&c": "1", "a&b&c": "1"}
    bars = overlap.upset(sets, titles, "").axes[0]
    assert sorted(patch.get_height() for patch in bars.patches) == [1, 1, 1, 1, 2]  # pyright: ignore -- bars
    with pytest.raises(ValueError, match="two or three"):
        overlap.venn({"a": frozenset("A")}, titles, "")


def test_concordance_tells_the_directions_apart(catalog: dict[str, CatalogFigure]) -> None:
    figure = catalog["study/concordance"].draw()
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["genes of both (400)", "same direction (20)", "opposite direction (0)"]
    _no_overlap(figure)


def test_expression_boxes_hold_every_sample_and_the_test() -> None:
    results = simulated_tables()
    subject = results.validation("GSE4")
    tests = results.rows("validation/expression_tests", subject="GSE4")
    axes = validation.expression_boxes(subject, ["G025", "ABSENT"], tests, "").axes
    assert [each.get_title(loc="left") for each in axes] == ["G025"]
    assert len(_line(axes[0], "case")) == 10
    assert len(_line(axes[0], "control")) == 6
    # a PDF prints a hatch over a transparent colour as the full colour
    assert [to_rgba(patch.get_facecolor())[3] for patch in axes[0].patches] == [1.0, 1.0]
    p = tests.filter(pl.col("gene") == "G025")["p_value"][0]
    assert any(text.get_text().startswith("p = ") and f"{p:.1g}"[0] in text.get_text() for text in axes[0].texts)


def test_boxes_and_whiskers_are_tukey_s() -> None:
    subject = simulated_tables().validation("GSE4")
    tests = TABLES["validation/expression_tests"].frame()
    axes = validation.expression_boxes(subject, ["G025"], tests, "").axes[0]
    boxes = [box for box in axes.patches if isinstance(box, Rectangle)]
    # of each group one path with the whiskers and their ends, and one with the median
    whiskers = [np.asarray(axes.collections[i].get_paths()[0].vertices) for i in (0, 2)]
    for member, box, ends in zip((~subject.is_case, subject.is_case), boxes, whiskers, strict=True):
        values = subject.matrix.take_features(["G025"]).values[0, member]
        (expected,) = cbook.boxplot_stats(values)
        assert (box.get_y(), box.get_y() + box.get_height()) == pytest.approx((expected["q1"], expected["q3"]))
        assert (ends[:, 1].min(), ends[:, 1].max()) == (expected["whislo"], expected["whishi"])


def test_roc_curve_and_legend_are_the_table_s(catalog: dict[str, CatalogFigure]) -> None:
    results = simulated_tables()
    figure = catalog["study/roc.b"].draw()
    row = results.rows("validation/roc", subject="b", predictor="G020").row(0, named=True)
    drawn = _line(figure.axes[0], "b|G020|apparent")
    curve = results.rows("validation/roc_curve", subject="b", predictor="G020").sort("fpr", "tpr")
    np.testing.assert_array_equal(drawn, curve.select("fpr", "tpr").to_numpy())
    assert any(
        f"G020, apparent (chosen here), AUC {row['auc']:.2f}" in text.get_text().replace("\n", " ")
        for text in figure.legends[0].get_texts()
    )
    assert figure.axes[0].collections


def test_the_legend_of_roc_curves_is_inside_the_figure_whatever_its_words(catalog: dict[str, CatalogFigure]) -> None:
    results = simulated_tables()
    areas = results.rows("validation/roc", subject="b").with_columns(
        kind=pl.lit("leaky_cv"), ci_low=pl.lit(0.9512), ci_high=pl.lit(0.9987)
    )
    curves = results.rows("validation/roc_curve", subject="b").with_columns(kind=pl.lit("leaky_cv"))
    for figure in (validation.roc_curves(curves, areas, {}, "Long"), catalog["study/roc.b"].draw()):
        figure.draw_without_rendering()
        box = figure.legends[0].get_window_extent()
        page = figure.bbox
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1
        assert page.y0 <= box.y0


def test_roc_band_is_drawn_where_it_is_given() -> None:
    results = simulated_tables()
    areas = results.rows("validation/roc", subject="b", predictor="G020")
    curves = results.rows("validation/roc_curve", subject="b")
    grid = np.linspace(0, 1, 5)
    bands = {("b", "G020", "apparent"): RocBand(grid, grid * 0.5, np.ones(5))}
    assert len(validation.roc_curves(curves, areas, bands, "").axes[0].collections) == 1
    assert not validation.roc_curves(curves, areas, {}, "").axes[0].collections


def test_nomogram_marks_the_patient_at_his_points() -> None:
    results = simulated_tables()
    patient = worked_patient(results)
    assert patient is not None
    axes = nomogram.nomogram(results.rows("model/nomogram"), patient, "").axes[0]
    points = _line(axes, "Points")[:, 0]
    for gene, given in patient.points.items():
        x = _line(axes, f"patient|{gene}")[0, 0]
        assert (x - points[0]) / (points[1] - points[0]) * 100 == pytest.approx(given)
    assert f"{patient.total:.0f}" in {text.get_text() for text in axes.texts}


def test_calibration_has_apparent_corrected_and_external_curves(catalog: dict[str, CatalogFigure]) -> None:
    figure = catalog["study/calibration"].draw()
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[1] == "out of fold: genes chosen inside the folds"


def test_null_distribution_counts_the_draws_that_reach_the_observed(catalog: dict[str, CatalogFigure]) -> None:
    axes = catalog["study/nulls"].draw().axes[0]
    assert np.asarray(axes.patches[0].get_path().vertices)[1::5, 1].sum() == 50
    assert any("observed 20\nreached by 0 of 50 draws" in text.get_text() for text in axes.texts)


def test_importance_draws_the_ranks_and_marks_the_biomarkers(catalog: dict[str, CatalogFigure]) -> None:
    figure = catalog["cohort/a/importance"].draw()
    bars, ranks = figure.axes
    assert [label.get_text() for label in bars.get_yticklabels()][:2] == ["G020", "G021"]
    assert [patch.get_hatch() for patch in bars.patches][:3] == ["////", "////", ""]
    assert np.asarray(ranks.collections[0].get_paths()[0].vertices)[:2, 0].tolist() == [1, 3]


def test_calibration_has_a_line_of_the_frozen_model_in_each_validation_dataset() -> None:
    results = simulated_tables()
    rows = pl.DataFrame({"subject": "GSE4", "scale": "log2", "metric": ["slope", "intercept"], "value": [0.5, 9.0]})
    with_line = results.with_frames({"validation/performance": declared("validation/performance", rows)})
    figure = draw_calibration(with_line)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [
        "perfect",
        "out of fold: genes chosen inside the folds",
        "out of fold, where genes were chosen",
        "fit only; the genes were chosen on these samples",
        "fit only, corrected for its optimism",
        "external, GSE4: slope 0.50",
    ]
    line = _line(figure.axes[0], "external, GSE4: slope 0.50")
    log_odds = np.log(line / (1 - line))
    # the intercept says nothing of the model: the line goes through one half
    np.testing.assert_allclose(log_odds[:, 1], 0.5 * log_odds[:, 0], atol=1e-12)
    assert figure.axes[0].get_xlim() == (-0.02, 1.02)


def test_a_calibration_curve_beyond_0_and_1_is_drawn_there() -> None:
    curve = {
        "kind": "nested", "predicted": [0.1, 0.5, 0.9], "observed": [-0.2, 0.5, 1.3],
        "observed_corrected": None, "ci_low": [-0.4, 0.3, 0.8], "ci_high": [0.3, 0.7, 1.6],
    }  # fmt: skip
    figure = calibration(declared("model/calibration", pl.DataFrame(curve)), "")
    assert _line(figure.axes[0], "nested")[:, 1].tolist() == [0.0, 0.5, 1.0]
    band = np.asarray(figure.axes[0].collections[0].get_paths()[0].vertices)[:, 1]
    assert (band.min(), band.max()) == (0.0, 1.0)
    assert figure.source_data["curves"]["observed"].to_list() == [-0.2, 0.5, 1.3]


def test_decision_curves_are_the_table_s(catalog: dict[str, CatalogFigure]) -> None:
    figure = catalog["study/decision_curve"].draw()
    rows = simulated_tables().rows("model/decision_curve")
    for axes, kind in zip(figure.axes, ("nested", "apparent", "corrected"), strict=True):
        own = rows.filter(pl.col("kind") == kind).sort("threshold")
        assert axes.get_title(loc="left").replace("\n", " ") == curve_in_words(kind)
        for line, column in zip(axes.lines, ("net_benefit_model", "net_benefit_all", "net_benefit_none"), strict=True):
            np.testing.assert_array_equal(line.get_ydata(), own[column].to_numpy())
        assert axes.get_xlim() == (0, 1)


def test_stability_has_a_point_a_gene_and_method() -> None:
    rows = pl.DataFrame(
        {
            "gene": ["A", "B", "A", "B"],
            "frequency": [0.9, 0.2, 1.0, 0.4],
            "method": ["bootstrap"] * 2 + ["leave_one_control_out:b"] * 2,
        }
    )  # fmt: skip
    figure = forest.stability(rows, ["A"], "Stability")
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A", "B"]
    assert [label.get_fontweight() for label in axes.get_yticklabels()] == ["bold", "normal"]
    drawn = {line.get_label(): np.asarray(line.get_xdata()).tolist() for line in axes.lines[:2]}
    assert drawn == {
        "in the signature, bootstrap": [0.9, 0.2],
        "in the signature, one control left out, b": [1.0, 0.4],
    }


def test_sensitivity_draws_single_changes_in_words() -> None:
    grid = pl.DataFrame(
        {
            "setting": ["collapse max_mean", "log_fc 1.25", "log_fc 1.25, adjust BH"],
            "is_single_change": [True, True, False], "n_shared": [9, 18, 1], "jaccard": [0.4, 0.9, None],
        }
    )  # fmt: skip
    left, right = rigor.sensitivity(grid, "").axes
    assert [label.get_text() for label in left.get_yticklabels()] == [
        "probe of the highest mean",
        "fold change ≥ 1.25 log2",
    ]
    assert [patch.get_width() for patch in left.patches] == [9, 18]  # pyright: ignore -- bars
    assert np.asarray(right.lines[0].get_xdata()).tolist() == [0.4, 0.9]


def test_four_hundred_genes_and_long_names_fit_into_the_heat_map() -> None:
    generator = np.random.default_rng(3)
    z = standardise_rows(generator.normal(size=(400, 30)))
    genes = tuple(f"LOC100{i:06d}-AS1-IT{i}" for i in range(400))
    matrix = ExpressionMatrix(z, genes, tuple(f"a sample with a long name, number {i}" for i in range(30)))
    groups = {"group": ["case", "control"] * 15, "dataset": ["GSE14520-GPL571"] * 15 + ["GSE99999-GPL10558"] * 15}
    figure = heat_map.heat_map(matrix, cluster_rows(z), cluster_rows(z.T), groups, genes[:40], "A title " * 14)
    figure.draw_without_rendering()
    page = figure.bbox
    boxes = [Text.get_window_extent(text) for text in figure.axes[0].texts]
    assert len(boxes) == 40
    assert all(box.x1 <= page.x1 and box.y0 >= page.y0 for box in boxes)
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    title = next(text for text in figure.findobj(Text) if text.get_text().startswith("A title"))
    tree = max(axes.get_window_extent().y1 for axes in figure.axes)
    assert title.get_window_extent().y0 > tree
