"""Errors of a logistic regression on patients with several samples: as GEE's, right in simulation, none for Firth."""

import numpy as np
import pytest

from dmicc_assets.stats.clustered_logistic import with_clusters
from dmicc_assets.stats.firth import fit_firth
from dmicc_assets.stats.logistic import fit_logistic
from dmicc_assets.types import BoolArray, FloatArray


def repeated(seed: int, n_patients: int, each: int, effect: float = 0.0) -> tuple[FloatArray, BoolArray, np.ndarray]:
    """Two genes of patients with `each` samples of one group, which correlate by 0.8."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(n_patients), each)
    is_case = patient % 2 == 0
    x = np.sqrt(0.8) * rng.normal(size=(n_patients, 2))[patient] + np.sqrt(0.2) * rng.normal(size=(len(patient), 2))
    return x + effect * is_case[:, None], is_case, patient


# Patients, samples of each: errors and p-values of statsmodels 0.15.0, `GEE(..., groups=patient, family=Binomial(),
# cov_struct=Independence()).fit(cov_type="bias_reduced", ctol=1e-13)`, on `repeated(4, patients, samples, 0.8)`.
GEE = {
    (9, 3): ([1.77568000622, 1.10680408643, 1.66954310448], [0.988502170614, 0.666527160084, 0.905709257505]),
    (20, 2): ([0.55505785543, 0.605819552825, 0.526985755459], [0.409042773301, 0.160278885815, 0.178900624566]),
    (30, 1): ([0.498406255732, 0.493624793044, 0.490938844054], [0.533234703913, 0.289792406246, 0.355378458586]),
}


@pytest.mark.parametrize(("size", "expected"), GEE.items())
def test_errors_are_those_of_bias_corrected_gee(
    size: tuple[int, int], expected: tuple[list[float], list[float]]
) -> None:
    x, is_case, patient = repeated(4, *size, 0.8)
    fit = fit_logistic(x, is_case, ["a", "b"])
    ours = with_clusters(fit, x, is_case, patient)
    np.testing.assert_allclose(ours.std_error, expected[0], rtol=1e-9)
    np.testing.assert_allclose(ours.p_value, expected[1], rtol=1e-9)
    np.testing.assert_allclose(ours.ci_high - ours.coefficients, 1.959963984540054 * ours.std_error, rtol=1e-9)
    assert (ours.interval, fit.interval) == ("clustered", "wald")
    np.testing.assert_array_equal(ours.coefficients, fit.coefficients)


def test_limits_hold_the_null_where_those_of_independent_samples_do_not() -> None:
    """Two genes of 300 studies of 20 patients with 3 samples each."""
    held = np.zeros(2)
    for seed in range(300):
        x, is_case, patient = repeated(seed, 20, 3)
        fit = fit_logistic(x, is_case, ["a", "b"])
        for i, each in enumerate((fit, with_clusters(fit, x, is_case, patient))):
            held[i] += ((each.ci_low <= 0) & (each.ci_high >= 0))[1:].sum()
    independent, clustered = held / 600
    assert independent < 0.80
    assert 0.93 <= clustered <= 0.99


def test_separated_classes_and_patients_that_determine_a_coefficient_get_no_errors() -> None:
    x, is_case, patient = repeated(1, 8, 2, 9.0)
    firth = with_clusters(fit_firth(x, is_case, ["a", "b"]), x, is_case, patient)
    assert np.isnan([firth.std_error, firth.p_value, firth.ci_low, firth.ci_high]).all()
    assert firth.interval == "not estimable"
    # Only the first patient's samples have the second gene.
    own = np.column_stack([x[:, 0] - 9.0 * is_case, patient == 0])
    alone = np.where(patient == 0, np.arange(len(patient)) % 2 == 0, is_case)
    found = with_clusters(fit_logistic(own, alone, ["a", "b"]), own, alone, patient)
    assert found.interval == "not estimable"
