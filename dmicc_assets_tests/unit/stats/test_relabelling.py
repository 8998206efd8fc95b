"""Many labellings at once equal one fit each, with and without missing values and covariates."""

from typing import Any

import numpy as np
import pytest

from dmicc_assets.stats.linear_model import fit_linear_model
from dmicc_assets.stats.moderation import moderated_t
from dmicc_assets.stats.relabelling import moderated_t_over_labels
from dmicc_assets_tests.oracle.linear import designs, expression

SMALL, FULL, _ = designs()
COMPLETE, MISSING = expression("complete")[1], expression("missing")[1]
RNG = np.random.default_rng(8)
LABELS = np.array([SMALL[:, 1] == 1, *(RNG.permutation(SMALL[:, 1]) == 1 for _ in range(4))])
LABELS = np.vstack([LABELS, RNG.permutation(24) < 2])


@pytest.mark.parametrize("values", [COMPLETE, MISSING], ids=["complete", "missing"])
@pytest.mark.parametrize("covariates", [None, FULL[:, 2:]], ids=["alone", "with covariates"])
@pytest.mark.parametrize("options", [{}, {"limma": "3.54"}, {"trend": True}, {"robust": True}], ids=str)
def test_each_labelling_equals_its_own_fit(
    values: np.ndarray, covariates: np.ndarray | None, options: dict[str, Any]
) -> None:
    many = moderated_t_over_labels(values, LABELS, covariates, **options)
    for i, label in enumerate(LABELS):
        columns = [np.ones(24), label] + ([] if covariates is None else list(covariates.T))
        fit = fit_linear_model(values, np.column_stack(columns).astype(float))
        one = moderated_t(fit, **options)
        np.testing.assert_allclose(many.log_fc[i], fit.coefficients[:, 1], atol=1e-9, rtol=1e-9)
        # The robust prior comes from a root finder, or a coarse optimiser: both carry a last digit on.
        tolerance = 1e-5 if options.get("robust") else 1e-9
        np.testing.assert_allclose(many.t[i], one.t[:, 1], atol=tolerance, rtol=tolerance)
        df_total = np.broadcast_to(many.df_total[i], one.df_total.shape)
        np.testing.assert_allclose(df_total, one.df_total, rtol=tolerance)


def test_equal_degrees_of_freedom_are_given_once() -> None:
    assert moderated_t_over_labels(COMPLETE, LABELS).df_total.shape == (6,)
    assert moderated_t_over_labels(MISSING, LABELS).df_total.shape == (6, len(MISSING))


def test_impossible_labellings_are_refused() -> None:
    with pytest.raises(ValueError, match="labelling 2 has one group only"):
        moderated_t_over_labels(COMPLETE, np.vstack([LABELS[0], np.ones(24, dtype=bool)]))
    with pytest.raises(ValueError, match="labelling 1 has one group only, or is confounded"):
        moderated_t_over_labels(COMPLETE, FULL[None, :, 2] == 1, FULL[:, 2:])
    with pytest.raises(ValueError, match=r"expected \(L, 24\)"):
        moderated_t_over_labels(COMPLETE, LABELS[:, :10])
    with pytest.raises(ValueError, match="no residual degrees of freedom"):
        moderated_t_over_labels(COMPLETE[:, [0, 20]], np.array([[True, False]]))
    infinite = COMPLETE.copy()
    infinite[4, 4] = np.inf
    with pytest.raises(ValueError, match="gene in row 5 has an infinite value"):
        moderated_t_over_labels(infinite, LABELS)
