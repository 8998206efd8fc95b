"""t-SNE of few samples by the exact gradient, in NumPy (van der Maaten & Hinton 2008, jmlr.org/papers/v9).

The start is given, so nothing is random. Samples are reduced and tables made in `projection.py`.
"""

import numpy as np

from dmicc_assets.types import FloatArray

# Settings of the paper, the learning rate of Belkina 2019 (doi:10.1038/s41467-019-13055-y).
_EXAGGERATION, _EXAGGERATED, _ITERATIONS = 12.0, 250, 1000
_LEAST = np.finfo(np.float64).eps


def exact_tsne(points: FloatArray, start: FloatArray, perplexity: float) -> FloatArray:
    """Places of points in two dimensions in which neighbours stay neighbours.

    Args:
        points: (N, K).
        start: (N, 2) first places, of a size near 1e-4.
        perplexity: effective number of neighbours of each point; under N.

    Returns:
        (N, 2).
    """
    near = joint_probabilities(points, perplexity)
    rate = max(len(points) / _EXAGGERATION / 4, 50.0)
    places = _descend(near * _EXAGGERATION, start, rate, 0.5, _EXAGGERATED)
    return _descend(near, places, rate, 0.8, _ITERATIONS - _EXAGGERATED)


def _descend(near: FloatArray, start: FloatArray, rate: float, momentum: float, iterations: int) -> FloatArray:
    """Gradient descent with momentum and a gain for each coordinate (Jacobs 1988)."""
    places, update, gains = start.copy(), np.zeros_like(start), np.ones_like(start)
    for _ in range(iterations):
        gradient = _gradient(near, places)
        turns = update * gradient < 0
        gains = np.maximum(np.where(turns, gains + 0.2, gains * 0.8), 0.01)
        update = momentum * update - rate * gains * gradient
        places += update
    return places


def joint_probabilities(points: FloatArray, perplexity: float) -> FloatArray:
    """(N, N) symmetric probabilities that two points are neighbours; each point's have the given perplexity."""
    n = len(points)
    squares = (points**2).sum(axis=1)
    distance = np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0.0)
    np.fill_diagonal(distance, np.inf)
    distance -= distance.min(axis=1, keepdims=True)
    low, high, beta = np.zeros((n, 1)), np.full((n, 1), np.inf), np.ones((n, 1))
    finite = np.where(np.isfinite(distance), distance, 0.0)
    for _ in range(64):
        weights = np.exp(-distance * beta)
        total = weights.sum(axis=1, keepdims=True)
        entropy = np.log(total) + beta * (finite * weights).sum(axis=1, keepdims=True) / total
        is_wide = entropy > np.log(perplexity)
        low, high = np.where(is_wide, beta, low), np.where(is_wide, high, beta)
        beta = np.where(np.isfinite(high), (low + high) / 2, beta * 2)
    shares = np.exp(-distance * beta)
    shares /= shares.sum(axis=1, keepdims=True)
    return np.maximum((shares + shares.T) / (2 * n), _LEAST)


def divergence(near: FloatArray, places: FloatArray) -> float:
    """Kullback-Leibler divergence of the places' neighbourhoods from the points': what t-SNE makes small."""
    kernel = _kernel(places)
    off = ~np.eye(len(near), dtype=bool)
    return float((near * np.log(near / np.maximum(kernel / kernel.sum(), _LEAST)))[off].sum())


def _kernel(places: FloatArray) -> FloatArray:
    across, along = (axis[:, None] - axis for axis in places.T)
    kernel = 1 / (1 + across**2 + along**2)
    np.fill_diagonal(kernel, 0.0)
    return kernel


def _gradient(near: FloatArray, places: FloatArray) -> FloatArray:
    kernel = _kernel(places)
    pull = (near - kernel / kernel.sum()) * kernel
    return 4 * (pull.sum(axis=1)[:, None] * places - pull @ places)
