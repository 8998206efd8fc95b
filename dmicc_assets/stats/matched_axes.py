"""Residuals whose random axes resemble a disease: lists as long, as variable and as inter-correlated as its list.

`random_axes.py` fits the cohort, draws axes and scores genes; `signature/sharing.py` compares lists.
"""

from dataclasses import dataclass, replace

import numpy as np

from dmicc_assets.stats.random_axes import (
    ResidualSpace,
    Rows,
    axis_scores,
    draw_axes,
    largest,
    squared_scores,
    tilt_factor,
    unit_rows,
)
from dmicc_assets.types import FloatArray

# Number of trial axes for each shape, and of genes used from a long list.
_TRIAL_AXES, _TRIAL_GENES = 64, 256
# Orders from t over squared standard error to effect times standard error; halvings of that range.
_LEAST_TILT, _MOST_TILT, _HALVINGS = -2.0, 2.0, 7
# Concentrations above 0 that are tried; how many co-expressed genes a gene has; rows of a block of their search.
_CONCENTRATIONS = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0, 1.5, 2.0, 3.0, 4.0)
_N_NEIGHBOURS, _ROWS_PER_BLOCK = 10, 128


@dataclass(frozen=True, slots=True)
class MatchedAxes:
    """Residuals and axes whose lists resemble a disease's list.

    Attributes:
        space: the cohort's genes; residuals' directions may be averaged with other genes', their lengths are unchanged.
        root: (M, M) by which normal vectors are multiplied to be axes.
        length: genes of the list.
        tilt: power of a gene's standard error by which abs(t) is multiplied to order the genes; 0 orders by t, 1 by
            effect.
        concentration: 0 for uniform axes of the cohort's own residuals, at most 4.
    """

    space: ResidualSpace
    root: FloatArray
    length: int
    tilt: float
    concentration: float

    def draw(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draws `n` axes, unit vectors (n, M)."""
        return self.along(draw_axes(self.space, n, rng))

    def along(self, uniform: FloatArray) -> FloatArray:
        """Transform uniform unit vectors (n, M) into axes (n, M)."""
        return unit_rows(uniform @ self.root) if self.concentration else uniform


def matched_axes(space: ResidualSpace, listed: Rows, rng: np.random.Generator) -> MatchedAxes:
    """The axes and the order of genes whose lists resemble a disease's, found by trial axes.

    The tilt makes the mean log standard error of the lists' genes the disease's, within -2 to 2: an effect threshold
    chooses variable genes, and other variable genes are what an axis finds.

    The concentration is the smallest whose lists are as inter-correlated as the disease's: mean r squared of pairs of
    genes over the cohort's own residuals; 4 if none is. A disease moves few modules, and their genes together. A
    uniform axis moves all modules a little, and each gene also has residuals of its own, which hide its module. A
    concentration c multiplies axes by the power c of the samples' residual correlation matrix, and a gene takes the
    share c (at most 1) of its direction from the ten genes that correlate most with it, by sign.

    Args:
        space: the cohort's G genes.
        listed: rows of the disease's list, at least one.
        rng: for the trial axes and for the genes of a long list that are looked at.
    """
    axes = draw_axes(space, _TRIAL_AXES, rng)
    start = MatchedAxes(space, np.eye(axes.shape[1]), len(listed), 0.0, 0.0)
    start = replace(start, tilt=_matched_tilt(start, listed, axes))
    if len(listed) < 2:
        return start
    unit = unit_rows(space.coordinates)
    target = float(inter_correlation(unit[None, rng.permutation(listed)[:_TRIAL_GENES]])[0])
    picked = rng.permutation(len(listed))[:_TRIAL_GENES]

    def reached(trial: MatchedAxes) -> bool:
        chunks = axis_scores(trial.space, trial.length, trial.along(axes), trial.tilt)
        found = np.concatenate([inter_correlation(unit[chunk.lists[:, picked]]) for chunk in chunks])
        return float(found.mean()) >= target

    if reached(start):
        return start
    average, spectrum = _co_expressed(unit), np.linalg.eigh(unit.T @ unit)
    low, high = 0, len(_CONCENTRATIONS) - 1
    while low < high:
        middle = (low + high) // 2
        enough = reached(_concentrated(start, unit, average, spectrum, _CONCENTRATIONS[middle]))
        low, high = (low, middle) if enough else (middle + 1, high)
    found = _concentrated(start, unit, average, spectrum, _CONCENTRATIONS[low])
    return replace(found, tilt=_matched_tilt(found, listed, axes))


def inter_correlation(unit: FloatArray) -> FloatArray:
    """Mean r squared (B,) of the pairs of genes of B lists: unit residuals (B, k, M) of two or more genes."""
    k, m = unit.shape[1:]
    transposed = unit.swapaxes(1, 2)
    gram = unit @ transposed if k < m else transposed @ unit
    own = np.square(np.square(unit).sum(axis=2)).sum(axis=1)
    return (np.square(gram).sum(axis=(1, 2)) - own) / (k * (k - 1))


def _matched_tilt(trial: MatchedAxes, listed: Rows, uniform: FloatArray) -> float:
    space, axes = trial.space, trial.along(uniform)
    log_error = space.log_standard_error()
    finite = np.isfinite(log_error)
    log_error = np.where(finite, log_error, log_error[finite].min())
    target = float(log_error[listed].mean())
    low, high = _LEAST_TILT, _MOST_TILT
    untilted = [score for _, score in squared_scores(space, axes)]
    for _ in range(_HALVINGS):
        tilt = (low + high) / 2
        factor = tilt_factor(space, tilt)
        sums = [float(log_error[largest(score * factor, len(listed))].sum()) for score in untilted]
        reached = sum(sums) / len(axes) / len(listed) >= target
        low, high = (low, tilt) if reached else (tilt, high)
    return (low + high) / 2


def _co_expressed(unit: FloatArray) -> FloatArray:
    """Mean residuals (G, M), by sign of the correlation, of the genes that correlate most with each gene."""
    n = min(_N_NEIGHBOURS, len(unit) - 1)
    short = unit.astype(np.float32)
    average = np.zeros_like(unit)
    for start in range(0, len(unit), _ROWS_PER_BLOCK):
        r = short[start : start + _ROWS_PER_BLOCK] @ short.T
        own = np.arange(len(r))
        r[own, own + start] = 0.0
        nearest = largest(np.abs(r), n)
        sign = np.sign(np.take_along_axis(r, nearest, axis=1)).astype(np.float64)
        average[start : start + len(r)] = np.einsum("gn,gnm->gm", sign, unit[nearest]) / n
    return average


def _concentrated(
    start: MatchedAxes,
    unit: FloatArray,
    average: FloatArray,
    spectrum: tuple[FloatArray, FloatArray],
    concentration: float,
) -> MatchedAxes:
    """Axes towards the main ones of the samples (eigenvalues and eigenvectors), and genes towards their average."""
    length = np.linalg.norm(start.space.coordinates, axis=1, keepdims=True)
    share = min(concentration, 1.0)
    space = replace(start.space, coordinates=length * unit_rows((1 - share) * unit + share * average))
    values, vectors = np.maximum(spectrum[0], 0.0), spectrum[1]
    values /= max(float(values[-1]), np.finfo(np.float64).tiny)
    return replace(start, space=space, root=(vectors * values**concentration) @ vectors.T, concentration=concentration)
