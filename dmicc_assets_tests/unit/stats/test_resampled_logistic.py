"""Refitted models: an overlap that the first rounds do not prove is fitted to its end, and nothing is singular."""

import numpy as np
import pytest

from dmicc_assets.model.internal_validation import recalibrate, refit
from dmicc_assets.stats.logistic import fit_logistic, fit_resamples
from dmicc_assets.stats.resampled_logistic import fit_models, fit_training_parts, refit_models


def _one_case_far_on_the_wrong_side() -> tuple[np.ndarray, np.ndarray]:
    """The classes overlap by one case so far out that its log-odds pass every bound before the fit is done."""
    rng = np.random.default_rng(11)
    is_case = np.arange(155) < 77
    x = np.where(is_case, 1.0, -1.0) + 0.5 * rng.normal(size=155)
    x[0] = -40.0
    return x[:, None], is_case


def test_an_overlap_that_is_not_proved_is_fitted_to_its_end() -> None:
    x, is_case = _one_case_far_on_the_wrong_side()
    design, once = np.column_stack([np.ones(155), x]), np.ones((1, 155))
    expected = fit_logistic(x, is_case, ["SPP1"]).coefficients
    unfinished = fit_resamples(design, is_case, once)
    assert unfinished.may_separate[0]
    assert not np.allclose(unfinished.coefficients[0], expected, rtol=1e-2)
    np.testing.assert_allclose(fit_training_parts(x, is_case, once > 0)[0], expected, rtol=1e-9)
    np.testing.assert_allclose(fit_models(x.T[None], is_case).coefficients[0], expected, rtol=1e-9)
    refitted = refit(design, is_case, np.arange(155)[None], "ml")
    np.testing.assert_allclose(refitted.coefficients[0], expected, rtol=1e-9)
    assert not refitted.is_firth[0]
    line = np.concatenate(recalibrate(x.T, is_case, once, np.array([False])))
    np.testing.assert_allclose(line, expected, rtol=1e-9)


def test_a_sample_drawn_twice_counts_twice() -> None:
    x, is_case = _one_case_far_on_the_wrong_side()
    counts = np.ones((1, 155))
    counts[0, 1:20], counts[0, 100:110] = 2, 0
    drawn = np.repeat(np.arange(155), counts[0].astype(int))
    expected = fit_logistic(x[drawn], is_case[drawn], ["SPP1"]).coefficients
    found = refit_models(np.column_stack([np.ones(155), x]), is_case, counts)
    np.testing.assert_allclose(found.coefficients[0], expected, rtol=1e-9)


@pytest.mark.parametrize("n", [65, 107, 155])
def test_one_sample_apart_is_said_to_separate_with_its_gene(n: int) -> None:
    for n_case in (1, 2):
        is_case = np.arange(n) < n_case
        with pytest.raises(ValueError, match="separate on SPP1") as raised:
            fit_logistic(is_case[:, None].astype(float), is_case, ["SPP1"])
        assert type(raised.value) is ValueError


@pytest.mark.parametrize(("n", "apart", "times"), [(31, 1, 1), (33, 1, 1), (63, 2, 2), (89, 2, 3), (91, 1, 3)])
def test_a_resample_whose_information_becomes_singular_is_not_proved_and_stops_no_other(
    n: int, apart: int, times: int
) -> None:
    is_case = np.arange(n) < 1
    design = np.column_stack([np.ones(n), 100.0 + apart * is_case])
    counts = np.ones((2, n))
    counts[0, 0] = times
    noisy = design.copy()
    noisy[:, 1] += np.sin(np.arange(n))
    fits = fit_resamples(np.stack([design, noisy]), is_case, counts)
    assert fits.may_separate[0]
    alone = fit_resamples(noisy, is_case, counts[1:])
    np.testing.assert_allclose(fits.coefficients[1], alone.coefficients[0], rtol=1e-6)


def test_refits_do_not_depend_on_the_scale_of_a_gene() -> None:
    rng = np.random.default_rng(3)
    is_case = np.arange(60) < 25
    x = 8 + rng.normal(size=(60, 3)) + 0.8 * is_case[:, None]
    counts = rng.multinomial(60, np.full(60, 1 / 60), size=30).astype(float)
    usual = fit_resamples(np.column_stack([np.ones(60), x]), is_case, counts)
    unit = np.array([1e5, 1e-4, 1.0])
    scaled = np.column_stack([np.ones(60), x * unit])
    for design in (scaled, np.broadcast_to(scaled, (30, 60, 4))):
        fits = fit_resamples(design, is_case, counts)
        assert not np.isnan(fits.coefficients).any()
        np.testing.assert_allclose(fits.coefficients[:, 1:] * unit, usual.coefficients[:, 1:], rtol=1e-7)
        np.testing.assert_allclose(fits.coefficients[:, 0], usual.coefficients[:, 0], rtol=1e-7, atol=1e-9)
