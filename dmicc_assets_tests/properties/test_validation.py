"""Properties for any data: invariances of penalised fits, resampled models, validation and decision curves."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dmicc_assets.model.decision_curve import net_benefit, net_benefit_of_all
from dmicc_assets.model.internal_validation import (
    bootstrap_indices,
    calibrate,
    corrected_net_benefit,
    recalibrate,
    refit,
    validate,
)
from dmicc_assets.model.performance import brier, deviance, discrimination, rank_scores
from dmicc_assets.stats.firth import fit_firth, flic_intercepts
from dmicc_assets.stats.logistic import fit_logistic, fit_resamples
from dmicc_assets.stats.probability import expit, logit
from dmicc_assets.stats.roc import auc_of_rows, bootstrap_interval, roc
from dmicc_assets.stats.roc_band import roc_band
from dmicc_assets.stats.separation import is_separated
from dmicc_assets_tests.properties.test_model import predictors, scored

FEW = settings(max_examples=10, deadline=None)
SOME = settings(max_examples=40, deadline=None)
THRESHOLDS = np.array([0.05, 0.2, 0.5, 0.7, 0.95])


def _model(x, is_case):
    """The design and the most likely coefficients; data that separate are not of use here."""
    assume(not is_separated(x, is_case))
    design = np.column_stack([np.ones(len(x)), x])
    return design, fit_logistic(x, is_case, [f"g{j}" for j in range(x.shape[1])]).coefficients


@FEW
@given(predictors(n_max=24, shift_max=5.0), st.floats(0.1, 10), st.floats(-20, 20), st.integers(0, 1000))
def test_firth_follows_units_and_classes_and_ignores_order(data, unit, shift, seed):
    x, is_case = data
    terms, order = [f"g{j}" for j in range(x.shape[1])], np.random.default_rng(seed).permutation(len(x))
    fit, mirrored = fit_firth(x, is_case, terms), fit_firth(x[order] * unit + shift, ~is_case[order], terms)
    np.testing.assert_allclose(mirrored.coefficients[1:] * unit, -fit.coefficients[1:], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(mirrored.ci_low[1:] * unit, -fit.ci_high[1:], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(mirrored.ci_high[1:] * unit, -fit.ci_low[1:], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(mirrored.p_value[1:], fit.p_value[1:], rtol=1e-5, atol=1e-8)
    wider = fit_firth(x, is_case, terms, level=0.99)
    assert ((wider.ci_low < fit.ci_low) | np.isinf(fit.ci_low)).all()
    assert ((wider.ci_high > fit.ci_high) | np.isinf(fit.ci_high)).all()


@SOME
@given(st.integers(0, 10_000), st.integers(2, 30), st.floats(-30, 30))
def test_flic_takes_a_shift_back_and_counts_as_often_as_drawn(seed, n, shift):
    rng = np.random.default_rng(seed)
    is_case, part = np.arange(n) < rng.integers(1, n), rng.normal(0, 5, n)
    counts = rng.integers(1, 4, (3, n)).astype(float)
    intercepts = flic_intercepts(part, is_case, counts)
    mean = (counts * expit(intercepts[:, None] + part)).sum(axis=1) / counts.sum(axis=1)
    np.testing.assert_allclose(mean, counts @ is_case / counts.sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(flic_intercepts(part + shift, is_case, counts) + shift, intercepts, atol=1e-9)
    np.testing.assert_allclose(flic_intercepts(-part, ~is_case, counts), -intercepts, atol=1e-9)
    np.testing.assert_allclose(logit(expit(part)), part, rtol=1e-6, atol=1e-9)


@FEW
@given(predictors(n_max=30), st.integers(0, 1000), st.floats(0.1, 10), st.floats(-20, 20))
def test_validation_ignores_order_and_units(data, seed, unit, shift):
    x, is_case = data
    design, coefficients = _model(x, is_case)
    n = len(x)
    indices, order = bootstrap_indices(n, 12, seed), np.random.default_rng(seed).permutation(n)
    refits = refit(design, is_case, indices, "ml")
    here = validate(design, is_case, coefficients, refits, "ml"), calibrate(design, is_case, coefficients, refits)
    moved, of_moved = _model(x[order] * unit + shift, is_case[order])
    refits = refit(moved, is_case[order], np.argsort(order)[indices], "ml")
    there = validate(moved, is_case[order], of_moved, refits, "ml"), calibrate(moved, is_case[order], of_moved, refits)
    for name, index in here[0].items():
        numbers = there[0][name].apparent, there[0][name].training, there[0][name].test
        # A refit separated in one basis and just not in another would differ; none is so close here.
        assert numbers == pytest.approx((index.apparent, index.training, index.test), rel=1e-4, abs=1e-5), name
    np.testing.assert_allclose(there[1].predicted, here[1].predicted, atol=1e-6)
    np.testing.assert_allclose(there[1].apparent, here[1].apparent, atol=1e-5)
    benefits = [
        corrected_net_benefit(each, y, b, refit(each, y, drawn, "ml"), THRESHOLDS)[0]
        for each, y, b, drawn in (
            (design, is_case, coefficients, indices),
            (moved, is_case[order], of_moved, np.argsort(order)[indices]),
        )
    ]
    # A probability on a threshold may fall on either side of it.
    assume(np.abs(logit(THRESHOLDS)[:, None] - design @ coefficients).min() > 1e-6)
    np.testing.assert_allclose(benefits[1], benefits[0], atol=1e-12)


@SOME
@given(predictors())
def test_a_model_is_calibrated_where_it_was_fitted(data):
    x, is_case = data
    design, coefficients = _model(x, is_case)
    own = (design @ coefficients)[None]
    once, never = np.ones_like(own), np.zeros(1, dtype=np.bool_)
    line = np.array(recalibrate(own, is_case, once, never))[:, 0]
    # The best line is the diagonal; rms stops its refits when -2 log likelihood is within 0.025 of its least.
    lost = deviance(line[0] + line[1] * own, is_case, once) - deviance(own, is_case, once)
    assert -1e-9 <= lost[0] <= 0.025
    mirrored = np.array(recalibrate(-own, ~is_case, once, never))[:, 0]
    np.testing.assert_allclose(mirrored, line * [-1, 1], atol=1e-6)
    np.testing.assert_allclose(brier(-own, ~is_case, once), brier(own, is_case, once), rtol=1e-9)


@SOME
@given(predictors(), st.integers(0, 1000))
def test_resampled_fits_ignore_order_and_mirror_classes(data, seed):
    x, is_case = data
    rng = np.random.default_rng(seed)
    design, order = np.column_stack([np.ones(len(x)), x]), rng.permutation(len(x))
    counts = rng.multinomial(len(x), np.full(len(x), 1 / len(x)), size=6).astype(float)
    here, there = (
        fit_resamples(design, is_case, counts),
        fit_resamples(design[order], ~is_case[order], counts[:, order]),
    )
    np.testing.assert_array_equal(np.isnan(there.coefficients), np.isnan(here.coefficients))
    fitted = ~here.may_separate & ~there.may_separate
    np.testing.assert_allclose(there.coefficients[fitted], -here.coefficients[fitted], rtol=1e-5, atol=1e-6)


@SOME
@given(scored(), st.integers(0, 1000))
def test_discrimination_is_twice_the_area_less_one_and_counts_samples(data, seed):
    score, is_case = data
    counts = np.random.default_rng(seed).integers(1, 4, (1, len(score))).astype(float)
    drawn = np.repeat(np.arange(len(score)), counts[0].astype(int))
    # Scores as log-odds; a monotone transform changes the mean differences and not Dxy.
    for values in (score[None] / 10, np.arctan(score[None] / 10) + score[None]):
        found = discrimination(rank_scores(values, is_case), counts)
        assert found.dxy[0] == pytest.approx(2 * roc(score[drawn], is_case[drawn]).auc - 1, abs=1e-9)
        pairs = np.abs(values[0, drawn][:, None] - values[0, drawn])
        assert found.g[0] == pytest.approx(pairs.sum() / (len(drawn) * (len(drawn) - 1)), rel=1e-9, abs=1e-9)


@SOME
@given(scored(), st.integers(0, 1000))
def test_resampled_curves_see_only_the_order_of_scores(data, seed):
    score, is_case = data
    monotone = np.arctan(score / 10) + score * 3
    curve, same, down = roc(score, is_case), roc(monotone, is_case), roc(-score, is_case, "down")
    interval = bootstrap_interval(curve, seed, 200)
    assert interval == bootstrap_interval(same, seed, 200) == bootstrap_interval(down, seed, 200)
    assert 0 <= interval[0] <= interval[1] <= 1
    rows = np.stack([score, monotone, -score])
    np.testing.assert_allclose(auc_of_rows(rows, is_case), [curve.auc, curve.auc, 1 - curve.auc], atol=1e-12)
    bands = [
        roc_band(1 - each.specificity, each.sensitivity, each.n_case, each.n_control, seed, 50, points=11)
        for each in (curve, same)
    ]
    np.testing.assert_array_equal(bands[0].low, bands[1].low)
    assert ((bands[0].low <= bands[0].high) & (bands[0].low >= 0) & (bands[0].high <= 1)).all()
    assert (np.diff(bands[0].low) >= -1e-12).all()


@SOME
@given(scored(), st.integers(0, 1000))
def test_net_benefit_ignores_order_and_lies_below_the_prevalence(data, seed):
    score, is_case = data
    predictor, order = score / 10 + 0.0123, np.random.default_rng(seed).permutation(len(score))
    once = np.ones(len(score))
    found = net_benefit(predictor, is_case, once, THRESHOLDS)[0]
    np.testing.assert_allclose(net_benefit(predictor[order], is_case[order], once, THRESHOLDS)[0], found, atol=1e-12)
    assert (found <= is_case.mean() + 1e-12).all()
    # Acting on everybody, on nobody and on the cases alone.
    for each, benefit in (
        (np.full(len(score), 9.0), net_benefit_of_all(is_case.mean(), THRESHOLDS)),
        (np.full(len(score), -9.0), np.zeros(5)),
        (np.where(is_case, 9.0, -9.0), np.full(5, is_case.mean())),
    ):
        np.testing.assert_allclose(net_benefit(each, is_case, once, THRESHOLDS)[0], benefit, atol=1e-12)
    # Not acting on the mirrored classes at 1 - t is acting at t, up to what acting on all gains.
    assume((np.abs(logit(THRESHOLDS)[:, None] - predictor) > 1e-9).all())
    odds = THRESHOLDS / (1 - THRESHOLDS)
    mirrored = net_benefit(-predictor, ~is_case, once, 1 - THRESHOLDS[::-1])[0][::-1]
    np.testing.assert_allclose(found - net_benefit_of_all(is_case.mean(), THRESHOLDS), odds * mirrored, atol=1e-9)
