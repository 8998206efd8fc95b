"""The logistic likelihood times Jeffreys' prior, maximised for many problems at once.

Used by `firth.py` and `firth_profile.py`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.logistic import linear_predictors, log_likelihood, weighted_gram
from dmicc_assets.stats.probability import expit
from dmicc_assets.types import BoolArray, FloatArray

IntArray = NDArray[np.int64]

_LONGEST_STEP = 5.0
_LEAST_EIGENVALUE = 1e-14


@dataclass(frozen=True, slots=True)
class PenalisedMaxima:
    """Maxima of B problems.

    Attributes:
        coefficients: (B, K).
        log_likelihood: (B,) penalised.
        has_converged: (B,) False where the iterations ended before the step was small, or where the information
            became singular to machine precision.
    """

    coefficients: FloatArray
    log_likelihood: FloatArray
    has_converged: BoolArray


def information(design: FloatArray, coefficients: FloatArray, counts: FloatArray) -> FloatArray:
    """(B, K, K) information of coefficients (B, K) on a design (N, K) or (B, N, K), samples counted (B, N) times."""
    probability = expit(linear_predictors(design, coefficients))
    return weighted_gram(design, counts * probability * (1 - probability))


def penalised_log_likelihood(
    design: FloatArray, is_case: BoolArray, counts: FloatArray, coefficients: FloatArray
) -> FloatArray:
    """(B,) log-likelihood plus half the log determinant of the information (Firth 1993); -inf where it is singular."""
    with np.errstate(divide="ignore"):
        determinant = np.linalg.slogdet(information(design, coefficients, counts))
    penalty = np.where(determinant.sign > 0, 0.5 * determinant.logabsdet, -np.inf)
    return log_likelihood(linear_predictors(design, coefficients), is_case, counts) + penalty


def maximise(
    design: FloatArray,
    is_case: BoolArray,
    counts: FloatArray,
    start: FloatArray,
    held: IntArray | None = None,
    tolerance: float = 1e-11,
    n_iterations: int = 200,
) -> PenalisedMaxima:
    """Maximises the penalised likelihood by Newton's method with step halving, each problem until its step is small.

    The score is Firth's (1993, doi:10.1093/biomet/80.1.27): X'(y - p + h(1/2 - p)), h the leverages.

    Args:
        design: (N, K), shared by all problems, or (B, N, K); columns of similar size.
        is_case: (N,) True for cases.
        counts: (B, N) how often each sample counts.
        start: (B, K) where to start.
        held: (B,) for each problem the coefficient that keeps its starting value; None for none.
        tolerance: largest step at convergence.
        n_iterations: iterations after which a problem counts as not converged.
    """
    result = start.copy()
    value = penalised_log_likelihood(design, is_case, counts, start)
    converged = np.zeros(len(start), dtype=bool)
    rows = np.flatnonzero(np.isfinite(value))
    for _ in range(n_iterations):
        if len(rows) == 0:
            break
        here, part = result[rows], design if design.ndim == 2 else design[rows]
        step = _newton_step(part, is_case, counts[rows], here, None if held is None else held[rows])
        able = ~np.isnan(step).any(axis=1)
        if not able.all():
            rows, here, step = rows[able], here[able], step[able]
            part = design if design.ndim == 2 else design[rows]
        longest = np.abs(step).max(axis=1)
        step *= np.minimum(1.0, _LONGEST_STEP / np.maximum(longest, 1e-300))[:, None]
        following = penalised_log_likelihood(part, is_case, counts[rows], here + step)
        for _ in range(30):
            worse = following < value[rows] - 1e-10
            if not worse.any():
                break
            step[worse] /= 2
            following[worse] = penalised_log_likelihood(
                part if part.ndim == 2 else part[worse], is_case, counts[rows[worse]], here[worse] + step[worse]
            )
        result[rows], value[rows] = here + step, following
        small = np.abs(step).max(axis=1) < tolerance * np.maximum(1.0, np.abs(here).max(axis=1))
        converged[rows] = small
        rows = rows[~small]
    return PenalisedMaxima(result, value, converged)


def _newton_step(
    design: FloatArray, is_case: BoolArray, counts: FloatArray, coefficients: FloatArray, held: IntArray | None
) -> FloatArray:
    """(B, K) Newton steps, of scoring where the penalised likelihood is not concave; zero for a held coefficient.

    NaN where the information is singular, because its determinant would be rounding noise.
    """
    probability = expit(linear_predictors(design, coefficients))
    weight = probability * (1 - probability)
    gram = weighted_gram(design, counts * weight)
    is_singular = _is_singular(gram)
    gram[is_singular] = np.eye(gram.shape[-1])
    inverse = np.asarray(np.linalg.inv(gram), dtype=np.float64)
    if design.ndim == 2:
        products = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
        leverage = weight * (inverse.reshape(len(gram), -1) @ products.T)
    else:
        leverage = weight * (np.matmul(design, inverse) * design).sum(axis=2)
    residual = counts * (is_case - probability + leverage * (0.5 - probability))
    score = residual @ design if design.ndim == 2 else np.einsum("bn,bnk->bk", residual, design)
    curvature = gram - _penalty_curvature(design, counts, probability, weight, leverage, inverse)
    if held is not None:
        problem = np.arange(len(held))
        for matrix in (gram, curvature):
            matrix[problem, held, :] = 0.0
            matrix[problem, :, held] = 0.0
            matrix[problem, held, held] = 1.0
        score[problem, held] = 0.0
    values = np.linalg.eigvalsh(curvature)
    is_concave = values[:, 0] > 1e-9 * values[:, -1]
    matrix = np.where(is_concave[:, None, None], curvature, gram)
    step = np.asarray(np.linalg.solve(matrix, score[:, :, None])[:, :, 0], dtype=np.float64)
    step[is_singular] = np.nan
    return step


def _is_singular(matrices: FloatArray) -> BoolArray:
    """(B,) whether a symmetric matrix (K, K), its diagonal scaled to 1, is not positive definite beyond rounding."""
    diagonal = np.diagonal(matrices, axis1=1, axis2=2)
    length = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    return np.linalg.eigvalsh(matrices / (length[:, :, None] * length[:, None, :]))[:, 0] <= _LEAST_EIGENVALUE


def _penalty_curvature(
    design: FloatArray,
    counts: FloatArray,
    probability: FloatArray,
    weight: FloatArray,
    leverage: FloatArray,
    inverse: FloatArray,
) -> FloatArray:
    """(B, K, K) second derivatives of half the log determinant of the information I.

    With I' and I'' the derivatives by the coefficients: half the trace of (I^-1 I'' - I^-1 I' I^-1 I').
    """
    direct = weighted_gram(design, 0.5 * counts * leverage * (1 - 6 * weight))
    skew = counts * weight * (1 - 2 * probability)
    n_samples, n_terms = design.shape[-2:]
    if design.ndim == 2:
        weights = (skew[:, None, :] * design.T).reshape(-1, n_samples)
        derivatives = weighted_gram(design, weights).reshape(-1, n_terms, n_terms, n_terms)
    else:
        derivatives = np.stack([weighted_gram(design, skew * design[..., k]) for k in range(n_terms)], axis=1)
    relative = np.matmul(inverse[:, None], derivatives)
    rows = relative.reshape(len(relative), n_terms, -1)
    columns = relative.swapaxes(2, 3).reshape(rows.shape)
    return direct - 0.5 * np.matmul(rows, columns.swapaxes(1, 2))  # of each pair the trace of the product
