"""Every function refuses unusable input, and names the wrong gene, sample or column."""

from collections.abc import Callable

import numpy as np
import pytest

from dmicc_assets.expression.batch import remove_batch_effect
from dmicc_assets.expression.projection import principal_components
from dmicc_assets.expression.quality import sample_quality
from dmicc_assets.expression.scale import log2_decision
from dmicc_assets.model.nomogram import nomogram
from dmicc_assets.stats.array_weights import array_weights, array_weights_by_gene
from dmicc_assets.stats.duplicate_correlation import duplicate_correlation
from dmicc_assets.stats.linear_model import fit_contrasts, fit_linear_model
from dmicc_assets.stats.quantile_normalisation import quantile_normalise
from dmicc_assets.stats.relabelling import moderated_t_over_labels
from dmicc_assets.stats.two_sample import welch_t, wilcoxon
from dmicc_assets.stats.voom import voom
from dmicc_assets.types import ExpressionMatrix

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
    with pytest.raises(ValueError, match=r"factors of shape \(3,\) do not fit 12 samples"):
        voom(counts, DESIGN, factors=np.ones(3))
    for alike in (counts[:1], counts[[0, 0, 0]]):
        with pytest.raises(ValueError, match="needs different means"):
            voom(alike, DESIGN)


def test_weights_and_correlations_that_are_none_are_refused() -> None:
    functions: tuple[Callable[[np.ndarray], object], ...] = (
        lambda weights: fit_linear_model(VALUES, DESIGN, weights=weights),
        lambda weights: duplicate_correlation(VALUES, DESIGN, BLOCK, weights=weights),
        lambda weights: array_weights_by_gene(VALUES, DESIGN, weights=weights),
    )
    for function in functions:
        with pytest.raises(ValueError, match="a weight is negative or infinite"):
            function(np.full(VALUES.shape, -1.0))
        with pytest.raises(ValueError, match=r"weights of shape \(5,\) fit neither"):
            function(np.ones(5))
    with pytest.raises(ValueError, match="20 x 12 positive weights"):
        array_weights_by_gene(VALUES, DESIGN, weights=np.where(VALUES > 8, np.nan, 1.0))
    with pytest.raises(ValueError, match="row 3, sample 6 is missing"):
        array_weights(np.where(np.arange(VALUES.size).reshape(VALUES.shape) == 29, np.nan, VALUES), DESIGN)
    for correlation, said in ((np.eye(4), r"shape \(4, 4\) does not fit 12"), (np.full((N, N), np.nan), "missing")):
        with pytest.raises(ValueError, match=said):
            fit_linear_model(VALUES, DESIGN, correlation=correlation)


def test_no_gene_and_no_value_of_a_gene_are_named() -> None:
    with pytest.raises(ValueError, match="the matrix has no gene"):
        fit_linear_model(VALUES[:0], DESIGN)
    empty = VALUES.copy()
    empty[4] = np.nan
    with pytest.raises(ValueError, match="gene in row 5 has no value"):
        moderated_t_over_labels(empty, CASE[None], trend=True)


def test_contrasts_of_nothing_and_impossible_correlations_are_refused() -> None:
    fit = fit_linear_model(VALUES, DESIGN)
    for contrast in ([[0.0], [0.0]], [[np.nan], [1.0]]):
        with pytest.raises(ValueError, match="contrast 'difference' compares nothing"):
            fit_contrasts(fit, np.array(contrast), ("difference",))
    with pytest.raises(ValueError, match="not positive definite"):
        fit_linear_model(VALUES, DESIGN, correlation=np.ones((N, N)))


def test_text_is_no_expression() -> None:
    text = np.array([["8.1", "none"], ["7", "6"]])
    design = np.ones((2, 1))
    functions: tuple[Callable[[np.ndarray], object], ...] = (
        quantile_normalise,
        log2_decision,
        lambda values: fit_linear_model(values, design),
        lambda values: array_weights_by_gene(values, design[:, :0]),
        lambda values: wilcoxon(values, CASE[:2]),
        lambda values: welch_t(values, CASE[:2]),
    )
    for function in functions:
        with pytest.raises(ValueError, match="none"):
            function(text)
