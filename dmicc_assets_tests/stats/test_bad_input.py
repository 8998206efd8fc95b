"""What no statistic can be made of is refused with the gene, sample or column that is wrong, by every function."""

from collections.abc import Callable

import numpy as np
import pytest

from dmicc_assets.expression.batch import remove_batch_effect
from dmicc_assets.expression.matrix import ExpressionMatrix
from dmicc_assets.expression.projection import principal_components
from dmicc_assets.expression.quality import sample_quality
from dmicc_assets.expression.scale import log2_decision, quantile_normalise
from dmicc_assets.model.nomogram import nomogram
from dmicc_assets.stats.array_weights import array_weights, array_weights_by_gene
from dmicc_assets.stats.duplicate_correlation import duplicate_correlation
from dmicc_assets.stats.linear_model import fit_contrasts, fit_linear_model
from dmicc_assets.stats.voom import voom

N, BLOCK = 12, [str(i // 2) for i in range(12)]
CASE = np.arange(N) % 2 == 1
DESIGN = np.column_stack([np.ones(N), CASE]).astype(float)
VALUES = 8 + np.random.default_rng(0).normal(size=(20, N))
GENES, SAMPLES = tuple(f"G{i}" for i in range(20)), tuple(f"S{i}" for i in range(N))

Function = Callable[[np.ndarray, np.ndarray], object]
WITH_A_DESIGN: dict[str, Function] = {
    "fit_linear_model": fit_linear_model,
    "array_weights": array_weights,
    "array_weights_by_gene": array_weights_by_gene,
    "duplicate_correlation": lambda values, design: duplicate_correlation(values, design, BLOCK),
    "remove_batch_effect": lambda values, design: remove_batch_effect(values, ["a", "a", "b", "b"] * 3, design),
}


@pytest.mark.parametrize("function", WITH_A_DESIGN.values(), ids=WITH_A_DESIGN)
def test_a_wrong_design_is_named_by_its_column(function: Function) -> None:
    holes = DESIGN.copy()
    holes[0, 1] = np.nan
    with pytest.raises(ValueError, match=r"'(x3|design column 3)' is confounded"):
        function(VALUES, np.column_stack([DESIGN, CASE]))
    with pytest.raises(ValueError, match=r"column '(x2|design column 2)' of the design holds a missing"):
        function(VALUES, holes)
    with pytest.raises(ValueError, match=r"design of shape \(5, 2\) does not fit"):
        function(VALUES, DESIGN[:5])


@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("function", WITH_A_DESIGN.values(), ids=WITH_A_DESIGN)
def test_an_infinite_value_is_named_by_its_row_and_sample(function: Function, value: float) -> None:
    values = VALUES.copy()
    values[2, 5] = value
    with pytest.raises(ValueError, match="row 3 has an infinite value in sample 6"):
        function(values, DESIGN)
    with pytest.raises(ValueError, match="row 3, sample 6 is infinite"):
        principal_components(values, 2)
    with pytest.raises(ValueError, match="gene G2 is infinite in sample S5"):
        sample_quality(ExpressionMatrix(values, GENES, SAMPLES), VALUES, ["x"] * N)
    with pytest.raises(ValueError, match="probe in row 3 is infinite in sample S5"):
        sample_quality(ExpressionMatrix(VALUES, GENES, SAMPLES), values, ["x"] * N)
    with pytest.raises(ValueError, match=r"G2: the value of sample 5 .* is -?inf"):
        nomogram(["G1", "G2"], values[[1, 2]].T, np.ones(3))


def test_counts_and_factors_that_are_none_are_named() -> None:
    counts = np.random.default_rng(1).poisson(30, (20, N)).astype(float)
    wrong = counts.copy()
    wrong[4, 7] = -1
    with pytest.raises(ValueError, match="row 5, sample 8 is negative"):
        voom(wrong, DESIGN)
    with pytest.raises(ValueError, match="sample 3 has no positive factor"):
        voom(counts, DESIGN, factors=np.array([1.0, 1, 0] + [1] * 9))


def test_contrasts_of_nothing_and_impossible_correlations_are_refused() -> None:
    fit = fit_linear_model(VALUES, DESIGN)
    for contrast in ([[0.0], [0.0]], [[np.nan], [1.0]]):
        with pytest.raises(ValueError, match="contrast 'difference' compares nothing"):
            fit_contrasts(fit, np.array(contrast), ("difference",))
    with pytest.raises(ValueError, match="not positive definite"):
        fit_linear_model(VALUES, DESIGN, correlation=np.ones((N, N)))


def test_text_is_no_expression() -> None:
    text = np.array([["8.1", "none"], ["7", "6"]])
    for function in (quantile_normalise, log2_decision):
        with pytest.raises(ValueError, match="none"):
            function(text)
