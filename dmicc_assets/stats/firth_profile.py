"""The profile of the penalised likelihood: limits and likelihood-ratio tests of each coefficient.

Under separation a profile can have two modes: a limit is where the higher one falls below the chi-squared bound.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.penalised_likelihood import maximise, penalised_log_likelihood
from dmicc_assets.stats.probability import chi_squared_quantile

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

# Where a second mode is looked for, in log-odds along each free coefficient.
_FAR_STARTS = np.concatenate([-np.geomspace(80, 0.25, 30), np.geomspace(0.25, 80, 30)])
_MOST_STEPS = 80


@dataclass(frozen=True, slots=True)
class ProfileProblem:
    """A fitted model whose coefficients are profiled, on a design of columns of similar size.

    Attributes:
        design: (N, K), the columns divided by their root mean squares.
        is_case: (N,) True for cases.
        estimate: (K,) where the penalised likelihood is largest.
        top: the penalised log-likelihood there.
    """

    design: FloatArray
    is_case: BoolArray
    estimate: FloatArray
    top: float


def deviance_of_zero(problem: ProfileProblem) -> FloatArray:
    """(K,) penalised likelihood-ratio statistics of each coefficient being zero."""
    held = np.arange(len(problem.estimate))
    value, _ = _profile(problem, held, np.zeros(len(held)), _starts(problem, held, np.zeros(len(held))))
    return 2 * (problem.top - value)


def profile_limits(problem: ProfileProblem, std_error: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Limits of each coefficient: where the profile first falls below the bound on either side of the estimate.

    Args:
        problem: what is profiled.
        std_error: (K,) standard errors; half of one is the step in which the profile is followed outwards.
        level: confidence level.

    Returns:
        (K,) lower and upper limits; infinite where the profile never falls below the bound.
    """
    n_terms = len(problem.estimate)
    bound = chi_squared_quantile(level)
    held = np.tile(np.arange(n_terms), 2)
    stride = np.repeat([-0.5, 0.5], n_terms) * np.tile(std_error, 2)
    inside, outside, at_inside, at_outside = _bracket(problem, held, stride, bound)
    limits = np.where(stride > 0, np.inf, -np.inf)
    found = np.isfinite(outside)
    limits[found] = _cross(
        problem, held[found], inside[found], outside[found], at_inside[found], at_outside[found], bound
    )
    return limits[:n_terms], limits[n_terms:]


def _bracket(
    problem: ProfileProblem, held: IntArray, stride: FloatArray, bound: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """For each side the last value above the bound and the first below, with the coefficients at both."""
    n_sides, n_terms = len(held), len(problem.estimate)
    inside = problem.estimate[held]
    outside = np.full(n_sides, np.nan)
    at_inside = np.tile(problem.estimate, (n_sides, 1))
    at_outside = np.full((n_sides, n_terms), np.nan)
    open_sides = np.arange(n_sides)
    for _ in range(_MOST_STEPS):
        if len(open_sides) == 0:
            break
        value = inside[open_sides] + stride[open_sides]
        starts = _starts(problem, held[open_sides], value)
        starts.append(at_inside[open_sides])
        height, where = _profile(problem, held[open_sides], value, starts)
        below = 2 * (problem.top - height) > bound
        outside[open_sides[below]], at_outside[open_sides[below]] = value[below], where[below]
        inside[open_sides[~below]], at_inside[open_sides[~below]] = value[~below], where[~below]
        open_sides = open_sides[~below]
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
    """Where the profile crosses the bound between inside and outside: regula falsi with the Illinois rule."""
    a, b = inside.copy(), outside.copy()
    f_a = 2 * (problem.top - _profile(problem, held, a, [at_inside])[0]) - bound
    f_b = 2 * (problem.top - _profile(problem, held, b, [at_outside])[0]) - bound
    side = np.zeros(len(held), dtype=np.int64)
    root = b.copy()
    for _ in range(100):
        # Far out the likelihood of nearly collinear genes underflows to nothing: there the interval is halved.
        slope = f_b - f_a
        is_line = np.isfinite(slope) & (slope != 0)
        root = b - np.divide(f_b, slope, out=np.full_like(b, 0.5), where=is_line) * (b - a)
        height, where = _profile(problem, held, root, [at_inside, at_outside])
        f = 2 * (problem.top - height) - bound
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
    return root


def _starts(problem: ProfileProblem, held: IntArray, value: FloatArray) -> list[FloatArray]:
    """Starting points (S, K) for each held value: the estimate, zero, and the best of a line along each free one."""
    n_sides, n_terms = len(held), len(problem.estimate)
    starts = [np.tile(problem.estimate, (n_sides, 1)), np.zeros((n_sides, n_terms))]
    base = np.tile(problem.estimate, (n_sides, 1))
    base[np.arange(n_sides), held] = value
    for free in range(n_terms):
        line = np.repeat(base[:, None, :], len(_FAR_STARTS), axis=1)
        line[:, :, free] = np.where((held == free)[:, None], line[:, :, free], _FAR_STARTS)
        flat = line.reshape(-1, n_terms)
        ones = np.ones((len(flat), len(problem.is_case)))
        height = penalised_log_likelihood(problem.design, problem.is_case, ones, flat).reshape(n_sides, -1)
        starts.append(line[np.arange(n_sides), height.argmax(axis=1)])
    return starts


def _profile(
    problem: ProfileProblem, held: IntArray, value: FloatArray, starts: list[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """The highest penalised likelihood (S,) with each held coefficient at its value, and the coefficients (S, K)."""
    n_sides, n_starts = len(held), len(starts)
    start = np.concatenate(starts)
    all_held = np.tile(held, n_starts)
    start[np.arange(len(start)), all_held] = np.tile(value, n_starts)
    ones = np.ones((len(start), len(problem.is_case)))
    found = maximise(problem.design, problem.is_case, ones, start, all_held, tolerance=1e-7)
    height = found.log_likelihood.reshape(n_starts, n_sides)
    best = height.argmax(axis=0)
    coefficients = found.coefficients.reshape(n_starts, n_sides, -1)
    return height[best, np.arange(n_sides)], coefficients[best, np.arange(n_sides)]
