"""Properties for any data: invariances of normalisation, collapse and batches, round trips of fit and apply."""

from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dmicc_assets.expression.batch import (
    apply_batch_effect,
    apply_combat,
    combat,
    fit_batch_effect,
    fit_combat,
    remove_batch_effect,
)
from dmicc_assets.expression.clustering import cluster_rows, standardise_rows
from dmicc_assets.expression.collapse import collapse_probes
from dmicc_assets.expression.counts import sum_counts
from dmicc_assets.expression.imputation import fill_in
from dmicc_assets.expression.projection import principal_components
from dmicc_assets.expression.quality import connectivity_z
from dmicc_assets.expression.scale import log2_decision, to_log2
from dmicc_assets.stats.linear_model import fit_linear_model
from dmicc_assets.stats.quantile_normalisation import apply_quantile_target, fit_quantile_target, quantile_normalise
from dmicc_assets.types import ExpressionMatrix

SEEDS = st.integers(min_value=0, max_value=10**6)
SHIFTS = st.floats(-20, 20)
QUICK = settings(max_examples=20, deadline=None)
COMBATS = st.sampled_from(
    [{}, {"parametric": False}, {"mean_only": True}, {"reference": "b"}, {"parametric": False, "mean_only": True}]
)
N = 18
BATCH = ["abc"[i % 3] for i in range(N)]
CASE = np.array([0.0, 1.0, 1.0, 1.0, 0.0, 0.0] * 3)
DESIGN = np.column_stack([np.ones(N), CASE])


def _expression(seed: int, holes: bool = True) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    """40 genes x 18 samples of three batches, and an order of either."""
    rng = np.random.default_rng(seed)
    spread = np.sqrt(rng.uniform(0.1, 1, (40, 1)) * rng.uniform(0.5, 2, (40, 3))[:, np.arange(N) % 3])
    values = rng.uniform(4, 12, 40)[:, None] + rng.normal(0, 0.6, (40, 3))[:, np.arange(N) % 3]
    values = values + rng.normal(size=(40, N)) * spread
    if holes:
        # One hole a gene: every batch keeps both groups.
        values[np.arange(10), rng.integers(0, N, 10)] = np.nan
    return values, rng.permutation(40), rng.permutation(N)


def _tied(seed: int) -> NDArray[np.float64]:
    """30 genes x 5 samples of few distinct values, some missing, no sample without any."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 12, (30, 5)) / 2 + np.where(rng.random((30, 5)) < 0.5, rng.random((30, 5)), 0)
    values[rng.random((30, 5)) < rng.choice([0.0, 0.2])] = np.nan
    values[0] = 1.0
    return values


@QUICK
@given(SEEDS)
def test_normalised_samples_have_one_distribution_and_stay_so(seed: int) -> None:
    values = np.random.default_rng(seed).normal(8, 2, (40, 5))
    once = quantile_normalise(values)
    assert np.ptp(np.sort(once, axis=0), axis=1).max() < 1e-12
    np.testing.assert_allclose(quantile_normalise(once), once, rtol=1e-12)
    assert (np.argsort(once, axis=0) == np.argsort(values, axis=0)).all()


@QUICK
@given(SEEDS, SHIFTS)
def test_normalisation_ignores_order_and_follows_a_shift_with_ties_and_holes(seed: int, shift: float) -> None:
    values, rng = _tied(seed), np.random.default_rng(seed)
    once, genes, samples = quantile_normalise(values), rng.permutation(30), rng.permutation(5)
    np.testing.assert_allclose(quantile_normalise(values[genes][:, samples]), once[genes][:, samples], rtol=1e-12)
    np.testing.assert_allclose(quantile_normalise(-values), -once, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(apply_quantile_target(values, fit_quantile_target(values)), once)
    moved = apply_quantile_target(values, fit_quantile_target(values) + shift)
    np.testing.assert_allclose(moved, once + shift, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(np.isnan(once), np.isnan(values))
    for before, after in zip(values.T, once.T, strict=True):
        # Order and ties of a sample are kept.
        pairs = np.sign(before[:, None] - before), np.sign(np.round(after[:, None] - after, 9))
        assert (~(pairs[0] == 0) | (pairs[1] == 0) | np.isnan(pairs[0])).all()
        assert (~(pairs[0] > 0) | (pairs[1] >= 0)).all()


@QUICK
@given(SEEDS)
def test_logarithms_are_taken_once_and_give_the_values_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.lognormal(6, 1.5, (30, 6)) * (rng.random((30, 6)) > 0.05)
    decision = log2_decision(values)
    assert decision.took_log2
    assert log2_decision(rng.permuted(values.T)) == decision
    logs = to_log2(values, decision)
    np.testing.assert_allclose(2 ** logs[values > 0], values[values > 0], rtol=1e-12)
    np.testing.assert_array_equal(np.isnan(logs), values <= 0)
    assert not log2_decision(logs).took_log2


@QUICK
@given(SEEDS, SHIFTS, st.sampled_from(["mean", "median", "max_mean"]))
def test_a_gene_is_its_probes_in_any_order_and_moves_with_them(seed: int, shift: float, method: Any) -> None:
    values, probes, samples = _expression(seed)
    values = values + np.arange(40)[:, None] / 7
    names = tuple(f"p{i}" for i in range(40))
    annotation = pl.DataFrame({"probe": names, "gene": [f"G{i % 13}" for i in range(40)], "n_symbols": [1] * 40})
    matrix = ExpressionMatrix(values, names, tuple(f"s{i}" for i in range(N)))
    here = collapse_probes(matrix, annotation, method)
    mixed = matrix.take_features([names[i] for i in probes]).take_samples([matrix.samples[i] for i in samples])
    there = collapse_probes(mixed, annotation.sample(fraction=1.0, shuffle=True, seed=seed), method)
    assert there.matrix.features == here.matrix.features
    assert there.chosen_probe == here.chosen_probe
    np.testing.assert_allclose(there.matrix.values, here.matrix.values[:, samples], rtol=1e-12)
    moved = collapse_probes(ExpressionMatrix(values + shift, names, matrix.samples), annotation, method)
    np.testing.assert_allclose(moved.matrix.values, here.matrix.values + shift, rtol=1e-9, atol=1e-9)
    summed = sum_counts(ExpressionMatrix(np.nan_to_num(values), names, matrix.samples), annotation)
    np.testing.assert_allclose(summed.values.sum(axis=0), np.nansum(values, axis=0), rtol=1e-12)


@QUICK
@given(SEEDS, COMBATS, SHIFTS)
def test_combat_ignores_order_and_names_and_follows_shifts(seed: int, variant: dict[str, Any], shift: float) -> None:
    values, genes, samples = _expression(seed)
    here = combat(values, BATCH, CASE, **variant)
    there = combat(values[genes][:, samples], [BATCH[i] for i in samples], CASE[samples], **variant)
    np.testing.assert_allclose(there, here[genes][:, samples], rtol=1e-7)
    by_gene = np.linspace(-1, 1, 40)[:, None] * shift
    np.testing.assert_allclose(combat(values + by_gene, BATCH, CASE, **variant), here + by_gene, rtol=1e-6, atol=1e-6)
    renamed = {"a": "z", "b": "b", "c": "A"}
    np.testing.assert_allclose(combat(values, [renamed[b] for b in BATCH], 1 - CASE, **variant), here, rtol=1e-7)


@QUICK
@given(SEEDS, COMBATS)
def test_applying_combat_to_its_own_samples_is_combat(seed: int, variant: dict[str, Any]) -> None:
    values, _, _ = _expression(seed)
    whole, fit = combat(values, BATCH, CASE, **variant), fit_combat(values, BATCH, CASE, **variant)
    np.testing.assert_array_equal(apply_combat(fit, values, BATCH, CASE), whole)
    np.testing.assert_array_equal(np.isnan(whole), np.isnan(values))
    alone = [apply_combat(fit, values[:, [i]], [BATCH[i]], CASE[[i]]) for i in range(N)]
    np.testing.assert_allclose(np.hstack(alone), whole, rtol=1e-12)


@QUICK
@given(SEEDS, st.booleans())
def test_combat_shrinks_a_batchs_mean_towards_that_of_all_genes(seed: int, mean_only: bool) -> None:
    values, _, _ = _expression(seed, holes=False)
    fit = fit_combat(values, BATCH, CASE, mean_only=mean_only)
    z = (values - fit.mean[:, None] - np.outer(fit.effects[:, 0], CASE)) / fit.sd[:, None]
    own = np.column_stack([z[:, np.array(BATCH) == level].mean(axis=1) for level in fit.levels])
    low, high = np.minimum(own, own.mean(axis=0)), np.maximum(own, own.mean(axis=0))
    assert ((fit.gamma >= low - 1e-12) & (fit.gamma <= high + 1e-12)).all()
    assert (fit.delta == 1).all() if mean_only else (fit.delta > 0).all()


@QUICK
@given(SEEDS)
def test_removed_batch_effects_are_gone_and_stay_so(seed: int) -> None:
    values, genes, samples = _expression(seed)
    left = remove_batch_effect(values, BATCH, DESIGN)
    dummies = np.column_stack([DESIGN, *(np.array([b == level for b in BATCH]) for level in "ab")]).astype(float)
    after, before = fit_linear_model(left, dummies), fit_linear_model(values, dummies)
    np.testing.assert_allclose(after.coefficients[:, 2:], 0, atol=1e-9)
    np.testing.assert_allclose(after.coefficients[:, 1], before.coefficients[:, 1], atol=1e-9)
    np.testing.assert_allclose(remove_batch_effect(left, BATCH, DESIGN), left, atol=1e-9)
    effect = fit_batch_effect(values, BATCH, DESIGN)
    np.testing.assert_array_equal(apply_batch_effect(effect, values, BATCH), left)
    mixed = remove_batch_effect(values[genes][:, samples], [BATCH[i] for i in samples], DESIGN[samples])
    np.testing.assert_allclose(mixed, left[genes][:, samples], rtol=1e-9)


@QUICK
@given(SEEDS, st.booleans())
def test_two_batch_factors_and_a_covariate_are_gone_together(seed: int, renamed: bool) -> None:
    values, _, _ = _expression(seed)
    second = [("x" if renamed else "f") if i % 4 < 2 else "m" for i in range(N)]
    age = np.random.default_rng(seed).normal(50, 9, N)
    left = remove_batch_effect(values, BATCH, DESIGN, second, age)
    dummies = [np.array([b == level for b in BATCH]) for level in "ab"] + [np.array([s == "m" for s in second])]
    fit = fit_linear_model(left, np.column_stack([DESIGN, *dummies, age]).astype(float))
    np.testing.assert_allclose(fit.coefficients[:, 2:], 0, atol=1e-9)


@QUICK
@given(SEEDS, st.floats(0.1, 10), SHIFTS)
def test_projections_and_z_scores_ignore_order_and_shifts(seed: int, unit: float, shift: float) -> None:
    values, genes, samples = _expression(seed)
    by_gene = np.linspace(-1, 1, 40)[:, None] * shift
    mixed = (values * unit + by_gene)[genes][:, samples]
    here, there = principal_components(values), principal_components(mixed)
    np.testing.assert_allclose(there.explained, here.explained, rtol=1e-7)
    np.testing.assert_allclose(np.abs(there.scores), np.abs(here.scores[samples]) * unit, rtol=1e-5, atol=1e-6 * unit)
    assert 0 < here.explained.sum() <= 1
    z = standardise_rows(values)
    np.testing.assert_allclose(standardise_rows(mixed), z[genes][:, samples], rtol=1e-7, atol=1e-8)
    heights = [np.sort(cluster_rows(each).branches[:, 1, 1]) for each in (z, z[genes][:, samples])]
    np.testing.assert_allclose(heights[1], heights[0], rtol=1e-9)
    labels = ["case" if case else "control" for case in CASE]
    there = connectivity_z(mixed / unit, [labels[i] for i in samples])
    np.testing.assert_allclose(there, connectivity_z(values, labels)[samples], rtol=1e-5, atol=1e-6)


@QUICK
@given(SEEDS)
def test_what_is_filled_in_is_between_what_was_measured(seed: int) -> None:
    values, genes, samples = _expression(seed)
    training = values[:, :12]
    filled = fill_in(values, training)
    missing = np.isnan(values)
    np.testing.assert_array_equal(filled[~missing], values[~missing])
    low, high = np.nanmin(training, axis=1)[:, None], np.nanmax(training, axis=1)[:, None]
    assert (((filled >= low - 1e-12) & (filled <= high + 1e-12)) | ~missing).all()
    there = fill_in(values[genes][:, samples], training[genes][:, np.argsort(samples[:12])])
    np.testing.assert_allclose(there, filled[genes][:, samples], rtol=1e-9)
