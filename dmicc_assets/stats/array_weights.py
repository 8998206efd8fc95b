"""Quality weights of samples, estimated from how far their values lie from the linear model.

The fit that uses the weights is in `linear_model.py`; weights of single counts are in `voom.py`.
"""

from collections.abc import Iterator

import numpy as np

from dmicc_assets.stats.linear_model import RANK_TOLERANCE, checked_columns, checked_weights, masked_qr, missing_values
from dmicc_assets.types import FloatArray

_CELLS_PER_BLOCK = 1 << 18
_MOST_ROUNDS = 50
_TOLERANCE = 1e-5


def array_weights(values: FloatArray, design: FloatArray, *, prior_genes: float = 10.0) -> FloatArray:
    """Relative quality weights of N samples by REML, as `limma::arrayWeights(method="reml")`.

    Scoring of a log-linear variance model (Ritchie et al. 2006, doi:10.1186/1471-2105-7-261; Smyth 2002,
    doi:10.1198/106186002871), stopped by limma's rule so that the numbers agree.

    Args:
        values: (G, N) log2 expression without missing values.
        design: (N, K) of full column rank, N > K + 1.
        prior_genes: shrinks the weights towards equality, like this number of genes with equal weights.

    Returns:
        (N,) weights whose product is 1; ones when fewer than two genes vary about the model.

    Raises:
        ValueError: as `fit_linear_model`; a missing value (use `array_weights_by_gene`); too few samples; no
            convergence.
    """
    values = _checked(values, design)
    if np.isnan(values).any():
        row, column = np.argwhere(np.isnan(values))[0] + 1
        raise ValueError(f"row {row}, sample {column} is missing: array weights by REML need complete genes")
    # A gene without residual variance has no information on the samples.
    n, k = design.shape
    plain, _ = np.linalg.qr(design)
    equal = np.ones(n, dtype=np.float64)
    spread = [squares.sum(axis=1) for squares in _squared_residuals(values, equal, plain)]
    varying = np.concatenate(spread) > 1e-15 * (n - k)
    values = values if varying.all() else values[varying]
    g = len(values)
    if g < 2:
        return equal
    z = _sum_to_zero(n)
    gamma = np.zeros_like(z[0])
    for _ in range(_MOST_ROUNDS):
        weights = np.exp(-z @ gamma)
        root = np.sqrt(weights)
        q, _ = np.linalg.qr(design * root[:, None])
        leverage, information = _information(q, z)
        score = prior_genes * (weights - 1) - g * (1 - leverage)
        for squares in _squared_residuals(values, root, q):
            score += (n - k) / squares.sum(axis=1) @ squares
        slope = z.T @ score
        step = _solved(g * information + prior_genes * (z.T @ z), slope)
        gamma = gamma + step
        if slope @ step / ((n - 1) * (g + prior_genes)) < _TOLERANCE:
            return np.exp(-z @ gamma)
    raise ValueError(f"array weights did not converge in {_MOST_ROUNDS} rounds")


def array_weights_by_gene(
    values: FloatArray, design: FloatArray, *, weights: FloatArray | None = None, prior_genes: float = 10.0
) -> FloatArray:
    """Relative quality weights by one update for each gene, as `limma::arrayWeights(method="genebygene")`.

    Each gene updates the estimate of the genes before it (Ritchie et al. 2006, doi:10.1186/1471-2105-7-261), so that
    the result depends on the order of the genes.

    Args:
        values: (G, N) log2 expression, NaN missing.
        design: (N, K) of full column rank, N > K + 1.
        weights: (G, N) positive precision weights of the values.
        prior_genes: squeezes the weights towards equality.

    Returns:
        (N,) weights whose product is 1; ones for a single gene.

    Raises:
        ValueError: as `fit_linear_model`; too few samples; a weight that is missing or 0.
    """
    values = _checked(values, design)
    if weights is not None:
        _, whole = checked_weights(weights, values.shape)
        if whole is not None or not (weights > 0).all():
            raise ValueError(f"expected {len(values)} x {values.shape[1]} positive weights, none missing or 0")
    n, k = design.shape
    z = _sum_to_zero(n)
    gamma = np.zeros_like(z[0])
    if len(values) < 2:
        return np.exp(z @ gamma)
    information = prior_genes * (z.T @ z)
    observed = ~np.isnan(values)
    for row in range(len(values)):
        o = observed[row]
        if o.sum() < 3:
            continue
        precision = np.exp(-z[o] @ gamma)
        if weights is not None:
            precision *= weights[row, o]
        root = np.sqrt(precision)
        q, r = np.linalg.qr(design[o] * root[:, None])
        if o.sum() < k or np.abs(np.diag(r)).min() <= RANK_TOLERANCE * np.abs(np.diag(r)).max():
            # The observed samples do not determine every coefficient; only the determined ones are fitted.
            columns, _, estimable = masked_qr((design[o] * root[:, None])[None])
            q = columns[0][:, estimable[0]]
        # As limma: a gene needs at least two residual degrees of freedom.
        if o.sum() - q.shape[1] < 2:
            continue
        y = values[row, o] * root
        squares = (y - q @ (q.T @ y)) ** 2
        variance = squares.sum() / (o.sum() - q.shape[1])
        if variance < 1e-15:
            continue
        freedom = 1 - np.einsum("nk,nk->n", q, q)
        # Only the diagonal, limma's efficient approximation to the information.
        information = information + _without_scale(np.diag(freedom), z[o])
        gamma = gamma + _solved(information, z[o].T @ (squares / variance - freedom))
    return np.exp(-z @ gamma)


def _squared_residuals(values: FloatArray, root: FloatArray, q: FloatArray) -> Iterator[FloatArray]:
    """Squared weighted residuals, in blocks of genes that stay in the cache."""
    step = max(1, _CELLS_PER_BLOCK // len(root))
    for start in range(0, len(values), step):
        residuals = values[start : start + step] * root
        residuals -= (residuals @ q) @ q.T
        yield np.square(residuals, out=residuals)


def _checked(values: FloatArray, design: FloatArray) -> FloatArray:
    values = np.asarray(values, dtype=np.float64)
    n, k = design.shape
    if n == values.shape[1] and n < k + 2:
        raise ValueError(f"{n} samples for {k} coefficients: array weights need {k + 2} samples at least")
    checked_columns(values, design)
    missing_values(values)
    return values


def _solved(matrix: FloatArray, right: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)


def _sum_to_zero(n: int) -> FloatArray:
    return np.vstack([np.eye(n - 1), -np.ones(n - 1)])


def _information(q: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Leverages, and one gene's information on the log variances given its own unknown variance."""
    hat = q @ q.T
    leverage = np.diag(hat).copy()
    v = hat**2
    np.fill_diagonal(v, (1 - leverage) ** 2)
    return leverage, _without_scale(v, z)


def _without_scale(v: FloatArray, z: FloatArray) -> FloatArray:
    """Information z' v z on the log variances, less what goes into the gene's own variance."""
    cross = z.T @ v.sum(axis=1)
    return z.T @ v @ z - np.outer(cross, cross) / v.sum()
