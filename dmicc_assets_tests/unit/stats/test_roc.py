"""ROC curves against pROC's answers, and bad input."""

import numpy as np
import polars as pl
import pytest

from dmicc_assets.stats.roc import (
    auc_of_rows,
    bootstrap_interval,
    closest_topleft,
    delong_interval,
    delong_test,
    delong_variance,
    roc,
    youden,
)
from dmicc_assets_tests.oracle import MADE_UP
from dmicc_assets_tests.oracle.model import golden

DIRECTIONS = {"auto": "auto", "<": "up", ">": "down"}
CURVES = golden("roc_curves.tsv").to_dicts()
CASES = [pytest.param(row, id=f"{row['id']} {row['asked']}") for row in CURVES]


def _input(name):
    rows = golden("roc_input.tsv").filter(pl.col("id") == name)
    score = rows["score"].to_numpy().astype(float)
    return score, rows["y"].to_numpy() == 1


@pytest.mark.parametrize("row", CASES)
def test_curve_equals_proc(row):
    curve = roc(*_input(row["id"]), DIRECTIONS[row["asked"]], missing="drop")
    assert {"up": "<", "down": ">"}[curve.direction] == row["direction"]
    assert (curve.n_case, curve.n_control) == (row["n_case"], row["n_control"])
    assert curve.auc == pytest.approx(row["auc"], rel=1e-8, abs=1e-9)
    points = golden("roc_points.tsv.gz").filter(pl.col("id") == row["id"], pl.col("asked") == row["asked"])
    assert np.array_equal(curve.thresholds, points["threshold"].cast(pl.Float64).to_numpy())
    np.testing.assert_allclose(curve.sensitivity, points["sensitivity"].to_numpy(), atol=1e-15)
    np.testing.assert_allclose(curve.specificity, points["specificity"].to_numpy(), atol=1e-15)


@pytest.mark.parametrize("row", CASES)
def test_intervals_and_cut_offs_equal_proc(row):
    curve = roc(*_input(row["id"]), DIRECTIONS[row["asked"]], missing="drop")
    expected = [np.nan if row[k] is None else row[k] for k in ("delong_low", "delong_high")]
    np.testing.assert_allclose(delong_interval(curve), expected, rtol=1e-8, atol=1e-9)
    best, nearest = youden(curve), closest_topleft(curve)
    assert (best.threshold, best.n_optima) == (float(row["youden"]), row["n_youden"])
    assert (best.sensitivity, best.specificity) == pytest.approx((row["sensitivity"], row["specificity"]), abs=1e-15)
    assert (nearest.threshold, nearest.n_optima) == (float(row["topleft"]), row["n_topleft"])
    # Both are Monte Carlo estimates from different streams: 4,000 resamples are good to about 0.02 and one step.
    drawn = bootstrap_interval(curve, seed=1, n_resamples=4000)
    step = 1 / (curve.n_case * curve.n_control)
    np.testing.assert_allclose(drawn, (row["boot_low"], row["boot_high"]), rtol=0, atol=0.02 + step)


def test_paired_tests_equal_proc():
    for row in golden("roc_tests.tsv").iter_rows(named=True):
        (first, is_case), (second, _) = _input(row["first"]), _input(row["second"])
        test = delong_test(first, second, is_case, missing="drop")
        assert (test.auc_first, test.auc_second) == pytest.approx((row["auc_first"], row["auc_second"]), rel=1e-12)
        assert test.z == pytest.approx(float(row["z"]), rel=1e-8, abs=1e-9)
        assert test.p_value == pytest.approx(row["p"], rel=1e-7)
        assert (test.ci_low, test.ci_high) == pytest.approx((row["low"], row["high"]), rel=1e-8, abs=1e-9)


def test_bootstrap_is_seeded():
    curve = roc(np.random.default_rng(0).normal(size=60), np.arange(60) % 3 == 0)
    assert bootstrap_interval(curve, seed=3) == bootstrap_interval(curve, seed=3)
    assert bootstrap_interval(curve, seed=3, n_resamples=50) != bootstrap_interval(curve, seed=4, n_resamples=50)


def test_threshold_between_neighbouring_doubles_still_separates_them():
    low = 1.0
    high = np.nextafter(low, 2)
    curve = roc([low, high], [False, True])
    assert curve.thresholds[1] == high
    assert youden(curve).sensitivity == youden(curve).specificity == 1


def test_areas_of_rows_equal_single_curves():
    rng = np.random.default_rng(2)
    values, is_case = np.round(rng.normal(size=(30, 40)), 1), rng.random(40) < 0.4
    expected = [roc(row, is_case).auc for row in values]
    np.testing.assert_allclose(auc_of_rows(values, is_case), expected, rtol=1e-13)


def test_row_with_a_missing_value_has_no_area():
    values = np.array([[1.0, 2.0, np.nan], [1.0, 2.0, 3.0], [np.nan, 2.0, 3.0]])
    areas = auc_of_rows(values, np.array([False, True, True]))
    assert np.isnan(areas[[0, 2]]).all()
    assert areas[1] == 1


def test_equal_areas_that_cannot_vary_do_not_differ():
    test = delong_test([1, 2, 3, 4], [10, 20, 30, 40], [False, False, True, True])
    assert (test.z, test.p_value, test.ci_low, test.ci_high) == (0, 1, 0, 0)


def test_interval_is_missing_when_a_group_has_one_sample():
    curve = roc([1, 2, 3, 2.5], [False, False, False, True])
    assert np.isnan(delong_variance(curve))
    assert np.isnan(delong_interval(curve)).all()


@pytest.mark.parametrize(
    ("score", "is_case", "message"),
    [
        ([1, 2, 3], [True, False], "one score and one group a sample"),
        ([1, np.nan, 3], [True, False, True], "sample 1 .* is missing"),
        ([1, 2, np.inf], [True, False, True], "sample 2 .* is infinite"),
        ([1, 2, 3], [True, True, True], "got 3 and 0"),
        ([1, 2, 3], [False, False, False], "got 0 and 3"),
        ([], [], "got 0 and 0"),
    ],
)
def test_bad_input_is_named(score, is_case, message):
    with pytest.raises(ValueError, match=message):
        roc(score, is_case)


@pytest.mark.parametrize(
    ("is_case", "message"),
    [
        ([True, None, False], r"the group of sample 1 .* is missing"),
        ([True, False, np.nan], r"the group of sample 2 .* is missing"),
        (pl.Series([True, None, False]), r"the group of sample 1 .* is missing"),
        (pl.Series([None, 1, 0]), r"the group of sample 0 .* is missing"),
        ([0, 1, 2], r"sample 2 .* got 2$"),
        (["control", "case", "case"], r"sample 0 .* got 'control'$"),
        ([0.5, 1, 0], r"sample 0 .* got 0\.5$"),
    ],
)
def test_a_sample_of_no_known_group_is_neither_case_nor_control(is_case, message):
    with pytest.raises(ValueError, match=message):
        roc([1, 2, 3], is_case)
    with pytest.raises(ValueError, match=message):
        delong_test([1, 2, 3], [3, 1, 2], is_case)


@pytest.mark.parametrize("kind", [int, float, object, np.uint8])
def test_groups_may_be_zero_and_one(kind):
    is_case = np.array([False, True, False, True])
    assert roc([1, 2, 3, 4], is_case.astype(kind)).auc == roc([1, 2, 3, 4], is_case).auc == 0.75


def test_an_unknown_direction_is_refused():
    with pytest.raises(ValueError, match="unknown direction 'sideways': expected up, down or auto"):
        roc([1, 2, 3], [False, True, True], "sideways")
    for directions in ("up", ("up", "x"), ("up",), ("up", "down", "up"), ("up", "auto")):
        with pytest.raises(ValueError, match="expected two directions, each up or down, got"):
            delong_test([1, 2, 3, 4], [2, 1, 4, 3], [False, True, False, True], directions)


def test_an_infinite_score_is_named_by_its_own_place_when_missing_ones_are_dropped():
    with pytest.raises(ValueError, match=r"sample 2 .* is infinite"):
        roc([np.nan, 1, np.inf, 3], [False, True, False, True], missing="drop")


def test_a_bootstrap_needs_a_resample():
    with pytest.raises(ValueError, match="at least one resample, got 0"):
        bootstrap_interval(roc([1, 2, 3], [False, True, True]), seed=1, n_resamples=0)


def test_dropping_missing_scores_may_leave_a_group_empty():
    with pytest.raises(ValueError, match="got 0 and 2"):
        roc([1, 2, np.nan], [False, False, True], missing="drop")


def test_paired_test_of_other_samples_is_refused():
    with pytest.raises(ValueError, match="same samples, got 3, 2 and 3"):
        delong_test([1, 2, 3], [1, 2], [True, False, True])
    with pytest.raises(ValueError, match="same samples, got 3, 3 and 2"):
        delong_test([1, 2, 3], [1, 2, 3], [True, False], missing="drop")


def test_areas_of_rows_need_two_groups():
    with pytest.raises(ValueError, match="got 2 and 0"):
        auc_of_rows(np.ones((1, 2)), np.array([True, True]))


def inputs_of(answers, cases, topic):
    """Scores of each case, and which samples are cases."""
    inputs = {"ties": answers.table("roc", "ties_input")}
    inputs |= {case: answers.table(topic, f"{case}__input") for case in cases}
    labels = {"ties": 1, **cases}
    return inputs, {case: (table["y"] == labels[case]).to_numpy() for case, table in inputs.items()}


MADE_UP_CASES = {"arrays": "case", "synthetic": "disease"}


def test_areas_intervals_and_cut_offs_equal_proc():
    """132 curves: 40 genes of two cases; ties, missing scores, a perfect and a constant one; in three directions."""
    assert assert_curves(MADE_UP, *inputs_of(MADE_UP, MADE_UP_CASES, "forest")) == 132


def assert_curves(answers, inputs, is_case):
    """Area, DeLong's and the bootstrap's interval and the cut-offs of every curve equal pROC's."""
    rows = answers.table("roc", "auc_ci_youden")
    # With real data the input of `with_na` was drawn again after the file had been written.
    rows = rows.filter((pl.col("id") != "with_na") | pl.lit(answers is MADE_UP))
    for row in rows.iter_rows(named=True):
        score = inputs[row["case"]][row["id"]].cast(pl.Float64).fill_null(np.nan).to_numpy()
        missing = "drop" if np.isnan(score).any() else "refuse"
        curve = roc(score, is_case[row["case"]], DIRECTIONS[row["direction_arg"]], missing=missing)
        numbers = (curve.auc, *delong_interval(curve), delong_variance(curve))
        expected = tuple(row[k] for k in ("auc", "delong_lo", "delong_hi", "delong_var"))
        assert numbers == pytest.approx(expected, rel=1e-8, abs=1e-9)
        assert (youden(curve).threshold, youden(curve).n_optima) == (float(row["threshold"]), row["n_best"])
        assert (youden(curve).sensitivity, youden(curve).specificity) == pytest.approx(
            (row["sensitivity"], row["specificity"])
        )
        direction = "up" if row["direction"] == "<" else "down"
        assert (curve.direction, curve.n_control, curve.n_case) == (direction, row["n_control"], row["n_case"])
        _assert_cut_offs(curve, row)
        if row["boot_lo"] is not None:
            drawn = (float(row["boot_lo"]), float(row["boot_hi"]))
            assert bootstrap_interval(curve, 1) == pytest.approx(drawn, abs=0.02)
    return len(rows)


def test_points_and_paired_tests_equal_proc():
    assert_points_and_paired_tests(MADE_UP, *inputs_of(MADE_UP, MADE_UP_CASES, "forest"))


def assert_points_and_paired_tests(answers, inputs, is_case):
    """Every point of some curves, and DeLong's test of pairs of curves."""
    points = answers.table("roc", "roc_points").filter((pl.col("id") != "with_na") | pl.lit(answers is MADE_UP))
    for (case, name), rows in points.group_by("case", "id", maintain_order=True):
        score = inputs[case][name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        curve = roc(score, is_case[case], DIRECTIONS["auto"], missing="drop")
        np.testing.assert_allclose(curve.thresholds, rows["threshold"].cast(pl.Float64), rtol=1e-12)
        np.testing.assert_allclose(curve.specificity, rows["specificity"], atol=1e-14)
        np.testing.assert_allclose(curve.sensitivity, rows["sensitivity"], atol=1e-14)
    for row in answers.table("roc", "roc_test_delong").iter_rows(named=True):
        table, case = inputs[row["case"]], is_case[row["case"]]
        scores = [table[row[column]].to_numpy().astype(float) for column in ("id1", "id2")]
        directions = tuple(roc(score, case, DIRECTIONS["auto"]).direction for score in scores)
        test = delong_test(*scores, case, directions)
        ours = (test.auc_first, test.auc_second, test.covariance, test.z, test.ci_low, test.ci_high)
        expected = tuple(row[column] for column in ("auc1", "auc2", "cov", "z", "ci_lo", "ci_hi"))
        assert ours == pytest.approx(expected, rel=1e-8, abs=1e-9)
        assert test.p_value == pytest.approx(row["p"], rel=1e-7)


def test_a_missing_score_is_named_unless_it_may_be_dropped():
    table = MADE_UP.table("roc", "ties_input")
    score = table["with_na"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    with pytest.raises(ValueError, match=r"sample 2 .* is missing"):
        roc(score, (table["y"] == 1).to_numpy())


def _assert_cut_offs(curve, row):
    """The table of two by two at Youden's cut-off, and the closest-topleft one."""
    best = youden(curve)
    positive, negative = best.sensitivity * curve.n_case, best.specificity * curve.n_control
    false = (curve.n_control - negative, curve.n_case - positive)
    ours = [positive, negative, *false, best.sensitivity + best.specificity]
    ours += [(positive + negative) / (curve.n_case + curve.n_control)]
    names = ("tp", "tn", "fp", "fn", "youden", "accuracy")
    np.testing.assert_allclose(ours, [row[name] for name in names], rtol=1e-12, atol=1e-9)
    for good, bad, name in ((positive, false[0], "ppv"), (negative, false[1], "npv")):
        if good + bad > 0.5:
            assert good / (good + bad) == pytest.approx(float(row[name]), rel=1e-12)
    assert closest_topleft(curve).threshold == float(row["topleft_threshold"])
