"""Errors and missing results of a linear model; many genes fitted together equal single fits."""

import numpy as np
import pytest

from dmicc_assets.stats.linear_model import fit_contrasts, fit_linear_model, non_estimable
from dmicc_assets_tests.oracle.linear import designs, expression

SMALL, FULL, SAMPLES = designs()
GENES, MISSING = expression("missing")
FULL_NAMES = ("Intercept", "case", "b", "c", "age")


def test_a_gene_is_fitted_on_its_observed_samples_alone() -> None:
    row = GENES.index("G210")
    seen = ~np.isnan(MISSING[row])
    expected = np.linalg.lstsq(FULL[seen], MISSING[row, seen], rcond=None)[0]
    np.testing.assert_allclose(fit_linear_model(MISSING, FULL).coefficients[row], expected, rtol=1e-10)


def test_genes_that_do_not_determine_a_coefficient_have_none() -> None:
    fit = fit_linear_model(MISSING, SMALL)
    without_control, one_each = GENES.index("G226"), GENES.index("G227")
    assert np.isnan(fit.coefficients[without_control]).tolist() == [False, True]
    assert fit.df_residual[one_each] == 0
    assert np.isnan(fit.sigma[one_each])
    assert fit.coefficients[one_each, 1] == pytest.approx(1.0)


def test_a_gene_without_values_has_no_statistics_and_harms_no_other() -> None:
    values = MISSING.copy()
    values[3] = np.nan
    fit, reference = fit_linear_model(values, FULL), fit_linear_model(MISSING, FULL)
    assert np.isnan(fit.coefficients[3]).all()
    assert np.isnan(fit.ave_expr[3])
    np.testing.assert_allclose(np.delete(fit.coefficients, 3, 0), np.delete(reference.coefficients, 3, 0), rtol=1e-9)


def test_a_constant_gene_has_no_change_and_no_variance() -> None:
    fit = fit_linear_model(MISSING, FULL)
    row = GENES.index("G200")
    np.testing.assert_allclose(fit.coefficients[row, 1:], 0, atol=1e-12)
    assert fit.sigma[row] < 1e-12


def test_weights_of_zero_or_nothing_are_missing_values() -> None:
    weights = np.where(np.isnan(MISSING), np.nan, 1.0)
    weights[0, 4] = 0.0
    filled = np.where(np.isnan(MISSING), 5.0, MISSING)
    weighted = fit_linear_model(filled, FULL, weights=weights)
    gap = MISSING.copy()
    gap[0, 4] = np.nan
    np.testing.assert_allclose(weighted.coefficients, fit_linear_model(gap, FULL).coefficients, rtol=1e-9, atol=1e-9)


def test_one_sample_in_a_group_is_a_fit() -> None:
    design = np.column_stack([np.ones(24), np.arange(24) == 0]).astype(float)
    fit = fit_linear_model(MISSING[:50], design)
    np.testing.assert_allclose(fit.coefficients[:, 1], MISSING[:50, 0] - MISSING[:50, 1:].mean(axis=1))


def test_dependent_columns_are_named() -> None:
    doubled = np.column_stack([FULL, FULL[:, 2]])
    assert non_estimable(doubled, (*FULL_NAMES, "again")) == ["again"]
    with pytest.raises(ValueError, match="not of full rank: 'again' is confounded with the other columns"):
        fit_linear_model(MISSING, doubled, names=(*FULL_NAMES, "again"))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_design_with_a_hole_names_its_column(bad: float) -> None:
    design = FULL.copy()
    design[2, 4] = bad
    with pytest.raises(ValueError, match="column 'age' of the design holds a missing or infinite value"):
        fit_linear_model(MISSING, design, names=FULL_NAMES)


def test_an_infinite_value_names_gene_and_sample() -> None:
    values = MISSING.copy()
    values[7, 2] = -np.inf
    with pytest.raises(ValueError, match="gene G008 has an infinite value in sample 3"):
        fit_linear_model(values, SMALL, genes=GENES)


def test_no_residual_degrees_of_freedom_is_refused() -> None:
    with pytest.raises(ValueError, match="no gene has residual degrees of freedom: 2 samples for 2 coefficients"):
        fit_linear_model(MISSING[:, [0, 23]], np.array([[1.0, 0.0], [1.0, 1.0]]))


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"a design of shape \(23, 2\) does not fit"):
        fit_linear_model(MISSING, SMALL[:23])
    with pytest.raises(ValueError, match="3 names for 2 columns"):
        fit_linear_model(MISSING, SMALL, names=("a", "b", "c"))
    with pytest.raises(ValueError, match="fit neither the samples nor the matrix"):
        fit_linear_model(MISSING, SMALL, weights=np.ones(5))
    with pytest.raises(ValueError, match="do not fit 2 coefficients"):
        fit_contrasts(fit_linear_model(MISSING, SMALL), np.ones((3, 1)), ("one",))


@pytest.mark.parametrize(("weight", "message"), [(-1.0, "negative or infinite"), (0.0, "sample 5 has weight 0")])
def test_impossible_sample_weights_are_refused(weight: float, message: str) -> None:
    weights = np.ones(24)
    weights[4] = weight
    with pytest.raises(ValueError, match=message):
        fit_linear_model(MISSING, SMALL, weights=weights)


def test_the_designs_covariance_is_unweighted_as_soon_as_a_value_is_missing() -> None:
    """What limma's lmFit returns as cov.coefficients, and contrasts take their correlations from."""
    weights = np.linspace(0.5, 3, len(SMALL))
    fit = fit_linear_model(MISSING, SMALL, weights=weights)
    np.testing.assert_allclose(fit.cov_coefficients, np.linalg.inv(SMALL.T @ SMALL), rtol=1e-12)
    complete = fit_linear_model(np.nan_to_num(MISSING), SMALL, weights=weights)
    np.testing.assert_allclose(complete.cov_coefficients, np.linalg.inv(SMALL.T * weights @ SMALL), rtol=1e-12)
