"""Least squares of every gene on one design: coefficients, residual variances, contrasts.

`moderation.py` shares variances between genes. The caller knows the meaning of the columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.types import FloatArray

# As R's `lm.fit`: a column is dependent on earlier ones when less than this share of its length is left.
RANK_TOLERANCE = 1e-7
# A coefficient below this share of its gene's values is rounding.
_ROUNDING = 16 * np.finfo(np.float64).eps
# Rows of one block: small enough that a block and its residuals stay in the cache.
_CELLS_PER_BLOCK = 1 << 17


@dataclass(frozen=True, slots=True)
class LinearFit:
    """Least-squares fit of G genes on N samples and K coefficients (log2 units).

    Attributes:
        coefficients: (G, K); NaN where a gene's observed samples do not determine the coefficient.
        stdev_unscaled: (G, K) standard errors divided by sigma; NaN with the coefficient.
        sigma: (G,) residual standard deviation; NaN without residual degrees of freedom.
        df_residual: (G,) residual degrees of freedom.
        ave_expr: (G,) mean of the observed values.
        cov_coefficients: (K, K) unscaled covariance of the coefficients of a gene that is observed everywhere.
        names: the K coefficients' names.
    """

    coefficients: FloatArray
    stdev_unscaled: FloatArray
    sigma: FloatArray
    df_residual: FloatArray
    ave_expr: FloatArray
    cov_coefficients: FloatArray
    names: tuple[str, ...]


def fit_linear_model(
    values: FloatArray,
    design: FloatArray,
    *,
    names: Sequence[str] | None = None,
    genes: Sequence[str] | None = None,
    weights: FloatArray | None = None,
    correlation: FloatArray | None = None,
) -> LinearFit:
    """Fits every gene by (weighted) least squares on its observed samples, as `limma::lmFit`.

    Generalised least squares with a correlation between the samples of a block is given by `correlation`
    (Smyth, Michaud & Scott 2005, doi:10.1093/bioinformatics/bti270).

    Args:
        values: (G, N) log2 expression, NaN missing.
        design: (N, K) of full column rank, finite.
        names: the K coefficients' names, used in messages and contrasts.
        genes: the G names, for messages.
        weights: precision weights, (N,) of the samples or (G, N) of the cells, positive; an observation with
            weight 0 or NaN counts as missing.
        correlation: (N, N) correlation matrix of a gene's samples; None for independence.

    Raises:
        ValueError: shapes do not fit, or there is no gene; the design is not finite or not of full rank (names the
            column); an infinite value (names the gene); a negative or infinite weight; a correlation that is missing
            or not positive definite; no gene has residual degrees of freedom.
    """
    values = np.asarray(values, dtype=np.float64)
    design = np.asarray(design, dtype=np.float64)
    columns = checked_columns(values, design, names)
    if not len(values):
        raise ValueError("the matrix has no gene")
    cell_weights, sample_weights = checked_weights(weights, values.shape)
    missing = missing_values(values, genes)
    if cell_weights is not None:
        missing = np.isnan(values) | np.isnan(cell_weights) | (cell_weights == 0)
    # As limma: the design's covariance is the weighted one only when one QR serves every gene.
    n = design.shape[0]
    if correlation is not None and correlation.shape != (n, n):
        raise ValueError(f"a correlation matrix of shape {correlation.shape} does not fit {n} samples")
    whiten = _whitening(sample_weights, correlation)
    q, inverse = _orthogonal(design, whiten)
    _, unweighted = _orthogonal(design, _whitening(None, correlation))
    fit = _empty(len(values), columns, inverse @ inverse.T if missing is None else unweighted @ unweighted.T)
    rows = np.arange(len(values))
    if missing is None:
        _fit_complete(fit, values, rows, q, inverse, whiten)
    else:
        lacking = missing.any(axis=1) if cell_weights is None else np.ones(len(values), dtype=np.bool_)
        _fit_complete(fit, values, rows[~lacking], q, inverse, whiten)
        _fit_masked(fit, values, rows[lacking], design, missing, (cell_weights, sample_weights, correlation))
    if not (fit.df_residual > 0).any():
        sizes = f"{design.shape[0]} samples for {design.shape[1]} coefficients ({', '.join(columns)})"
        raise ValueError(f"no gene has residual degrees of freedom: {sizes}")
    return fit


def non_estimable(design: FloatArray, names: Sequence[str]) -> list[str]:
    """Names of the design's columns that depend linearly on columns before them, as `limma::nonEstimable`."""
    q, _, estimable = masked_qr(np.asarray(design, dtype=np.float64)[None])
    del q
    return [name for name, ok in zip(names, estimable[0], strict=True) if not ok]


def fit_contrasts(fit: LinearFit, contrasts: FloatArray, names: Sequence[str]) -> LinearFit:
    """The fit of linear combinations of the coefficients, as `limma::contrasts.fit`.

    Exact when every gene is observed in every sample with equal weights, or when the coefficients are uncorrelated.
    Otherwise it is limma's approximation, which uses the correlations of the complete design for each gene; for an
    exact result make the contrast a coefficient of the design.

    Args:
        fit: a fit with K coefficients.
        contrasts: (K, C), one contrast a column.
        names: the C contrasts' names.

    Raises:
        ValueError: the shapes do not fit; a contrast is all 0 or not finite (names it).
    """
    contrasts = np.asarray(contrasts, dtype=np.float64)
    if contrasts.shape != (len(fit.names), len(names)):
        raise ValueError(
            f"contrasts of shape {contrasts.shape} do not fit {len(fit.names)} coefficients x {len(names)}"
        )
    for name, column in zip(names, contrasts.T, strict=True):
        if not np.isfinite(column).all() or not column.any():
            raise ValueError(f"contrast {name!r} compares nothing: expected finite numbers, not all of them 0")
    absent = np.isnan(fit.coefficients)
    involved = (contrasts != 0).astype(np.float64)
    coefficients = np.where(absent, 0.0, fit.coefficients) @ contrasts
    spread = np.sqrt(np.diag(fit.cov_coefficients))
    correlation = fit.cov_coefficients / np.outer(spread, spread)
    stdev = np.where(absent, 0.0, fit.stdev_unscaled)
    # The quadratic form c' D R D c of every gene and contrast, D the gene's own unscaled standard errors.
    variance = np.empty_like(coefficients)
    for c in range(contrasts.shape[1]):
        scaled = stdev * contrasts[:, c]
        variance[:, c] = np.einsum("gk,gk->g", scaled @ correlation, scaled)
    unknown = absent.astype(np.float64) @ involved > 0
    return replace(
        fit,
        coefficients=np.where(unknown, np.nan, coefficients),
        stdev_unscaled=np.where(unknown, np.nan, np.sqrt(np.maximum(variance, 0.0))),
        cov_coefficients=contrasts.T @ fit.cov_coefficients @ contrasts,
        names=tuple(names),
    )


class ConfoundedDesignError(ValueError):
    """The design is not of full rank; integrity check D5 fails."""

    check = "D5"


def checked_columns(values: FloatArray, design: FloatArray, names: Sequence[str] | None = None) -> tuple[str, ...]:
    """Names of the K columns of a design (N, K) for values (G, N).

    Raises:
        ValueError: the shapes do not fit, or the design is not finite or not of full rank (names the column).
    """
    if values.ndim != 2 or design.ndim != 2 or design.shape[0] != values.shape[1]:
        raise ValueError(
            f"a design of shape {design.shape} does not fit values of shape {values.shape}: expected (N, K)"
        )
    columns = tuple(names) if names is not None else tuple(f"x{k + 1}" for k in range(design.shape[1]))
    if len(columns) != design.shape[1]:
        raise ValueError(f"{len(columns)} names for {design.shape[1]} columns of the design")
    for k, name in enumerate(columns):
        if not np.isfinite(design[:, k]).all():
            raise ValueError(f"column {name!r} of the design holds a missing or infinite value")
    dependent = non_estimable(design, columns)
    if dependent:
        raise ConfoundedDesignError(
            f"the design is not of full rank: {', '.join(map(repr, dependent))} is confounded with the other columns "
            f"({', '.join(columns)})"
        )
    return columns


def missing_values(values: FloatArray, genes: Sequence[str] | None = None) -> NDArray[np.bool_] | None:
    """(G, N) mask of missing values, None when there are none.

    Raises:
        ValueError: a value is infinite (names the gene and the sample).
    """
    if np.isfinite(values.sum()):
        return None
    infinite = np.isinf(values)
    if infinite.any():
        row, column = np.argwhere(infinite)[0]
        name = genes[int(row)] if genes is not None else f"in row {row + 1}"
        raise ValueError(f"gene {name} has an infinite value in sample {column + 1}: expected finite log2 expression")
    missing = np.isnan(values)
    return missing if missing.any() else None


def checked_weights(weights: FloatArray | None, shape: tuple[int, ...]) -> tuple[FloatArray | None, FloatArray | None]:
    """The weights as cell weights (G, N) or as sample weights (N,), whichever was given, for values of a shape (G, N).

    Raises:
        ValueError: the shapes do not fit; a weight is negative or infinite, or a sample's is 0 or missing.
    """
    if weights is None:
        return None, None
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape not in (shape, (shape[1],)):
        raise ValueError(f"weights of shape {weights.shape} fit neither the samples nor the matrix {shape}")
    if (weights < 0).any() or np.isinf(weights).any():
        raise ValueError("a weight is negative or infinite: expected positive precision weights")
    if weights.ndim == 1 and not (weights > 0).all():
        raise ValueError(f"sample {int(np.argmin(weights > 0)) + 1} has weight 0 or none: leave the sample out instead")
    return (weights, None) if weights.ndim == 2 else (None, weights)


def _whitening(sample_weights: FloatArray | None, correlation: FloatArray | None) -> FloatArray | None:
    """Transformation to independent errors of equal variance: None, (N,) factors, or an (N, N) matrix."""
    root = None if sample_weights is None else np.sqrt(sample_weights)
    if correlation is None:
        return root
    if not np.isfinite(correlation).all():
        raise ValueError("the correlation matrix of the samples holds a missing or infinite value")
    try:
        inverse: FloatArray = np.asarray(np.linalg.inv(np.linalg.cholesky(correlation)), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise ValueError("the correlation matrix of the samples is not positive definite") from None
    return inverse if root is None else inverse * root


def _orthogonal(design: FloatArray, whiten: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Q (N, K) of the whitened design's QR and the inverse of r (K, K)."""
    if whiten is not None:
        design = whiten @ design if whiten.ndim == 2 else whiten[:, None] * design
    q, r = np.linalg.qr(design)
    return q, np.linalg.inv(r)


def _empty(n_genes: int, names: tuple[str, ...], covariance: FloatArray) -> LinearFit:
    shape = (n_genes, len(names))
    sigma, df_residual, ave_expr = np.full((3, n_genes), np.nan)
    return LinearFit(np.full(shape, np.nan), np.full(shape, np.nan), sigma, df_residual, ave_expr, covariance, names)


def _fit_complete(
    fit: LinearFit,
    values: FloatArray,
    rows: NDArray[np.intp],
    q: FloatArray,
    inverse: FloatArray,
    whiten: FloatArray | None,
) -> None:
    """Fills the rows that one QR serves, block by block so that residuals stay in the cache."""
    n, k = q.shape
    fit.stdev_unscaled[rows] = np.sqrt(np.einsum("kj,kj->k", inverse, inverse))
    fit.df_residual[rows] = n - k
    whole = len(rows) == len(values)
    step = max(1, _CELLS_PER_BLOCK // n)
    for start in range(0, len(rows), step):
        at = slice(start, start + step) if whole else rows[start : start + step]
        block = values[at]
        fit.ave_expr[at] = block.mean(axis=1)
        if whiten is not None:
            block = block @ whiten.T if whiten.ndim == 2 else block * whiten
        effects = block @ q
        fit.coefficients[at] = _without_rounding(effects @ inverse.T, block, fit.stdev_unscaled[at])
        residuals = block - effects @ q.T
        if n > k:
            fit.sigma[at] = np.sqrt(np.einsum("gn,gn->g", residuals, residuals) / (n - k))


def _without_rounding(coefficients: FloatArray, values: FloatArray, stdev: FloatArray) -> FloatArray:
    """The coefficients, 0 where they are nothing but rounding: cases that equal their controls differ by 0."""
    size = np.sqrt(np.einsum("gn,gn->g", values, values))[:, None] * stdev
    return np.where(np.abs(coefficients) < _ROUNDING * size, 0.0, coefficients)


def _fit_masked(
    fit: LinearFit,
    values: FloatArray,
    rows: NDArray[np.intp],
    design: FloatArray,
    missing: NDArray[np.bool_],
    precision: tuple[FloatArray | None, FloatArray | None, FloatArray | None],
) -> None:
    """Fills rows with missing values or cell weights, which need a QR of their own."""
    cell_weights, sample_weights, correlation = precision
    n, k = design.shape
    step = max(1, 2 * _CELLS_PER_BLOCK // (n * (k if correlation is None else n)))
    for start in range(0, len(rows), step):
        at = rows[start : start + step]
        observed = ~missing[at]
        block = np.where(observed, values[at], 0.0)
        _fill_average(fit, at, values[at])
        root = observed.astype(np.float64)
        if sample_weights is not None:
            root *= np.sqrt(sample_weights)
        if cell_weights is not None:
            root *= np.sqrt(np.where(observed, cell_weights[at], 0.0))
        designs = design[None] * root[:, :, None]
        block *= root
        if correlation is not None:
            inverse = _masked_whitening(correlation, observed)
            designs, block = inverse @ designs, np.einsum("mij,mj->mi", inverse, block)
        _solve_masked(fit, at, designs, block, observed.sum(axis=1))


def fit_each_gene(values: FloatArray, design: FloatArray, names: Sequence[str]) -> LinearFit:
    """Fits every gene with its own decomposition; undetermined coefficients are NaN, and nothing is refused.

    Args:
        values: (G, N) log2 expression, NaN missing.
        design: (N, K) finite; of dependent columns the later ones have no coefficient.
        names: the K coefficients' names.
    """
    k = design.shape[1]
    fit = _empty(len(values), tuple(names), np.full((k, k), np.nan))
    _fit_masked(fit, values, np.arange(len(values)), design, np.isnan(values), (None, None, None))
    return fit


def _fill_average(fit: LinearFit, at: NDArray[np.intp], block: FloatArray) -> None:
    present = ~np.isnan(block)
    n = present.sum(axis=1)
    total = np.where(present, block, 0.0).sum(axis=1)
    fit.ave_expr[at] = np.divide(total, n, out=np.full(len(at), np.nan), where=n > 0)


def _masked_whitening(correlation: FloatArray, observed: NDArray[np.bool_]) -> FloatArray:
    """(M, N, N) inverse Cholesky factors of the observed samples' correlation, the identity at missing ones."""
    both = observed[:, :, None] & observed[:, None, :]
    factor = np.linalg.cholesky(np.where(both, correlation, np.eye(len(correlation))))
    return np.asarray(np.linalg.inv(factor), dtype=np.float64)


def _solve_masked(
    fit: LinearFit, at: NDArray[np.intp], designs: FloatArray, block: FloatArray, n_observed: NDArray[np.intp]
) -> None:
    """Least squares of M genes with a design (M, N, K) each, in which a missing sample is a row of zeros."""
    q, r, estimable = masked_qr(designs)
    effects = np.einsum("mnk,mn->mk", q, block)
    inverse = np.linalg.inv(r)
    known = np.where(estimable, 1.0, np.nan)
    # A dependent column is a unit row and column of r: it adds nothing to the others' variances.
    fit.stdev_unscaled[at] = np.sqrt(np.einsum("mkj,mkj->mk", inverse, inverse)) * known
    coefficients = np.einsum("mkj,mj->mk", inverse, effects) * known
    fit.coefficients[at] = _without_rounding(coefficients, block, fit.stdev_unscaled[at])
    df = n_observed - estimable.sum(axis=1)
    residuals = block - np.einsum("mnk,mk->mn", q, effects)
    sum_squares = np.einsum("mn,mn->m", residuals, residuals)
    fit.df_residual[at] = df
    fit.sigma[at] = np.sqrt(np.divide(sum_squares, df, out=np.full(len(at), np.nan), where=df > 0))


def masked_qr(designs: FloatArray) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Gram-Schmidt, orthogonalised twice, of M designs (M, N, K) at once.

    Returns:
        q: (M, N, K), a zero column where a column depends on those before it; r: (M, K, K) upper triangular
        with a unit row and column there; estimable: (M, K) False there.
    """
    m, _, k = designs.shape
    q = np.zeros_like(designs)
    r = np.zeros((m, k, k))
    estimable = np.ones((m, k), dtype=np.bool_)
    for j in range(k):
        column = designs[:, :, j].copy()
        length = np.sqrt(np.einsum("mn,mn->m", column, column))
        for _ in range(2 if j else 0):
            along = np.einsum("mnk,mn->mk", q[:, :, :j], column)
            column -= np.einsum("mnk,mk->mn", q[:, :, :j], along)
            r[:, :j, j] += along
        left = np.sqrt(np.einsum("mn,mn->m", column, column))
        ok = left > RANK_TOLERANCE * length
        estimable[:, j] = ok
        q[ok, :, j] = column[ok] / left[ok, None]
        r[:, j, j] = np.where(ok, left, 1.0)
        r[~ok, :j, j] = 0.0
    return q, r, estimable
