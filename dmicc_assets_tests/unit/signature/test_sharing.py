"""The test of sharing, and the random axes that it draws: lengths, names, seeds, size, power, pairs and weights."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from dmicc_assets.signature.sharing import CohortList, Sharing, sharing_test
from dmicc_assets.stats.matched_axes import inter_correlation, matched_axes
from dmicc_assets.stats.random_axes import ResidualSpace, axis_scores, draw_axes, largest, residual_space, unit_rows

Floats = NDArray[np.float64]
G, N_CASE, N_CONTROL, K = 300, 15, 12, 6
N = N_CASE + N_CONTROL
IS_CASE = np.arange(N) < N_CASE
DESIGN = np.column_stack([np.ones(N), IS_CASE])
GENES = tuple(f"G{g:03d}" for g in range(G))


def noise(rng: np.random.Generator, module: NDArray[np.intp]) -> Floats:
    return 8 + 0.6 * (rng.normal(size=(G, N)) + rng.normal(size=(K, N))[module])


def cohort(name: str, values: Floats, n_listed: int, genes: Sequence[str] = GENES) -> CohortList:
    """The list is the genes of the largest t."""
    space = residual_space(values, DESIGN, 1)
    return CohortList(name, tuple(genes), space, tuple(genes[g] for g in np.argsort(-np.abs(space.t))[:n_listed]))


def pair(seed: int, planted: int = 0, disease: bool = False) -> list[CohortList]:
    rng = np.random.default_rng(seed)
    module = rng.integers(0, K, G)
    a, b = noise(rng, module), noise(rng, module)
    if disease:
        a[np.ix_(module < 2, IS_CASE)] += 1.0
    way = np.where(np.arange(planted) % 2, 2.0, -2.0)[:, None]
    for values in (a, b):
        values[np.ix_(np.arange(planted), np.flatnonzero(IS_CASE))] += way
    return [cohort("a", a, 30), cohort("b", b, 30)]


def run(cohorts: Sequence[CohortList], seed: int = 1, n_axes: int = 59) -> Sharing:
    return sharing_test(cohorts, np.random.default_rng(seed), n_axes)


@pytest.mark.parametrize("length", [1, 17, G])
@pytest.mark.parametrize("tilt", [0.0, 1.0])
def test_every_list_has_the_length_asked_for(length: int, tilt: float) -> None:
    space = pair(1)[0].space
    axes = draw_axes(space, 40, np.random.default_rng(1))
    lists = np.concatenate([chunk.lists for chunk in axis_scores(space, length, axes, tilt)])
    assert lists.shape == (40, length)
    assert all(len(set(rows)) == length for rows in lists.tolist())


def test_a_list_holds_the_largest_moderated_t_of_the_axis_as_a_covariate() -> None:
    """An axis scored here equals a fit in which the axis is one more column of the design."""
    rng = np.random.default_rng(4)
    values = np.exp(rng.normal(size=(G, 1))) * noise(rng, rng.integers(0, K, G))
    space = residual_space(values, DESIGN, 1)
    basis = np.linalg.qr(DESIGN, mode="complete")[0][:, 2:]
    axis = draw_axes(space, 1, rng)
    chunk = next(axis_scores(space, 20, axis))
    direct = residual_space(values, np.column_stack([DESIGN, basis @ axis[0]]), 2)
    assert_allclose(chunk.projection[0], direct.effect, atol=1e-9)
    same_prior = space.prior_df * space.prior_scale + np.square(direct.coordinates).sum(axis=1)
    t = direct.effect / np.sqrt(same_prior / (space.prior_df + direct.df_residual))
    assert set(chunk.lists[0].tolist()) == set(np.argsort(-np.abs(t))[:20].tolist())
    assert_allclose(chunk.score[0], np.square(t), rtol=1e-8)


@pytest.mark.parametrize("length", [1, 3, 50])
def test_the_largest_are_found_among_many_and_among_equal_ones(length: int) -> None:
    score = np.random.default_rng(5).normal(size=(7, 1000)).round(2)
    score[0], score[1, :990] = 1.0, -np.inf
    found = largest(score, length)
    assert all(len(set(columns)) == length for columns in found.tolist())
    assert_allclose(np.sort(np.take_along_axis(score, found, axis=1)), np.sort(score)[:, 1000 - length :])


def test_the_same_seed_gives_the_same_result() -> None:
    cohorts = pair(2, planted=10)
    assert run(cohorts) == run(cohorts)
    assert run(cohorts).sharing_expected != run(cohorts, seed=2).sharing_expected


def test_genes_are_matched_by_name() -> None:
    a, b = pair(3, planted=10)
    order = np.random.default_rng(1).permutation(G)
    shuffled = CohortList("b", tuple(b.genes[g] for g in order), b.space.take(order), b.listed)
    assert run([a, b]) == run([a, shuffled])


def test_genes_of_one_cohort_only_are_left_out() -> None:
    a, b = pair(3, planted=10)
    renamed = tuple("only b" if gene == b.listed[0] else gene for gene in b.genes)
    listed = tuple("only b" if gene == b.listed[0] else gene for gene in b.listed)
    result = run([a, CohortList("b", renamed, b.space, listed)])
    assert result.n_universe == G - 1
    assert result.n_shared == run([a, b]).n_shared - (b.listed[0] in a.listed)


def test_a_gene_that_does_not_fit_is_named() -> None:
    a = pair(1)[0]
    with pytest.raises(ValueError, match="cohort x: gene 'TP53' of the list is not in its matrix"):
        CohortList("x", a.genes, a.space, ("TP53",))
    with pytest.raises(ValueError, match="cohort x: duplicate gene 'G001'"):
        CohortList("x", a.genes, a.space, ("G001", "G001"))
    with pytest.raises(ValueError, match="cohort x: duplicate gene 'G000'"):
        CohortList("x", ("G000", *a.genes[:-1]), a.space, ())
    with pytest.raises(ValueError, match="299 names for 300 genes"):
        CohortList("x", a.genes[1:], a.space, ())
    with pytest.raises(ValueError, match="expected two or more cohorts"):
        run([a])


def test_a_listed_gene_without_an_effect_is_named() -> None:
    values = noise(np.random.default_rng(1), np.zeros(G, dtype=np.intp))
    values[3, IS_CASE] = np.nan
    space = residual_space(values, DESIGN, 1)
    with pytest.raises(ValueError, match="cohort x: the coefficient of gene 'G003' in its list is not estimable"):
        CohortList("x", GENES, space, ("G003",))
    axes = draw_axes(space, 20, np.random.default_rng(1))
    assert not any(3 in chunk.lists for chunk in axis_scores(space, G // 2, axes))


def test_without_a_shared_gene_nothing_is_tested() -> None:
    a, b = pair(1)
    apart = CohortList("b", b.genes, b.space, tuple(gene for gene in b.genes if gene not in a.listed)[:5])
    assert run([a, apart]) == Sharing(G, 0, None, None, None, ())


def test_size_where_one_disease_is_real_and_the_other_noise() -> None:
    """Binomial(40, 0.05): more than 6 rejections have a probability of 0.003."""
    p = [run(pair(seed, disease=True)).sharing_p_value for seed in range(40)]
    assert sum(each is not None and each <= 0.05 for each in p) <= 6


def test_planted_genes_are_found_with_their_directions() -> None:
    results = [run(pair(seed, planted=15)) for seed in range(10)]
    assert sum((each.sharing_p_value or 1) <= 0.05 for each in results) >= 9
    assert sum((each.direction_p_value or 1) <= 0.05 for each in results) >= 9
    assert all(each.sharing_expected is not None and each.sharing_expected < each.n_shared for each in results)


def test_the_largest_p_value_counts_with_its_expected_number() -> None:
    result = run(pair(5, planted=4))
    worst = max(result.replaced, key=lambda each: each.p_value)
    assert (result.sharing_p_value, result.sharing_expected) == (worst.p_value, worst.expected)
    assert result.direction_p_value == max(each.direction_p_value for each in result.replaced)


def test_three_cohorts() -> None:
    third = CohortList("c", *[getattr(pair(8, planted=15)[0], name) for name in ("genes", "space", "listed")])
    result = run([*pair(9, planted=15), third])
    assert [each.name for each in result.replaced] == ["a", "b", "c"]
    assert result.n_shared >= 10
    assert (result.sharing_p_value or 1) <= 0.05
    assert (result.direction_p_value or 1) <= 0.05


def test_a_correlation_is_whitened() -> None:
    """Patients with two samples: along random axes the residuals have no block left, and no more than their length."""
    rng = np.random.default_rng(1)
    patient = np.arange(N) // 2
    correlation = np.where(patient[:, None] == patient, 0.6, 0.0) + 0.4 * np.eye(N)
    values = rng.normal(size=(4000, N)) @ np.linalg.cholesky(correlation).T
    space = residual_space(values, DESIGN, 1, correlation=correlation)
    covariance = space.coordinates.T @ space.coordinates / 4000
    assert_allclose(covariance, np.eye(N - 2), atol=0.12)


def test_weights_of_samples_and_of_cells_agree_where_they_are_the_same() -> None:
    rng = np.random.default_rng(1)
    values, weights = rng.normal(size=(50, N)), rng.uniform(0.5, 2, N)
    samples = residual_space(values, DESIGN, 1, weights=weights)
    cells = residual_space(values, DESIGN, 1, weights=np.tile(weights, (50, 1)))
    assert_allclose(cells.coordinates, samples.coordinates, atol=1e-9)
    assert_allclose(cells.t, samples.t, atol=1e-9)


def test_residuals_keep_their_length_with_missing_values_and_cell_weights() -> None:
    rng = np.random.default_rng(2)
    values, weights = rng.normal(size=(50, N)), rng.uniform(0.5, 2, (50, N))
    values[rng.random((50, N)) < 0.1] = np.nan
    space = residual_space(values, DESIGN, 1, weights=weights)
    sigma = space.effect / space.t / space.stdev_unscaled
    d0, s0 = space.prior_df, space.prior_scale
    length = np.square(space.coordinates).sum(axis=1)
    finite = np.where(np.isinf(d0), 0.0, d0)
    expected = (finite * s0 + length) / (finite + space.df_residual)
    assert_allclose(np.square(sigma), np.where(np.isinf(d0), s0, expected), rtol=1e-8)


def test_batches_of_the_design_are_no_axis() -> None:
    rng = np.random.default_rng(3)
    batch = np.arange(N) % 2
    values = rng.normal(size=(50, N)) + 100 * rng.normal(size=(50, 1)) * batch
    space = residual_space(values, np.column_stack([DESIGN, batch]), 1)
    assert space.coordinates.shape == (50, N - 3)
    assert np.square(space.coordinates).mean() == pytest.approx(1, abs=0.15)


def test_axes_are_concentrated_for_a_list_of_one_module() -> None:
    rng = np.random.default_rng(5)
    module = rng.integers(0, K, G)
    space = residual_space(noise(rng, module), DESIGN, 1)
    alike = matched_axes(space, np.flatnonzero(module == 0), rng)
    mixed = matched_axes(space, rng.permutation(G)[:50], rng)
    assert alike.concentration > mixed.concentration == 0
    assert mixed.space is space
    for one in (alike, mixed):
        length = np.linalg.norm(one.space.coordinates, axis=1)
        assert_allclose(length, np.linalg.norm(space.coordinates, axis=1))
        assert_allclose(np.linalg.norm(one.draw(30, rng), axis=1), 1)


def test_the_tilt_makes_lists_as_variable_as_the_disease_is() -> None:
    rng = np.random.default_rng(6)
    sd = np.exp(rng.normal(size=G))
    space = residual_space(sd[:, None] * rng.normal(size=(G, N)), DESIGN, 1)
    largest, spread = np.argsort(-sd)[:60], np.arange(40)
    assert matched_axes(space, largest, rng).tilt > 1 > matched_axes(space, spread, rng).tilt


@pytest.mark.parametrize("k", [3, 7])
def test_mean_r_squared(k: int) -> None:
    rows = np.random.default_rng(1).normal(size=(k, 5))
    cosine = np.square(unit_rows(rows) @ unit_rows(rows).T)
    expected = cosine[np.triu_indices(k, 1)].mean()
    assert inter_correlation(unit_rows(rows)[None])[0] == pytest.approx(expected)


def test_a_design_without_residuals_and_a_length_without_genes_are_refused() -> None:
    with pytest.raises(ValueError, match="there is no column 2"):
        residual_space(np.ones((3, N)), DESIGN, 2)
    space: ResidualSpace = pair(1)[0].space
    with pytest.raises(ValueError, match="a list of 0 genes does not fit 300 genes"):
        next(axis_scores(space, 0, draw_axes(space, 1, np.random.default_rng(1))))
