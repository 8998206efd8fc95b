"""ComBat and linear batch effects against sva and limma, and fits applied to other samples."""

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
from dmicc_assets.expression.projection import principal_components
from dmicc_assets_tests.oracle import MADE_UP, Answers
from dmicc_assets_tests.oracle.linear import assert_equal_to_r, designs, expression, golden, numbers

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


@pytest.mark.parametrize("variant", ["mean_only", "reference", "empirical", "single"])
def test_combat_without_covariates_equals_sva(variant: str) -> None:
    values, batch, _, options = COMBAT[variant]
    theirs = numbers(golden("batch_alone").filter(pl.col("variant") == variant)[:, 2:])
    assert_equal_to_r(combat(values, batch, **options), theirs)


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


def test_the_others_learn_nothing_from_a_gene_that_is_wholly_explained() -> None:
    values = np.vstack([COMPLETE[:40], np.where(CASE[:, 0] == 1, 7.3, 5.1)])
    adjusted = combat(values, BATCH, CASE)
    np.testing.assert_array_equal(adjusted[40], values[40])
    np.testing.assert_array_equal(adjusted[:40], combat(values[:40], BATCH, CASE))


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
    with pytest.raises(ValueError, match="every gene has the same variance within a batch"):
        combat(values[[0, 0]], BATCH)
    infinite = values.copy()
    infinite[3, 3] = np.inf
    for function in (combat, remove_batch_effect):
        with pytest.raises(ValueError, match="infinite value in sample 4"):
            function(infinite, BATCH)


def test_a_batch_that_was_not_learnt_is_refused() -> None:
    with pytest.raises(ValueError, match="batch 'z' is not in the fit"):
        apply_combat(fit_combat(COMPLETE[ROWS], BATCH), COMPLETE[ROWS][:, :1], ["z"])
    with pytest.raises(ValueError, match="batch 'z' is not in the fit"):
        apply_batch_effect(fit_batch_effect(COMPLETE[ROWS], BATCH), COMPLETE[ROWS][:, :1], ["z"])


def test_one_batch_has_no_linear_effect() -> None:
    np.testing.assert_array_equal(remove_batch_effect(COMPLETE, ["a"] * 24), COMPLETE)


def _assert_rows(answers: Answers, name: str, genes: list[str], ours: np.ndarray) -> None:
    """Some genes whole; mean, sd, first and last value of more."""
    for part in ("", "__rows"):
        theirs = answers.table("combat", f"{name}{part}")
        row = {gene: i for i, gene in enumerate(genes)}
        found = ours[[row[gene] for gene in theirs["id"]]]
        if part:
            moments = [np.nanmean(found, axis=1), np.nanstd(found, axis=1, ddof=1), found[:, 0], found[:, -1]]
            found = np.column_stack(moments)
        assert_equal_to_r(found, numbers(theirs[:, 1:]))


VARIANTS: dict[str, dict[str, Any]] = {
    "par": {},
    "meanonly": {"mean_only": True},
    "ref2": {"reference": "2"},
    "nonpar": {"parametric": False},
}


@pytest.mark.parametrize("with_covariates", [False, True])
@pytest.mark.parametrize("name", VARIANTS)
def test_combat_of_five_batches_and_three_outcomes_equals_sva(name: str, with_covariates: bool) -> None:
    assert_combat(MADE_UP, "batches", name, with_covariates, n_empirical=60)


def assert_combat(answers: Answers, case: str, name: str, with_covariates: bool, n_empirical: int) -> None:
    """ComBat equals sva's; the slow empirical prior is asked of the first genes only."""
    genes, values, _ = answers.expression(case)
    samples = answers.case(case, "samples")
    if name == "nonpar":
        genes, values = genes[:n_empirical], values[:n_empirical]
    covariates = np.column_stack([samples["cancer"] == level for level in ("Biopsy", "Cancer")]).astype(float)
    batch = [str(b) for b in samples["batch"]]
    ours = combat(values, batch, covariates if with_covariates else None, **VARIANTS[name])
    first = f"_first{n_empirical}" if name == "nonpar" else ""
    _assert_rows(answers, f"{case}__{name}{'_mod' if with_covariates else ''}{first}", genes, ours)


def test_linear_effects_of_five_batches_equal_limma() -> None:
    assert_other_batch_effects(MADE_UP, "batches")


def assert_other_batch_effects(answers: Answers, case: str) -> None:
    """A batch of one sample, linear effects, and a refusal where batch and outcome are one."""
    genes, values, _ = answers.expression(case)
    samples = answers.case(case, "samples")
    batch, one = [str(b) for b in samples["batch"]], np.ones((len(samples), 1))
    kept = np.column_stack([one, *(samples["cancer"] == level for level in ("Biopsy", "Cancer"))]).astype(float)
    _assert_rows(answers, f"{case}__single_sample_batch", genes, combat(values, ["9", *batch[1:]]))
    _assert_rows(answers, f"{case}__rbe", genes, remove_batch_effect(values, batch))
    _assert_rows(answers, f"{case}__rbe_design", genes, remove_batch_effect(values, batch, kept))
    cancer = samples["cancer"].to_numpy() == "Cancer"
    chosen = np.array([(b == "1" and is_cancer) or b == "3" for b, is_cancer in zip(batch, cancer, strict=True)])
    assert "confounded" in answers.summary("combat", "confounded")["confounded_error"]
    with pytest.raises(ValueError, match="'covariate 1' is confounded with the other columns"):
        combat(values[:, chosen], list(np.array(batch)[chosen]), cancer[chosen].astype(float))


def test_batch_effects_of_missing_values_equal_sva_and_limma() -> None:
    genes, values, _ = MADE_UP.expression("synthetic")
    samples = MADE_UP.case("synthetic", "samples")
    batch, case = samples["batch"].to_list(), (samples["group"] == "disease").to_numpy()
    notes = MADE_UP.summary("combat", "synthetic_notes")
    kept = [i for i, gene in enumerate(genes) if gene not in notes["dropped"]]
    genes, values = [genes[i] for i in kept], values[kept]
    assert len(genes) == notes["kept_rows"]
    _assert_rows(MADE_UP, "synthetic__par", genes, combat(values, batch))
    design, age = np.column_stack([np.ones(len(case)), case]), samples["age"].to_numpy().astype(float)
    _assert_rows(MADE_UP, "synthetic__rbe_design", genes, remove_batch_effect(values, batch, design))
    _assert_rows(MADE_UP, "synthetic__rbe_cov", genes, remove_batch_effect(values, batch, covariates=age))
    whole = np.flatnonzero(~np.isnan(values).any(axis=1))
    ours = combat(values[whole], batch, case.astype(float))
    _assert_rows(MADE_UP, "synthetic__par_mod_complete", [genes[i] for i in whole], ours)
    # sva stops at a gene whose values do not tell the covariate from a batch: here it stays as it is.
    assert "singular" in notes["synthetic_mod"]
    fit = fit_combat(values, batch, case.astype(float))
    left = np.flatnonzero(~fit.adjusted)
    assert 0 < len(left) < 60
    np.testing.assert_array_equal(apply_combat(fit, values, batch, case.astype(float))[left], values[left])


def test_principal_components_after_combat_are_rs() -> None:
    assert_principal_components(MADE_UP, "batches")


def assert_principal_components(answers: Answers, case: str) -> None:
    """Scores, whatever their sign, and explained shares equal prcomp's before and after ComBat."""
    _, values, _ = answers.expression(case)
    theirs, shares = answers.table("combat", f"{case}__pca"), answers.summary("combat", "pca_variance")
    adjusted = combat(values, [str(b) for b in answers.case(case, "samples")["batch"]])
    for matrix, when in ((values, "before"), (adjusted, "after")):
        found = principal_components(matrix, 5)
        np.testing.assert_allclose(found.explained, shares[f"{when}_var"], rtol=1e-8)
        expected = theirs.select(f"pc1_{when}", f"pc2_{when}").to_numpy()
        np.testing.assert_allclose(np.abs(found.scores[:, :2]), np.abs(expected), rtol=1e-6, atol=1e-7)
