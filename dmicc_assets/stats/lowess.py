"""Local linear regression of one variable on another, robust and with prior weights.

Cleveland 1979, doi:10.1080/01621459.1979.10481038. The caller chooses the data and the width of the window.
"""

# statsmodels has no stubs: what it returns is declared here.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.types import FloatArray


def lowess(x: FloatArray, y: FloatArray, *, span: float, iterations: int = 4) -> FloatArray:
    """Robust smooth of y over x at each x, as R's `lowess(x, y, f=span, iter=iterations - 1)`.

    Local regressions are at most a hundredth of the range apart; between them the smooth is linear. Where more than
    half of the residuals are zero, as in windows of at most four points, R stops downweighting and results differ.

    Args:
        x: (n,) finite, not all alike.
        y: (n,) finite.
        span: share of the points in each window.
        iterations: number of fits; each after the first downweights points by their residuals.

    Returns:
        (n,) smoothed values, in the order of x.
    """
    from statsmodels.nonparametric.smoothers_lowess import lowess as statsmodels_lowess

    delta = 0.01 * float(np.ptp(x))
    return np.asarray(statsmodels_lowess(y, x, frac=span, it=iterations - 1, delta=delta, return_sorted=False))


def lowess_span(n: int, small_n: int = 500, min_span: float = 0.3) -> float:
    """Window for n points: 1 up to `small_n`, falling as the cube root of n towards `min_span`."""
    return 1.0 if n <= small_n else min_span + (1 - min_span) * (small_n / n) ** (1 / 3)


def weighted_lowess(
    x: FloatArray, y: FloatArray, weights: FloatArray, *, span: float, anchors: int = 200
) -> FloatArray:
    """Local linear smooth of y over x with prior weights, as limma's `weightedLowess(iterations=1)`.

    The window of an anchor contains the nearest points with the share `span` of the total weight; between anchors the
    smooth is linear.

    Args:
        x: (n,) finite.
        y: (n,) finite.
        weights: (n,) non-negative, not all zero.
        span: share of the total weight in each window.
        anchors: approximate number of local regressions.

    Returns:
        (n,) smoothed values, in the order of x.
    """
    order = np.argsort(x, kind="stable")
    x_sorted, y_sorted, w_sorted = x[order], y[order], weights[order]
    at = _anchors(x_sorted, anchors)
    fitted = _local_lines(x_sorted, y_sorted, w_sorted, x_sorted[at], span)
    result = np.empty_like(y)
    result[order] = np.interp(x_sorted, x_sorted[at], fitted)
    return result


def _anchors(x: FloatArray, most: int) -> NDArray[np.intp]:
    """Positions in sorted x of the points where a local line is computed, the first and the last among them."""
    n = len(x)
    if n <= most:
        return np.unique(x, return_index=True)[1]
    # Large gaps need no anchor; the spacing follows the other gaps.
    gaps = np.cumsum(np.sort(np.diff(x)))
    without = np.arange(most)
    delta = float((gaps[n - 2 - without] / (most - without)).min())
    found = [0]
    while True:
        following = int(np.searchsorted(x, x[found[-1]] + delta, side="right"))
        if following >= n:
            break
        found.append(following)
    last = int(np.searchsorted(x, x[-1]))
    return np.array(found if x[found[-1]] == x[-1] else [*found, last])


def _local_lines(x: FloatArray, y: FloatArray, w: FloatArray, at: FloatArray, span: float) -> FloatArray:
    """Value at each anchor of the line fitted in its window, with tricube weights."""
    reach = _reach(x, w, at, span)
    fitted = np.empty(len(at))
    for i, (center, radius) in enumerate(zip(at, reach, strict=True)):
        near = slice(int(np.searchsorted(x, center - radius)), int(np.searchsorted(x, center + radius, side="right")))
        offset = x[near] - center
        share = np.abs(offset) / radius if radius > 0 else np.zeros_like(offset)
        local = w[near] * np.maximum(1 - share**3, 0.0) ** 3
        total = local.sum()
        middle, level = local @ offset / total, local @ y[near] / total
        spread = local @ (offset - middle) ** 2
        slope = local @ ((offset - middle) * y[near]) / spread if spread > 1e-14 * total * radius**2 else 0.0
        fitted[i] = level - slope * middle
    return fitted


def _reach(x: FloatArray, w: FloatArray, at: FloatArray, span: float) -> FloatArray:
    """Radius about each anchor inside which the points have `span` of the weight: the distance of one of them."""
    cumulative = np.concatenate([[0.0], np.cumsum(w)])
    wanted = span * cumulative[-1]
    return np.minimum(
        _smallest_radius(x, cumulative, at, wanted, -1.0), _smallest_radius(x, cumulative, at, wanted, 1.0)
    )


def _smallest_radius(x: FloatArray, cumulative: FloatArray, at: FloatArray, wanted: float, side: float) -> FloatArray:
    """Smallest distance to a point on one side that makes the window heavy enough, by bisection over the points."""
    origin = np.searchsorted(x, at)
    n = len(x)
    low, high = np.zeros(len(at), dtype=np.intp), origin if side < 0 else n - 1 - origin
    found = np.full(len(at), np.inf)
    while (low <= high).any():
        middle = (low + high) // 2
        point = np.clip(origin + (side * middle).astype(np.intp), 0, n - 1)
        radius = np.abs(x[point] - at)
        # The point itself is always inside, also when its distance is rounded.
        above = np.maximum(np.searchsorted(x, at + radius, side="right"), point + 1)
        below = np.minimum(np.searchsorted(x, at - radius), point)
        weight = cumulative[above] - cumulative[below]
        active, enough = low <= high, weight >= wanted * (1 - 1e-12)
        found = np.where(active & enough, radius, found)
        high = np.where(active & enough, middle - 1, high)
        low = np.where(active & ~enough, middle + 1, low)
    return found
