"""Where limma behaves specially, against limma: few genes, equal genes, no trend, few pairs, incomplete genes."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from dmicc_assets.expression.combat import combat
from dmicc_assets.stats.array_weights import array_weights, array_weights_by_gene
from dmicc_assets.stats.contrast_tests import moderated_f
from dmicc_assets.stats.duplicate_correlation import duplicate_correlation
from dmicc_assets.stats.linear_model import fit_linear_model
from dmicc_assets.stats.moderation import moderated_t, squeeze_var
from dmicc_assets_tests.oracle import ORACLE
from dmicc_assets_tests.oracle.linear import assert_equal_to_r

FOLDER = ORACLE / "edges"
INPUTS, ANSWERS = (
    pl.read_csv(FOLDER / f"{name}.tsv", separator="\t", null_values="NA", infer_schema_length=None).with_columns(
        pl.col("value").cast(pl.Float64)
    )
    for name in ("inputs", "answers")
)


def _matrix(case: str) -> np.ndarray:
    rows = INPUTS.filter(case=case).sort("row", "sample")
    return rows["value"].to_numpy().reshape(rows["row"].max(), -1)


def _answer(case: str, quantity: str) -> np.ndarray:
    return ANSWERS.filter(case=case, quantity=quantity)["value"].to_numpy()


def _design(n: int) -> np.ndarray:
    return np.column_stack([np.ones(n), np.arange(1, n + 1) % 2]).astype(float)


@pytest.mark.parametrize(
    ("case", "options"),
    [
        ("one_gene", {}),
        ("two_genes_trend", {"trend": True}),
        ("one_mean_trend", {"trend": True}),
        ("trend_of_3", {"trend": True}),
        ("trend_of_6", {"trend": True}),
        ("trend_of_30", {"trend": True}),
        ("few_robust", {"robust": True}),
        ("ten_robust", {"robust": True}),
        ("infinite_robust", {"robust": True}),
        ("few_infinite", {}),
    ],
)
def test_moderation_at_its_edges_equals_limma(case: str, options: dict[str, Any]) -> None:
    values = _matrix(case)
    fit = fit_linear_model(values, _design(values.shape[1]))
    moderated = moderated_t(fit, limma="3.54", **options)
    n = len(values)
    assert_equal_to_r(np.broadcast_to(moderated.prior.df, n), _answer(case, "df_prior"))
    assert_equal_to_r(np.broadcast_to(moderated.prior.scale, n), _answer(case, "scale"))
    assert_equal_to_r(moderated.t[:, 1], _answer(case, "t"))
    assert_equal_to_r(moderated.p_value[:, 1], _answer(case, "p"), is_p=True)
    assert_equal_to_r(moderated_f(fit, moderated)[1], _answer(case, "f_p"), is_p=True)


def test_a_gene_with_fewer_than_two_pairs_tells_of_no_correlation() -> None:
    block = ["1", "1", "2", "2", "3", "3", "4", "5"]
    values = _matrix("pairs")
    found = duplicate_correlation(values, _design(8), block)
    np.testing.assert_array_equal(~np.isnan(found.atanh), _answer("pairs", "is_told") == 1)
    with pytest.raises(ValueError, match="no gene has enough values"):
        duplicate_correlation(values, _design(8), ["1", "1", "2", "3", "4", "5", "6", "7"])


def test_array_weights_use_a_gene_that_does_not_determine_every_coefficient() -> None:
    values = _matrix("partial")
    assert_equal_to_r(array_weights_by_gene(values, _design(6)), _answer("partial", "weight"))
    np.testing.assert_array_equal(array_weights_by_gene(values[:1], _design(6)), _answer("partial", "weight_of_one"))
    np.testing.assert_array_equal(array_weights(values[:1], _design(6)), np.ones(6))


def test_array_weights_pass_over_a_gene_with_one_degree_of_freedom() -> None:
    assert_equal_to_r(array_weights_by_gene(_matrix("few_df"), _design(6)), _answer("few_df", "weight"))


@pytest.mark.parametrize(("case", "limit"), [("near", 0.99), ("far", -0.49)])
def test_block_correlations_have_limmas_limits(case: str, limit: float) -> None:
    found = duplicate_correlation(_matrix(case), _design(12), [str(i // 3) for i in range(12)])
    assert_equal_to_r(found.atanh, _answer(case, "atanh"))
    np.testing.assert_allclose(found.atanh, np.arctanh(limit))


def test_a_gene_without_degrees_of_freedom_is_not_tested_when_nothing_is_shared() -> None:
    values = _matrix("few_robust")[:2].copy()
    values[1, 2:] = np.nan
    moderated = moderated_t(fit_linear_model(values, _design(6)))
    assert np.isfinite(moderated.t[0]).all()
    assert np.isnan(moderated.t[1]).all()


def test_genes_all_alike_have_an_infinite_prior_and_no_warning() -> None:
    variance = np.full(40, 0.7)
    for covariate in (None, np.full(40, 8.0), np.linspace(4, 12, 40)):
        prior = squeeze_var(variance, np.full(40, 4.0), covariate, robust=True)[1]
        assert np.isinf(prior.df).all()


@pytest.mark.parametrize("parametric", [True, False])
def test_a_gene_whose_variance_in_a_batch_is_not_known_is_left_as_it_is(parametric: bool) -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(8, 1, (30, 10))
    batch = ["a"] * 5 + ["b"] * 5
    values[0, 1:5] = np.nan
    kept = combat(values, batch, parametric=parametric)
    np.testing.assert_array_equal(kept[0], values[0])
    assert np.abs(kept[1:, :5].mean() - kept[1:, 5:].mean()) < np.abs(values[1:, :5].mean() - values[1:, 5:].mean())


def test_missing_values_of_a_gene_that_combat_sets_aside_do_not_count() -> None:
    values = _matrix("aside")
    adjusted = combat(values, ["1"] * 6 + ["2"] * 6)
    assert_equal_to_r(adjusted, _answer("aside", "adjusted").reshape(values.shape, order="F"))


def test_a_prior_of_unequal_degrees_of_freedom_needs_two_variances() -> None:
    with pytest.raises(ValueError, match="only one gene has a residual variance"):
        squeeze_var(np.array([1.0, np.nan]), np.array([3.0, 4.0]))


def test_a_value_of_no_weight_tells_nothing_of_blocks() -> None:
    values = _matrix("pairs")
    block, design = ["1", "1", "2", "2", "3", "3", "4", "5"], _design(8)
    holes = values.copy()
    holes[6, 2] = np.nan
    expected = duplicate_correlation(holes, design, block)
    for nothing in (0.0, np.nan):
        weights = np.ones(values.shape)
        weights[6, 2] = nothing
        ours = duplicate_correlation(values, design, block, weights=weights)
        np.testing.assert_allclose(ours.atanh, expected.atanh, rtol=1e-9)
