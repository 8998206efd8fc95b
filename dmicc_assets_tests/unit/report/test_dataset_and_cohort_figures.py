"""Figures of one dataset and of one cohort show the values of their tables, read from the artists, not from pixels."""

import numpy as np
import polars as pl
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dmicc_assets.enrichment.running_sum import running_sum
from dmicc_assets.report.figures import dataset, differential, enrichment, forest, projection, style
from dmicc_assets.report.figures.catalog import CatalogFigure, study_figures
from dmicc_assets.types import FloatArray
from dmicc_assets_tests.worlds.simulated_study import N_GENES, simulated_tables


@pytest.fixture(scope="module")
def catalog() -> dict[str, CatalogFigure]:
    return {figure.name: figure for figure in study_figures(simulated_tables())}


def _points(axes: Axes) -> np.ndarray:
    """Every point that is drawn with a marker."""
    lines = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
    return np.vstack([np.column_stack([line.get_xdata(), line.get_ydata()]).astype(float) for line in lines])


def _y(line: Line2D) -> FloatArray:
    return np.asarray(line.get_ydata(), float)


def _legend(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_boxes_are_the_quartiles_of_every_sample(catalog: dict[str, CatalogFigure]) -> None:
    figure = catalog["dataset/GSE1/distribution_boxes"].draw()
    rows = simulated_tables().rows("expression/distributions", dataset="GSE1").filter(pl.col("quantity") == "quantile")
    for axes, stage in zip(figure.axes, ("before", "after"), strict=True):
        boxes = next(c for c in axes.collections if c.get_gid() == "boxes")
        assert isinstance(boxes, PolyCollection)
        corners = [path.vertices for path in boxes.get_paths()]
        own = rows.filter(pl.col("stage") == stage).sort("sample")
        for q, corner in ((0.25, 0), (0.75, 2)):
            expected = own.filter(pl.col("x") == q)["y"].to_numpy()
            np.testing.assert_allclose([np.asarray(vertices)[corner, 1] for vertices in corners], expected)
        medians = next(c for c in axes.collections if c.get_gid() == "medians")
        heights = np.asarray(medians.get_paths()[0].vertices)[::2, 1]
        np.testing.assert_allclose(heights, own.filter(pl.col("x") == 0.5)["y"].to_numpy())
        whiskers = own.filter(pl.col("x").is_in([0.05, 0.95]))["y"].to_numpy()
        low, high = axes.get_ylim()
        assert low < whiskers.min()
        assert whiskers.max() < high
    names = [label.get_text() for label in figure.axes[1].get_xticklabels()]
    assert names == [f"GSE1M{i:03d}" for i in range(21)]
    assert figure.axes[1].get_xlabel() == "samples: sick (13), well (8)"


def test_a_dataset_taken_as_served_is_not_called_normalised() -> None:
    rows = simulated_tables().rows("expression/distributions", dataset="GSE1")
    labels = dict.fromkeys(rows["sample"].unique(), "sick")
    for draw in (dataset.distribution_boxes, dataset.distribution_densities):
        titles = [axes.get_title(loc="left") for axes in draw(rows, labels, "GSE1", False).axes]
        assert titles == ["as served", "by gene, not normalised between arrays here"]


def test_densities_are_one_curve_a_sample_and_stage(catalog: dict[str, CatalogFigure]) -> None:
    figure = catalog["dataset/GSE1/distribution_densities"].draw()
    assert [np.isnan(np.concatenate([_y(line) for line in axes.lines])).sum() for axes in figure.axes] == [21, 21]
    rows = simulated_tables().rows("expression/distributions", dataset="GSE1", quantity="density", stage="after")
    drawn = np.concatenate([_y(line) for line in figure.axes[1].lines])
    curves = {tuple(part[np.isfinite(part)]) for part in np.split(drawn, np.flatnonzero(np.isnan(drawn)))[:-1]}
    assert curves == {tuple(own["y"]) for own in rows.partition_by("sample")}
    assert _legend(figure) == ["sick", "well"]
    assert figure.axes[0].get_ylim()[0] == 0


def test_sex_genes_are_a_point_a_sample_by_label(catalog: dict[str, CatalogFigure]) -> None:
    figure = catalog["dataset/GSE1/sex_genes"].draw()
    rows = simulated_tables().rows("expression/quality", dataset="GSE1").sort("label", "sample")
    np.testing.assert_allclose(_points(figure.axes[0]), rows.select("xist", "y_genes").to_numpy())
    assert _legend(figure) == ["sick (13)", "well (8)"]
    assert "XIST" in figure.axes[0].get_xlabel()


def test_outliers_below_the_limit_are_named() -> None:
    z = [0.5, -0.5, 0.1, -4.2, *[0.0] * 9]
    rows = pl.DataFrame({"sample": [f"S{i:02d}" for i in range(13)], "label": "sick", "connectivity_z": z})
    axes = dataset.outlier_arrays(rows, "GSE1").axes[0]
    np.testing.assert_allclose(sorted(_points(axes)[:, 1]), sorted(z))
    assert [text.get_text() for text in axes.texts] == ["S03"]
    assert [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == "--"] == [dataset.Z_LARGE]  # pyright: ignore
    assert axes.get_ylim()[0] < -4.2


@pytest.mark.parametrize("kind", ["pca", "tsne"])
def test_projections_draw_every_sample_by_label(catalog: dict[str, CatalogFigure], kind: str) -> None:
    figure = catalog[f"dataset/GSE1/{kind}"].draw()
    drawn = {line.get_gid(): len(line.get_xdata()) for line in figure.axes[0].lines if line.get_gid()}  # pyright: ignore
    assert drawn == {"sick|GSE1": 13, "well|GSE1": 8}
    assert _legend(figure) == ["sick (13)", "well (8)"]
    assert ("% of variance" in figure.axes[0].get_xlabel()) == (kind == "pca")


def test_a_cohort_s_projection_has_the_colours_of_case_and_control(catalog: dict[str, CatalogFigure]) -> None:
    figure = catalog["cohort/a/pca"].draw()
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["as merged", "batch removed"]
    for axes in figure.axes:
        lines = {line.get_gid(): line for line in axes.lines if line.get_gid()}
        assert set(lines) == {"sick|GSE1", "well|GSE1", "sick|GSE2", "well|GSE2"}
        assert {to_hex(lines[f"sick|{d}"].get_color()).upper() for d in ("GSE1", "GSE2")} == {style.CASE}  # pyright: ignore
        assert to_hex(lines["well|GSE1"].get_color()).upper() == style.CONTROL  # pyright: ignore
        assert lines["sick|GSE1"].get_marker() != lines["sick|GSE2"].get_marker()
        assert lines["well|GSE1"].get_markerfacecolor() == "white"
        assert lines["sick|GSE1"].get_markerfacecolor() != "white"


def test_a_projection_of_positions_keeps_them() -> None:
    positions = np.arange(8.0).reshape(4, 2)
    groups = projection.SampleGroups(list("stuv"), ["x", "x", "y", "y"], ["d"] * 4)
    rows = pl.DataFrame(positions, schema=["x", "y"])
    np.testing.assert_array_equal(_points(projection.tsne_plot(rows, groups, "").axes[0]), positions)


def test_md_plot_sets_change_against_average(catalog: dict[str, CatalogFigure]) -> None:
    axes = catalog["cohort/a/md"].draw().axes[0]
    rows = simulated_tables().rows("differential/statistics", cohort="a")
    drawn = {line.get_gid(): line for line in axes.lines if line.get_gid() in ("up", "down", "none")}
    x = np.concatenate([np.asarray(line.get_xdata(), float) for line in drawn.values()])
    np.testing.assert_allclose(np.sort(x), np.sort(rows["ave_expr"].to_numpy()))
    assert (np.asarray(drawn["up"].get_ydata(), float) >= 1).all()
    assert (np.asarray(drawn["down"].get_ydata(), float) <= -1).all()


def test_p_value_histogram_counts_every_gene(catalog: dict[str, CatalogFigure]) -> None:
    axes = catalog["cohort/a/p_values"].draw().axes[0]
    p = simulated_tables().rows("differential/statistics", cohort="a")["p_value"].to_numpy()
    heights = np.asarray(axes.patches[0].get_path().vertices)[1::5, 1]
    assert heights.tolist() == np.histogram(p, np.linspace(0, 1, 41))[0].tolist()
    assert axes.get_xlim() == (0, 1)
    assert axes.get_ylabel() == f"genes a bin (of {N_GENES})"


def test_the_height_of_the_null_is_storey_s_share() -> None:
    rows = pl.DataFrame({"gene": [f"G{i}" for i in range(1000)], "p_value": np.linspace(0.0005, 0.9995, 1000)})
    axes = differential.p_value_histogram(rows, 0.8, "").axes[0]
    assert axes.lines[0].get_ydata()[0] == pytest.approx(0.8 * 1000 / 40)  # pyright: ignore
    legend = axes.get_legend()
    assert legend is not None
    assert legend.get_texts()[0].get_text().endswith("Storey's estimate\n(on average too high): 80 %")


@pytest.mark.parametrize(("n_changed", "text"), [(0, "100 %"), (3, "over 99 %"), (55, "94 %")])
def test_the_share_without_a_change_never_contradicts_the_genes_that_are_called(n_changed: int, text: str) -> None:
    rows = pl.DataFrame({"gene": [f"G{i}" for i in range(1000)], "p_value": np.linspace(0.0005, 0.9995, 1000)})
    legend = differential.p_value_histogram(rows, 1.0, "", n_changed).axes[0].get_legend()
    assert legend is not None
    assert legend.get_texts()[0].get_text().endswith(f": {text}")


def test_quantiles_rise_and_have_the_diagonal(catalog: dict[str, CatalogFigure]) -> None:
    axes = catalog["cohort/a/qq"].draw().axes[0]
    points, diagonal = (np.column_stack([line.get_xdata(), line.get_ydata()]) for line in axes.lines[:2])
    assert len(points) == N_GENES
    assert (np.diff(points, axis=0) >= 0).all()
    np.testing.assert_array_equal(diagonal[:, 0], diagonal[:, 1])


def test_mean_and_variance_is_a_point_a_gene_and_a_trend(catalog: dict[str, CatalogFigure]) -> None:
    axes = catalog["cohort/a/mean_variance"].draw().axes[0]
    rows = simulated_tables().rows("differential/statistics", cohort="a")
    expected = rows.select("ave_expr", pl.col("sigma").sqrt()).to_numpy()
    drawn = np.column_stack([axes.lines[0].get_xdata(), axes.lines[0].get_ydata()]).astype(float)
    np.testing.assert_allclose(drawn, expected)
    assert (np.diff(np.asarray(axes.lines[1].get_xdata(), float)) >= 0).all()
    assert axes.get_ylim()[0] == 0


def _terms(names: list[str | None], adjusted: list[float]) -> pl.DataFrame:
    n = len(names)
    return pl.DataFrame(
        {
            "term": [f"T{i}" for i in range(n)], "term_name": names, "n_overlap": range(1, n + 1),
            "n_query": [20] * n, "p_value": adjusted, "adj_p_value": adjusted,
        },
        schema_overrides={"term_name": pl.String},
    )  # fmt: skip


def test_term_dots_are_share_and_strength_with_a_cross_past_the_limit() -> None:
    figure = enrichment.term_dots(_terms(["one", "two", "three"], [1e-4, 1e-3, 0.3]), 0.05, "A, GO BP")
    axes = figure.axes[0]
    # the smallest p-value stands on top
    assert [label.get_text() for label in axes.get_yticklabels()] == ["three", "two", "one"]
    dots = axes.collections[0]
    np.testing.assert_allclose(np.asarray(dots.get_offsets())[:, 0], [3 / 20, 2 / 20, 1 / 20])
    np.testing.assert_allclose(np.asarray(dots.get_array()), -np.log10([0.3, 1e-3, 1e-4]))
    assert _points(axes).tolist() == [[3 / 20, 0]]
    assert _legend(figure)[0] == "1 gene"
    assert axes.get_xlim()[0] == 0


def test_terms_that_share_a_name_or_have_none_are_called_by_their_identifier() -> None:
    for names in (["same"] * 3, [None] * 3):
        axes = enrichment.term_dots(_terms(names, [0.1, 0.2, 0.3]), 0.05, "").axes[0]  # pyright: ignore[reportArgumentType]
        assert [label.get_text() for label in axes.get_yticklabels()] == ["T2", "T1", "T0"]


def test_a_name_that_is_cut_ends_in_its_identifier() -> None:
    long = "oxidoreductase activity, acting on paired donors, with incorporation or reduction of molecular oxygen"
    axes = enrichment.term_dots(_terms([long, "b"], [0.1, 0.2]), 0.05, "").axes[0]
    label = axes.get_yticklabels()[1].get_text()
    assert label.startswith("oxidoreductase activity")
    assert label.endswith("…\n(T0)")


def test_running_sums_are_those_of_the_ranked_genes() -> None:
    statistics = pl.DataFrame({"gene": [f"G{i}" for i in range(50)], "t": np.linspace(5, -5, 50)})
    sums = [running_sum(statistics, {"G0", "G1", "G4"}), running_sum(statistics, {"G48", "G49"})]
    sets = [
        enrichment.RankedSet("first", sums[0], 2.0, 0.0001),
        enrichment.RankedSet("second", sums[1], -1.5, None),
    ]
    figure = enrichment.running_sums(sets, "A")
    curves = [axes for axes in figure.axes if axes.texts]
    assert [axes.texts[0].get_text() for axes in curves] == ["NES 2.00, camera adjusted p 0.0001", "NES −1.50"]
    for axes, each in zip(curves, sums, strict=True):
        x, y = (np.asarray(values, float) for values in (axes.lines[0].get_xdata(), axes.lines[0].get_ydata()))
        np.testing.assert_array_equal(y, each.curve[x.astype(int)])
        assert _points(axes).tolist() == [[each.peak, each.score]]


def test_the_error_curve_marks_the_chosen_number_of_trees() -> None:
    curve = pl.DataFrame({"n_trees": [1, 2, 3], "cv_error": [0.4, 0.1, 0.2], "is_chosen": [False, True, False]})
    figure = forest.error_curve(curve, 500, "A")
    axes = figure.axes[0]
    assert np.asarray(axes.lines[0].get_ydata()).tolist() == [0.4, 0.1, 0.2]
    assert _points(axes).tolist() == [[2, 0.1]]
    assert _legend(figure) == ["cross-validation error", "fewest trees at the minimum: 2", "trees of the study: 500"]
    low, high = axes.get_ylim()
    assert low < 0 < 0.4 < high


def test_a_label_has_one_colour_in_every_dataset(catalog: dict[str, CatalogFigure]) -> None:
    looks = style.study_styles(simulated_tables().study)
    assert next(iter(looks)) == "well"
    figure = catalog["dataset/GSE1/sex_genes"].draw()
    drawn = {str(line.get_label()).split(" (")[0]: line.get_color() for line in figure.axes[0].lines}
    assert drawn == {label: looks[label][0] for label in ("sick", "well")}
