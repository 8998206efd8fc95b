"""Adjustment of p-values for many tests, and the share of true null hypotheses.

Tests and thresholds are the caller's choice.
"""

from typing import Literal

import numpy as np

from dmicc_assets.types import FloatArray

Adjustment = Literal["BH", "holm", "bonferroni"]


def adjust_p_values(p: FloatArray, method: Adjustment = "BH") -> FloatArray:
    """Adjusted p-values, as R's `p.adjust`: a missing p stays missing and does not count as a test.

    Args:
        p: p-values of any shape, NaN missing.
        method: "BH" (Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x), "holm"
            (Holm 1979) or "bonferroni".

    Raises:
        ValueError: a p-value outside [0, 1], or an unknown method.
    """
    p = np.asarray(p, dtype=np.float64)
    known = ~np.isnan(p)
    tested = p[known]
    if ((tested < 0) | (tested > 1)).any():
        raise ValueError("a p-value lies outside [0, 1]")
    n = tested.size
    adjusted = np.full(p.shape, np.nan)
    if method == "bonferroni":
        adjusted[known] = np.minimum(1.0, n * tested)
        return adjusted
    order = np.argsort(tested, kind="stable")
    ascending = tested[order]
    if method == "BH":
        stepped = np.minimum.accumulate(n / np.arange(n, 0, -1) * ascending[::-1])[::-1]
    elif method == "holm":
        stepped = np.maximum.accumulate(np.arange(n, 0, -1) * ascending)
    else:
        raise ValueError(f"unknown method {method!r}: expected BH, holm or bonferroni")
    out = np.empty(n)
    out[order] = np.minimum(1.0, stepped)
    adjusted[known] = out
    return adjusted


def storey_pi0(p: FloatArray, lambda_: float = 0.5) -> float:
    """Estimated share of true null hypotheses (Storey 2002, doi:10.1111/1467-9868.00346), at most 1.

    Args:
        p: p-values, NaN missing.
        lambda_: p-values at or above it count as null; in [0, 1).

    Returns:
        #{p >= lambda} / ((1 - lambda) m), clipped to [0, 1]; NaN when every p is missing.

    Raises:
        ValueError: lambda outside [0, 1).
    """
    if not 0 <= lambda_ < 1:
        raise ValueError(f"lambda is {lambda_}: expected a value in [0, 1)")
    tested = np.asarray(p, dtype=np.float64)
    tested = tested[~np.isnan(tested)]
    if tested.size == 0:
        return float("nan")
    return float(min(1.0, (tested >= lambda_).sum() / ((1 - lambda_) * tested.size)))
