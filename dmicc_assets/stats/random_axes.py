"""Random axes: directions drawn in a cohort's residual space, every gene's scores along them, and their gene lists.

`matched_axes.py` makes axes resemble a disease; `signature/sharing.py` compares lists.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.linear_model import LinearFit, checked_weights, fit_linear_model
from dmicc_assets.stats.moderation import LimmaVersion, squeeze_var
from dmicc_assets.stats.observed import mean_of_observed
from dmicc_assets.types import FloatArray

Rows = NDArray[np.intp]

# Cells (axes times genes) scored at a time, which limits the memory of a chunk to some megabytes.
_CELLS_PER_CHUNK = 1 << 18
# Columns of which the largest score is looked at first.
_PER_GROUP = 32


@dataclass(frozen=True, slots=True)
class ResidualSpace:
    """G genes of a cohort in the M residual dimensions of its design, and their tested coefficient.

    Attributes:
        coordinates: (G, M) whitened residuals in an orthonormal basis of the residual space, log2 units; 0 for a gene
            that does not determine the coefficient.
        effect: (G,) the coefficient, log2 units; NaN where it is not determined.
        t: (G,) its moderated t.
        stdev_unscaled: (G,) its standard error divided by sigma.
        df_residual: (G,) residual degrees of freedom.
        prior_df: (G,) degrees of freedom of the variances' prior, may be infinite.
        prior_scale: (G,) the prior variance.
    """

    coordinates: FloatArray
    effect: FloatArray
    t: FloatArray
    stdev_unscaled: FloatArray
    df_residual: FloatArray
    prior_df: FloatArray
    prior_scale: FloatArray

    def take(self, rows: Rows) -> "ResidualSpace":
        """The same space with these genes only, in this order."""
        return ResidualSpace(*(getattr(self, field.name)[rows] for field in fields(self)))

    def log_standard_error(self) -> FloatArray:
        """(G,) logarithm of the effect's moderated standard error; -inf where that is 0 or not determined."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.nan_to_num(np.log(np.abs(self.effect / self.t)), nan=-np.inf)


@dataclass(frozen=True, slots=True)
class AxisScores:
    """Scores of G genes along a chunk of B axes, and the resulting lists.

    Attributes:
        projection: (B, G) effect along the axis divided by the coefficient's unscaled standard error; its sign is the
            gene's direction.
        score: (B, G) squared score that orders the genes.
        lists: (B, length) rows of the genes with the largest scores, in no order.
    """

    projection: FloatArray
    score: FloatArray
    lists: Rows


def residual_space(
    values: FloatArray,
    design: FloatArray,
    column: int,
    *,
    genes: Sequence[str] | None = None,
    weights: FloatArray | None = None,
    correlation: FloatArray | None = None,
    trend: bool = False,
    robust: bool = False,
    limma: LimmaVersion = "3.63",
) -> ResidualSpace:
    """Fits every gene by the model of the disease's list, and gives the residual space of the whitened samples.

    Batches and patients in the design's columns are not axes. A correlation (pairs, blocks) and sample weights
    are whitened exactly. With cell weights (voom) or missing values every gene has a residual space of its own: its
    weighted residuals are projected onto the space of the mean weights and rescaled to their original length.

    Args:
        values: (G, N) log2 expression, NaN missing.
        design: (N, K) of full column rank.
        column: which column of the design is tested (case against control).
        genes: the G names, for messages.
        weights: precision weights, (N,) of samples or (G, N) of cells.
        correlation: (N, N) correlation matrix of a gene's samples.
        trend: the prior variance follows mean expression.
        robust: the prior is protected from hypervariable genes.
        limma: version whose prior is used where degrees of freedom differ between genes.

    Raises:
        ValueError: what `fit_linear_model` refuses; no such column; a design that leaves no residual dimension.
    """
    if not 0 <= column < design.shape[1]:
        raise ValueError(f"the design has {design.shape[1]} columns, so there is no column {column}")
    fit = fit_linear_model(values, design, genes=genes, weights=weights, correlation=correlation)
    covariate = fit.ave_expr if trend else None
    variance, prior = squeeze_var(fit.sigma**2, fit.df_residual, covariate, robust=robust, limma=limma)
    effect, stdev = fit.coefficients[:, column], fit.stdev_unscaled[:, column]
    coordinates = _coordinates(values, design, fit, weights, correlation)
    coordinates[np.isnan(effect)] = 0.0
    n = len(values)
    return ResidualSpace(
        coordinates,
        effect,
        effect / stdev / np.sqrt(variance),
        stdev,
        fit.df_residual,
        np.broadcast_to(np.asarray(prior.df, dtype=np.float64), n),
        np.broadcast_to(np.asarray(prior.scale, dtype=np.float64), n),
    )


def draw_axes(space: ResidualSpace, n: int, rng: np.random.Generator) -> FloatArray:
    """Draws `n` uniform unit vectors (n, M) of the residual space (Langsrud 2005, doi:10.1007/s11222-005-4789-5)."""
    return unit_rows(rng.standard_normal((n, space.coordinates.shape[1])))


def axis_scores(space: ResidualSpace, length: int, axes: FloatArray, tilt: float = 0.0) -> Iterator[AxisScores]:
    """Scores every gene along every axis, and lists the `length` genes with the largest scores; yields chunks.

    Along a unit axis u a gene of residuals r has the effect x * stdev_unscaled, x = r'u, and the moderated t of the
    residuals that u leaves. The score is abs(t) times the gene's standard error to the power `tilt`: 0 orders the
    genes by t, 1 about by effect. A study's own thresholds would give lists of other lengths, and reject true nulls.

    Args:
        space: the G genes.
        length: genes of a list, from 1 to G.
        axes: (B, M) unit vectors.
        tilt: of the order of genes, towards variable genes.

    Raises:
        ValueError: the length is not between 1 and G.
    """
    n_genes = len(space.coordinates)
    if not 1 <= length <= n_genes:
        raise ValueError(f"a list of {length} genes does not fit {n_genes} genes")
    factor = tilt_factor(space, tilt)
    for projection, score in squared_scores(space, axes):
        tilted = score * factor
        yield AxisScores(projection, tilted, largest(tilted, length))


def squared_scores(space: ResidualSpace, axes: FloatArray) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Chunks of projections and squared scores (B, G) along axes (B, M), without a tilt."""
    estimated, total, fixed = score_weights(space, 0.0).T
    infinite = np.isinf(space.prior_df)
    weight = np.asarray(np.where(infinite, fixed, estimated), dtype=np.float64)
    least = np.maximum(total * 1e-12, np.finfo(np.float64).tiny)
    transposed = np.ascontiguousarray(space.coordinates.T)
    step = max(1, _CELLS_PER_CHUNK // len(total))
    for start in range(0, len(axes), step):
        projection = axes[start : start + step] @ transposed
        score: FloatArray = np.square(projection)
        rest = np.maximum(total - score, least)
        rest[:, infinite] = 1.0
        score *= weight
        score /= rest
        yield projection, score


def largest(score: NDArray[np.floating], length: int) -> Rows:
    """Columns (B, length) of the largest scores of each row (B, G), in no order.

    Few of many are found among the scores that reach the `length`-th largest of the maxima of groups of columns, which
    is at most the `length`-th largest score: half of the time of `np.argpartition`.
    """
    n = score.shape[1]
    n_groups = n // _PER_GROUP
    if n_groups < 8 * length:
        return np.argpartition(score, n - length, axis=1)[:, n - length :]
    maxima = score[:, : n_groups * _PER_GROUP].reshape(len(score), _PER_GROUP, n_groups).max(axis=1)
    least = np.partition(maxima, n_groups - length, axis=1)[:, [n_groups - length]]
    row, column = np.divmod(np.flatnonzero(score >= least), n)
    order = np.lexsort((score[row, column], row))
    ends = np.cumsum(np.bincount(row, minlength=len(score)))
    return column[order[ends[:, None] - length + np.arange(length)]]


def score_weights(space: ResidualSpace, tilt: float) -> FloatArray:
    """What makes a gene's score of the square s of its projection, (G, 3): weight w, total q, fixed weight f.

    The score is w s / (q - s), and f s for a gene whose prior has infinite degrees of freedom; f is 0 for others.
    """
    infinite = np.isinf(space.prior_df)
    d0 = np.where(infinite, 0.0, space.prior_df)
    total = d0 * space.prior_scale + np.square(space.coordinates).sum(axis=1)
    factor = tilt_factor(space, tilt)
    estimated = np.maximum(d0 + space.df_residual - 1, 0.0) * factor
    return np.column_stack([estimated, total, np.where(infinite, factor / space.prior_scale, 0.0)])


def tilt_factor(space: ResidualSpace, tilt: float) -> FloatArray:
    """(G,) by which a tilt multiplies squared scores; 0 for a gene without a standard error."""
    log_error = space.log_standard_error()
    known = np.isfinite(log_error)
    return np.where(known, np.exp(2 * tilt * np.where(known, log_error, 0.0)), 0.0)


def unit_rows(vectors: FloatArray) -> FloatArray:
    """Rows (n, M) scaled to length 1; a row of zeros stays."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)


def _coordinates(
    values: FloatArray, design: FloatArray, fit: LinearFit, weights: FloatArray | None, correlation: FloatArray | None
) -> FloatArray:
    """(G, M) whitened residuals in a basis of the residual space; squared lengths are residual sums of squares."""
    cells, samples = checked_weights(weights, values.shape)
    mean = samples if cells is None else mean_of_observed(cells, 0)
    residuals = np.nan_to_num(values - np.nan_to_num(fit.coefficients) @ design.T)
    root = None if samples is None else np.sqrt(samples)
    if cells is not None:
        root = np.sqrt(np.nan_to_num(cells))
    if root is not None:
        residuals *= root
    frame = design if mean is None else design * np.sqrt(mean)[:, None]
    if correlation is not None:
        inverse = np.linalg.inv(np.linalg.cholesky(correlation))
        residuals, frame = residuals @ inverse.T, inverse @ frame
    basis = np.linalg.qr(frame, mode="complete")[0][:, design.shape[1] :]
    if not basis.shape[1]:
        raise ValueError(f"{len(design)} samples for {design.shape[1]} columns leave no residual dimension")
    coordinates = residuals @ basis
    length = np.linalg.norm(coordinates, axis=1)
    wanted = np.nan_to_num(fit.sigma) * np.sqrt(fit.df_residual)
    coordinates *= np.divide(wanted, length, out=np.zeros_like(length), where=length > 0)[:, None]
    return coordinates
