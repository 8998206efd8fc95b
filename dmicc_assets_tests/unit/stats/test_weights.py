"""Weights of samples, correlations within blocks and counts, against limma, statmod and edgeR."""

import numpy as np
import pytest

from dmicc_assets.stats.array_weights import array_weights, array_weights_by_gene
from dmicc_assets.stats.duplicate_correlation import duplicate_correlation
from dmicc_assets.stats.library_size import filter_by_expression, log_cpm, tmm_factors
from dmicc_assets.stats.voom import voom, voom_with_quality_weights
from dmicc_assets_tests.oracle.linear import FOLDER, assert_equal_to_r, designs, expression, golden, numbers

SMALL, FULL, SAMPLES = designs()
COMPLETE, MISSING = expression("complete")[1], expression("missing")[1]
WEIGHTS = numbers(golden("weights"))
COUNTS = numbers(golden("counts"))[:, :8]
GROUP = np.repeat([0, 1], 4)
COUNT_DESIGN = np.column_stack([np.ones(8), GROUP]).astype(float)
KEPT = golden("counts")["keep"].cast(str).str.to_lowercase().to_numpy() == "true"


def test_array_weights_equal_limma() -> None:
    theirs = golden("array_weights")
    assert_equal_to_r(array_weights(COMPLETE, FULL), numbers(theirs, "reml")[:, 0])
    assert_equal_to_r(array_weights_by_gene(MISSING[:225], SMALL), numbers(theirs, "by_gene")[:, 0])
    weighted = array_weights_by_gene(COMPLETE, SMALL, weights=WEIGHTS)
    assert_equal_to_r(weighted, numbers(theirs, "by_gene_weighted")[:, 0])


def test_a_noisy_sample_weighs_least_and_weights_multiply_to_one() -> None:
    values = COMPLETE.copy()
    values[:, 6] += np.random.default_rng(1).normal(0, 3, len(values))
    weights = array_weights(values, SMALL)
    assert int(np.argmin(weights)) == 6
    assert np.log(weights).sum() == pytest.approx(0, abs=1e-9)


def test_array_weights_refuse_holes_and_too_few_samples() -> None:
    with pytest.raises(ValueError, match="row 206, sample 1 is missing"):
        array_weights(MISSING, SMALL)
    with pytest.raises(ValueError, match="need 4 samples at least"):
        array_weights_by_gene(COMPLETE[:, :3], SMALL[:3])
    with pytest.raises(ValueError, match="does not fit values"):
        array_weights(COMPLETE, SMALL[:20])


@pytest.mark.parametrize(
    ("column", "design", "weights"), [("rho", FULL, None), ("rho_weighted", SMALL, WEIGHTS)], ids=["plain", "weighted"]
)
def test_block_correlations_equal_reml_run_to_convergence(
    column: str, design: np.ndarray, weights: np.ndarray | None
) -> None:
    rows = np.array([i for i in range(len(MISSING)) if i < 199 or 205 <= i < 225])
    found = duplicate_correlation(
        MISSING[rows],
        design,
        [str(p) for p in SAMPLES["patient"]],
        weights=None if weights is None else weights[rows],
    )
    rho = numbers(golden("block_correlation"), column)[:, 0]
    theirs = np.arctanh(np.clip(rho, -1 + 0.01, 0.99))
    # A few genes have their optimum at the boundary, where statmod stops short.
    close = np.abs(found.atanh - theirs) < 1e-6
    assert close[np.abs(rho) < 0.95].mean() > 0.97
    limma = float((FOLDER / "consensus.txt").read_text().split()[0 if weights is None else 1])
    # limma stops each gene's fit early, so that its own consensus is good to four digits.
    assert found.consensus == pytest.approx(limma, abs=1e-4)
    known = np.sort(theirs[~np.isnan(theirs)])
    cut = int(len(known) * 0.15)
    assert found.consensus == pytest.approx(np.tanh(known[cut : len(known) - cut].mean()), abs=1e-6)


def test_slow_genes_reach_the_maximum_of_their_likelihood() -> None:
    # Blocks of two to seven, no true correlation: scoring alone has not ended at some genes after 100 rounds.
    rng = np.random.default_rng(5)
    block = np.concatenate([np.repeat(np.arange(12), 2), rng.integers(0, 12, 12)])
    design = np.column_stack([np.ones(36), rng.integers(0, 2, 36).astype(np.float64)])
    values = rng.normal(size=(300, 36))
    found = np.tanh(duplicate_correlation(values, design, [str(each) for each in block]).atanh)
    same = block[:, None] == block[None, :]

    def deviance(value: np.ndarray, rho: float) -> float:
        inverse = np.linalg.inv(np.where(same, rho, 0.0) + np.eye(36) * (1 - rho))
        gram = design.T @ inverse @ design
        rest = value @ (inverse - inverse @ design @ np.linalg.solve(gram, design.T @ inverse)) @ value
        return 34 * np.log(rest) - np.linalg.slogdet(inverse)[1] + np.linalg.slogdet(gram)[1]

    lowest = found.min() + 1e-6  # the lowest correlation that is allowed is no maximum
    for value, rho in zip(values, found, strict=True):
        if rho > lowest and rho < 0.98:
            nearby = [deviance(value, rho + aside) for aside in (-1e-3, 0.0, 1e-3)]
            assert nearby[1] == min(nearby)


def test_blocks_that_tell_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="every block has one sample"):
        duplicate_correlation(COMPLETE, SMALL, [str(i) for i in range(24)])
    with pytest.raises(ValueError, match="all samples are in one block"):
        duplicate_correlation(COMPLETE, SMALL, ["p"] * 24)
    with pytest.raises(ValueError, match="3 blocks for 24 samples"):
        duplicate_correlation(COMPLETE, SMALL, ["p"] * 3)


def test_filter_factors_and_log_counts_equal_edger() -> None:
    np.testing.assert_array_equal(filter_by_expression(COUNTS, GROUP), KEPT)
    assert_equal_to_r(tmm_factors(COUNTS[KEPT]), numbers(golden("count_samples"), "factor")[:, 0])
    assert_equal_to_r(log_cpm(COUNTS), numbers(golden("voom"))[:, :8])


def test_seven_tenths_of_a_large_group_are_enough() -> None:
    counts = np.full((3, 40), 1000.0)
    counts[0, 17:], counts[1, 16:] = 0, 0
    counts[:2] /= 50
    # edgeR's filterByExpr: of 20 samples 10 and 7 of the other 10.
    np.testing.assert_array_equal(filter_by_expression(counts, np.repeat([0, 1], 20)), [True, False, True])


def test_voom_equals_limma() -> None:
    theirs = numbers(golden("voom"))
    factors = tmm_factors(COUNTS[KEPT])
    ours = voom(COUNTS[KEPT], COUNT_DESIGN, factors=factors)
    assert_equal_to_r(ours.values, theirs[KEPT, 8:16])
    np.testing.assert_allclose(ours.weights, theirs[KEPT, 16:24], rtol=1e-7)
    quality = voom_with_quality_weights(COUNTS[KEPT], COUNT_DESIGN, factors=factors)
    np.testing.assert_allclose(quality.sample_weights, numbers(golden("count_samples"), "quality")[:, 0], rtol=1e-7)
    np.testing.assert_allclose(quality.weights, theirs[KEPT, 24:32], rtol=1e-7)
    normalised = voom(COUNTS, COUNT_DESIGN, normalise=True)
    assert_equal_to_r(normalised.values, theirs[:, 32:40])
    np.testing.assert_allclose(normalised.weights, theirs[:, 40:48], rtol=1e-7)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_what_is_no_count_is_refused(bad: float) -> None:
    counts = COUNTS.copy()
    counts[4, 2] = bad
    with pytest.raises(ValueError, match="row 5, sample 3 is negative, missing or infinite"):
        tmm_factors(counts)
    with pytest.raises(ValueError, match="negative, missing or infinite"):
        voom(counts, COUNT_DESIGN)


def test_an_empty_library_and_a_saturated_design_are_refused() -> None:
    counts = COUNTS.copy()
    counts[:, 5] = 0
    for function in (tmm_factors, log_cpm):
        with pytest.raises(ValueError, match="sample 6 has no counts at all"):
            function(counts)
    with pytest.raises(ValueError, match="sample 6 has no counts"):
        voom(counts, COUNT_DESIGN)
    with pytest.raises(ValueError, match="no residual degrees of freedom"):
        voom(COUNTS[:, :2], np.eye(2))
