"""Properties that hold for any data: invariances of ROC curves, rank tests, logistic models and their bootstrap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmicc_assets.model.nomogram import nomogram, pretty
from dmicc_assets.model.risk_model import fit_risk_model, risk_model_from_table, risk_model_tables, score_patients
from dmicc_assets.stats.calibration import lowess_at
from dmicc_assets.stats.firth import fit_firth, fit_firth_resamples
from dmicc_assets.stats.logistic import fit_logistic
from dmicc_assets.stats.roc import closest_topleft, delong_interval, delong_test, roc, youden
from dmicc_assets.stats.separation import is_separated, separation
from dmicc_assets.stats.two_sample import welch_t, wilcoxon
from dmicc_assets.study.schema import Model
from dmicc_assets.types import CaseControl, ExpressionMatrix

FEW = settings(max_examples=20, deadline=None)
SOME = settings(max_examples=60, deadline=None)


@st.composite
def scored(draw):
    """Scores, often tied, of one case or more and one control or more."""
    n_case, n_control = draw(st.integers(1, 25)), draw(st.integers(1, 25))
    value = st.integers(-6, 6) if draw(st.booleans()) else st.floats(-50, 50, width=16)
    score = np.array(draw(st.lists(value, min_size=n_case + n_control, max_size=n_case + n_control)), dtype=float)
    return score, np.arange(n_case + n_control) < n_case


@st.composite
def predictors(draw, n_max=40, shift_max=2.0):
    """One to three predictors of two groups that overlap or not."""
    seed, p = draw(st.integers(0, 10_000)), draw(st.integers(1, 3))
    n_case, n_control = draw(st.integers(3, n_max // 2)), draw(st.integers(3, n_max // 2))
    rng = np.random.default_rng(seed)
    is_case = np.arange(n_case + n_control) < n_case
    x = rng.normal(size=(len(is_case), p)) + draw(st.floats(0, shift_max)) * is_case[:, None]
    return x, is_case


@SOME
@given(scored())
def test_area_is_the_share_of_pairs_in_order(data):
    score, is_case = data
    pairs = np.sign(score[is_case][:, None] - score[~is_case][None, :])
    assert roc(score, is_case).auc == pytest.approx(((pairs + 1) / 2).mean(), abs=1e-12)


@SOME
@given(scored())
def test_area_is_wilcoxons_w(data):
    score, is_case = data
    curve = roc(score, is_case)
    w = wilcoxon(score[None, :], is_case).statistic[0]
    assert curve.auc * curve.n_case * curve.n_control == pytest.approx(w, abs=1e-9)
    points = np.trapezoid(curve.sensitivity[::-1], (1 - curve.specificity)[::-1])
    assert points == pytest.approx(curve.auc, abs=1e-12)


@SOME
@given(scored(), st.randoms(use_true_random=False))
def test_curve_ignores_sample_order_and_monotone_transforms(data, random):
    score, is_case = data
    order = list(range(len(score)))
    random.shuffle(order)
    first, second = roc(score, is_case), roc(np.arctan(score[order] / 10) + score[order] * 3, is_case[order])
    assert np.array_equal(first.sensitivity, second.sensitivity)
    assert np.array_equal(first.specificity, second.specificity)
    assert delong_interval(first) == pytest.approx(delong_interval(second), abs=1e-12, nan_ok=True)


@SOME
@given(scored())
def test_directions_mirror_each_other(data):
    score, is_case = data
    up, down, flipped = roc(score, is_case, "up"), roc(score, is_case, "down"), roc(-score, is_case, "up")
    assert up.auc + down.auc == pytest.approx(1)
    assert down.auc == flipped.auc
    assert np.array_equal(down.thresholds, -flipped.thresholds)
    assert np.array_equal(down.sensitivity, flipped.sensitivity)
    swapped = roc(score, ~is_case, "down")
    assert swapped.auc == pytest.approx(up.auc)


@SOME
@given(scored())
def test_every_point_is_what_its_threshold_gives(data):
    score, is_case = data
    for direction in ("up", "down"):
        curve = roc(score, is_case, direction)
        called = score >= curve.thresholds[:, None] if direction == "up" else score <= curve.thresholds[:, None]
        np.testing.assert_allclose(curve.sensitivity, called[:, is_case].mean(axis=1), atol=1e-12)
        np.testing.assert_allclose(curve.specificity, 1 - called[:, ~is_case].mean(axis=1), atol=1e-12)
        best, near = youden(curve), closest_topleft(curve)
        assert best.sensitivity + best.specificity == (curve.sensitivity + curve.specificity).max()
        distance = np.hypot(1 - curve.sensitivity, 1 - curve.specificity)
        assert np.hypot(1 - near.sensitivity, 1 - near.specificity) == pytest.approx(distance.min(), abs=1e-12)


@SOME
@given(scored(), st.integers(0, 1000))
def test_paired_test_is_antisymmetric(data, seed):
    score, is_case = data
    other = np.random.default_rng(seed).normal(size=len(score))
    forth, back = delong_test(score, other, is_case), delong_test(other, score, is_case)
    assert forth.z == pytest.approx(-back.z, nan_ok=True)
    assert forth.p_value == pytest.approx(back.p_value, nan_ok=True)
    assert np.isnan(forth.p_value) or 0 <= forth.p_value <= 1


@SOME
@given(scored(), st.floats(-100, 100))
def test_rank_and_t_tests_ignore_a_shift_and_which_group_is_first(data, shift):
    score, is_case = data
    rows = np.stack([score, np.round(score + shift, 9), -score])
    ranks, welch = wilcoxon(np.round(rows, 9), is_case), welch_t(rows, is_case)
    swapped = wilcoxon(np.round(rows, 9), ~is_case)
    np.testing.assert_allclose(ranks.p_value, swapped.p_value, rtol=1e-9)
    np.testing.assert_allclose(ranks.p_value[2], ranks.p_value[0], rtol=1e-9)
    np.testing.assert_allclose(ranks.statistic + swapped.statistic, ranks.n_case * ranks.n_control)
    assert welch.statistic[2] == pytest.approx(-welch.statistic[0], nan_ok=True)
    assert not (ranks.p_value > 1).any()


def test_p_values_are_uniform_under_the_null():
    rng = np.random.default_rng(0)
    values, is_case = rng.normal(size=(4000, 24)), np.arange(24) < 10
    for p in (wilcoxon(values, is_case).p_value, wilcoxon(values, is_case, exact=False).p_value):
        # Wilcoxon's p is discrete: it may only be larger than a uniform one.
        for level in (0.01, 0.05, 0.2, 0.5):
            assert (p <= level).mean() <= level + 4 * np.sqrt(level * (1 - level) / 4000)
    p = welch_t(values, is_case).p_value
    for level in (0.01, 0.05, 0.2, 0.5, 0.9):
        assert abs((p <= level).mean() - level) <= 4 * np.sqrt(level * (1 - level) / 4000) + 0.003


@FEW
@given(predictors())
def test_maximum_likelihood_is_a_maximum_and_follows_its_units(data):
    x, is_case = data
    terms = [f"g{j}" for j in range(x.shape[1])]
    if is_separated(x, is_case):
        with pytest.raises(ValueError, match="classes separate"):
            fit_logistic(x, is_case, terms)
        return
    fit = fit_logistic(x, is_case, terms)
    p = 1 / (1 + np.exp(-(fit.coefficients[0] + x @ fit.coefficients[1:])))
    np.testing.assert_allclose(np.column_stack([np.ones(len(x)), x]).T @ (is_case - p), 0, atol=1e-7)
    flipped = fit_logistic(x * 3 + 5, ~is_case, terms)
    np.testing.assert_allclose(flipped.coefficients[1:] * 3, -fit.coefficients[1:], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(flipped.std_error[1:] * 3, fit.std_error[1:], rtol=1e-4)


@FEW
@given(predictors(n_max=24, shift_max=5.0))
def test_firth_always_exists_and_its_limits_hold_the_estimate(data):
    x, is_case = data
    terms = [f"g{j}" for j in range(x.shape[1])]
    fit = fit_firth(x, is_case, terms)
    assert np.isfinite(fit.coefficients).all()
    assert (fit.ci_low < fit.coefficients).all()
    assert (fit.coefficients < fit.ci_high).all()
    assert ((fit.p_value >= 0) & (fit.p_value <= 1)).all()
    # A coefficient's interval leaves zero out exactly when its test rejects zero, but for profiles of two modes.
    rejects = fit.p_value < 0.05
    assert (((fit.ci_low > 0) | (fit.ci_high < 0)) <= rejects).all() or separation(x, is_case) != "none"
    log_odds = fit.probability_coefficients[0] + x @ fit.coefficients[1:]
    assert (1 / (1 + np.exp(-log_odds))).mean() == pytest.approx(is_case.mean(), abs=1e-9)


@SOME
@given(predictors(shift_max=4.0), st.floats(0.01, 100), st.floats(-100, 100))
def test_separation_ignores_units_and_which_class_is_which(data, scale, shift):
    x, is_case = data
    found = separation(x, is_case)
    assert separation(x * scale + shift, is_case) == found
    assert separation(x, ~is_case) == found
    if x.shape[1] == 1:
        overlap = max(x[is_case].min(), x[~is_case].min()) <= min(x[is_case].max(), x[~is_case].max())
        assert (found == "none") == overlap


def _subject(x, is_case, order=None):
    order = np.arange(len(x)) if order is None else order
    names = tuple(f"s{i}" for i in order)
    genes = tuple(f"G{j}" for j in range(x.shape[1]))
    matrix = ExpressionMatrix(np.ascontiguousarray(x[order].T), genes, names)
    return CaseControl("c", "cohort", matrix, is_case[order], ("c",) * len(x), (None,) * len(x))


@FEW
@given(predictors(shift_max=4.0), st.integers(0, 1000))
def test_model_survives_its_table_and_ignores_sample_and_gene_order(data, seed):
    x, is_case = data
    genes = [f"G{j}" for j in range(x.shape[1])]
    no_bootstrap = Model(bootstrap=0)
    subject = _subject(x, is_case)
    model = fit_risk_model(subject, genes, no_bootstrap)
    again = risk_model_from_table(risk_model_tables(model, subject, no_bootstrap, 1).coefficients)
    scores = score_patients(model, subject.matrix)
    assert score_patients(again, subject.matrix).equals(scores)
    shuffled = _subject(x, is_case, np.random.default_rng(seed).permutation(len(x)))
    other = fit_risk_model(shuffled, genes[::-1], no_bootstrap)
    values = score_patients(other, subject.matrix)["linear_predictor"].to_numpy()
    np.testing.assert_allclose(values, scores["linear_predictor"].to_numpy(), rtol=1e-6, atol=1e-6)


@FEW
@given(predictors())
def test_nomogram_totals_give_the_models_probability(data):
    x, is_case = data
    design = np.column_stack([np.ones(len(x)), x])
    coefficients = fit_firth_resamples(design, is_case, np.ones((1, len(x))))[0]
    drawn = nomogram([f"g{j}" for j in range(x.shape[1])], x, coefficients)
    assert max(points.max() for points in drawn.points) == pytest.approx(100)
    assert min(points.min() for points in drawn.points) == 0
    total = sum(
        np.interp(x[:, j], values, points)
        for j, (values, points) in enumerate(zip(drawn.values, drawn.points, strict=True))
    )
    expected = 1 / (1 + np.exp(-(coefficients[0] + x @ coefficients[1:])))
    np.testing.assert_allclose(drawn.probability(total), expected, rtol=1e-8)


@SOME
@given(st.floats(-1e6, 1e6), st.floats(1e-2, 1e6), st.integers(2, 12))
def test_pretty_marks_are_even_round_and_cover_the_range(low, width, n):
    marks = pretty(low, low + width, n)
    step = marks[1] - marks[0]
    tolerance = 1e-6 * step + 1e-9 * max(abs(low), width)
    assert marks[0] <= low + tolerance
    assert marks[-1] >= low + width - tolerance
    leading = step / 10 ** np.floor(np.log10(step * (1 + 1e-9)))
    assert min(abs(leading - unit) for unit in (1, 2, 5, 10)) < 1e-3
    assert 2 <= len(marks) <= 3 * n + 3


@FEW
@given(st.integers(0, 10_000), st.integers(5, 60))
def test_lowess_ignores_order_and_follows_shift_and_scale(seed, n):
    rng = np.random.default_rng(seed)
    x, y = rng.random((1, n)), rng.normal(size=(1, n))
    at = np.quantile(x[0], [0, 0.2, 0.5, 0.8, 1])
    fitted = lowess_at(x, y, at)
    order = rng.permutation(n)
    np.testing.assert_allclose(lowess_at(x[:, order], y[:, order], at), fitted, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(lowess_at(x, 2 - 3 * y, at), 2 - 3 * fitted, rtol=1e-7, atol=1e-9)
