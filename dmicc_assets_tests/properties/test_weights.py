"""Properties that hold for any data: invariances of sample weights, block correlations, counts and labellings."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dmicc_assets.stats.array_weights import array_weights, array_weights_by_gene
from dmicc_assets.stats.duplicate_correlation import duplicate_correlation
from dmicc_assets.stats.library_size import filter_by_expression, log_cpm, tmm_factors
from dmicc_assets.stats.relabelling import moderated_t_over_labels
from dmicc_assets.stats.voom import voom, voom_with_quality_weights

SEEDS = st.integers(min_value=0, max_value=10**6)
UNITS = st.floats(0.01, 100)
FEW = settings(max_examples=10, deadline=None)
N = 16
DESIGN = np.column_stack([np.ones(N), np.tile([0.0, 1.0], N // 2)])


def _expression(seed: int) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    """40 genes x 16 samples of unequal quality, two of a block alike, and an order of either."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(rng.normal(0, 0.7, (40, N // 2)), 2, axis=1)
    values = rng.uniform(4, 12, 40)[:, None] + patient + rng.normal(size=(40, N)) * rng.uniform(0.3, 2, N)
    return values, rng.permutation(40), rng.permutation(N)


def _counts(seed: int) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    """200 genes x 16 libraries of different depth, and an order of either."""
    rng = np.random.default_rng(seed)
    mean = rng.lognormal(4, 1.5, 200)[:, None] * rng.uniform(0.5, 2, N) * rng.gamma(10, 0.1, (200, N))
    return rng.poisson(mean).astype(float), rng.permutation(200), rng.permutation(N)


@FEW
@given(SEEDS, UNITS)
def test_sample_weights_ignore_units_shifts_and_order(seed: int, unit: float) -> None:
    values, genes, samples = _expression(seed)
    shifted = values * unit + np.linspace(-5, 5, 40)[:, None]
    reml, by_gene = array_weights(values, DESIGN), array_weights_by_gene(values, DESIGN)
    np.testing.assert_allclose(array_weights(shifted, DESIGN), reml, rtol=1e-6)
    np.testing.assert_allclose(array_weights(values[genes][:, samples], DESIGN[samples]), reml[samples], rtol=1e-6)
    # Gene by gene the order of the genes counts; nothing else does.
    np.testing.assert_allclose(array_weights_by_gene(shifted, DESIGN), by_gene, rtol=1e-6)
    np.testing.assert_allclose(array_weights_by_gene(values[:, samples], DESIGN[samples]), by_gene[samples], rtol=1e-6)
    for weights in (reml, by_gene):
        assert abs(np.log(weights).sum()) < 1e-9


@FEW
@given(SEEDS)
def test_a_larger_prior_makes_sample_weights_more_alike(seed: int) -> None:
    values, _, _ = _expression(seed)
    for estimate in (array_weights, array_weights_by_gene):
        spread = [np.ptp(np.log(estimate(values, DESIGN, prior_genes=prior))) for prior in (1.0, 100.0, 1e6)]
        assert spread[0] > spread[1] > spread[2]
        assert spread[2] < 0.01


@FEW
@given(SEEDS, UNITS)
def test_block_correlation_ignores_units_shifts_order_and_names(seed: int, unit: float) -> None:
    values, genes, samples = _expression(seed)
    block = [f"p{i // 2}" for i in range(N)]
    here = duplicate_correlation(values, DESIGN, block)
    there = duplicate_correlation(
        -values[genes][:, samples] * unit + np.linspace(-5, 5, 40)[:, None],
        DESIGN[samples],
        [f"q{N - int(block[i][1:])}" for i in samples],
    )
    np.testing.assert_allclose(there.atanh, here.atanh[genes], rtol=1e-5, atol=1e-6)
    assert abs(there.consensus - here.consensus) < 1e-6
    assert np.linalg.eigvalsh(here.matrix(block)).min() > 0


@FEW
@given(SEEDS)
def test_counts_are_normalised_whatever_their_order(seed: int) -> None:
    counts, genes, samples = _counts(seed)
    factors, values = tmm_factors(counts), log_cpm(counts)
    shuffled = counts[genes][:, samples]
    assert abs(np.log(factors).sum()) < 1e-9
    np.testing.assert_allclose(tmm_factors(shuffled), factors[samples], rtol=1e-9)
    np.testing.assert_allclose(tmm_factors(np.vstack([counts, np.zeros((30, N))])), factors, rtol=1e-9)
    np.testing.assert_allclose(log_cpm(shuffled), values[genes][:, samples], rtol=1e-12)
    kept = filter_by_expression(counts, DESIGN[:, 1])
    np.testing.assert_array_equal(filter_by_expression(shuffled, 1 - DESIGN[samples, 1]), kept[genes])


@FEW
@given(SEEDS, st.floats(0.1, 5))
def test_log_counts_give_the_counts_back(seed: int, prior_count: float) -> None:
    counts, _, _ = _counts(seed)
    factors = tmm_factors(counts)
    sizes = counts.sum(axis=0) * factors
    prior = sizes / sizes.mean() * prior_count
    back = 2 ** log_cpm(counts, factors, prior_count=prior_count) / 1e6 * (sizes + 2 * prior) - prior
    np.testing.assert_allclose(back, counts, rtol=1e-9, atol=1e-9)


@FEW
@given(SEEDS)
def test_what_is_learnt_from_some_libraries_does_not_see_the_others(seed: int) -> None:
    counts, _, _ = _counts(seed)
    learnt = np.arange(N) < 10
    other: NDArray[np.float64] = np.column_stack(
        [counts[:, :10], np.random.default_rng(seed).poisson(30.0, (200, 6)) * np.array([1, 2, 3, 9, 40, 5.0])]
    )
    # Genes that only the libraries to be scored have do not count either.
    foreign: NDArray[np.float64] = np.vstack([other, np.where(learnt, 0.0, 500.0)[None]])
    for matrix in (counts, other, foreign):
        np.testing.assert_allclose(tmm_factors(matrix, learnt)[:10], tmm_factors(counts[:, :10]), rtol=1e-12)
        np.testing.assert_allclose(log_cpm(matrix, learnt=learnt)[:200, :10], log_cpm(counts[:, :10]), rtol=1e-12)


@FEW
@given(SEEDS)
def test_precision_weights_follow_their_counts_in_any_order(seed: int) -> None:
    counts, genes, samples = _counts(seed)
    here, there = voom(counts, DESIGN), voom(counts[genes][:, samples], DESIGN[samples])
    np.testing.assert_allclose(there.values, here.values[genes][:, samples], rtol=1e-9)
    np.testing.assert_allclose(there.weights, here.weights[genes][:, samples], rtol=1e-6)
    quality = voom_with_quality_weights(counts, DESIGN)
    there = voom_with_quality_weights(counts[:, samples], DESIGN[samples])
    np.testing.assert_allclose(there.weights, quality.weights[:, samples], rtol=1e-6)
    for each in (here, quality):
        assert (each.weights > 0).all()
        assert abs(np.log(each.sample_weights).sum()) < 1e-9


@FEW
@given(SEEDS, st.booleans())
def test_labellings_mirror_and_follow_their_samples(seed: int, robust: bool) -> None:
    values, genes, samples = _expression(seed)
    rng = np.random.default_rng(seed)
    values[:5][rng.random((5, N)) < 0.1] = np.nan
    labels, batch = np.array([rng.permutation(N) < 7 for _ in range(4)]), np.tile([0.0, 0.0, 1.0, 1.0], N // 4)
    here = moderated_t_over_labels(values, labels, batch, robust=robust)
    mirrored = moderated_t_over_labels(values, ~labels, batch, robust=robust)
    np.testing.assert_allclose(mirrored.log_fc, -here.log_fc, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(mirrored.t, -here.t, rtol=1e-6, atol=1e-8)
    shuffled = values[genes][:, samples] + np.linspace(-5, 5, 40)[:, None]
    there = moderated_t_over_labels(shuffled, labels[:, samples], batch[samples], robust=robust)
    np.testing.assert_allclose(there.t, here.t[:, genes], rtol=1e-6, atol=1e-8)
    expected = here.df_total[:, genes] if here.df_total.ndim == 2 else here.df_total
    np.testing.assert_allclose(there.df_total, expected, rtol=1e-5)
