"""Typed probability functions, ranks and linear programmes that logistic models, ROC curves and rank tests need.

Functions of numbers only. scipy has no types, so the package calls it here and in `distributions.py`.
"""

# scipy has no stubs: what it returns is declared by the functions of this module.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from dataclasses import dataclass

import numpy as np

from dmicc_assets.stats import special
from dmicc_assets.types import FloatArray


def expit(log_odds: FloatArray | float) -> FloatArray:
    """Probability of log-odds."""
    # numpy's exponential takes a fifth of the time of scipy's expit; where it overflows the probability is 0.
    result = np.array(log_odds, dtype=np.float64)
    with np.errstate(over="ignore"):
        np.exp(np.negative(result, out=result), out=result)
    result += 1
    return np.divide(1.0, result, out=result)


def logit(probability: FloatArray | float) -> FloatArray:
    """Log-odds of a probability."""
    return special.logit(probability)


def normal_two_sided(z: FloatArray) -> FloatArray:
    """Two-sided p-value of a standard normal statistic, however far out."""
    return np.asarray(2 * special.ndtr(-np.abs(z)), dtype=np.float64)


def normal_quantile(probability: float) -> float:
    """Quantile of the standard normal distribution."""
    return float(special.ndtri(probability))


def chi_squared_tail(statistic: FloatArray, df: int = 1) -> FloatArray:
    """Probability that chi-squared with `df` degrees of freedom exceeds the statistic."""
    return np.asarray(special.chdtrc(df, statistic), dtype=np.float64)


def chi_squared_quantile(level: float) -> float:
    """Quantile `level` of chi-squared with one degree of freedom."""
    return float(special.chdtri(1, 1 - level))


def midranks(values: FloatArray) -> FloatArray:
    """(G, N) ranks within each row, ties averaged; NaN keeps its place and has no rank."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(values, axis=1, nan_policy="omit"), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Optimum:
    """Maximum of a linear objective: its position and its value."""

    at: FloatArray
    value: float


def maximum_of_linear(objective: FloatArray, at_least_zero: FloatArray, limits: FloatArray) -> Optimum:
    """Maximises objective @ v subject to at_least_zero @ v >= 0 and -limits <= v <= limits (HiGHS).

    Args:
        objective: (K,).
        at_least_zero: (N, K).
        limits: (K,) positive, infinity allowed.

    Raises:
        ValueError: the programme could not be solved.
    """
    from scipy.optimize import linprog

    bounds = [(None, None) if np.isinf(limit) else (-limit, limit) for limit in limits]
    found = linprog(-objective, A_ub=-at_least_zero, b_ub=np.zeros(len(at_least_zero)), bounds=bounds, method="highs")
    if found.status != 0:
        raise ValueError(f"the linear programme has no solution: {found.message}")
    return Optimum(np.asarray(found.x, dtype=np.float64), -float(found.fun))
