"""Random-effects meta-analysis of estimates with known variances: their mean and their heterogeneity.

Where the estimates come from is the caller's matter.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from dmicc_assets.stats.probability import chi_squared_tail, normal_quantile


@dataclass(frozen=True, slots=True)
class MetaAnalysis:
    """Mean and heterogeneity of k estimates.

    Attributes:
        mean: random-effects mean.
        low: its lower 95 % limit.
        high: its upper 95 % limit.
        q: Cochran's Q, of k - 1 degrees of freedom.
        p_value: of Q: that the estimates differ by their errors alone.
        tau_squared: variance between the estimates' true values.
        i_squared: share of the estimates' variance that is between, 0 to 1.
    """

    mean: float
    low: float
    high: float
    q: float
    p_value: float
    tau_squared: float
    i_squared: float


def random_effects(estimates: ArrayLike, variances: ArrayLike) -> MetaAnalysis:
    """DerSimonian and Laird's random-effects model (1986, doi:10.1016/0197-2456(86)90046-2).

    I squared is Higgins and Thompson's (2002, doi:10.1002/sim.1186).

    Args:
        estimates: (k,) two or more.
        variances: (k,) of their errors, positive.

    Raises:
        ValueError: fewer than two estimates, numbers that differ, or a variance that is not positive and finite.
    """
    y, v = np.asarray(estimates, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    if len(y) < 2 or y.shape != v.shape or not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0).all()):
        raise ValueError(f"{len(y)} estimates and {len(v)} variances: expected two or more, with positive variances")
    w = 1 / v
    q = float(w @ (y - w @ y / w.sum()) ** 2)
    df = len(y) - 1
    tau_squared = max(0.0, (q - df) / float(w.sum() - (w**2).sum() / w.sum()))
    weights = 1 / (v + tau_squared)
    mean, half = float(weights @ y / weights.sum()), normal_quantile(0.975) / float(np.sqrt(weights.sum()))
    i_squared = max(0.0, (q - df) / q) if q > 0 else 0.0
    return MetaAnalysis(
        mean, mean - half, mean + half, q, float(chi_squared_tail(np.array(q), df)), tau_squared, i_squared
    )
