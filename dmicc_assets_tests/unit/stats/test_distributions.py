"""Tails, quantiles, smooths and adjusted p-values against R, far into the tails."""

import numpy as np
import pytest

from dmicc_assets.stats.distributions import (
    f_lower_tail,
    f_quantile,
    f_upper_tail,
    inverse_trigamma,
    log_f_upper_tail,
    log_minus_digamma,
    t_upper_quantile,
    t_upper_tail,
    trigamma,
    two_sided_p,
)
from dmicc_assets.stats.linear_model import fit_linear_model
from dmicc_assets.stats.lowess import lowess, lowess_span, weighted_lowess
from dmicc_assets.stats.moderation import moderated_t
from dmicc_assets.stats.multiplicity import adjust_p_values, storey_pi0
from dmicc_assets_tests.oracle import MADE_UP
from dmicc_assets_tests.oracle.linear import assert_equal_to_r, designs, expression, golden, numbers

TAILS = golden("tails").with_columns(df=golden("tails")["df"].cast(str).str.replace("(?i)inf", "inf").cast(float))


def test_t_and_f_tails_equal_r() -> None:
    t, df = TAILS["t"].to_numpy().astype(float), TAILS["df"].to_numpy()
    theirs = numbers(TAILS, "p")[:, 0]
    normal = theirs > 1e-307  # below, R has a few digits of a subnormal number left
    assert_equal_to_r(two_sided_p(t, df)[normal], theirs[normal], is_p=True)
    assert_equal_to_r(f_upper_tail(t, 3, df), numbers(TAILS, "f")[:, 0], is_p=True)
    log_tail, theirs = log_f_upper_tail(t * 100, 3, df), numbers(TAILS, "logf")[:, 0]
    number = theirs > -600
    np.testing.assert_allclose(log_tail[number], theirs[number], rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(log_tail[~number], theirs[~number], rtol=1e-5)  # a tail too small for a number


def test_quantiles_equal_r() -> None:
    df = TAILS["df"].to_numpy()
    np.testing.assert_allclose(t_upper_quantile(1e-5, df), numbers(TAILS, "q")[:, 0], rtol=1e-9)
    few = df <= 400
    theirs = numbers(TAILS, "fq")[few, 0]
    np.testing.assert_allclose(f_quantile(1e-20, 3, df[few], upper=True), theirs, rtol=1e-7)


def test_f_quantiles_give_their_tail_back() -> None:
    # R's own qf is good to three digits at 1e-20 in the lower tail, to four with many degrees of freedom.
    for df in (0.5, 4.3, 400.0, np.inf):
        for tail in (1e-200, 1e-20, 0.05, 0.4):
            assert float(f_lower_tail(f_quantile(tail, 3, df, upper=False), 3, df)) == pytest.approx(tail, rel=1e-9)
            if df > 1:
                found = f_upper_tail(f_quantile(tail, 3, df, upper=True), 3, df)
                assert float(found) == pytest.approx(tail, rel=1e-9)


def test_tails_are_two_sides_of_one_distribution() -> None:
    t = np.linspace(-4, 4, 9)
    np.testing.assert_allclose(t_upper_tail(t, 7.0) + t_upper_tail(-t, 7.0), 1.0)
    f = np.linspace(0.1, 5, 9)
    for df2 in (3.0, np.inf):
        np.testing.assert_allclose(f_lower_tail(f, 4, df2) + f_upper_tail(f, 4, df2), 1.0)


def test_trigamma_and_its_inverse() -> None:
    assert float(trigamma(1.0)) == pytest.approx(np.pi**2 / 6, rel=1e-14)
    for x in (1e-4, 0.3, 2.0, 55.0, 2e6):
        assert inverse_trigamma(float(trigamma(x))) == pytest.approx(x, rel=1e-6)
    with pytest.raises(ValueError, match="only positive values"):
        inverse_trigamma(0.0)


def test_log_minus_digamma_is_smooth_where_its_series_starts() -> None:
    assert float(log_minus_digamma(1.0)) == pytest.approx(np.euler_gamma, rel=1e-14)
    below, above = log_minus_digamma(np.array([9999.999999, 10000.000001]))
    assert below == pytest.approx(above, rel=1e-9)


def test_smooths_equal_r() -> None:
    x, z, u, plain, weighted = numbers(golden("smooths")).T
    np.testing.assert_allclose(weighted_lowess(x, z, u, span=0.35), weighted, atol=1e-11)
    order = np.argsort(x, kind="stable")
    ours = lowess(x, z, span=0.4)[order]
    np.testing.assert_allclose(ours, plain[order], atol=1e-8)


def test_the_span_falls_with_the_number_of_points() -> None:
    assert [lowess_span(n) for n in (10, 500)] == [1.0, 1.0]
    assert lowess_span(4000) == pytest.approx(0.3 + 0.7 / 2)


def test_adjusted_p_values_equal_r() -> None:
    theirs = golden("adjusted")
    p = numbers(theirs, "p")[:, 0]
    for method in ("BH", "holm", "bonferroni"):
        assert_equal_to_r(adjust_p_values(p, method), numbers(theirs, method)[:, 0], is_p=True)


def test_adjusted_p_values_refuse_what_is_none() -> None:
    with pytest.raises(ValueError, match=r"outside \[0, 1\]"):
        adjust_p_values(np.array([0.5, 1.2]))
    with pytest.raises(ValueError, match="expected BH, holm or bonferroni"):
        adjust_p_values(np.array([0.5]), "BY")  # pyright: ignore[reportArgumentType]  # a caller's mistake


def test_the_share_of_true_nulls_equals_qvalue() -> None:
    p_values = moderated_t(fit_linear_model(expression("complete")[1], designs()[1])).p_value
    for row in golden("pi0").iter_rows():
        ours = [storey_pi0(p_values[:, k], float(row[0])) for k in (1, 2, 3, 4)]
        np.testing.assert_allclose(ours, row[1:], rtol=1e-12)


def test_the_share_of_true_nulls() -> None:
    uniform = (np.arange(1000) + 0.5) / 1000
    assert storey_pi0(uniform) == pytest.approx(1.0)
    assert storey_pi0(np.concatenate([np.zeros(1000), uniform])) == pytest.approx(0.5)
    assert storey_pi0(np.array([0.9, np.nan])) == 1.0
    assert storey_pi0(np.array([0.5, 0.1])) == 1.0  # at lambda counts as above
    assert np.isnan(storey_pi0(np.array([np.nan])))
    with pytest.raises(ValueError, match="lambda is 1"):
        storey_pi0(uniform, 1.0)


def test_adjusted_p_values_of_zero_one_and_missing_are_rs() -> None:
    theirs = MADE_UP.table("ora", "p_adjust_na")
    for method in ("BH", "holm", "bonferroni"):
        ours = adjust_p_values(numbers(theirs, "p")[:, 0], method)
        assert_equal_to_r(ours, numbers(theirs, method)[:, 0], is_p=True)
