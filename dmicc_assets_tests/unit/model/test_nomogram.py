"""Axes and points against rms::nomogram's, R's pretty, reading a patient, and bad input."""

import numpy as np
import polars as pl
import pytest

from dmicc_assets.model.nomogram import RISK_TICKS, nomogram, nomogram_table, pretty
from dmicc_assets.model.nomogram_reading import read_nomogram
from dmicc_assets.stats.logistic import fit_logistic
from dmicc_assets.stats.probability import logit
from dmicc_assets_tests.oracle import MADE_UP, ORACLE
from dmicc_assets_tests.oracle.model import golden

EDGES = ORACLE / "edges"


def _drawn(name):
    table = golden(f"{name}_input.tsv")
    x, variables = table.drop("y").to_numpy().astype(float), table.columns[1:]
    coefficients = golden(f"{name}_coefficients.tsv")["coefficient"].to_numpy()
    return x, coefficients, nomogram(variables, x, coefficients)


@pytest.mark.parametrize("name", ["two", "three"])
def test_axes_and_points_equal_rms(name):
    _, _, drawn = _drawn(name)
    expected = golden(f"{name}_nomogram.tsv")
    for variable, values, points in zip(drawn.variables, drawn.values, drawn.points, strict=True):
        rows = expected.filter(pl.col("axis") == variable)
        np.testing.assert_allclose(values, rows["value"], rtol=1e-12)
        np.testing.assert_allclose(points, rows["points"], rtol=1e-8, atol=1e-9)
    axis = {kind: expected.filter(pl.col("axis") == kind) for kind in ("total", "log_odds", "risk")}
    np.testing.assert_allclose(drawn.total_ticks, axis["total"]["value"], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(drawn.log_odds_ticks, axis["log_odds"]["value"], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(drawn.total_points(drawn.log_odds_ticks), axis["log_odds"]["points"], rtol=1e-8)
    np.testing.assert_allclose(drawn.risk_ticks, axis["risk"]["value"], rtol=1e-12)
    # rms finds these by linear interpolation.
    np.testing.assert_allclose(drawn.total_points(logit(drawn.risk_ticks)), axis["risk"]["points"], rtol=1e-5)


@pytest.mark.parametrize("name", ["two", "three"])
def test_every_patient_reads_off_the_models_probability(name):
    x, coefficients, drawn = _drawn(name)
    points = np.zeros(len(x))
    for j, (values, marks) in enumerate(zip(drawn.values, drawn.points, strict=True)):
        order = np.argsort(values)
        points += np.interp(x[:, j], values[order], marks[order])
    expected = 1 / (1 + np.exp(-(coefficients[0] + x @ coefficients[1:])))
    np.testing.assert_allclose(drawn.probability(points), expected, rtol=1e-9)


@pytest.mark.parametrize("case", ["1_0", "1_1", "2_2", "2_3"])
def test_totals_begin_at_no_points_and_one_variable_has_its_own_axis(case):
    rows = pl.read_csv(EDGES / "nomogram_input.tsv", separator="\t").filter(case=case)
    variables = ["A", "B"][: int(case[0])]
    x = rows.select(variables).to_numpy()
    drawn = nomogram(variables, x, fit_logistic(x, rows["y"].to_numpy() == 1, variables).coefficients)
    assert drawn.total_points(drawn.log_odds_ticks)[0] < 0
    expected = pl.read_csv(EDGES / "nomogram_totals.tsv", separator="\t").filter(case=case)
    assert drawn.total_ticks.tolist() == expected["total"].to_list()


def test_table_reads_as_the_drawing():
    x, coefficients, drawn = _drawn("two")
    table = nomogram_table(drawn)
    assert table.columns == ["variable", "value", "points", "probability"]
    genes = table.filter(pl.col("variable") != "total")
    assert genes["probability"].is_null().all()
    assert (genes["points"].min(), genes["points"].max()) == (0, pytest.approx(100))
    total = table.filter(pl.col("variable") == "total")
    assert total["value"].is_sorted()
    assert total["points"].to_list() == total["value"].to_list()
    reading = read_nomogram(table, {"A": float(x[3, 0]), "B": float(x[3, 1])})
    assert reading.total == pytest.approx(sum(reading.points.values()))
    exact = 1 / (1 + np.exp(-(coefficients[0] + x[3] @ coefficients[1:])))
    assert reading.probability == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize("row", golden("pretty.tsv").to_dicts())
def test_pretty_equals_r(row):
    marks = pretty(row["low"], row["high"], row["n"])
    assert len(marks) == row["marks"]
    assert (marks[0], marks[-1]) == pytest.approx((row["first"], row["last"]), rel=1e-9, abs=1e-12)
    assert np.ptp(np.diff(marks)) < 1e-9 * np.diff(marks).max()


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="needs at least one variable"):
        nomogram([], np.ones((3, 0)), np.array([1.0]))
    for slope in (0.0, 1e-17):
        with pytest.raises(ValueError, match="every coefficient of MT1M, CD4 is zero"):
            nomogram(["MT1M", "CD4"], np.arange(40.0).reshape(20, 2), np.array([1.0, slope, 0.0]))
    with pytest.raises(ValueError, match="lower end below the upper, got 2"):
        pretty(2, 2)


def _axes(answers, name):
    """Ticks and their total points of each axis of a nomogram of rms."""
    axes = answers.table("nomogram", f"{name}__axes")
    return {axis: axes.filter(axis=axis) for axis in ("total", "lp", "risk")}


@pytest.mark.parametrize("name", ["arrays2", "arrays5"])
def test_axes_points_and_readings_equal_rms(name):
    assert_nomogram(MADE_UP, name, "case", _axes(MADE_UP, name))


def assert_nomogram(answers, name, label, axes):
    """Points, axes, readings and scale of a nomogram equal rms's."""
    table, expected = answers.table("nomogram", f"{name}__input"), answers.table("nomogram", f"{name}__points")
    x, variables = table.drop("y").to_numpy(), table.columns[1:]
    fit = fit_logistic(x, (table["y"] == label).to_numpy(), variables)
    drawn = nomogram(variables, x, fit.coefficients)
    for variable, values, points in zip(drawn.variables, drawn.values, drawn.points, strict=True):
        rows = expected.filter(pl.col("variable") == variable)
        np.testing.assert_allclose(values, rows["value"], rtol=1e-12)
        np.testing.assert_allclose(points, rows["points"], rtol=1e-8, atol=1e-9)
        slope = fit.coefficients[1 + variables.index(variable)]
        np.testing.assert_allclose(slope * values, rows["Xbeta"], rtol=1e-8)
    assert drawn.total_ticks.tolist() == axes["total"]["total_points"].to_list()
    np.testing.assert_allclose(drawn.risk_ticks, axes["risk"]["value"], rtol=1e-12)
    predictions = answers.table("nomogram", f"{name}__predictions")
    log_odds = fit.coefficients[0] + x @ fit.coefficients[1:]
    np.testing.assert_allclose(log_odds, predictions["lp"], rtol=1e-8)
    np.testing.assert_allclose(drawn.probability(drawn.total_points(log_odds)), predictions["p"], rtol=1e-8)
    np.testing.assert_allclose(drawn.log_odds_ticks, axes["lp"]["value"], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(drawn.total_points(drawn.log_odds_ticks), axes["lp"]["total_points"], rtol=1e-8)
    # rms finds these by linear interpolation.
    np.testing.assert_allclose(drawn.total_points(logit(drawn.risk_ticks)), axes["risk"]["total_points"], rtol=1e-5)
    scale = answers.summary("nomogram", f"{name}__model")["info"]
    ours = (drawn.points_per_log_odds, drawn.log_odds_at_zero)
    assert ours == pytest.approx((scale["points_per_lp"], scale["lp_intercept_at_zero_points"]), rel=1e-8)


def test_ten_values_are_marked_one_by_one_and_risks_where_the_axis_reaches():
    x = np.column_stack([np.tile(np.arange(10.0) ** 2, 11), np.tile(np.arange(11.0) ** 2, 10)])
    drawn = nomogram(["ten", "eleven"], x, np.array([-1.0, 0.02, -0.015]))
    np.testing.assert_array_equal(drawn.values[0], np.arange(10.0) ** 2)
    np.testing.assert_array_equal(drawn.values[1], pretty(0, 100, 10))
    for intercept in np.arange(-3, 3, 0.1):
        drawn = nomogram(["ten", "eleven"], x, np.array([intercept, 0.02, -0.015]))
        low, high = drawn.log_odds_ticks[[0, -1]]
        inside = (logit(RISK_TICKS) >= low) & (logit(RISK_TICKS) <= high)
        np.testing.assert_array_equal(drawn.risk_ticks, RISK_TICKS[inside])
