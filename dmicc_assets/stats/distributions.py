"""Typed and vectorised special functions, tail probabilities and quantiles that moderated statistics need.

Functions of numbers only. scipy has no types, so the package calls it here.
"""

# scipy has no stubs: what it returns is declared by the functions of this module.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Callable

import numpy as np

from dmicc_assets.stats import special
from dmicc_assets.types import FloatArray


def log_gamma(x: FloatArray | float) -> FloatArray:
    """Logarithm of the gamma function."""
    return np.asarray(special.gammaln(x), dtype=np.float64)


def _once_a_value(function: Callable[[FloatArray], FloatArray], x: FloatArray | float) -> FloatArray:
    """The function of x, computed once for each distinct value; degrees of freedom repeat thousands of times."""
    x = np.asarray(x, dtype=np.float64)
    if x.ndim == 0:
        return function(x)
    others = np.flatnonzero(x != x.flat[0]) if x.size else np.empty(0, dtype=np.intp)
    if 2 * others.size < x.size:
        result = np.full(x.shape, function(x.flat[:1])[0])
        if others.size:
            result.flat[others] = _once_a_value(function, x.flat[others])
        return result
    distinct, position = np.unique(x, return_inverse=True)
    return function(distinct)[position].reshape(x.shape)


def log_minus_digamma(x: FloatArray | float) -> FloatArray:
    """log(x) - digamma(x): minus the mean log of a chi-square variable divided by its 2x degrees of freedom."""
    return _once_a_value(_log_minus_digamma, x)


def _log_minus_digamma(x: FloatArray) -> FloatArray:
    # The difference of two large logs: from 1e4 on the asymptotic series is exact to the last digit.
    inverse = 1.0 / x
    series = inverse * (0.5 + inverse * (1 / 12 - inverse * inverse / 120))
    return np.asarray(np.where(x > 1e4, series, np.log(x) - special.digamma(x)))


def trigamma(x: FloatArray | float) -> FloatArray:
    """Second derivative of the log gamma function: the Hurwitz zeta function at 2."""
    return _once_a_value(lambda value: np.asarray(special.zeta(2.0, value), dtype=np.float64), x)


def inverse_trigamma(y: float) -> float:
    """Solves trigamma(x) = y for x > 0 by Newton's method on 1/trigamma (Smyth 2004, appendix).

    Raises:
        ValueError: y is not positive.
    """
    if not y > 0:
        raise ValueError(f"trigamma takes only positive values, not {y}")
    if y > 1e7:
        return float(1 / np.sqrt(y))
    if y < 1e-6:
        return 1 / y
    x = 0.5 + 1 / y
    for _ in range(50):
        value = float(trigamma(x))
        step = value * (1 - value / y) / float(special.polygamma(2, x))
        x += step
        if abs(step) < 1e-14 * x:
            break
    return x


def two_sided_p(t: FloatArray, df: FloatArray | float) -> FloatArray:
    """Two-sided p-values of Student's t, accurate in the far tails; normal where df is infinite.

    Args:
        t: statistics, NaN stays NaN.
        df: degrees of freedom, positive; broadcasts with t.
    """
    df = np.asarray(df, dtype=np.float64)
    infinite = np.isinf(df)
    finite = np.where(infinite, 1.0, df)
    p = special.betainc(finite / 2, 0.5, finite / (finite + np.square(t)))
    if infinite.any():
        p = np.where(infinite, special.erfc(np.abs(t) / np.sqrt(2)), p)
    return np.asarray(p, dtype=np.float64)


def t_upper_tail(t: FloatArray, df: FloatArray | float) -> FloatArray:
    """Probability that Student's t exceeds t, accurate in the far tails; normal where df is infinite."""
    two_sided = two_sided_p(t, df)
    return np.where(np.asarray(t) > 0, two_sided / 2, 1 - two_sided / 2)


def t_upper_quantile(tail: FloatArray | float, df: FloatArray | float) -> FloatArray:
    """The t that Student's distribution exceeds with probability `tail`; normal where df is infinite."""
    if np.ndim(tail) == 0:
        return _once_a_value(lambda value: _t_upper_quantile(tail, value), df)
    return _t_upper_quantile(tail, df)


def _t_upper_quantile(tail: FloatArray | float, df: FloatArray | float) -> FloatArray:
    infinite = np.isinf(df)
    student = special.stdtrit(np.where(infinite, 1.0, df), tail)
    return np.asarray(-np.where(infinite, special.ndtri(tail), student), dtype=np.float64)


def f_upper_tail(f: FloatArray, df1: FloatArray | float, df2: FloatArray | float) -> FloatArray:
    """Probability that the F distribution exceeds f; chi-square over df1 where df2 is infinite."""
    f, df1, df2 = np.asarray(f, dtype=np.float64), np.asarray(df1, dtype=np.float64), np.asarray(df2, dtype=np.float64)
    infinite = np.isinf(df2)
    finite = np.where(infinite, 1.0, df2)
    p = special.betainc(finite / 2, df1 / 2, finite / (finite + df1 * f))
    if infinite.any():
        p = np.where(infinite, special.gammaincc(df1 / 2, df1 * f / 2), p)
    return np.asarray(p, dtype=np.float64)


def f_quantile(tail: FloatArray | float, df1: FloatArray | float, df2: FloatArray | float, upper: bool) -> FloatArray:
    """The f that the F distribution exceeds (`upper`), or stays under, with probability `tail`, however small."""
    df1, df2 = np.asarray(df1, dtype=np.float64), np.asarray(df2, dtype=np.float64)
    infinite = np.isinf(df2)
    finite = np.where(infinite, 1.0, df2)
    if upper:
        b = special.betaincinv(finite / 2, df1 / 2, tail)
        student = finite * (1 - b) / (df1 * np.maximum(b, 1e-300))
        limit = special.gammainccinv(df1 / 2, tail)
    else:
        b = special.betaincinv(df1 / 2, finite / 2, tail)
        student = finite * b / (df1 * np.maximum(1 - b, 1e-300))
        limit = special.gammaincinv(df1 / 2, tail)
    return np.asarray(np.where(infinite, 2 * limit / df1, student), dtype=np.float64)


def f_lower_tail(f: FloatArray, df1: FloatArray | float, df2: FloatArray | float) -> FloatArray:
    """Probability that the F distribution stays under f; chi-square over df1 where df2 is infinite."""
    f, df1, df2 = np.asarray(f, dtype=np.float64), np.asarray(df1, dtype=np.float64), np.asarray(df2, dtype=np.float64)
    infinite = np.isinf(df2)
    finite = np.where(infinite, 1.0, df2)
    p = special.betainc(df1 / 2, finite / 2, df1 * f / (finite + df1 * f))
    return np.asarray(np.where(infinite, special.gammainc(df1 / 2, df1 * f / 2), p), dtype=np.float64)


def log_f_upper_tail(f: FloatArray, df1: FloatArray | float, df2: FloatArray | float) -> FloatArray:
    """Logarithm of `f_upper_tail`, also where the tail itself is too small for a number."""
    tail = f_upper_tail(f, df1, df2)
    a, b = np.where(np.isinf(df2), np.inf, np.asarray(df2) / 2), np.asarray(df1) / 2
    finite = np.where(np.isinf(a), 1.0, a)
    # The incomplete beta function's series, its terms taken for geometric; the gamma function's where df2 is infinite.
    ratio = b * np.asarray(f) / finite
    series = -finite * np.log1p(ratio) - b * np.log1p(1 / np.maximum(ratio, 1e-300)) - np.log(finite)
    falling = np.clip((finite + b) / ((finite + 1) * (1 + ratio)), 0.0, 1 - 1e-12)
    series = series - np.log1p(-falling) - special.betaln(finite, b)
    half = b * np.asarray(f)
    series = np.where(np.isinf(a), (b - 1) * np.log(np.maximum(half, 1e-300)) - half - special.gammaln(b), series)
    return np.asarray(np.where(tail > 1e-290, np.log(np.maximum(tail, 1e-300)), series), dtype=np.float64)


def log_f_density(log_f: FloatArray, df1: float, df2: float) -> FloatArray:
    """Log density of the F distribution at exp(log_f); of chi-square over df1 where df2 is infinite."""
    h1, h2 = df1 / 2, df2 / 2
    if np.isinf(df2):
        return np.asarray(h1 * np.log(h1) - special.gammaln(h1) + (h1 - 1) * log_f - h1 * np.exp(log_f))
    constant = h1 * np.log(h1 / h2) - special.betaln(h1, h2)
    return np.asarray(constant + (h1 - 1) * log_f - (h1 + h2) * np.log1p(h1 / h2 * np.exp(log_f)))


def root_on_interval(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function of one variable changes sign between low and high, by Brent's method."""
    from scipy.optimize import root_scalar

    found = root_scalar(function, bracket=(low, high), method="brentq", xtol=1e-14, rtol=1e-14)
    return float(found.root)


def minimum_on_interval(objective: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """Where a function of one variable is smallest, by Brent's method (1973), which R's `optimize` uses too."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(objective, bounds=(low, high), method="bounded", options={"xatol": tolerance})
    return float(found.x)
