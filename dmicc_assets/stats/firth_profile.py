"""The profile of the penalised likelihood: limits and likelihood-ratio tests of each coefficient.

Under separation a profile can have two modes: a limit is where the higher one falls below the chi-squared bound.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.penalised_likelihood import maximise, penalised_log_likelihood
from dmicc_assets.stats.probability import chi_squared_quantile
from dmicc_assets.types import BoolArray, FloatArray

IntArray = NDArray[np.int64]

# Where a second mode is looked for, in log-odds along each free coefficient.
_FAR_STARTS = np.concatenate([-np.geomspace(80, 0.25, 30), np.geomspace(0.25, 80, 30)])
_MOST_STEPS = 80


@dataclass(frozen=True, slots=True)
class ProfileProblem:
    """A fitted model whose K coefficients are profiled, each in its own basis.

    In the basis of a coefficient all columns are orthogonal and of unit mean square, and only the last one belongs to
    the coefficient, so that nearly collinear genes keep precision.

    Attributes:
        designs: (K, N, K), for each coefficient its basis.
        is_case: (N,) True for cases.
        estimates: (K, K), for each coefficient where the penalised likelihood is largest, in its basis.
        units: (K,) length in its basis of one unit of each coefficient.
        tops: (K,) the penalised log-likelihood there; a basis changes it by a constant.
    """

    designs: FloatArray
    is_case: BoolArray
    estimates: FloatArray
    units: FloatArray
    tops: FloatArray


def profile_problem(design: FloatArray, is_case: BoolArray, estimate: FloatArray) -> ProfileProblem:
    """The bases in which the coefficients (K,) of a design (N, K) are profiled.

    Args:
        design: of full rank.
        is_case: (N,) True for cases.
        estimate: where the penalised likelihood is largest.
    """
    n_samples, n_terms = design.shape
    order = np.array([[*(k for k in range(n_terms) if k != held), held] for held in range(n_terms)])
    orthonormal, triangle = np.linalg.qr(design[:, order].transpose(1, 0, 2))
    root = np.sqrt(n_samples)
    designs = np.asarray(orthonormal * root, dtype=np.float64)
    estimates = np.asarray(np.einsum("hij,hj->hi", triangle / root, estimate[order]), dtype=np.float64)
    units = np.asarray(triangle[:, -1, -1] / root, dtype=np.float64)
    # The decomposition can flip a column's sign; the coefficient's own sign is kept.
    sign = np.sign(units)
    designs[:, :, -1] *= sign[:, None]
    estimates[:, -1] *= sign
    once = np.ones((n_terms, n_samples))
    tops = penalised_log_likelihood(designs, is_case, once, estimates)
    return ProfileProblem(designs, is_case, estimates, np.abs(units), tops)


def deviance_of_zero(problem: ProfileProblem) -> FloatArray:
    """(K,) penalised likelihood-ratio statistics of each coefficient being zero; NaN where no maximum is reached."""
    held = np.arange(len(problem.tops))
    zero = np.zeros(len(held))
    value, _ = _profile(problem, held, zero, _starts(problem, held, zero))
    return 2 * (problem.tops - value)


def profile_limits(problem: ProfileProblem, std_error: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Limits of each coefficient: where the profile first falls below the bound on either side of the estimate.

    Args:
        problem: what is profiled.
        std_error: (K,) standard errors; half of one is the step in which the profile is followed outwards.
        level: confidence level.

    Returns:
        (K,) lower and upper limits; infinite where the profile never falls below the bound, NaN where it cannot be
        followed that far.
    """
    n_terms = len(problem.tops)
    bound = chi_squared_quantile(level)
    held = np.tile(np.arange(n_terms), 2)
    stride = np.repeat([-0.5, 0.5], n_terms) * np.tile(std_error * problem.units, 2)
    inside, outside, at_inside, at_outside = _bracket(problem, held, stride, bound)
    limits = np.where(stride > 0, np.inf, -np.inf)
    found = np.isfinite(outside)
    limits[found] = _cross(
        problem, held[found], inside[found], outside[found], at_inside[found], at_outside[found], bound
    )
    limits[np.isnan(inside)] = np.nan
    limits /= problem.units[held]
    return limits[:n_terms], limits[n_terms:]


def _bracket(
    problem: ProfileProblem, held: IntArray, stride: FloatArray, bound: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """For each side the last value above the bound and the first below, with the coefficients at both.

    The last value above is NaN where no maximum was reached on the way.
    """
    n_sides, n_terms = len(held), len(problem.tops)
    inside = problem.estimates[held, -1]
    outside = np.full(n_sides, np.nan)
    at_inside = problem.estimates[held]
    at_outside = np.full((n_sides, n_terms), np.nan)
    open_sides = np.arange(n_sides)
    for _ in range(_MOST_STEPS):
        if len(open_sides) == 0:
            break
        value = inside[open_sides] + stride[open_sides]
        starts = _starts(problem, held[open_sides], value)
        starts.append(at_inside[open_sides])
        height, where = _profile(problem, held[open_sides], value, starts)
        lost = np.isnan(height)
        below = 2 * (problem.tops[held[open_sides]] - height) > bound
        outside[open_sides[below]], at_outside[open_sides[below]] = value[below], where[below]
        inside[open_sides[~below]], at_inside[open_sides[~below]] = value[~below], where[~below]
        inside[open_sides[lost]] = np.nan
        open_sides = open_sides[~below & ~lost]
    return inside, outside, at_inside, at_outside


def _cross(
    problem: ProfileProblem,
    held: IntArray,
    inside: FloatArray,
    outside: FloatArray,
    at_inside: FloatArray,
    at_outside: FloatArray,
    bound: float,
) -> FloatArray:
    """Point at which the profile crosses the bound between `inside` and `outside` (regula falsi, Illinois rule)."""
    a, b = inside.copy(), outside.copy()
    top = problem.tops[held]
    f_a = 2 * (top - _profile(problem, held, a, [at_inside])[0]) - bound
    f_b = 2 * (top - _profile(problem, held, b, [at_outside])[0]) - bound
    side = np.zeros(len(held), dtype=np.int64)
    root, f = b.copy(), f_b
    for _ in range(100):
        # Far out the likelihood of nearly collinear genes underflows to nothing: there the interval is halved.
        slope = f_b - f_a
        is_line = np.isfinite(slope) & (slope != 0)
        root = b - np.divide(f_b, slope, out=np.full_like(b, 0.5), where=is_line) * (b - a)
        height, where = _profile(problem, held, root, [at_inside, at_outside])
        f = 2 * (top - height) - bound
        low = f < 0
        f_b = np.where(low & (side == -1), f_b / 2, f_b)
        f_a = np.where(~low & (side == 1), f_a / 2, f_a)
        a, f_a = np.where(low, root, a), np.where(low, f, f_a)
        b, f_b = np.where(low, b, root), np.where(low, f_b, f)
        at_inside = np.where(low[:, None], where, at_inside)
        at_outside = np.where(low[:, None], at_outside, where)
        side = np.where(low, -1, 1)
        if np.abs(f).max(initial=0.0) < 1e-10:
            break
    return np.where(np.isnan(f), np.nan, root)


def _starts(problem: ProfileProblem, held: IntArray, value: FloatArray) -> list[FloatArray]:
    """Starting points (S, K) for each held value: the estimate, zero, and the best of a line along each free one."""
    n_terms = len(problem.tops)
    base = problem.estimates[held]
    base[:, -1] = value
    lines = np.tile(base[:, None, None, :], (1, n_terms - 1, len(_FAR_STARTS), 1))
    for free in range(n_terms - 1):
        lines[:, free, :, free] = _FAR_STARTS
    height = np.empty(lines.shape[:3])
    for coefficient in np.unique(held):
        sides = held == coefficient
        points = lines[sides].reshape(-1, n_terms)
        ones = np.ones((len(points), len(problem.is_case)))
        found = penalised_log_likelihood(problem.designs[coefficient], problem.is_case, ones, points)
        height[sides] = found.reshape(-1, *height.shape[1:])
    best = np.take_along_axis(lines, height.argmax(axis=2)[:, :, None, None], axis=2)[:, :, 0]
    return [base.copy(), np.zeros_like(base), *best.swapaxes(0, 1)]


def _profile(
    problem: ProfileProblem, held: IntArray, value: FloatArray, starts: list[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """The highest penalised likelihood (S,) with each held coefficient at its value, and the coefficients (S, K).

    The likelihood is NaN where no maximum was reached.
    """
    trial = np.stack(starts, axis=1)
    trial[:, :, -1] = value[:, None]
    n_starts, n_terms = trial.shape[1:]
    height, coefficients = np.full(trial.shape[:2], -np.inf), np.empty_like(trial)
    for coefficient in np.unique(held):
        sides = held == coefficient
        start = trial[sides].reshape(-1, n_terms)
        ones = np.ones((len(start), len(problem.is_case)))
        last = np.full(len(start), n_terms - 1)
        found = maximise(problem.designs[coefficient], problem.is_case, ones, start, last, tolerance=1e-7)
        reached = np.where(found.has_converged, found.log_likelihood, -np.inf)
        height[sides] = reached.reshape(-1, n_starts)
        coefficients[sides] = found.coefficients.reshape(-1, n_starts, n_terms)
    best = height.argmax(axis=1)
    side = np.arange(len(held))
    reached_any = np.isfinite(height).any(axis=1)
    return np.where(reached_any, height[side, best], np.nan), coefficients[side, best]
