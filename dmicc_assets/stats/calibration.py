"""Smooth calibration curves: R's lowess without robustness iterations, for many samples of points at once.

`tricube.py` computes the weighted sums; `model/internal_validation.py` smooths and corrects for optimism.
"""

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.tricube import Windows, tricube_moments
from dmicc_assets.types import FloatArray

Positions = NDArray[np.intp]

# R's lowess: the share of the points in each local fit, and of the range below which no new fit is made.
_SPAN = 2 / 3
_DELTA = 0.01
# R gives weight 0 beyond this share of a window's half width.
_EDGE = 0.999


def lowess_at(x: FloatArray, y: FloatArray, at: FloatArray) -> FloatArray:
    """Locally weighted linear regression (Cleveland 1979, doi:10.1080/01621459.1979.10481038), read at given points.

    Equal to R's `approx(lowess(x, y, iter=0), xout=at)`: the fit is made at points at least a hundredth of the range
    apart and is linear between them. Within a span of points that are all equal the fit is their mean.

    Args:
        x: (B, N) abscissae of B samples, N >= 2, any order.
        y: (B, N) ordinates.
        at: (M,) where the curves are read.

    Returns:
        (B, M); NaN where `at` lies outside a sample's range.
    """
    if (x[:, 1:] < x[:, :-1]).any():
        order = np.argsort(x, axis=1)
        x, y = np.take_along_axis(x, order, axis=1), np.take_along_axis(y, order, axis=1)
    row, place = _needed(x, _anchors(x), at)
    knots = x[row, place]
    start = row.searchsorted(np.arange(len(x) + 1, dtype=np.intp))
    fitted = _local_fits(x, y, row, place, start)
    return _between(knots, fitted, start, at)


def lowess_of_counts(x: FloatArray, y: FloatArray, counts: FloatArray, at: FloatArray) -> FloatArray:
    """`lowess_at` of resamples: (B, M) curves of points that are each in a resample as often as it counts.

    Args:
        x: (B, N) abscissae of the points in each resample.
        y: (N,) ordinates.
        counts: (B, N) whole numbers; a resample of fewer than two points has no curve.
        at: (M,) where the curves are read.
    """
    order = np.argsort(x, axis=1)
    times = np.take_along_axis(counts, order, axis=1).astype(np.intp)
    sizes, sorted_x, sorted_y = times.sum(axis=1), np.take_along_axis(x, order, axis=1), y[order]
    result = np.full((len(x), len(at)), np.nan)
    # Resamples of equal size are smoothed together.
    for size in np.unique(sizes[sizes >= 2]):
        rows = np.flatnonzero(sizes == size)
        points: Positions = np.arange(len(rows) * x.shape[1], dtype=np.intp)
        drawn = np.repeat(points, times[rows].ravel()).reshape(len(rows), size)
        result[rows] = lowess_at(sorted_x[rows].ravel()[drawn], sorted_y[rows].ravel()[drawn], at)
    return result


def _anchors(x: FloatArray) -> Positions:
    """(A, B) positions in the sorted x at which fits are made; rows that need fewer repeat the last one.

    The next position is the farthest one within delta, or, when there is none, the next distinct point.
    """
    n_rows, n_points = x.shape
    limit = x + _DELTA * (x[:, -1:] - x[:, :1])
    following = np.empty(x.shape, dtype=np.intp)
    for points, ends, found in zip(x, limit, following, strict=True):
        found[:] = points.searchsorted(ends, side="right")
    offset: Positions = n_points * np.arange(n_rows, dtype=np.intp)
    following += offset[:, None] - 1
    x_flat: FloatArray = x.ravel()
    following = np.minimum(following + (x_flat[following] == x), offset[:, None] + n_points - 1).ravel()
    positions = [offset]
    while (x_flat[positions[-1]] < x[:, -1]).any():
        positions.append(following[positions[-1]])
    return np.stack(positions) - offset


def _needed(x: FloatArray, anchors: Positions, at: FloatArray) -> tuple[Positions, Positions]:
    """Rows and positions (P,) of the distinct anchors between which `at` lies, at least one a row, row by row."""
    column: Positions = np.arange(len(x), dtype=np.intp)
    centre = x[column, anchors]
    nowhere = np.full((1, len(x)), np.inf)
    is_new = np.concatenate([nowhere > 0, centre[1:] > centre[:-1]])
    before = np.concatenate([-nowhere, centre[:-1]])
    after = np.concatenate([np.where(is_new[1:], centre[1:], np.inf), nowhere])
    row, number = np.nonzero((is_new & (before < at.max()) & (after > at.min())).T)
    return row, anchors[number, row]


def _local_fits(x: FloatArray, y: FloatArray, row: Positions, place: Positions, start: Positions) -> FloatArray:
    """(P,) weighted least-squares lines at the centres x[row, place], or means where there is no spread to speak of."""
    n_points = x.shape[1]
    # Every window has two thirds of the points and so the middle one; powers of the distance from it keep precision.
    middle, extent = x[:, n_points // 2], x[:, -1] - x[:, 0]
    scale = np.where(extent > 0, extent, 1.0)
    z = (x - middle[:, None]) / scale[:, None]
    windows = _windows(z, row, place, start)
    sums = tricube_moments(z, y, windows)
    mean, level = sums.x / sums.weight, sums.y / sums.weight
    spread, slope = sums.xx / sums.weight - mean**2, sums.xy / sums.weight - mean * level
    steep = (spread > 1e-6) & (extent > 0)[row]
    with np.errstate(divide="ignore", invalid="ignore"):
        tilted = level + (windows.centre - mean) * slope / spread
    return np.asarray(np.where(steep, tilted, level), dtype=np.float64)


def _windows(x: FloatArray, row: Positions, place: Positions, start: Positions) -> Windows:
    """The window of each centre x[row, place]: its nearest points, and the distance of the farthest of them.

    Centres are sorted by row; those of row b are the ones from start[b] to start[b + 1].
    """
    n_points = x.shape[1]
    size = min(max(int(_SPAN * n_points + 1e-7), 2), n_points)
    centre = x[row, place]
    # The window moves right while its left end is farther than the next point.
    ends = (x[:, : n_points - size] + x[:, size:]) / 2
    first = np.empty(len(row), dtype=np.intp)
    for b, between in enumerate(ends):
        own = slice(start[b], start[b + 1])
        first[own] = between.searchsorted(centre[own])
    stop = first + size
    reach = np.maximum(centre - x[row, first], x[row, stop - 1] - centre)
    for i in np.flatnonzero(reach == 0):
        # A window without width contains all points at its centre.
        stop[i] = x[row[i]].searchsorted(centre[i], side="right")
    for edge, step, offset in ((first, 1, 0), (stop, -1, -1)):
        far = np.flatnonzero(np.abs(x[row, edge + offset] - centre) > _EDGE * reach)
        while len(far):
            edge[far] += step
            far = far[np.abs(x[row[far], edge[far] + offset] - centre[far]) > _EDGE * reach[far]]
    return Windows(row, first, place, stop, centre, reach)


def _between(knots: FloatArray, values: FloatArray, start: Positions, at: FloatArray) -> FloatArray:
    """(B, M) linear interpolation between knots (P,), those of a row sorted and from `start` on; NaN outside."""
    n_rows = len(start) - 1
    before = np.empty((n_rows, len(at)), dtype=np.intp)
    for b in range(n_rows):
        before[b] = knots[start[b] : start[b + 1]].searchsorted(at, side="right")
    first, last = start[:-1, None], start[1:, None] - 1
    before = np.clip(before + first - 1, first, np.maximum(last - 1, first))
    after = np.minimum(before + 1, last)
    low, high, value = knots[before], knots[after], values[before]
    share = np.divide(at - low, high - low, out=np.zeros_like(low), where=high > low)
    result = value + share * (values[after] - value)
    return np.where((at < knots[first]) | (at > knots[last]), np.nan, result)
