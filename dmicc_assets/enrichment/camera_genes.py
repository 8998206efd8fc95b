"""Normal scores and residuals of the genes that camera tests (Wu & Smyth 2012, doi:10.1093/nar/gks461).

What is done with them, a set at a time, is in `camera.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.linear_model import checked_columns, checked_weights, missing_values
from dmicc_assets.stats.moderation import squeeze_var
from dmicc_assets.stats.residual_variance import has_residual_variance
from dmicc_assets.types import BoolArray, FloatArray

_CELLS_PER_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class CameraGenes:
    """The G genes that take part.

    Attributes:
        index: (G,) their rows in the matrix.
        z: (G,) moderated t of the coefficient as a normal score.
        residuals: (G, D) residual effects, independent between columns, mean square 1 a gene.
        n_missing: genes left out because a value is missing.
        n_without_variance: genes left out because they have no residual variance.
    """

    index: NDArray[np.intp]
    z: FloatArray
    residuals: FloatArray
    n_missing: int
    n_without_variance: int


def camera_genes(
    values: FloatArray,
    genes: Sequence[str],
    design: FloatArray,
    coefficient: int,
    weights: FloatArray | None,
    correlation: FloatArray | None,
    trend: bool,
) -> CameraGenes:
    """Normal scores and residual effects of the genes that have both; arguments and errors as of `camera`."""
    values, design = np.asarray(values, dtype=np.float64), np.asarray(design, dtype=np.float64)
    checked_columns(values, design)
    n, k = design.shape
    if not 0 <= coefficient < k:
        raise ValueError(f"the design has {k} columns: there is no coefficient {coefficient}")
    if n <= k:
        raise ValueError(f"no gene has residual degrees of freedom: {n} samples for {k} coefficients")
    cell_weights, sample_weights = checked_weights(weights, values.shape)
    missing_values(values, genes)
    whole = ~np.isnan(values).any(axis=1)
    if cell_weights is not None:
        whole &= (np.nan_to_num(cell_weights) > 0).all(axis=1)
    at = np.flatnonzero(whole)
    scaled = values[at] if sample_weights is None else values[at] * np.sqrt(sample_weights)
    average = scaled.mean(axis=1)
    root = np.sqrt(sample_weights[None]) if sample_weights is not None else np.ones((1, n))
    if cell_weights is not None:
        root = np.sqrt(cell_weights[at])
        scaled = scaled * root
    last = [*(c for c in range(k) if c != coefficient), coefficient]
    rotated, varies = _rotated(scaled, design[:, last], root, _whitening(correlation, n))
    rotated, average = rotated[varies], average[varies]
    z, residuals = _scores(rotated[:, k - 1], rotated[:, k:], average if trend else None)
    return CameraGenes(at[varies], z, residuals, len(values) - len(at), int((~varies).sum()))


def _whitening(correlation: FloatArray | None, n: int) -> FloatArray | None:
    """(N, N) inverse Cholesky factor of the samples' correlation.

    Raises:
        ValueError: it is no finite positive definite matrix of N samples.
    """
    if correlation is None:
        return None
    if correlation.shape != (n, n) or not np.isfinite(correlation).all():
        raise ValueError(f"expected a finite correlation matrix of {n} samples, got shape {correlation.shape}")
    try:
        return np.asarray(np.linalg.inv(np.linalg.cholesky(correlation)), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise ValueError("the correlation matrix of the samples is not positive definite") from None


def _rotated(
    scaled: FloatArray, design: FloatArray, root: FloatArray, whiten: FloatArray | None
) -> tuple[FloatArray, BoolArray]:
    """Orthogonal effects of every gene, and which genes have residual variance.

    Args:
        scaled: (G, N) values times root weights.
        design: (N, K).
        root: (1, N) or (G, N) root weights.
        whiten: (N, N) of the samples' correlation, or None.

    Returns:
        (G, N) effects: the first K are the coefficients' in turn, the others residual; and (G,) varies.
    """
    effects, varies = np.empty_like(scaled), np.ones(len(scaled), dtype=np.bool_)
    n, k = design.shape
    for start in range(0, len(scaled), step := max(1, _CELLS_PER_BLOCK // (n * k))):
        at = slice(start, start + step)
        mine, block = root[at] if len(root) > 1 else root, scaled[at]
        designs, level = design * mine[:, :, None], mine
        if whiten is not None:
            designs, block, level = whiten @ designs, block @ whiten.T, mine @ whiten.T
        effects[at] = _reflected(designs, block)
        varies[at] = has_residual_variance(np.square(effects[at, k:]).sum(axis=1), block, level)
    return effects, varies


def _reflected(designs: FloatArray, values: FloatArray) -> FloatArray:
    """Values (M, N) in the basis of Householder's QR of their designs (M or 1, N, K), coefficients of positive sign."""
    designs, values = designs.copy(), values.copy()
    signs: list[FloatArray] = []
    for j in range(designs.shape[2]):
        mirror = designs[:, j:, j].copy()
        length = np.copysign(np.sqrt(np.square(mirror).sum(axis=1)), mirror[:, 0])
        mirror[:, 0] += length
        factor = 2 / np.square(mirror).sum(axis=1)
        along = np.einsum("mn,mnk->mk", mirror, designs[:, j:, j:]) * factor[:, None]
        designs[:, j:, j:] -= mirror[:, :, None] * along[:, None, :]
        values[:, j:] -= mirror * (np.sum(mirror * values[:, j:], axis=1) * factor)[:, None]
        signs.append(-np.sign(length))
    values[:, : len(signs)] *= np.stack(signs, axis=1)
    return values


def _scores(effect: FloatArray, residuals: FloatArray, average: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Normal scores (G,) of the moderated t, and residuals (G, D) of mean square 1; none of no gene."""
    n, d = residuals.shape
    if not n:
        return effect, residuals
    variance = np.square(residuals).mean(axis=1)
    df = np.zeros(n) + float(d)
    posterior, prior = squeeze_var(variance, df, average)
    z = _normal_scores(effect / np.sqrt(posterior), np.minimum(d + np.asarray(prior.df), float(n * d)))
    # As limma: variances are held above 1e-8.
    return z, residuals / np.sqrt(np.maximum(variance, 1e-8))[:, None]


def _normal_scores(t: FloatArray, df: FloatArray) -> FloatArray:
    """Normal deviates of the tail probability of Student's t, by Hill's expansion.

    Hill 1970, Algorithm 395, Communications of the ACM 13(10), 617-619; limma's camera uses it too.
    """
    a = df - 0.5
    y = a * np.log1p(np.square(t) / df)
    b = 48 * a**2
    correction = (((-0.4 * y - 3.3) * y - 24) * y - 85.5) / (0.8 * y**2 + 100 + b) + y + 3
    return np.copysign(np.sqrt(y) * (1 + correction / b), t)
