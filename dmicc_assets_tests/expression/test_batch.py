"""ComBat and linear batch effects against sva and limma, and what learning them apart from applying them gives."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from dmicc_assets.expression.batch import (
    apply_batch_effect,
    apply_combat,
    combat,
    fit_batch_effect,
    fit_combat,
    remove_batch_effect,
)
from dmicc_assets_tests.golden.linear import assert_equal_to_r, designs, expression, golden, numbers

SMALL, FULL, SAMPLES = designs()
GENES, COMPLETE = expression("complete")
MISSING = expression("missing")[1]
BATCH = SAMPLES["batch"].to_list()
ONE = ["d", *BATCH[1:]]
ROWS = [*range(40), *range(199, 203)]
ROWS_MISSING = [*range(40), *range(205, 225)]
CASE = SMALL[:, 1:]

COMBAT: dict[str, tuple[np.ndarray, list[str], np.ndarray | None, dict[str, Any]]] = {
    "parametric": (COMPLETE[ROWS], BATCH, None, {}),
    "covariate": (COMPLETE[ROWS], BATCH, CASE, {}),
    "mean_only": (COMPLETE[ROWS], BATCH, CASE, {"mean_only": True}),
    "reference": (COMPLETE[ROWS], BATCH, CASE, {"reference": "b"}),
    "empirical": (COMPLETE[ROWS[:40]], BATCH, CASE, {"parametric": False}),
    "single": (COMPLETE[ROWS], ONE, CASE, {}),
    "missing": (MISSING[ROWS_MISSING], BATCH, CASE, {}),
    "missing_reference": (MISSING[ROWS_MISSING], BATCH, None, {"reference": "a"}),
    "missing_empirical": (MISSING[ROWS_MISSING], BATCH, None, {"parametric": False}),
}


def _theirs(variant: str) -> np.ndarray:
    return numbers(golden("batch").filter(pl.col("variant") == variant)[:, 2:])


@pytest.mark.parametrize("variant", COMBAT)
def test_combat_equals_sva(variant: str) -> None:
    values, batch, covariates, options = COMBAT[variant]
    assert_equal_to_r(combat(values, batch, covariates, **options), _theirs(variant))


def test_linear_batch_effects_equal_limma() -> None:
    values, second = MISSING[ROWS_MISSING], [str(p % 2) for p in SAMPLES["patient"]]
    assert_equal_to_r(remove_batch_effect(values, BATCH, SMALL), _theirs("removed"))
    assert_equal_to_r(remove_batch_effect(values, BATCH, SMALL, batch2=second), _theirs("removed_two"))
    age = SAMPLES["age"].to_numpy().astype(float)
    assert_equal_to_r(remove_batch_effect(values, BATCH, SMALL, covariates=age), _theirs("removed_covariate"))


def test_genes_without_variance_in_a_batch_stay_and_are_marked() -> None:
    fit = fit_combat(COMPLETE[ROWS], BATCH, CASE)
    assert np.flatnonzero(~fit.adjusted).tolist() == [40, 41]
    adjusted = apply_combat(fit, COMPLETE[ROWS], BATCH, CASE)
    np.testing.assert_array_equal(adjusted[[40, 41]], COMPLETE[ROWS][[40, 41]])


def test_a_gene_missing_from_a_batch_stays_where_sva_stops() -> None:
    values = COMPLETE[:40].copy()
    values[7, np.array(BATCH) == "c"] = np.nan
    fit = fit_combat(values, BATCH, CASE)
    assert np.flatnonzero(~fit.adjusted).tolist() == [7]
    np.testing.assert_array_equal(apply_combat(fit, values, BATCH, CASE)[7], values[7])


def test_the_reference_batch_is_untouched() -> None:
    adjusted = combat(COMPLETE[ROWS], BATCH, CASE, reference="b")
    at = np.array(BATCH) == "b"
    np.testing.assert_array_equal(adjusted[:, at], COMPLETE[ROWS][:, at])


def test_new_samples_are_adjusted_by_the_training_samples_alone() -> None:
    train, test = np.arange(0, 18), np.arange(18, 24)
    batch = np.array(BATCH)
    fit = fit_combat(COMPLETE[ROWS][:, train], list(batch[train]))
    one_by_one = [apply_combat(fit, COMPLETE[ROWS][:, [i]], [batch[i]])[:, 0] for i in test]
    together = apply_combat(fit, COMPLETE[ROWS][:, test], list(batch[test]))
    np.testing.assert_allclose(np.column_stack(one_by_one), together, rtol=1e-12)
    effect = fit_batch_effect(COMPLETE[ROWS][:, train], list(batch[train]), SMALL[train])
    shift = COMPLETE[ROWS][:, test] - apply_batch_effect(effect, COMPLETE[ROWS][:, test], list(batch[test]))
    for level in "abc":
        columns = shift[:, batch[test] == level]
        np.testing.assert_allclose(columns, np.repeat(columns[:, :1], columns.shape[1], axis=1), atol=1e-12)


def test_a_sample_of_unknown_group_is_adjusted_at_the_covariates_mean() -> None:
    fit = fit_combat(COMPLETE[ROWS], BATCH, CASE)
    mean = np.full((24, 1), CASE.mean())
    without, at_mean = apply_combat(fit, COMPLETE[ROWS], BATCH), apply_combat(fit, COMPLETE[ROWS], BATCH, mean)
    np.testing.assert_allclose(without, at_mean, rtol=1e-12)


def test_confounded_batches_are_named() -> None:
    confounded = (np.array(BATCH) == "a").astype(float)
    with pytest.raises(ValueError, match="'covariate 1' is confounded with the other columns"):
        combat(COMPLETE[ROWS], BATCH, confounded)
    with pytest.raises(ValueError, match="'batch a' is confounded with the other columns"):
        remove_batch_effect(COMPLETE[ROWS], ["a" if y else "b" for y in CASE[:, 0]], SMALL)


def test_what_cannot_be_adjusted_is_refused() -> None:
    values = COMPLETE[ROWS]
    with pytest.raises(ValueError, match="two batches at least, got a"):
        combat(values, ["a"] * 24)
    with pytest.raises(ValueError, match="reference batch 'z' is not one of a, b, c"):
        combat(values, BATCH, reference="z")
    with pytest.raises(ValueError, match="5 batches for 24 samples"):
        combat(values, ["a"] * 5)
    with pytest.raises(ValueError, match="covariates of shape"):
        combat(values, BATCH, np.ones((3, 1)))
    with pytest.raises(ValueError, match="1 genes vary within every batch"):
        combat(values[[0, 40]], BATCH)
    infinite = values.copy()
    infinite[3, 3] = np.inf
    for function in (combat, remove_batch_effect):
        with pytest.raises(ValueError, match="infinite value in sample 4"):
            function(infinite, BATCH)


def test_a_batch_that_was_not_learnt_is_refused() -> None:
    with pytest.raises(ValueError, match="batch 'z' was not among those the fit was learnt from"):
        apply_combat(fit_combat(COMPLETE[ROWS], BATCH), COMPLETE[ROWS][:, :1], ["z"])
    with pytest.raises(ValueError, match="batch 'z' was not among those the effect was learnt from"):
        apply_batch_effect(fit_batch_effect(COMPLETE[ROWS], BATCH), COMPLETE[ROWS][:, :1], ["z"])


def test_one_batch_has_no_linear_effect() -> None:
    np.testing.assert_array_equal(remove_batch_effect(COMPLETE, ["a"] * 24), COMPLETE)
