"""The band of a ROC curve against pROC's ci.se, and its errors."""

import numpy as np
import pytest

from dmicc_assets.stats.roc import roc
from dmicc_assets.stats.roc_band import roc_band
from dmicc_assets_tests.oracle import ORACLE

GOLDEN = ORACLE / "projection"


def _curve() -> tuple[np.ndarray, np.ndarray]:
    case, score = np.loadtxt(GOLDEN / "roc_input.tsv").T
    curve = roc(score, case == 1)
    return 1 - curve.specificity, curve.sensitivity


def test_the_band_is_proc_s_within_a_case_or_two() -> None:
    # a resample's sensitivity moves in steps of a case, and pROC takes another end of a vertical step
    fpr, tpr = _curve()
    band = roc_band(fpr, tpr, 30, 20, seed=1, n_resamples=20000, points=11)
    specificity, low, high = np.loadtxt(GOLDEN / "ci_se.tsv").T
    at = np.rint((1 - specificity) * 10).astype(int)
    np.testing.assert_allclose(band.low[at], low, atol=2.01 / 30)
    np.testing.assert_allclose(band.high[at], high, atol=1.01 / 30)


def test_the_band_is_seeded_holds_the_curve_and_takes_points_in_either_order() -> None:
    fpr, tpr = _curve()
    band = roc_band(fpr, tpr, 30, 20, seed=1)
    again = roc_band(fpr[::-1], tpr[::-1], 30, 20, seed=1)
    np.testing.assert_array_equal(band.low, again.low)
    order = np.lexsort((tpr, fpr))
    last = np.append(np.diff(fpr[order]) > 0, True)
    curve = np.interp(band.fpr, fpr[order][last], tpr[order][last])
    assert (band.low <= curve + 1e-12).all()
    assert (band.high >= curve - 1e-12).all()


def test_a_perfect_curve_has_a_band_at_one() -> None:
    band = roc_band([0, 0, 1], [0, 1, 1], 5, 4, seed=1)
    assert (band.low == 1).all()


@pytest.mark.parametrize(("n_case", "n_control", "group"), [(31, 20, "cases"), (30, 19, "controls")])
def test_group_sizes_that_do_not_fit_are_refused(n_case: int, n_control: int, group: str) -> None:
    with pytest.raises(ValueError, match=f"not one of .* {group}"):
        roc_band(*_curve(), n_case, n_control, seed=1)
