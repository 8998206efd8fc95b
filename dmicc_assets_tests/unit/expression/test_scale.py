"""GEO2R's log2 rule and quantile normalisation as limma's."""

import numpy as np
import pytest

from dmicc_assets.expression.scale import log2_decision, to_log2
from dmicc_assets.stats.quantile_normalisation import apply_quantile_target, fit_quantile_target, quantile_normalise
from dmicc_assets_tests.oracle import MADE_UP, Answers
from dmicc_assets_tests.oracle.linear import assert_equal_to_r, expression, golden, numbers


def test_quantile_normalisation_equals_limma_with_ties_missing_values_and_an_almost_empty_sample() -> None:
    _, values = expression("quantile_input")
    assert_equal_to_r(quantile_normalise(values), numbers(golden("quantile")))


@pytest.mark.parametrize("order", ["C", "F"])
def test_normalisation_leaves_its_input_alone(order: str) -> None:
    values = np.array(expression("quantile_input")[1], order="C" if order == "C" else "F")
    before = values.copy()
    target = fit_quantile_target(values)
    ours = quantile_normalise(values)
    np.testing.assert_array_equal(apply_quantile_target(values, target), ours)
    np.testing.assert_array_equal(values, before)


def test_a_new_sample_gets_the_training_samples_distribution() -> None:
    rng = np.random.default_rng(3)
    target = fit_quantile_target(rng.normal(8, 1, (50, 6)))
    new = apply_quantile_target(rng.normal(3, 4, (50, 1)), target)
    np.testing.assert_allclose(np.sort(new[:, 0]), target)


def test_one_sample_has_nothing_to_be_equal_to() -> None:
    np.testing.assert_array_equal(quantile_normalise(np.array([[3.0], [1.0]])), [[3.0], [1.0]])


def test_an_empty_or_infinite_sample_is_refused() -> None:
    values = np.ones((3, 2))
    values[:, 1] = np.nan
    with pytest.raises(ValueError, match="sample 2 has no value at all"):
        quantile_normalise(values)
    values[:, 1] = [1, np.inf, 2]
    with pytest.raises(ValueError, match="sample 2 has an infinite value"):
        quantile_normalise(values)


@pytest.mark.parametrize(
    ("values", "linear"),
    [
        ([2.0, 8.0, 14.0], False),
        ([10.0, 200.0, 4000.0], True),
        ([1.0, 40.0, 60.0], True),  # a range over 50 with a positive first quartile
        ([-30.0, -1.0, 40.0], False),
        ([1.0, 40.0, 51.0], False),  # a range of 50, a first quartile of 0, a 99 % quantile of 100: none is over it
        ([-10.0, 0.0, 60.0], False),
        ([100.0, 100.0, 100.0], False),
    ],
)
def test_the_scale_is_told_by_geo2rs_rule(values: list[float], linear: bool) -> None:
    decision = log2_decision(np.array([values, [np.nan, values[1], values[1]]]))
    assert (decision.took_log2, decision.scale_detected) == (linear, "linear" if linear else "log2")


def test_a_stated_scale_overrules_and_what_was_seen_is_kept() -> None:
    values = np.array([[10.0, 200.0, 4000.0]])
    assert log2_decision(values, "log2").took_log2 is False
    assert log2_decision(values, "log2").scale_detected == "linear"
    assert log2_decision(np.array([[1.0, 2.0]]), "linear").took_log2 is True


def test_values_without_a_logarithm_become_missing() -> None:
    decision = log2_decision(np.array([[-4.0, 0.0, 8.0, 4000.0]]))
    values = to_log2(np.array([[-4.0, 0.0, 8.0, np.nan]]), decision)
    np.testing.assert_array_equal(values, [[np.nan, np.nan, 3.0, np.nan]])


def test_the_rule_on_raw_intensities_is_geo2rs() -> None:
    assert_log2_rule(MADE_UP, "intensities", "expression")


def assert_log2_rule(answers: Answers, case: str, file: str) -> None:
    """Quantiles, decision and number of values without a logarithm equal R's."""
    _, values, _ = answers.expression(case, file)
    decision, theirs = log2_decision(values), answers.summary("normalise", f"{case}_log2_rule")
    assert decision.took_log2 is theirs["log2_needed"]
    np.testing.assert_allclose(decision.quantiles, theirs["quantiles"], rtol=1e-12)
    assert np.isnan(to_log2(values, decision)).sum() == theirs["n_nan"]


def test_a_matrix_whose_scale_cannot_be_told_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        log2_decision(np.full((2, 2), np.nan))
    with pytest.raises(ValueError, match="row 2, sample 1 is infinite"):
        log2_decision(np.array([[1.0], [np.inf]]))
    with pytest.raises(ValueError, match="expected auto, log2 or linear"):
        log2_decision(np.ones((2, 2)), "raw")  # pyright: ignore[reportArgumentType]  # a caller's mistake


@pytest.mark.parametrize("by", ["limma", "preprocessCore"])
@pytest.mark.parametrize("name", ["T1", "T2", "T3", "T4", "X", "S"])
def test_quantile_normalisation_equals_limma_and_preprocesscore(name: str, by: str) -> None:
    """Ties (T1, T2), missing values too (T3), an almost empty sample (T4), arrays (X), every special gene (S)."""
    assert_quantile_normalised(MADE_UP, name, by)


def assert_quantile_normalised(answers: Answers, name: str, by: str) -> None:
    """Quantile normalisation equals that of an R package."""
    before, after = (answers.table("normalise", f"quantile_{name}_{part}") for part in ("input", by))
    assert_equal_to_r(quantile_normalise(numbers(before[:, 1:])), numbers(after[:, 1:]))
