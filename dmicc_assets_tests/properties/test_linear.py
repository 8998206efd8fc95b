"""What holds for any data: invariances of moderated statistics, limits of shrinkage, round trips of fit and apply."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dmicc_assets.expression.batch import apply_combat, combat, fit_combat, remove_batch_effect
from dmicc_assets.expression.scale import quantile_normalise
from dmicc_assets.stats.linear_model import fit_linear_model
from dmicc_assets.stats.moderation import ModeratedT, moderated_t, squeeze_var
from dmicc_assets.stats.multiplicity import adjust_p_values

SEEDS = st.integers(min_value=0, max_value=10**6)
QUICK = settings(max_examples=20, deadline=None)


def _data(seed: int, holes: bool = True) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    """60 genes x 18 samples, a design with two batches, and the batches."""
    rng = np.random.default_rng(seed)
    spread = np.sqrt(0.2 * 5 / rng.chisquare(5, 60))
    values = rng.uniform(4, 12, 60)[:, None] + rng.normal(size=(60, 18)) * spread[:, None]
    batch = np.tile([0.0, 1.0], 9)
    values += rng.normal(0, 0.5, 60)[:, None] * batch
    if holes:
        values[:10][rng.random((10, 18)) < 0.1] = np.nan
    case = rng.permutation(np.repeat([0.0, 1.0], 9))
    while abs(np.corrcoef(case, batch)[0, 1]) > 0.9:
        case = rng.permutation(case)
    return values, np.column_stack([np.ones(18), case, batch]), ["b" if b else "a" for b in batch]


def _moderated(values: NDArray[np.float64], design: NDArray[np.float64]) -> ModeratedT:
    return moderated_t(fit_linear_model(values, design))


@QUICK
@given(SEEDS)
def test_the_order_of_samples_and_genes_does_not_matter(seed: int) -> None:
    values, design, _ = _data(seed)
    rng = np.random.default_rng(seed)
    samples, genes = rng.permutation(18), rng.permutation(60)
    here, there = _moderated(values, design), _moderated(values[genes][:, samples], design[samples])
    np.testing.assert_allclose(there.t, here.t[genes], rtol=1e-7, atol=1e-9)


@QUICK
@given(SEEDS, st.floats(-20, 20))
def test_a_shift_of_a_gene_changes_no_difference(seed: int, shift: float) -> None:
    values, design, _ = _data(seed)
    shifted = values + np.linspace(-1, 1, 60)[:, None] * shift
    t = [_moderated(v, design).t[:, 1:] for v in (values, shifted)]
    np.testing.assert_allclose(t[0], t[1], rtol=1e-6, atol=1e-8)


@QUICK
@given(SEEDS)
def test_the_sign_follows_the_contrast(seed: int) -> None:
    values, design, _ = _data(seed)
    flipped = design.copy()
    flipped[:, 1] = 1 - flipped[:, 1]
    here, there = _moderated(values, design), _moderated(values, flipped)
    np.testing.assert_allclose(there.t[:, 1], -here.t[:, 1], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(there.p_value[:, 1], here.p_value[:, 1], rtol=1e-6)


@QUICK
@given(SEEDS, st.booleans())
def test_variances_are_shrunk_between_their_own_value_and_the_prior(seed: int, robust: bool) -> None:
    rng = np.random.default_rng(seed)
    df = rng.integers(3, 12, 80).astype(float)
    variances = rng.chisquare(df) / df * np.sqrt(rng.chisquare(4, 80) / 4)
    posterior, prior = squeeze_var(variances, df, robust=robust)
    low, high = np.minimum(variances, prior.scale), np.maximum(variances, prior.scale)
    assert ((posterior >= low * (1 - 1e-12)) & (posterior <= high * (1 + 1e-12))).all()


def test_p_values_are_uniform_under_the_null() -> None:
    from scipy.stats import kstest

    rng = np.random.default_rng(11)
    spread = np.sqrt(0.3 * 6 / rng.chisquare(6, 4000))
    values = rng.normal(8, 1, (4000, 10)) * spread[:, None]
    design = np.column_stack([np.ones(10), np.repeat([0.0, 1.0], 5)])
    assert kstest(_moderated(values, design).p_value[:, 1], "uniform").pvalue > 0.01


@QUICK
@given(SEEDS)
def test_adjusted_p_values_keep_the_order_and_never_fall(seed: int) -> None:
    p = np.random.default_rng(seed).random(50)
    for method in ("BH", "holm", "bonferroni"):
        adjusted = adjust_p_values(p, method)
        assert (adjusted >= p).all()
        assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()


@QUICK
@given(SEEDS)
def test_normalised_samples_have_one_distribution_and_stay_so(seed: int) -> None:
    values = np.random.default_rng(seed).normal(8, 2, (40, 5))
    once = quantile_normalise(values)
    assert np.ptp(np.sort(once, axis=0), axis=1).max() < 1e-12
    np.testing.assert_allclose(quantile_normalise(once), once, rtol=1e-12)
    assert (np.argsort(once, axis=0) == np.argsort(values, axis=0)).all()


@QUICK
@given(SEEDS)
def test_applying_combat_to_its_own_samples_is_combat(seed: int) -> None:
    values, design, batch = _data(seed)
    case = design[:, 1:2]
    fit = fit_combat(values, batch, case)
    np.testing.assert_array_equal(apply_combat(fit, values, batch, case), combat(values, batch, case))
    assert (np.isnan(combat(values, batch, case)) == np.isnan(values)).all()


@QUICK
@given(SEEDS)
def test_removed_batch_effects_are_gone(seed: int) -> None:
    values, design, batch = _data(seed)
    left = fit_linear_model(remove_batch_effect(values, batch, design[:, :2]), design)
    before = fit_linear_model(values, design)
    np.testing.assert_allclose(left.coefficients[:, 2], 0, atol=1e-9)
    np.testing.assert_allclose(left.coefficients[:, 1], before.coefficients[:, 1], atol=1e-9)
