"""Tricube-weighted sums over many windows of sorted points, by running sums instead of a loop over each window.

`calibration.py` chooses the windows and fits the curves.
"""

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.types import FloatArray

ComplexArray = NDArray[np.complex128]
Positions = NDArray[np.intp]

# Points of one block of rows: their powers stay in the cache.
_POINTS = 1 << 13
# Powers of the abscissa in a sum: the weight's nine and the square's two.
_POWERS = 12
# Binomial coefficients of the powers of t, a row each.
_OF_THIRD, _OF_SIXTH, _OF_NINTH = (np.array([[comb(n, j)] for j in range(n + 1)], dtype=np.float64) for n in (3, 6, 9))
# A narrower window counts as a single point, so that powers stay within the range of doubles.
_NARROWEST = 1e-20


@dataclass(frozen=True, slots=True)
class Windows:
    """P windows on rows of sorted points.

    Attributes:
        row: (P,) the row, not decreasing.
        first: (P,) position of the first point.
        place: (P,) position of the centre.
        stop: (P,) position behind the last point.
        centre: (P,) abscissa of the centre.
        reach: (P,) half width, the distance at which the weight is 0.
    """

    row: Positions
    first: Positions
    place: Positions
    stop: Positions
    centre: FloatArray
    reach: FloatArray


@dataclass(frozen=True, slots=True)
class Moments:
    """Weighted sums (P,) over the points of each window: of 1, x, x squared, y and xy."""

    weight: FloatArray
    x: FloatArray
    xx: FloatArray
    y: FloatArray
    xy: FloatArray


def tricube_moments(x: FloatArray, y: FloatArray, windows: Windows) -> Moments:
    """Sums with weights (1 - |t|^3)^3, t the distance from the centre in half widths.

    On either side of the centre the weight is a polynomial of the ninth degree in x, so that every sum is a
    combination of sums of powers, and those of a window are differences of running sums. Nothing cancels as long as
    x is measured from a point that is in every window, as the middle one is when windows hold over half of the
    points: powers run outwards from there, so that they are never larger than the window's own.

    Args:
        x: (B, N) sorted, measured from the middle point of its row, in units of its range.
        y: (B, N).
        windows: of the rows of x.
    """
    result = np.empty((5, len(windows.row)))
    n_rows, n_points = x.shape
    step = min(n_rows, max(1, _POINTS // n_points))
    memory = np.empty((_POWERS, step, n_points + 1, 2))
    for top in range(0, n_rows, step):
        rows = slice(top, min(top + step, n_rows))
        own = slice(*windows.row.searchsorted((rows.start, rows.stop)).tolist())
        running = _running_sums(x[rows], y[rows], memory[:, : rows.stop - top])
        offset = (windows.row[own] - top) * (n_points + 1)
        places = [offset + position[own] for position in (windows.first, windows.place, windows.stop)]
        left, centre, right = (np.take(running, place, axis=1) for place in places)
        sided = left + right
        centre *= 2
        sided -= centre
        right -= left
        even, odd = _weights(windows.centre[own], np.maximum(windows.reach[own], _NARROWEST))
        for part, of_right, of_sided in ((0, right.real, sided.real), (3, right.imag, sided.imag)):
            for power in range(3 if part == 0 else 2):
                total = np.einsum("ix,ix->x", even, of_right[power : power + len(even)])
                total -= np.einsum("ix,ix->x", odd, of_sided[power : power + len(odd)])
                result[part + power, own] = total
    return Moments(*result)


def _running_sums(x: FloatArray, y: FloatArray, memory: FloatArray) -> ComplexArray:
    """Sums of x^j and of x^j y over the points from the middle one to each position, j the first axis.

    Negative to the left of the middle. The two sums are the parts of one complex number, so that they are added up at
    once; the result, (12, B (N + 1)), lies in `memory` (12, B, N + 1, 2) where that is in one piece.
    """
    n_points = x.shape[1]
    middle = n_points // 2
    sums = memory.view(np.complex128)[..., 0]
    sums[:, :, middle] = 0.0
    left, right = slice(0, middle), slice(middle + 1, None)
    for side, points, sign in ((left, slice(0, middle), -1.0), (right, slice(middle, n_points), 1.0)):
        powers = memory[:, :, side]
        powers[0, :, :, 0], powers[0, :, :, 1] = sign, sign * y[:, points]
        # Each abscissa twice, for the two sums.
        abscissa = np.empty(powers.shape[1:])
        abscissa[:] = x[:, points, None]
        for j in range(1, _POWERS):
            np.multiply(powers[j - 1], abscissa, out=powers[j])
        outwards = sums[:, :, side] if side is right else sums[:, :, side][:, :, ::-1]
        np.cumsum(outwards, axis=2, out=outwards)
    return sums.reshape(_POWERS, -1)


def _weights(centre: FloatArray, reach: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Coefficients (7, P) and (10, P) of the powers of x in the even and the odd part of the tricube.

    With t = (x - centre) / reach the weight is (1 + 3 t^6) - (3 t^3 + t^9) right of the centre and, with the other
    sign between them, left of it.
    """
    scale, shift = 1 / reach, -centre / reach
    scales, shifts = np.empty((10, len(centre))), np.empty((10, len(centre)))
    scales[0], shifts[0] = 1.0, 1.0
    for j in range(1, 10):
        np.multiply(scales[j - 1], scale, out=scales[j])
        np.multiply(shifts[j - 1], shift, out=shifts[j])
    even, odd = 3 * _OF_SIXTH * shifts[6::-1], _OF_NINTH * shifts[::-1]
    even[0] += 1
    odd[:4] += 3 * _OF_THIRD * shifts[3::-1]
    even *= scales[:7]
    odd *= scales
    return even, odd
