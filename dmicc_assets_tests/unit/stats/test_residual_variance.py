"""Genes without residual variance: what counts as one, and that they do not pull a cohort's block correlation."""

import numpy as np
import pytest

from dmicc_assets.stats.duplicate_correlation import duplicate_correlation
from dmicc_assets.stats.residual_variance import has_residual_variance

PAIRS = 12
BLOCK = [f"p{i}" for i in range(PAIRS) for _ in range(2)]
DESIGN = np.column_stack([np.ones(2 * PAIRS), np.tile([0.0, 1.0], PAIRS)])


def paired(seed: int, share: float, genes: int = 500) -> np.ndarray:
    """Values of pairs whose correlation is the patients' share of the variance."""
    rng = np.random.default_rng(seed)
    patient = rng.normal(size=(genes, PAIRS)).repeat(2, axis=1)
    return 8 + np.sqrt(share) * patient + np.sqrt(1 - share) * rng.normal(size=(genes, 2 * PAIRS))


@pytest.mark.parametrize("n_floored", [0, 100, 250])
@pytest.mark.parametrize("floor", ["constant", "rounding", "groups"])
def test_floored_genes_do_not_pull_the_consensus(n_floored: int, floor: str) -> None:
    values = np.vstack([paired(1, 0.45), np.empty((n_floored, 2 * PAIRS))])
    jitter = np.random.default_rng(2).choice([-4.4e-16, 0, 4.4e-16], (n_floored, 2 * PAIRS))
    values[500:] = {"constant": 3.0, "rounding": 3.0 + jitter, "groups": 3.1 + DESIGN[:, 1] * 0.7}[floor]
    found = duplicate_correlation(values, DESIGN, BLOCK)
    assert found.consensus == pytest.approx(duplicate_correlation(values[:500], DESIGN, BLOCK).consensus, rel=1e-12)
    assert found.consensus == pytest.approx(0.45, abs=0.02)
    assert found.n_without_variance == n_floored
    assert np.isnan(found.atanh[500:]).all()
    assert not np.isnan(found.atanh[:500]).any()


@pytest.mark.parametrize("n_floored", [0, 100, 250])
def test_genes_at_the_floor_leave_the_others_correlation(n_floored: int) -> None:
    values = 1.8 * paired(3, 0.69)
    values[:n_floored] = 3.0
    # 2.25 of the variance 3.25 is the patients'.
    assert duplicate_correlation(values, DESIGN, BLOCK).consensus == pytest.approx(0.69, abs=0.02)


def test_with_weights_and_missing_values_they_are_left_out_too() -> None:
    values = paired(4, 0.5, 60)
    values[:20], values[20:25, 3], values[:5, 7] = 0.1, np.nan, np.nan
    # Too few values for a correlation: not counted as without variance.
    values[0, 2:] = np.nan
    rng = np.random.default_rng(5)
    for weights in (None, rng.uniform(0.3, 3, 2 * PAIRS), rng.uniform(0.3, 3, values.shape)):
        found = duplicate_correlation(values, DESIGN, BLOCK, weights=weights)
        rest = weights[20:] if weights is not None and weights.ndim == 2 else weights
        assert found.n_without_variance == 19
        expected = duplicate_correlation(values[20:], DESIGN, BLOCK, weights=rest)
        assert found.consensus == pytest.approx(expected.consensus, rel=1e-9)


def test_a_cohort_of_constant_genes_is_refused() -> None:
    with pytest.raises(ValueError, match="no gene has enough values, or varies enough"):
        duplicate_correlation(np.full((10, 2 * PAIRS), 3.0), DESIGN, BLOCK)


def test_the_unit_and_the_level_do_not_matter() -> None:
    values = np.array([[1.0, 2.0, 3.0, 4.5], [5.0, 5.0, 5.0, 5.0], [0.0, 0.0, 0.0, 0.0]])
    ones = np.ones((1, 4))
    for unit in (1e-150, 1e-9, 1.0, 1e9, 1e150):
        about = values * unit - (values * unit).mean(axis=1, keepdims=True)
        squares = np.square(about).sum(axis=1)
        np.testing.assert_array_equal(has_residual_variance(squares, values * unit, ones), [True, False, False])
    small = 1e5 + 1e-3 * values[:1]
    squares = np.square(small - small.mean()).sum(axis=1)
    assert has_residual_variance(squares, small, ones).all()


def test_patients_alike_are_one_class_as_if_each_were_its_own() -> None:
    # Weights of cells, all 1, give every gene its own eigenvalues, so that no classes are merged.
    values, block = paired(6, 0.4, 80), [*BLOCK[:-4], "a", "b", "c", "c"]
    alone = duplicate_correlation(values, DESIGN, block, weights=np.ones_like(values))
    together = duplicate_correlation(values, DESIGN, block)
    np.testing.assert_allclose(together.atanh, alone.atanh, rtol=1e-8, atol=1e-9)
    assert together.consensus == pytest.approx(alone.consensus, rel=1e-9)
