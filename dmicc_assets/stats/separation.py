"""Separation of two classes by a hyperplane; the likelihood of a logistic model then has no maximum.

Only the test is here; `firth.py` fits such data.
"""

from typing import Literal

import numpy as np

from dmicc_assets.stats.probability import maximum_of_linear
from dmicc_assets.types import BoolArray, FloatArray

Separation = Literal["none", "quasi", "complete"]

# Far above the accumulated feasibility tolerance (1e-7) of the linear programme, and far below the distance of a
# separated sample in standard deviations.
_TOLERANCE = 1e-5


def separation(x: FloatArray, is_case: BoolArray) -> Separation:
    """Whether a hyperplane separates cases from controls, by linear programming.

    Maximum-likelihood estimates of a logistic model with intercept exist exactly when the classes overlap
    (Albert & Anderson 1984, doi:10.1093/biomet/71.1.1); the programme is that of Konis 2007 (Oxford DPhil thesis).

    Args:
        x: (N, p) predictors without the intercept, finite.
        is_case: (N,) True for cases.

    Returns:
        "complete" when every sample can be put strictly on its side, "quasi" when some lie on the plane, else "none".
        With one class only, "complete".
    """
    if is_case.all() or not is_case.any():
        return "complete"
    signed = _signed(x, is_case)
    if not _improves(signed):
        return "none"
    # The second programme maximises the margin, the smallest distance from the plane.
    limits = np.ones(signed.shape[1])
    margin = maximum_of_linear(
        np.append(np.zeros(signed.shape[1]), 1.0),
        np.column_stack([signed, -np.ones(len(x))]),
        np.append(limits, np.inf),
    )
    return "complete" if margin.value > _TOLERANCE else "quasi"


def is_separated(x: FloatArray, is_case: BoolArray) -> bool:
    """True when the classes separate, completely or quasi-completely: see `separation`."""
    return bool(is_case.all() or not is_case.any()) or _improves(_signed(x, is_case))


def _signed(x: FloatArray, is_case: BoolArray) -> FloatArray:
    """(N, p + 1) the design of standardised predictors, negative for controls."""
    centred = x - x.mean(axis=0)
    spread = centred.std(axis=0)
    design = np.column_stack([np.ones(len(x)), centred / np.where(spread > 0, spread, 1.0)])
    return np.where(is_case, 1.0, -1.0)[:, None] * design


def _improves(signed: FloatArray) -> bool:
    """Whether some coefficients put no sample on the wrong side and some sample strictly on its own."""
    limits = np.ones(signed.shape[1])
    return maximum_of_linear(signed.sum(axis=0), signed, limits).value > _TOLERANCE
