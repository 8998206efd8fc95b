"""Smooth calibration curves: R's lowess without robustness iterations, for many samples of points at once.

What is smoothed, and what optimism is subtracted from it, is `model/internal_validation.py`.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# Cells of one block: its distances and weights stay in the cache.
_CELLS = 1 << 16


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
    centre, width = _needed(np.take_along_axis(sorted_x, _anchors(sorted_x, delta), axis=1), at)
    # Rows with as many fits stand together, so that a block of rows wastes few.
    by_width = np.argsort(width, kind="stable")
    sorted_x, sorted_y, centre, width = sorted_x[by_width], sorted_y[by_width], centre[by_width], width[by_width]
    fitted = _local_fits(*_merge_ties(sorted_x, sorted_y), centre, _reach(sorted_x, centre, span), width)
    result = np.empty((len(x), len(at)))
    result[by_width] = _between(centre, fitted, at)
    return result


def _anchors(x: FloatArray, delta: float) -> NDArray[np.intp]:
    """(B, A) positions in the sorted x at which fits are made; rows that need fewer repeat the last position.

    From one position the next is the farthest within delta of it or, when there is none, the next distinct point.
    """
    n_rows, n_points = x.shape
    limit = x + delta * (x[:, -1:] - x[:, :1])
    # In one stable sort of points and limits, a limit stands behind the points that it does not exclude.
    order = np.argsort(np.concatenate([x, limit], axis=1), axis=1, kind="stable")
    column: NDArray[np.intp] = np.arange(n_points, dtype=np.intp)
    within = np.nonzero(order >= n_points)[1].reshape(n_rows, n_points) - column - 1
    is_last = np.concatenate([x[:, 1:] != x[:, :-1], np.ones((n_rows, 1), dtype=bool)], axis=1)
    place = np.where(is_last, column, n_points)
    tied = np.minimum.accumulate(place[:, ::-1], axis=1)[:, ::-1]
    following = np.minimum(np.maximum(within, tied + 1), n_points - 1)
    row: NDArray[np.intp] = np.arange(n_rows, dtype=np.intp)
    here = np.zeros(n_rows, dtype=np.intp)
    positions = [here]
    while (tied[row, here] < n_points - 1).any():
        here = following[row, here]
        positions.append(here)
    return np.stack(positions, axis=1)


def _needed(centre: FloatArray, at: FloatArray) -> tuple[FloatArray, NDArray[np.intp]]:
    """Of the sorted centres of each row those between which `at` lies, and how many; the last one fills the row up."""
    first = np.maximum(np.count_nonzero(centre <= at.min(), axis=1) - 1, 0)
    last = np.minimum(np.count_nonzero(centre < at.max(), axis=1), centre.shape[1] - 1)
    width = np.maximum(last - first + 1, 1)
    index = np.minimum(first[:, None] + np.arange(int(width.max())), (first + width - 1)[:, None])
    return np.take_along_axis(centre, index, axis=1), width


def _reach(x: FloatArray, centre: FloatArray, span: float) -> FloatArray:
    """(B, A) half widths of the windows: the distance of each centre from the farther end of its nearest points."""
    n_points = x.shape[1]
    size = min(max(int(span * n_points + 1e-7), 2), n_points)
    # The window of the nearest `size` points moves right while its left end is farther than the next point.
    ends = (x[:, : n_points - size] + x[:, size:]) / 2
    left = np.count_nonzero(ends[:, None, :] < centre[:, :, None], axis=2)
    first, last = np.take_along_axis(x, left, axis=1), np.take_along_axis(x, left + size - 1, axis=1)
    return np.maximum(centre - first, last - centre)


def _merge_ties(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Sorted rows with tied points merged: abscissae, sums of ordinates and numbers of points.

    Rows are filled up with a copy of their last abscissa that counts for nothing. A resample holds each of its points
    about one and a half times: merged, its fits cost a third less.
    """
    is_new = np.concatenate([np.ones((len(x), 1), dtype=bool), x[:, 1:] != x[:, :-1]], axis=1)
    place = np.cumsum(is_new, axis=1) - 1
    width = int(place[:, -1].max()) + 1
    cell = (place + width * np.arange(len(x))[:, None]).ravel()
    number = np.bincount(cell, minlength=len(x) * width).reshape(len(x), width).astype(np.float64)
    total = np.bincount(cell, y.ravel(), len(x) * width).reshape(len(x), width).astype(np.float64)
    merged = np.repeat(x[:, -1:], width, axis=1)
    merged.ravel()[cell] = x.ravel()
    return merged, total, number


def _local_fits(
    x: FloatArray,
    total: FloatArray,
    number: FloatArray,
    centre: FloatArray,
    reach: FloatArray,
    width: NDArray[np.intp],
) -> FloatArray:
    """(B, A) local linear fits at the first `width` centres of each row, the last of them repeated.

    Tricube weights within reach, of points as `_merge_ties` gives them; `width` must not decrease.
    """
    n_points = x.shape[1]
    middle = (x[:, :1] + x[:, -1:]) / 2
    off = x - middle
    columns = np.stack([number, number * off, number * off * off, total, total * off], axis=2)
    # All of a window in one place: only the points there count.
    within = np.maximum(reach, np.finfo(np.float64).tiny)
    moments = np.ones((*centre.shape, 5))
    step = max(1, _CELLS // (centre.shape[1] * n_points))
    distances, weights = np.empty(step * centre.shape[1] * n_points), np.empty(step * centre.shape[1] * n_points)
    masks = np.empty(len(weights), dtype=bool)
    for start in range(0, len(x), step):
        rows = slice(start, min(start + step, len(x)))
        fits = int(width[rows.stop - 1])
        shape = (rows.stop - start, fits, n_points)
        cells = shape[0] * fits * n_points
        u, w, mask = distances[:cells].reshape(shape), weights[:cells].reshape(shape), masks[:cells].reshape(shape)
        np.subtract(x[rows, None, :], centre[rows, :fits, None], out=u)
        np.abs(u, out=u)
        with np.errstate(over="ignore"):
            np.divide(u, within[rows, :fits, None], out=u)
        np.copyto(u, 1.0, where=np.greater(u, 0.999, out=mask))
        np.copyto(u, 0.0, where=np.less_equal(u, 0.001, out=mask))
        np.multiply(u, u, out=w)
        np.multiply(w, u, out=w)
        np.subtract(1.0, w, out=w)
        np.multiply(w, w, out=u)
        np.multiply(u, w, out=u)
        moments[rows, :fits] = np.matmul(u, columns[rows])
    fitted = _lines(moments, x, centre - middle)
    column: NDArray[np.intp] = np.arange(centre.shape[1], dtype=np.intp)
    return np.take_along_axis(fitted, np.minimum(column, width[:, None] - 1), axis=1)


def _lines(moments: FloatArray, x: FloatArray, at: FloatArray) -> FloatArray:
    """(B, A) weighted least-squares lines at their centres, or means where the points have no spread to speak of."""
    weights = moments[..., 0]
    mean, level = moments[..., 1] / weights, moments[..., 3] / weights
    spread = moments[..., 2] / weights - mean**2
    slope = moments[..., 4] / weights - mean * level
    steep = spread > (1e-3 * (x[:, -1:] - x[:, :1])) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        tilted = level + (at - mean) * slope / spread
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
