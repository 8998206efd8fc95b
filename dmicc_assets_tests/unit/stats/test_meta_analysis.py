"""Random effects equal metafor's `rma(method = "DL")` on the BCG trials (Colditz 1994, JAMA 271:698)."""

import numpy as np
import pytest

from dmicc_assets.stats.meta_analysis import random_effects

# Vaccinated with and without tuberculosis, then not vaccinated.
BCG = np.array(
    [
        *([4, 119, 11, 128], [6, 300, 29, 274], [3, 228, 11, 209], [62, 13536, 248, 12619], [33, 5036, 47, 5761]),
        *([180, 1361, 372, 1079], [8, 2537, 10, 619], [505, 87886, 499, 87892], [29, 7470, 45, 7232]),
        *([17, 1699, 65, 1600], [186, 50448, 141, 27197], [5, 2493, 3, 2338], [27, 16886, 29, 17825]),
    ],
    dtype=np.float64,
)


def test_the_bcg_trials() -> None:
    a, b, c, d = BCG.T
    log_risk_ratio = np.log(a / (a + b)) - np.log(c / (c + d))
    found = random_effects(log_risk_ratio, 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))
    assert found.mean == pytest.approx(-0.7141, abs=5e-5)
    assert (found.low, found.high) == (pytest.approx(-1.0644, abs=5e-5), pytest.approx(-0.3638, abs=5e-5))
    assert found.q == pytest.approx(152.2330, abs=5e-5)
    assert found.p_value < 1e-4
    assert found.tau_squared == pytest.approx(0.3088, abs=5e-5)
    assert found.i_squared == pytest.approx(0.9212, abs=5e-5)


def test_equal_estimates_are_homogeneous() -> None:
    found = random_effects([1.0, 1.0, 1.0], [0.5, 0.2, 0.1])
    assert (found.mean, found.q, found.tau_squared, found.i_squared) == (pytest.approx(1.0), pytest.approx(0), 0.0, 0.0)
    assert found.p_value == pytest.approx(1.0)


@pytest.mark.parametrize("variances", [[0.1], [0.1, 0.0], [0.1, np.nan]])
def test_what_cannot_be_pooled_is_refused(variances: list[float]) -> None:
    with pytest.raises(ValueError, match="expected two or more, with positive variances"):
        random_effects([1.0, 2.0], variances)
