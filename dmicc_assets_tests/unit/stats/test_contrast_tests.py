"""TREAT, F, decisions and the order of top tables against limma."""

import numpy as np
import pytest

from dmicc_assets.stats.contrast_tests import decide_tests, moderated_f
from dmicc_assets.stats.linear_model import LinearFit, fit_contrasts, fit_linear_model
from dmicc_assets.stats.moderation import moderated_t
from dmicc_assets.stats.top_table import top_table, top_table_f
from dmicc_assets_tests.oracle.linear import FOLDER, assert_equal_to_r, designs, expression, golden, numbers, treat_of

GENES, VALUES = expression("complete")


@pytest.fixture(scope="module")
def fit() -> LinearFit:
    _, _, samples = designs()
    batch = samples["batch"].to_numpy()
    design = np.column_stack([batch == "a", batch == "b", batch == "c", samples["age"]]).astype(float)
    contrasts = np.array([[-1, -1, 0], [1, 0, -1], [0, 1, 1], [0, 0, 0]], dtype=float)
    return fit_contrasts(fit_linear_model(VALUES, design), contrasts, ("ab", "ac", "bc"))


def test_contrasts_their_f_and_treat_equal_limma(fit: LinearFit) -> None:
    theirs = golden("contrasts")
    moderated = moderated_t(fit)
    assert_equal_to_r(fit.coefficients, numbers(theirs, "coef.ab", "coef.ac", "coef.bc"))
    assert_equal_to_r(fit.stdev_unscaled, numbers(theirs, "stdev.ab", "stdev.ac", "stdev.bc"))
    assert_equal_to_r(moderated.t, numbers(theirs, "t.ab", "t.ac", "t.bc"))
    f, p, rank = moderated_f(fit, moderated)
    assert rank == 2
    assert_equal_to_r(f, numbers(theirs, "F")[:, 0])
    assert_equal_to_r(p, numbers(theirs, "Fp")[:, 0], is_p=True)
    t, p = treat_of(fit, 0.3)
    assert_equal_to_r(t, numbers(theirs, "treat_t.ab", "treat_t.ac", "treat_t.bc"))
    assert_equal_to_r(p, numbers(theirs, "treat_p.ab", "treat_p.ac", "treat_p.bc"), is_p=True)


@pytest.mark.parametrize(("trend", "robust"), [(False, False), (True, False), (False, True), (True, True)])
def test_treat_takes_the_priors_of_limma(trend: bool, robust: bool) -> None:
    name = {(False, False): "default", (True, False): "trend", (False, True): "robust", (True, True): "both"}
    theirs = golden("treat").filter(moderation=name[trend, robust])
    t, p = treat_of(fit_linear_model(VALUES, designs()[1]), 0.3, trend=trend, robust=robust)
    # limma's root finder stops at 1e-8 of its own scale, behind a lowess: 1e-6 for trend with robust.
    loose = 1e-6 if trend and robust else 0.0
    np.testing.assert_allclose(t[:, 1], numbers(theirs, "t")[:, 0], atol=max(loose, 1e-9), rtol=max(loose, 1e-8))
    np.testing.assert_allclose(p[:, 1], numbers(theirs, "p")[:, 0], rtol=max(10 * loose, 1e-7))


def test_treat_at_zero_is_the_moderated_t(fit: LinearFit) -> None:
    t, p = treat_of(fit, 0.0)
    moderated = moderated_t(fit)
    np.testing.assert_allclose(t, moderated.t, atol=1e-12)
    np.testing.assert_allclose(p, moderated.p_value, rtol=1e-9)


def test_decisions_equal_limma(fit: LinearFit) -> None:
    theirs, moderated = golden("contrasts"), moderated_t(fit)
    separate = decide_tests(fit, moderated, p_value=0.2)
    whole = decide_tests(fit, moderated, method="global", p_value=0.2)
    holm = decide_tests(fit, moderated, adjust="holm", p_value=0.5, log_fc=0.4)
    for ours, name in ((separate, "separate"), (whole, "global"), (holm, "holm")):
        assert np.abs(ours).sum() > 0
        np.testing.assert_array_equal(ours, theirs.select(f"{name}.{c}" for c in ("ab", "ac", "bc")).to_numpy())


def test_what_is_just_at_a_limit_is_no_discovery(fit: LinearFit) -> None:
    """As limma 3.54 answers for a gene whose p-value or log fold change is the limit itself."""
    moderated = moderated_t(fit)
    p, size = float(moderated.p_value[0, 0]), float(abs(fit.coefficients[0, 0]))
    for above in (0, 1e-9):
        by_p = decide_tests(fit, moderated, adjust="none", p_value=p * (1 + above))
        by_size = decide_tests(fit, moderated, adjust="none", p_value=1.0, log_fc=size * (1 - above))
        assert abs(int(by_p[0, 0])) == abs(int(by_size[0, 0])) == (above > 0)


def test_top_tables_are_in_limmas_order() -> None:
    by_b, by_log_fc, by_f = ((FOLDER / "orders.txt").read_text().splitlines()[i].split() for i in range(3))
    full = fit_linear_model(VALUES, designs()[1], names=("Intercept", "case", "b", "c", "age"))
    moderated = moderated_t(full)
    assert top_table(full, moderated, "case", GENES, number=20)["gene"].to_list() == by_b
    assert top_table(full, moderated, "case", GENES, number=20, sort_by="log_fc")["gene"].to_list() == by_log_fc
    pair = fit_contrasts(full, np.eye(5)[:, 2:4], ("b", "c"))
    table = top_table_f(pair, moderated_t(pair), GENES, number=20)
    assert table["gene"].to_list() == by_f
    assert table.columns == ["gene", "b", "c", "ave_expr", "f", "p_value", "adj_p_value"]


def test_confidence_limits_equal_limma() -> None:
    full = fit_linear_model(VALUES, designs()[1], names=("Intercept", "case", "b", "c", "age"))
    table = top_table(full, moderated_t(full), "case", GENES, sort_by="none")
    theirs = golden("statistics").filter(variant="full")
    assert_equal_to_r(table["ci_low"].to_numpy(), theirs["CI.L"].to_numpy())
    np.testing.assert_allclose(table["ci_high"] - table["log_fc"], table["log_fc"] - table["ci_low"], rtol=1e-9)


def test_an_unknown_coefficient_and_impossible_thresholds_are_refused(fit: LinearFit) -> None:
    moderated = moderated_t(fit)
    with pytest.raises(ValueError, match="unknown coefficient 'xy': expected one of ab, ac, bc"):
        top_table(fit, moderated, "xy", GENES)
    with pytest.raises(ValueError, match="expected 0 or more"):
        treat_of(fit, -1.0)
    with pytest.raises(ValueError, match="expected separate or global"):
        decide_tests(fit, moderated, method="nested")  # pyright: ignore[reportArgumentType]  # a caller's mistake
