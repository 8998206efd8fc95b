"""What diagnostic plots of a differential expression analysis show: quantiles of t, the mean-variance trend."""

# scipy has no stubs: what it returns is declared here.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np
from numpy.typing import ArrayLike

from dmicc_assets.stats import special
from dmicc_assets.stats.lowess import lowess
from dmicc_assets.types import FloatArray


def moderated_t_quantiles(t: ArrayLike, df_total: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Expected and observed normal quantiles of moderated t-statistics.

    Each t becomes the normal quantile of the same tail area under its own degrees of freedom, so that genes with
    different degrees of freedom lie on one line.

    Args:
        t: (G,) moderated t-statistics; missing ones are left out.
        df_total: (G,) their degrees of freedom, infinity allowed.

    Returns:
        expected and observed quantiles, both ascending, of the genes with a t.
    """
    statistic, df = np.asarray(t, dtype=np.float64), np.asarray(df_total, dtype=np.float64)
    measured = ~np.isnan(statistic)
    statistic, df = statistic[measured], df[measured]
    # a degree of freedom of 1e10 is a normal distribution to double precision
    tail = special.stdtr(np.minimum(df, 1e10), -np.abs(statistic))
    z = -np.sign(statistic) * special.ndtri(np.maximum(tail, np.finfo(np.float64).tiny))
    n = len(z)
    offset = 3 / 8 if n <= 10 else 0.5
    expected = special.ndtri((np.arange(1, n + 1) - offset) / (n + 1 - 2 * offset))
    return expected, np.sort(z)


def mean_variance_trend(ave_expr: ArrayLike, sigma: ArrayLike, span: float = 0.5) -> tuple[FloatArray, FloatArray]:
    """Lowess trend of the square root of the residual standard deviation over the average log2 expression.

    Args:
        ave_expr: (G,) average log2 expression.
        sigma: (G,) residual standard deviation; genes without one are left out.
        span: share of the genes that each local fit uses (Cleveland 1979, doi:10.1080/01621459.1979.10481038).

    Returns:
        average expression (ascending, distinct) and the trend there; empty with fewer than ten genes.
    """
    x, y = np.asarray(ave_expr, dtype=np.float64), np.asarray(sigma, dtype=np.float64)
    kept = np.isfinite(x) & np.isfinite(y)
    if kept.sum() < 10:
        return np.empty(0), np.empty(0)
    distinct, first = np.unique(x[kept], return_index=True)
    return distinct, lowess(x[kept], np.sqrt(y[kept]), span=span, iterations=3)[first]
