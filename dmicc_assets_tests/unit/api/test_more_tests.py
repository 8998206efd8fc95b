"""Weights, thresholds, several groups and paired curves in the Python interface equal the core's, matched by name."""

import numpy as np
import polars as pl
import pytest

import dmicc_assets as dm
from dmicc_assets.stats.array_weights import array_weights, array_weights_by_gene
from dmicc_assets.stats.library_size import tmm_factors
from dmicc_assets.stats.linear_model import fit_linear_model
from dmicc_assets.stats.moderation import moderated_t
from dmicc_assets.stats.voom import voom_with_quality_weights
from dmicc_assets_tests.oracle.linear import treat_of
from dmicc_assets_tests.worlds.labelled_cohort import GENES, cohort

GIVEN = cohort()
VALUES = GIVEN.expression.drop("gene").to_numpy()
DESIGN = np.column_stack([np.ones(24), np.arange(24) % 2 == 0]).astype(float)


def test_treat_keeps_the_genes_that_change_by_more_than_the_threshold() -> None:
    found = dm.treat(dm.limma(GIVEN), log_fc=1.0)
    assert found.columns == ["gene", "log_fc", "t", "p_value", "adj_p_value"]
    assert found.filter(pl.col("adj_p_value") < 0.05)["gene"].to_list() == GENES[:20]
    np.testing.assert_allclose(found["p_value"], treat_of(fit_linear_model(VALUES, DESIGN), 1.0)[1][:, 1], rtol=1e-9)
    assert dm.treat(dm.limma(GIVEN), log_fc=4.0)["adj_p_value"].min() == pytest.approx(1.0)
    with pytest.raises(ValueError, match="expected 0 or more"):
        dm.treat(dm.limma(GIVEN), log_fc=-1)


@pytest.mark.parametrize("is_missing", [False, True])
def test_a_bad_array_weighs_less_by_limmas_weights(is_missing: bool) -> None:
    """As `arrayWeights` chooses: REML for complete genes, gene by gene where a value is missing."""
    noise = np.random.default_rng(8).normal(0, 3, len(GENES))
    spoilt = GIVEN.expression.with_columns(s5=pl.col("s5") + pl.Series(noise))
    if is_missing:
        spoilt = spoilt.with_columns(s1=pl.when(pl.col("gene") == "G007").then(None).otherwise(pl.col("s1")))
    values = spoilt.drop("gene").to_numpy()
    weights = (array_weights_by_gene if is_missing else array_weights)(values, DESIGN)
    assert weights.argmin() == 5
    ours = dm.limma(dm.Cohort(spoilt, GIVEN.samples, case="case", control="control"), quality_weights=True)
    theirs = moderated_t(fit_linear_model(values, DESIGN, weights=weights))
    np.testing.assert_allclose(ours["t"], theirs.t[:, 1], rtol=1e-9)
    assert (np.asarray(ours["p_value"])[:20] < 1e-6).all()


def test_counts_take_both_weights() -> None:
    counts = np.random.default_rng(2).poisson(np.exp2(VALUES))
    frame = pl.DataFrame({"gene": GENES, **{f"s{j}": counts[:, j] for j in range(24)}})
    given = dm.Cohort(frame, GIVEN.samples, case="case", control="control")
    weighted = voom_with_quality_weights(counts.astype(float), DESIGN, factors=tmm_factors(counts.astype(float)))
    fit = fit_linear_model(weighted.values, DESIGN, weights=weighted.weights)
    ours = dm.limma(given, counts=True, quality_weights=True)["t"]
    np.testing.assert_allclose(ours, moderated_t(fit).t[:, 1], rtol=1e-9)
    assert not np.allclose(ours, dm.limma(given, counts=True)["t"], rtol=1e-3)


@pytest.mark.parametrize("batch", [None, "centre"])
def test_one_contrast_is_the_moderated_t(batch: str | None) -> None:
    pairs = {"moved": ("case", "control")}
    found = dm.contrasts(GIVEN.expression, GIVEN.samples.reverse(), "label", pairs, batch=batch)
    limma = dm.limma(dm.Cohort(GIVEN.expression, GIVEN.samples, case="case", control="control", batch=batch))
    one = found.apart["moved"]
    for column in ("log_fc", "ci_low", "t", "p_value", "adj_p_value"):
        np.testing.assert_allclose(one[column], limma[column], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found.together["f"], limma["t"] ** 2, rtol=1e-7)
    assert found.decided.filter(pl.col("moved") == 1)["gene"].to_list()[:20] == GENES[:20]


def test_three_groups_are_compared_in_one_model() -> None:
    pairs = {"first": ("c1", "c0"), "second": ("c2", "c0")}
    moved = GIVEN.expression.with_columns(
        pl.when(pl.col("gene") == "G100").then(pl.col(f"s{j}") - 5).otherwise(pl.col(f"s{j}")) for j in range(1, 24, 3)
    )
    found = dm.contrasts(moved, GIVEN.samples, "centre", pairs, log_fc=1)
    means = [moved.select(f"s{j}" for j in range(start, 24, 3)).mean_horizontal() for start in range(3)]
    assert found.together.columns == ["gene", "first", "second", "ave_expr", "f", "p_value", "adj_p_value"]
    np.testing.assert_allclose(found.together["first"], means[1] - means[0], atol=1e-9)
    np.testing.assert_allclose(found.together["second"], means[2] - means[0], atol=1e-9)
    assert found.together.sort("p_value")["gene"][0] == "G100"
    assert found.decided.row(by_predicate=pl.col("gene") == "G100") == ("G100", -1, 0)


def test_contrasts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="no sample has the label 'tumour'; there are case, control"):
        dm.contrasts(GIVEN.expression, GIVEN.samples, "label", {"a": ("tumour", "control")})
    with pytest.raises(ValueError, match="expected one pair of groups or more"):
        dm.contrasts(GIVEN.expression, GIVEN.samples, "label", {})
    unlabelled = GIVEN.samples.with_columns(label=pl.when(pl.col("sample") != "s3").then(pl.col("label")))
    with pytest.raises(ValueError, match="sample 's3' has no label"):
        dm.contrasts(GIVEN.expression, unlabelled, "label", {"a": ("case", "control")})


def test_cut_off_and_interval_are_chosen() -> None:
    score, is_case = [1, 2, 3, 4, 5, 6, 2.5], [False, False, True, False, True, True, True]
    youden, nearest = (dm.roc(score, is_case, cut_off=by) for by in ("youden", "closest_topleft"))
    assert (youden.threshold, youden.sensitivity, youden.specificity, youden.n_optima) == (
        2.25,
        1,
        pytest.approx(2 / 3),
        1,
    )
    assert (nearest.threshold, nearest.n_optima) == (2.25, 1)
    drawn = dm.roc(score, is_case, interval="bootstrap", seed=3)
    assert drawn.ci_low < drawn.auc <= drawn.ci_high
    assert (drawn.ci_low, drawn.ci_high) != (youden.ci_low, youden.ci_high)
    with pytest.raises(ValueError, match="expected delong or bootstrap"):
        dm.roc(score, is_case, interval="jackknife")  # pyright: ignore[reportArgumentType] - a caller's mistake
    with pytest.raises(ValueError, match="expected youden or closest_topleft"):
        dm.roc(score, is_case, cut_off="best")  # pyright: ignore[reportArgumentType] - a caller's mistake


def test_two_curves_of_the_same_samples_are_compared() -> None:
    is_case = np.arange(40) < 20
    good, bad = (np.random.default_rng(1).normal(0, 1, (2, 40))) + np.array([[2.0], [0.2]]) * is_case
    found = dm.roc_test(good, -bad, is_case, directions=("up", "down"))
    assert (found.auc_first, found.auc_second) == pytest.approx((dm.roc(good, is_case).auc, dm.roc(bad, is_case).auc))
    assert found.ci_low < found.difference < found.ci_high
    assert found.p_value < 0.05
