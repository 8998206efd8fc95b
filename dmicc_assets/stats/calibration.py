"""Smooth calibration curves: R's lowess without robustness iterations, for many samples of points at once.

What is smoothed, and what optimism is subtracted from it, is `model/internal_validation.py`.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_CELLS = 1 << 17


def lowess_at(x: FloatArray, y: FloatArray, at: FloatArray, span: float = 2 / 3, delta: float = 0.01) -> FloatArray:
    """Locally weighted linear regression (Cleveland 1979, doi:10.1080/01621459.1979.10481038), read at given points.

    Equal to R's `approx(lowess(x, y, f=span, iter=0), xout=at)`: the fit is made at points at least `delta` times the
    range apart and is linear between them. Within a span of points that are all equal the fit is their mean.

    Args:
        x: (B, N) abscissae of B samples, N >= 2, any order.
        y: (B, N) ordinates.
        at: (M,) where the curves are read.
        span: share of the points that each local fit uses.
        delta: share of the range below which no new fit is made.

    Returns:
        (B, M); NaN where `at` lies outside a sample's range.
    """
    order = np.argsort(x, axis=1, kind="stable")
    sorted_x = np.take_along_axis(x, order, axis=1)
    sorted_y = np.take_along_axis(y, order, axis=1)
    anchors = _anchors(sorted_x, delta)
    fitted = np.empty(anchors.shape)
    # Blocks small enough that the weights of one stay in the cache.
    step = max(1, _CELLS // (anchors.shape[1] * x.shape[1]))
    for start in range(0, len(x), step):
        part = slice(start, start + step)
        fitted[part] = _local_fits(sorted_x[part], sorted_y[part], anchors[part], span)
    return _between(np.take_along_axis(sorted_x, anchors, axis=1), fitted, at)


def _anchors(x: FloatArray, delta: float) -> NDArray[np.intp]:
    """(B, A) positions in the sorted x at which fits are made; rows that need fewer repeat the last position.

    From one position the next is the farthest within delta of it or, when there is none, the next distinct point.
    """
    last_position = x.shape[1] - 1
    reach = (delta * (x[:, -1] - x[:, 0]))[:, None]
    row = np.arange(len(x))
    here = np.zeros(len(x), dtype=np.intp)
    positions = [here]
    while True:
        value = x[row, here][:, None]
        tied = np.count_nonzero(x <= value, axis=1) - 1
        if (tied == last_position).all():
            return np.stack(positions, axis=1)
        within = np.count_nonzero(x <= value + reach, axis=1) - 1
        here = np.minimum(np.maximum(within, tied + 1), last_position)
        positions.append(here)


def _local_fits(x: FloatArray, y: FloatArray, anchors: NDArray[np.intp], span: float) -> FloatArray:
    """(B, A) local linear fits at the anchors, with tricube weights over the nearest points."""
    n_points = x.shape[1]
    size = min(max(int(span * n_points + 1e-7), 2), n_points)
    centre = np.take_along_axis(x, anchors, axis=1)
    # The window of the nearest `size` points moves right while its left end is farther than the next point.
    ends = x[:, : n_points - size] + x[:, size:]
    left = (ends[:, None, :] < 2 * centre[:, :, None]).sum(axis=2)
    reach = np.maximum(
        centre - np.take_along_axis(x, left, axis=1), np.take_along_axis(x, left + size - 1, axis=1) - centre
    )
    distance = x[:, None, :] - centre[:, :, None]
    np.abs(distance, out=distance)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance /= reach[:, :, None]
    cube = distance * distance
    cube *= distance
    np.subtract(1.0, cube, out=cube)
    weight = cube * cube
    weight *= cube
    weight *= distance <= 0.999
    np.copyto(weight, 1.0, where=distance <= 0.001)
    # All of a window in one place: only the points there count.
    if (reach <= 0).any():
        weight = np.where(reach[:, :, None] <= 0, (x[:, None, :] == centre[:, :, None]).astype(np.float64), weight)
    middle = (x[:, :1] + x[:, -1:]) / 2
    off = x - middle
    moments = np.matmul(weight, np.stack([np.ones_like(x), off, off * off, y, off * y], axis=2))
    total, mean, level = moments[..., 0], moments[..., 1] / moments[..., 0], moments[..., 3] / moments[..., 0]
    spread = moments[..., 2] / total - mean**2
    slope = moments[..., 4] / total - mean * level
    full_range = x[:, -1:] - x[:, :1]
    steep = spread > (1e-3 * full_range) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        tilted = level + (centre - middle - mean) * slope / spread
    return np.asarray(np.where(steep, tilted, level), dtype=np.float64)


def _between(knots: FloatArray, values: FloatArray, at: FloatArray) -> FloatArray:
    """(B, M) linear interpolation in rows of sorted knots (B, A); NaN outside a row's range."""
    n_knots = knots.shape[1]
    before = (knots[:, :, None] <= at[None, None, :]).sum(axis=1) - 1
    # The last knot may be repeated: step back to the interval that ends there.
    first_of_last = (knots < knots[:, -1:]).sum(axis=1)[:, None] - 1
    before = np.clip(before, 0, np.maximum(np.minimum(first_of_last, n_knots - 2), 0))
    after = np.minimum(before + 1, n_knots - 1)
    low, high = np.take_along_axis(knots, before, axis=1), np.take_along_axis(knots, after, axis=1)
    value_low, value_high = np.take_along_axis(values, before, axis=1), np.take_along_axis(values, after, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(high > low, (at - low) / (high - low), 0.0)
    result = value_low + share * (value_high - value_low)
    return np.where((at < knots[:, :1]) | (at > knots[:, -1:]), np.nan, result)
