"""Net benefit by hand, against the oracle, and bad input."""

import numpy as np
import polars as pl
import pytest

from dmicc_assets.model.decision_curve import THRESHOLDS, net_benefit, net_benefit_of_all
from dmicc_assets.stats.probability import expit, logit
from dmicc_assets_tests.oracle import MADE_UP
from dmicc_assets_tests.oracle.model import golden

CASE = np.array([True, False, True, False])


def test_by_hand():
    log_odds = logit(np.array([0.9, 0.6, 0.4, 0.1]))
    found = net_benefit(log_odds, CASE, np.ones(4), np.array([0.05, 0.5, 0.7, 0.95]))[0]
    # Acting on all four, on the first two, on the first, on nobody.
    expected = [(2 - 2 * 0.05 / 0.95) / 4, (1 - 1 * 1) / 4, 1 / 4, 0]
    np.testing.assert_allclose(found, expected, atol=1e-15)


def test_a_probability_at_the_threshold_is_acted_on():
    thresholds = np.array([0.2, 0.5, 0.8])
    found = net_benefit(logit(thresholds), np.ones(3, dtype=bool), np.ones(3), thresholds)[0]
    np.testing.assert_allclose(found, [1, 2 / 3, 1 / 3])


def test_counted_samples_equal_repeated_samples():
    rng = np.random.default_rng(0)
    log_odds, is_case = rng.normal(size=(5, 30)), rng.random(30) < 0.4
    counts = rng.integers(0, 4, size=(5, 30))
    together = net_benefit(log_odds, is_case, counts.astype(float))
    for row, count, found in zip(log_odds, counts, together, strict=True):
        index = np.repeat(np.arange(30), count)
        alone = net_benefit(row[index], is_case[index], np.ones(len(index)))[0]
        np.testing.assert_allclose(found, alone, atol=1e-14)


def test_direct_definition():
    rng = np.random.default_rng(1)
    log_odds, is_case = 2 * rng.normal(size=80), rng.random(80) < 0.5
    probability = expit(log_odds)
    expected = [
        np.mean((probability >= t) & is_case) - np.mean((probability >= t) & ~is_case) * t / (1 - t) for t in THRESHOLDS
    ]
    np.testing.assert_allclose(net_benefit(log_odds, is_case, np.ones(80))[0], expected, atol=1e-14)


@pytest.mark.parametrize("name", ["two", "three"])
def test_equal_to_r(name):
    table, expected = golden(f"{name}_input.tsv"), golden("decision.tsv").filter(pl.col("name") == name)
    slopes = golden(f"{name}_coefficients.tsv")["coefficient"].to_numpy()
    log_odds, is_case = slopes[0] + table.drop("y").to_numpy() @ slopes[1:], table["y"].to_numpy() == 1
    np.testing.assert_allclose(THRESHOLDS, expected["threshold"], rtol=1e-12)
    np.testing.assert_allclose(net_benefit(log_odds, is_case, np.ones(len(is_case)))[0], expected["model"], atol=1e-12)
    np.testing.assert_allclose(net_benefit_of_all(is_case.mean()), expected["all"], rtol=1e-12, atol=1e-12)


def test_a_model_that_says_yes_to_everybody_is_acting_on_all():
    np.testing.assert_allclose(net_benefit(np.full(4, 800.0), CASE, np.ones(4))[0], net_benefit_of_all(0.5), atol=1e-15)


@pytest.mark.parametrize("thresholds", [[0.0, 0.5], [0.5, 1.0], [0.5, 0.5], [0.6, 0.4]])
def test_bad_thresholds_are_refused(thresholds):
    with pytest.raises(ValueError, match="between 0 and 1 in ascending order"):
        net_benefit(np.zeros(4), CASE, np.ones(4), np.array(thresholds))


@pytest.mark.parametrize("name", ["arrays2", "arrays5"])
def test_net_benefit_equals_rs(name):
    assert_net_benefit(MADE_UP, name)


def assert_net_benefit(answers, name):
    """Net benefit of a model and of treating everybody equal R's."""
    expected, predicted = (answers.table("nomogram", f"{name}__{part}") for part in ("decision_curve", "predictions"))
    is_case = predicted["y"].to_numpy() == 1
    found = net_benefit(predicted["lp"].to_numpy(), is_case, np.ones(len(is_case)))[0]
    np.testing.assert_allclose(found, expected["model"], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(net_benefit_of_all(is_case.mean()), expected["all"], rtol=1e-8, atol=1e-9)
