"""Properties for any data: invariances of moderated statistics, limits of shrinkage, p-values under the null."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import kstest

from dmicc_assets.stats.contrast_tests import decide_tests, moderated_f
from dmicc_assets.stats.linear_model import fit_contrasts, fit_linear_model
from dmicc_assets.stats.moderation import ModeratedT, moderated_t, squeeze_var
from dmicc_assets.stats.multiplicity import adjust_p_values, storey_pi0
from dmicc_assets_tests.oracle.linear import treat_of

SEEDS = st.integers(min_value=0, max_value=10**6)
VARIANTS = st.fixed_dictionaries(
    {"trend": st.booleans(), "robust": st.booleans(), "limma": st.sampled_from(["3.63", "3.54"])}
)
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
    # Three samples at least in each group of each batch, so that no gene's missing values confound the two.
    while abs(np.corrcoef(case, batch)[0, 1]) > 0.5:
        case = rng.permutation(case)
    return values, np.column_stack([np.ones(18), case, batch]), ["b" if b else "a" for b in batch]


def _moderated(values: NDArray[np.float64], design: NDArray[np.float64], **variant: Any) -> ModeratedT:
    return moderated_t(fit_linear_model(values, design), **variant)


@QUICK
@given(SEEDS, VARIANTS)
def test_the_order_of_samples_and_genes_does_not_matter(seed: int, variant: dict[str, Any]) -> None:
    values, design, _ = _data(seed)
    rng = np.random.default_rng(seed)
    samples, genes = rng.permutation(18), rng.permutation(60)
    here, there = (
        _moderated(values, design, **variant),
        _moderated(values[genes][:, samples], design[samples], **variant),
    )
    np.testing.assert_allclose(there.t, here.t[genes], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(there.log_odds, here.log_odds[genes], rtol=1e-6, atol=1e-6)


@QUICK
@given(SEEDS, VARIANTS, st.floats(0.01, 100), st.floats(-20, 20))
def test_the_units_of_expression_do_not_matter(seed: int, variant: dict[str, Any], unit: float, zero: float) -> None:
    values, design, _ = _data(seed)
    here, there = _moderated(values, design, **variant), _moderated(values * unit + zero, design, **variant)
    np.testing.assert_allclose(there.t[:, 1:], here.t[:, 1:], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(there.variance, here.variance * unit**2, rtol=1e-5)


@QUICK
@given(SEEDS, st.floats(-20, 20))
def test_a_shift_of_a_gene_changes_no_difference(seed: int, shift: float) -> None:
    values, design, _ = _data(seed)
    shifted = values + np.linspace(-1, 1, 60)[:, None] * shift
    t = [_moderated(v, design).t[:, 1:] for v in (values, shifted)]
    np.testing.assert_allclose(t[0], t[1], rtol=1e-6, atol=1e-8)


@QUICK
@given(SEEDS, VARIANTS)
def test_the_sign_follows_the_contrast(seed: int, variant: dict[str, Any]) -> None:
    values, design, _ = _data(seed)
    flipped = design.copy()
    flipped[:, 1] = 1 - flipped[:, 1]
    fits = [fit_linear_model(values, each) for each in (design, flipped)]
    here, there = (moderated_t(fit, **variant) for fit in fits)
    np.testing.assert_allclose(there.t[:, 1], -here.t[:, 1], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(there.p_value[:, 1], here.p_value[:, 1], rtol=1e-5)
    np.testing.assert_allclose(there.log_odds[:, 1], here.log_odds[:, 1], rtol=1e-5, atol=1e-6)
    t, p = (np.array(each) for each in zip(*(treat_of(fit, 0.3, **variant) for fit in fits), strict=True))
    np.testing.assert_allclose(t[1, :, 1], -t[0, :, 1], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(p[1, :, 1], p[0, :, 1], rtol=1e-5)
    up, down = (decide_tests(fit, moderated, p_value=0.3) for fit, moderated in zip(fits, (here, there), strict=True))
    np.testing.assert_array_equal(up[:, 1], -down[:, 1])


@QUICK
@given(SEEDS, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_threshold_makes_no_change_more_significant(seed: int, first: float, second: float) -> None:
    values, design, _ = _data(seed)
    fit = fit_linear_model(values, design)
    (t_low, p_low), (t_high, p_high) = (treat_of(fit, threshold) for threshold in sorted((first, second)))
    assert (p_high >= p_low * (1 - 1e-12)).all()
    assert (np.abs(t_high) <= np.abs(t_low)).all()
    assert ((p_low >= 0) & (p_high <= 1 + 1e-12)).all()


@QUICK
@given(SEEDS)
def test_a_contrast_of_means_is_the_coefficient_of_the_difference(seed: int) -> None:
    values, design, _ = _data(seed, holes=False)
    means = design.copy()
    means[:, 0] -= design[:, 1]
    there = fit_contrasts(fit_linear_model(values, means), np.array([[-1.0], [1.0], [0.0]]), ["difference"])
    here, there = _moderated(values, design), moderated_t(there)
    np.testing.assert_allclose(there.t[:, 0], here.t[:, 1], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(there.log_odds[:, 0], here.log_odds[:, 1], rtol=1e-7, atol=1e-7)


@QUICK
@given(SEEDS)
def test_f_is_of_what_its_contrasts_span(seed: int) -> None:
    values, design, _ = _data(seed, holes=False)
    fit, mix = fit_linear_model(values, design), np.random.default_rng(seed).normal(size=(2, 2)) + 3 * np.eye(2)
    both = np.eye(3)[:, 1:]
    spans = [both, both @ mix, np.column_stack([both, both.sum(axis=1)])]
    tests = []
    for span in spans:
        part = fit_contrasts(fit, span, [f"c{k}" for k in range(span.shape[1])])
        tests.append(moderated_f(part, moderated_t(part)))
    for f, p, rank in tests:
        assert rank == 2
        np.testing.assert_allclose(f, tests[0][0], rtol=1e-6)
        np.testing.assert_allclose(p, tests[0][1], rtol=1e-6)
    one = fit_contrasts(fit, both[:, :1], ["case"])
    np.testing.assert_allclose(moderated_f(one, moderated_t(one))[0], moderated_t(one).t[:, 0] ** 2, rtol=1e-9)


@QUICK
@given(SEEDS, st.floats(0.01, 100))
def test_equal_weights_and_no_correlation_are_none_at_all(seed: int, weight: float) -> None:
    values, design, _ = _data(seed)
    plain = _moderated(values, design).t
    for also in (
        {"weights": np.full(18, weight)},
        {"weights": np.full(values.shape, weight)},
        {"correlation": np.eye(18)},
    ):
        np.testing.assert_allclose(moderated_t(fit_linear_model(values, design, **also)).t, plain, rtol=1e-6, atol=1e-9)


@QUICK
@given(SEEDS, st.booleans(), st.booleans(), st.booleans())
def test_variances_are_shrunk_between_their_own_value_and_the_prior(
    seed: int, robust: bool, trend: bool, equal: bool
) -> None:
    rng = np.random.default_rng(seed)
    df = np.full(80, 6.0) if equal else rng.integers(3, 12, 80).astype(float)
    variances = rng.chisquare(df) / df * np.sqrt(rng.chisquare(4, 80) / 4)
    posterior, prior = squeeze_var(variances, df, rng.uniform(4, 12, 80) if trend else None, robust=robust)
    low, high = np.minimum(variances, prior.scale), np.maximum(variances, prior.scale)
    assert ((posterior >= low * (1 - 1e-12)) & (posterior <= high * (1 + 1e-12))).all()
    assert (np.asarray(prior.df) >= 0).all()


@pytest.mark.parametrize("variant", [{}, {"trend": True}, {"robust": True}], ids=str)
def test_p_values_are_uniform_under_the_null(variant: dict[str, Any]) -> None:
    rng = np.random.default_rng(11)
    spread = np.sqrt(0.3 * 6 / rng.chisquare(6, 4000))
    values = rng.normal(8, 1, (4000, 10)) * spread[:, None]
    design = np.column_stack([np.ones(10), np.repeat([0.0, 1.0], 5), np.tile([0.0, 1.0], 5)])
    moderated = _moderated(values, design, **variant)
    assert kstest(moderated.p_value[:, 1], "uniform").pvalue > 0.01
    both = fit_contrasts(fit_linear_model(values, design), np.eye(3)[:, 1:], ["case", "batch"])
    assert kstest(moderated_f(both, moderated_t(both, **variant))[1], "uniform").pvalue > 0.01
    # What may be as large as the threshold is called less often than nothing at all.
    assert (treat_of(fit_linear_model(values, design), 0.1, **variant)[1][:, 1] <= 0.05).mean() < 0.05


@QUICK
@given(SEEDS, st.integers(0, 20))
def test_adjusted_p_values_keep_the_order_and_never_fall(seed: int, n_missing: int) -> None:
    rng = np.random.default_rng(seed)
    tested, order = np.round(rng.random(50) ** 3, 2), rng.permutation(50 + n_missing)
    p = np.concatenate([tested, np.full(n_missing, np.nan)])
    for method in ("BH", "holm", "bonferroni"):
        adjusted = adjust_p_values(tested, method)
        assert (adjusted >= tested).all()
        assert (adjusted <= 1).all()
        assert (np.diff(adjusted[np.argsort(tested)]) >= 0).all()
        np.testing.assert_array_equal(adjust_p_values(p, method), np.append(adjusted, np.full(n_missing, np.nan)))
        np.testing.assert_array_equal(adjust_p_values(p[order], method), adjust_p_values(p, method)[order])
    bh, holm, bonferroni = (adjust_p_values(tested, method) for method in ("BH", "holm", "bonferroni"))
    assert ((bh <= holm) & (holm <= bonferroni)).all()
    assert 0 <= storey_pi0(p) == storey_pi0(p[order]) <= 1
